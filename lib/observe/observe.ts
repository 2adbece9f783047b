import { Conflict } from '../errors.ts';
import type { Controller, Seed } from '../model/controller.ts';
import { type Key, kindOf } from '../model/key.ts';
import type { Kind, Kinds } from '../model/kinds.ts';
import { withoutNulls } from '../model/nulls.ts';
import type { AnyPlan } from '../model/plan.ts';
import { type Answers, type Need, okOf } from '../model/reads.ts';
import type { Envelope } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { World } from '../world.ts';
import { asking } from './ask.ts';

/**
 * No chain of reads is longer in which each says what the next one asks for: a template, the objects of its
 * routers, their load balancers, and the targets of those.
 */
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
  const { doorbell, unverified } = await world.cluster(key.cluster);
  const { namespace, name } = key;
  const ref = { kind: kindOf(key) as K, namespace, name };
  const first = await readAll(world, key, () => [{ read: { object: ref }, bears: 'none' }]);
  const found = okOf(first.object(ref));
  if (!found) return undefined;
  const seed: Seed<K, M> = {
    ...{ key, object: withoutNulls(found), withPods: pods },
    ...{ instanceId: world.instanceId, doorbell },
    ...(unverified && { unverified }),
    ...(record && { record }),
  };
  const answers = await readAll(world, key, (known) => controller.needs(seed, known, now));
  const seen = controller.observed(seed, answers);
  if (seen === undefined) throw new Error('A turn was not told all that it needs');
  if ('observed' in seen) return { object: seed.object, observed: seen.observed };
  throw new Conflict(`${seen.appeared} appeared while it was being looked for`);
}

type Outside = Pick<World, 'cluster' | 'aws' | 'http' | 'secrets' | 'endsAt'>;

/** All that is needed, round by round: each may ask for what the one before it tells of. */
export async function readAll(
  world: Outside,
  { cluster }: Pick<Key, 'cluster'>,
  needed: (answers: Answers) => Need[],
): Promise<Answers> {
  const sources = {
    cluster: await world.cluster(cluster),
    aws: () => world.aws(cluster),
    http: () => world.http(cluster),
    secrets: () => world.secrets(cluster),
    endsAt: world.endsAt,
  };
  const { answers, ask } = asking(sources);
  for (let round = 1; await ask(needed(answers)); round += 1) {
    if (round > roundsMax) throw new Error(`There is more to read after ${roundsMax} rounds`);
  }
  return answers;
}
