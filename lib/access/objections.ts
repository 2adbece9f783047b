import { randomUUID } from 'node:crypto';
import type { Settings } from '../settings/schema.ts';
import type { Log } from '../world.ts';
import { loadCedar } from './cedar.ts';
import { type Policies, parsePolicies, type Question } from './policies.ts';
import { remembered } from './remembered.ts';

/** The policies in use; another version may be others. */
export type PoliciesInUse = { version: number; settings: Pick<Settings, 'policies'> };

/**
 * Says why a caller may not do something; undefined if they may. Policies are parsed once for each version of
 * the settings. Rejects as `current` does, and with Terminal where the policies are none.
 */
export function objectionsBy(
  log: Log,
  current: () => Promise<PoliciesInUse>,
): (question: Question) => Promise<string | undefined> {
  const id = randomUUID();
  let parsed: { version: number; policies: Policies } | undefined;
  return async (question) => {
    const [cedar, { version, settings }] = await Promise.all([loadCedar(), current()]);
    if (parsed?.version !== version) {
      const fresh = parsePolicies(cedar, settings.policies, id);
      parsed = { version, policies: remembered(fresh, settings.policies) };
    }
    const { allows, errors } = parsed.policies(question);
    if (errors.length > 0) log('error', 'a policy failed, so all was refused', { errors });
    return allows ? undefined : refusal(question);
  };
}

/** Says what was asked, and nothing of what others may do. */
function refusal({ action, on: { cluster, namespace, name } }: Question): string {
  const all = action === 'tryAnalysis' ? 'the analysis templates' : 'the rollouts';
  const what = name === undefined ? all : `rollout ${name}`;
  return `no policy permits ${action} on ${what} in namespace ${namespace} of cluster ${cluster}.`;
}
