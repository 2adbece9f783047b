import { randomUUID } from 'node:crypto';
import type {
  AuthorizationAnswer,
  DetailedError,
  EntityJson,
  StatefulAuthorizationCall,
} from '@cedar-policy/cedar-wasm/web';
import { Terminal } from '../errors.ts';
import type { Caller, Principal } from '../model/caller.ts';
import { own } from '../model/own.ts';
import type { Cedar } from './cedar.ts';
import { actionGroups, policySchema } from './policySchema.ts';

/** What is asked: an action on a rollout, or on those of a namespace. */
export type Question = {
  caller: Caller;
  action: string;
  on: { cluster: string; namespace: string; name?: string };
};

/** Policies that are parsed: each decision is one call. */
export type Policies = (question: Question) => { allows: boolean; errors: string[] };

/** Parses policies; throws Terminal if they are none. `id` names them in Cedar, in place of its last. */
export function parsePolicies(cedar: Cedar, text: string, id: string = randomUUID()): Policies {
  const parsed = cedar.preparsePolicySet(id, { staticPolicies: text });
  if (parsed.type === 'failure') {
    const said = parsed.errors.map(({ message }) => message).join('; ');
    throw new Terminal(`the policies are not understood (${said}): apply the settings again`);
  }
  return ({ caller, action, on }) => {
    const principal = principalOf(caller.principal);
    const resources = resourcesOf(on);
    const [resource] = resources;
    if (principal === undefined || resource === undefined) return { allows: false, errors: [] };
    const answer = decide(cedar, {
      principal: principal.uid,
      action: { type: 'Action', id: action },
      resource: resource.uid,
      context: {},
      preparsedPolicySetId: id,
      validateRequest: false,
      entities: [principal, ...resources, actionOf(action)],
    });
    if (answer.type === 'failure') return { allows: false, errors: answer.errors.map(wordsOf) };
    const { decision, diagnostics } = answer.response;
    const errors = diagnostics.errors.map(({ error }) => wordsOf(error));
    // Cedar passes over a policy that fails, and that may have been the one that forbids.
    return { allows: decision === 'allow' && errors.length === 0, errors };
  };
}

/**
 * What is no text, such as half a sign in a claim, is no permission. Cedar must not see it: it throws then,
 * and after some 1500 times it decides nothing any more, for anybody.
 */
function decide(cedar: Cedar, call: StatefulAuthorizationCall): AuthorizationAnswer {
  // JSON writes half a sign, and nothing else, as an escape with a d.
  if (/(?<!\\)(?:\\\\)*\\ud/.test(JSON.stringify(call)))
    return failed('a claim or a name is no Unicode');
  try {
    return cedar.statefulIsAuthorized(call);
  } catch (error) {
    return failed(String(error));
  }
}

function failed(message: string): AuthorizationAnswer {
  const said = { message, help: null, code: null, url: null, severity: null };
  return { type: 'failure', errors: [said], warnings: [] };
}

function wordsOf({ message, help }: DetailedError): string {
  return help === null ? message : `${message} (${help})`;
}

function principalOf({ kind, id, groups, claims }: Principal): EntityJson | undefined {
  const parents = groups.map((group) => ({ type: 'Group', id: group }));
  switch (kind) {
    case 'identity': {
      const [issuer = '', ...subject] = id.split(':');
      const attrs = { issuer, subject: subject.join(':') };
      return { uid: { type: 'Identity', id }, attrs, parents, tags: claims };
    }
    case 'token':
      return { uid: { type: 'Token', id }, attrs: {}, parents };
    case 'iam': {
      const { account = '', session = '' } = claims;
      return { uid: { type: 'Iam', id }, attrs: { account, session }, parents };
    }
    case 'slack': {
      const { team = '', user = '' } = claims;
      return { uid: { type: 'Slack', id }, attrs: { team, user }, parents };
    }
    case 'local':
      // Who runs a server of their own is not among those whom policies speak of.
      return undefined;
  }
}

/** The thing asked about, and what it is in. */
function resourcesOf({ cluster, namespace, name }: Question['on']): EntityJson[] {
  const inNamespace = { type: 'Namespace', id: `${cluster}/${namespace}` };
  const place: EntityJson = {
    uid: inNamespace,
    attrs: { cluster, namespace },
    parents: [{ type: 'Cluster', id: cluster }],
  };
  if (name === undefined) return [place];
  const uid = { type: 'Rollout', id: `${cluster}/${namespace}/${name}` };
  return [{ uid, attrs: { cluster, namespace, name }, parents: [inNamespace] }, place];
}

function actionOf(action: string): EntityJson {
  const parents = (own(actionGroups, action) ?? []).map((id) => ({ type: 'Action', id }));
  return { uid: { type: 'Action', id: action }, attrs: {}, parents };
}

/** What Cedar says of the text of policies. Lines begin with 1. */
export type PolicyFinding = { line: number; message: string; isError: boolean };

/** Holds policies against the schema: what is wrong, and what is right but cannot have been meant. */
export function checkPolicies(cedar: Cedar, text: string): PolicyFinding[] {
  const schema = policySchema;
  const answer = cedar.validate({ schema, policies: { staticPolicies: text } });
  const found = (isError: boolean) => (error: DetailedError) => ({
    line: lineOf(text, error),
    message: sentence(error),
    isError,
  });
  if (answer.type === 'failure') return answer.errors.map(found(true));
  const errors = answer.validationErrors.map(({ error }) => found(true)(error));
  const warnings = answer.validationWarnings.map(({ error }) => found(false)(error));
  // One slip has several consequences: the first is the slip.
  const fresh = warnings.filter(({ line }) => !errors.some((error) => error.line >= line));
  return [...errors, ...(errors.length === 0 ? warnings : fresh)];
}

function sentence({ message, help, sourceLocations }: DetailedError): string {
  const text = message
    .replace(/^failed to parse policies from string: /, '')
    .replace(/^for policy `policy\d+`, /, '');
  const label = sourceLocations?.find((each) => each.label !== null)?.label;
  const more = [label, help].filter((each) => typeof each === 'string');
  return more.length === 0 ? text : `${text} (${more.join('; ')})`;
}

/** Cedar counts bytes. */
function lineOf(text: string, { sourceLocations }: DetailedError): number {
  const start = sourceLocations?.[0]?.start ?? 0;
  return Buffer.from(text).subarray(0, start).toString().split('\n').length;
}
