import { needs } from '../decide/rollout/needs.ts';
import { observedIn } from '../decide/rollout/observed.ts';
import { Conflict } from '../errors.ts';
import type { RolloutKey } from '../model/key.ts';
import { withoutNulls } from '../model/nulls.ts';
import type { Observed } from '../model/observed.ts';
import { type Answers, type Need, okOf } from '../model/reads.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { World } from '../world.ts';
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
  const { doorbell } = await world.cluster(key.cluster);
  const { namespace, name } = key;
  const object = { kind: 'Rollout', namespace, name } as const;
  const first = await readAll(world, key, () => [{ read: { object }, bears: 'none' }]);
  const found = okOf(first.object(object));
  if (!found) return undefined;
  const seed = {
    ...{ key, rollout: withoutNulls(found), withPods: pods },
    ...{ instanceId: world.instanceId, doorbell },
    ...(record && { record }),
  };
  const answers = await readAll(world, key, (known) => needs(seed, known, now));
  const observed = observedIn(seed, answers);
  if (observed === undefined) throw new Error('A turn was not told all that it needs');
  if (!('appeared' in observed)) return observed;
  throw new Conflict(`ReplicaSet ${observed.appeared} appeared while it was being looked for`);
}

/** All that is needed, round by round: each may ask for what the one before it tells of. */
export async function readAll(
  world: Pick<World, 'cluster'>,
  { cluster }: RolloutKey,
  needed: (answers: Answers) => Need[],
): Promise<Answers> {
  const { answers, ask } = asking(await world.cluster(cluster));
  for (let round = 1; await ask(needed(answers)); round += 1) {
    if (round > roundsMax) throw new Error(`There is more to read after ${roundsMax} rounds`);
  }
  return answers;
}
