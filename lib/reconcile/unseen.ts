import type { MissingRight } from '../errors.ts';
import { type Key, kindOf } from '../model/key.ts';
import type { Envelope } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import { refusedRetryMs, scheduleWake, stillQueued, withTimer } from '../queue/queue.ts';
import type { World } from '../world.ts';
import { controllerOf } from './controllers.ts';

/**
 * Serin may not read what it has to know: the list says so too, and a later look is due, since nothing tells
 * of a right that is given.
 */
export async function noteUnseen(
  world: World,
  before: Envelope,
  error: MissingRight,
  now: Millis,
): Promise<void> {
  const { queuedFor: _, ...rest } = before;
  const shown = await partView(world, before.key, error, now).catch(() => undefined);
  const due = { dueAt: now + refusedRetryMs, dueFor: 'a right that Serin lacks' };
  const next = { ...rest, ...due, ...stillQueued(before, now), ...(shown && { view: shown }) };
  const timed = withTimer(next, now);
  await world.store.save(timed.record);
  if (timed.send === undefined) return;
  await scheduleWake(world, { key: before.key, dueAt: timed.send }, now);
}

/** What can be shown of an object where Serin may read it, and not what belongs to it. */
export async function partView(
  world: World,
  key: Key,
  error: MissingRight,
  now: Millis,
): Promise<object | undefined> {
  const cluster = await world.cluster(key.cluster);
  const object = await cluster.get({ kind: kindOf(key), namespace: key.namespace, name: key.name });
  const { instanceId } = world;
  const seed = { key, object, instanceId, doorbell: cluster.doorbell, withPods: false };
  const wake = { at: now + refusedRetryMs, why: 'a right that Serin lacks' };
  return controllerOf(key).unseen?.(seed, error, { now, wake });
}
