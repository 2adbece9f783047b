import { refusedFor } from '../decide/guards/guards.ts';
import type { MissingRight } from '../errors.ts';
import type { RolloutKey } from '../model/key.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';
import { refusedRetryMs, scheduleWake, stillQueued, withTimer } from '../queue/queue.ts';
import { view } from '../view/view.ts';
import type { World } from '../world.ts';

/**
 * Serin may not read what it has to know: the list says so too, and a later look is due, since nothing tells
 * of a right that is given.
 */
export async function noteUnseen(
  world: World,
  before: RolloutRecord,
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

/** What can be shown of a rollout where Serin may read it, and not what belongs to it. */
export async function partView(
  world: World,
  key: RolloutKey,
  { message, remedy }: MissingRight,
  now: Millis,
): Promise<RolloutView> {
  const cluster = await world.cluster(key.cluster);
  const rollout = await cluster.get({ kind: 'Rollout', namespace: key.namespace, name: key.name });
  const { instanceId } = world;
  return view({
    observed: {
      key,
      rollout,
      replicaSets: [],
      services: {},
      instanceId,
      doorbell: cluster.doorbell,
    },
    reasons: [refusedFor(`The API server refuses a look: ${message}`, remedy, '')],
    wake: { at: now + refusedRetryMs, why: 'a right that Serin lacks' },
    now,
  });
}
