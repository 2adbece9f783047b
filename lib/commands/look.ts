import { NotFound, Terminal, Transient } from '../errors.ts';
import type { Command } from '../model/intent.ts';
import type { RolloutKey } from '../model/key.ts';
import type { RolloutView } from '../model/view.ts';
import type { World } from '../world.ts';
import { kubectlFor } from './kubectl.ts';
import { Refused } from './refusal.ts';

/** Looks into the cluster; rejects with Refused if there is no such rollout or it cannot be seen. */
export async function look(
  { invoke }: Pick<World, 'invoke'>,
  key: RolloutKey,
  wanted: Command | 'get' = 'get',
): Promise<RolloutView> {
  try {
    const { view } = await invoke({ key, look: true });
    return view;
  } catch (error) {
    if (error instanceof NotFound) throw notFound(key);
    if (!(error instanceof Transient || error instanceof Terminal)) throw error;
    throw new Refused({
      kind: 'unavailable',
      text: `Cluster ${key.cluster} cannot be looked at now (${error.message}). Nothing was done.`,
      remedy: `This does the same: ${kubectlFor(wanted, key)}`,
      retryAfterSeconds: 1,
    });
  }
}

export function notFound({ cluster, namespace, name }: RolloutKey): Refused {
  return new Refused({
    kind: 'notFound',
    text:
      `There is no rollout ${name} in namespace ${namespace} of cluster ${cluster}, ` +
      'or this Serin does not serve it.',
    remedy: 'Check the three names.',
  });
}
