import { needs } from '../decide/rollout/needs.ts';
import { observedIn } from '../decide/rollout/observed.ts';
import { Conflict } from '../errors.ts';
import type { RolloutKey } from '../model/key.ts';
import type { Kind, Kinds, ObjectRef } from '../model/kinds.ts';
import { withoutNulls } from '../model/nulls.ts';
import type { Observed } from '../model/observed.ts';
import { okOf } from '../model/reads.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { Cluster, World } from '../world.ts';
import { asking } from './ask.ts';

/** No chain of reads is longer in which each says what the next one asks for. */
const roundsMax = 4;

/**
 * Everything one turn needs to know of a rollout, read now; undefined when it is gone. `record` is
 * undefined while the table cannot be read. `pods`: somebody wants to see them.
 */
export async function observe(
  world: World,
  key: RolloutKey,
  record: RolloutRecord | undefined,
  { now, pods = false }: { now: Millis; pods?: boolean },
): Promise<Observed | undefined> {
  const cluster = await world.cluster(key.cluster);
  const { namespace, name } = key;
  const [found] = await readObjects(cluster, [{ kind: 'Rollout', namespace, name }]);
  if (!found) return undefined;
  const seed = {
    ...{ key, rollout: withoutNulls(found), withPods: pods },
    ...{ instanceId: world.instanceId, doorbell: cluster.doorbell },
    ...(record && { record }),
  };
  const { answers, ask } = asking(cluster);
  for (let round = 1; await ask(needs(seed, answers, now)); round += 1) {
    if (round > roundsMax) throw new Error(`There is more to read after ${roundsMax} rounds`);
  }
  const observed = observedIn(seed, answers);
  if (observed === undefined) throw new Error('A turn was not told all that it needs');
  if (!('appeared' in observed)) return observed;
  throw new Conflict(`ReplicaSet ${observed.appeared} appeared while it was being looked for`);
}

/** Those of the objects that exist. */
export async function readObjects<K extends Kind>(
  cluster: Cluster,
  refs: ObjectRef<K>[],
): Promise<Kinds[K][]> {
  const { answers, ask } = asking(cluster);
  await ask(refs.map((object) => ({ read: { object }, bears: 'none' })));
  return refs.map((ref) => okOf(answers.object(ref))).filter((object) => object !== undefined);
}
