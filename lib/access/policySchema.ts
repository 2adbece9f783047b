import { type VerbGroup, verbGroups, verbNames, verbs } from '../commands/verbs.ts';

const principals = 'Identity, Token, Iam, Slack';

function actionsOf(group: VerbGroup): string {
  const names = verbNames.filter((verb) => verbs[verb].group === group);
  return `action ${names.join(', ')} in [${group}]
  appliesTo { principal: [${principals}], resource: [Rollout] };`;
}

/** What policies may speak of. `serin settings check` holds them against it. */
export const policySchema = `
// Given to callers by the settings: an issuer's \`groups\`, a token's --group.
// A group that an issuer's claim names is called ISSUER:GROUP.
entity Group;

// Who came with a token of an OIDC issuer. Its claims are tags: principal.getTag("ref").
entity Identity in [Group] { issuer: String, subject: String } tags String;
// Who came with a token of Serin's own: Token::"NAME".
entity Token in [Group];
// Who signed with AWS: Iam::"arn:aws:iam::ACCOUNT:role/NAME".
entity Iam in [Group] { account: String, session: String };
// Who clicked on a button in Slack: Slack::"TEAM/USER", by their ids.
entity Slack in [Group] { team: String, user: String };

entity Cluster;
// Namespace::"CLUSTER/NAMESPACE"
entity Namespace in [Cluster] { cluster: String, namespace: String };
// Rollout::"CLUSTER/NAMESPACE/NAME"
entity Rollout in [Namespace] { cluster: String, namespace: String, name: String };

action command;
// Goes on with a release, holds it up or takes it back, or starts something new.
action ${verbGroups.join(', ')} in [command];

// Measures what an AnalysisTemplate of a namespace measures, with the rights of Serin's functions.
action tryAnalysis appliesTo { principal: [${principals}], resource: [Namespace] };
action read appliesTo { principal: [${principals}], resource: [Namespace, Rollout] };
${verbGroups.map(actionsOf).join('\n')}
`;

/** The groups of actions, as the schema has them: entities carry them to each decision. */
export const actionGroups: Record<string, string[]> = {
  read: [],
  tryAnalysis: [],
  ...Object.fromEntries(verbNames.map((verb) => [verb, [verbs[verb].group, 'command']])),
};
