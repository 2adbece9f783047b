import { Conflict } from '../errors.ts';
import type { Controller, Seed } from '../model/controller.ts';
import { type Key, kindOf } from '../model/key.ts';
import type { Kind, Kinds, ObjectRef } from '../model/kinds.ts';
import { withoutNulls } from '../model/nulls.ts';
import type { AnyPlan } from '../model/plan.ts';
import { okOf } from '../model/reads.ts';
import type { Envelope } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { Cluster, World } from '../world.ts';
import { asking } from './ask.ts';

/** No chain of reads is longer in which each says what the next one asks for. */
const roundsMax = 4;

type Reading<K extends Kind, O, M extends object> = Pick<
  Controller<K, O, AnyPlan, M>,
  'needs' | 'observed'
>;

/**
 * Everything one turn needs to know of an object, read now; undefined when it is gone. `record` is
 * undefined while the table cannot be read. `pods`: somebody wants to see them.
 */
export async function observe<K extends Kind, O, M extends object>(
  world: World,
  key: Key,
  controller: Reading<K, O, M>,
  asked: { record?: (Envelope & M) | undefined; now: Millis; pods?: boolean },
): Promise<{ object: Kinds[K]; observed: O } | undefined> {
  const { record, now, pods = false } = asked;
  const cluster = await world.cluster(key.cluster);
  const { namespace, name } = key;
  const [found] = await readObjects(cluster, [{ kind: kindOf(key) as K, namespace, name }]);
  if (!found) return undefined;
  const seed: Seed<K, M> = {
    ...{ key, object: withoutNulls(found), withPods: pods },
    ...{ instanceId: world.instanceId, doorbell: cluster.doorbell },
    ...(record && { record }),
  };
  const { answers, ask } = asking(cluster);
  for (let round = 1; await ask(controller.needs(seed, answers, now)); round += 1) {
    if (round > roundsMax) throw new Error(`There is more to read after ${roundsMax} rounds`);
  }
  const seen = controller.observed(seed, answers);
  if (seen === undefined) throw new Error('A turn was not told all that it needs');
  if ('observed' in seen) return { object: seed.object, observed: seen.observed };
  throw new Conflict(`${seen.appeared} appeared while it was being looked for`);
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
