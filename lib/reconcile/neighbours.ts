import type { Decided } from '../model/controller.ts';
import { type Key, keyText } from '../model/key.ts';
import { type Write, writtenTo } from '../model/plan.ts';
import { turnOfOwner, turnsFor } from '../queue/turns.ts';
import type { World } from '../world.ts';

/**
 * Wakes what a turn's own writes concern besides its object: no notice tells of those. What it has begun or
 * ended takes a turn of its own, and its owner one when its status has changed.
 */
export async function wakeNeighbours(
  world: Pick<World, 'wakes'>,
  { key, object, plan }: Pick<Decided, 'key' | 'object' | 'plan'>,
): Promise<void> {
  const own = keyText(key);
  const keys = plan.writes.flatMap((write) => concernedBy(write, key, object));
  const others = new Map(keys.map((each) => [keyText(each), each]));
  others.delete(own);
  await Promise.all([...others.values()].map((each) => world.wakes.send({ key: each }, 0)));
}

function concernedBy(write: Write, { cluster, kind, name }: Key, object: Decided['object']): Key[] {
  const target = writtenTo(write);
  const isItself = target.kind === kind && target.name === name;
  if (isItself) return [turnOfOwner(cluster, object)].filter((each) => each !== undefined);
  const { namespace } = target;
  return turnsFor(
    { kind: target.kind, object: { metadata: { namespace, name: target.name } } },
    cluster,
  );
}
