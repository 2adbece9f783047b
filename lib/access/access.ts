import { randomUUID } from 'node:crypto';
import type { Caller } from '../model/caller.ts';
import { type Current, settingsReader } from '../settings/load.ts';
import type { Clock, Documents, Log } from '../world.ts';
import { loadCedar } from './cedar.ts';
import { iamCaller } from './iam.ts';
import { identityCheck } from './identity.ts';
import { type Policies, parsePolicies, type Question } from './policies.ts';
import { remembered } from './remembered.ts';
import { looksLikeToken, tokenCaller } from './tokens.ts';

type Outside = { documents: Documents; clock: Clock; log: Log };

/** Who callers are and what they may do, as the settings in the table say. */
export type Access = {
  authenticate: (request: Request) => Promise<Caller | undefined>;
  signedBy: (identity: unknown) => Caller | undefined;
  mayNot: (question: Question) => Promise<string | undefined>;
};

export function access(outside: Outside): Access {
  const current = settingsReader(outside);
  const policies = policiesOf(outside.log, current);
  const identify = identityCheck(outside);
  return {
    signedBy: iamCaller,
    authenticate: async ({ headers }) => {
      const token = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
      if (token === undefined) return undefined;
      if (looksLikeToken(token)) return tokenCaller(outside.documents, token);
      const { settings } = await current();
      return identify(token, settings.issuers);
    },
    mayNot: async (question) => ((await policies(question)) ? undefined : refusal(question)),
  };
}

/** Decides by the policies in use, which are parsed once for each version of the settings. */
function policiesOf(log: Log, current: () => Promise<Current>) {
  const id = randomUUID();
  let parsed: { version: number; policies: Policies } | undefined;
  return async (question: Question): Promise<boolean> => {
    const [cedar, { version, settings }] = await Promise.all([loadCedar(), current()]);
    if (parsed?.version !== version) {
      const fresh = parsePolicies(cedar, settings.policies, id);
      parsed = { version, policies: remembered(fresh, settings.policies) };
    }
    const { allows, errors } = parsed.policies(question);
    if (errors.length > 0) log('error', 'a policy failed, so all was refused', { errors });
    return allows;
  };
}

/** Says what was asked, and nothing of what others may do. */
function refusal({ action, on: { cluster, namespace, name } }: Question): string {
  const all = action === 'tryAnalysis' ? 'the analysis templates' : 'the rollouts';
  const what = name === undefined ? all : `rollout ${name}`;
  return `no policy permits ${action} on ${what} in namespace ${namespace} of cluster ${cluster}.`;
}
