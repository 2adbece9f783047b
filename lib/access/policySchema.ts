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

entity Cluster;
// Namespace::"CLUSTER/NAMESPACE"
entity Namespace in [Cluster] { cluster: String, namespace: String };
// Rollout::"CLUSTER/NAMESPACE/NAME"
entity Rollout in [Namespace] { cluster: String, namespace: String, name: String };

action command;
// Goes on with a release, holds it up or takes it back, or starts something new.
action go, stop, change in [command];

action read appliesTo { principal: [Identity, Token, Iam], resource: [Namespace, Rollout] };
action promote, retry, resume in [go]
  appliesTo { principal: [Identity, Token, Iam], resource: [Rollout] };
action abort, pause in [stop]
  appliesTo { principal: [Identity, Token, Iam], resource: [Rollout] };
action image, undo, restart in [change]
  appliesTo { principal: [Identity, Token, Iam], resource: [Rollout] };
`;

/** The groups of actions, as the schema has them: entities carry them to each decision. */
export const actionGroups: Record<string, string[]> = {
  read: [],
  promote: ['go', 'command'],
  retry: ['go', 'command'],
  resume: ['go', 'command'],
  abort: ['stop', 'command'],
  pause: ['stop', 'command'],
  image: ['change', 'command'],
  undo: ['change', 'command'],
  restart: ['change', 'command'],
};
