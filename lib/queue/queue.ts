import type { AnyKey } from '../model/key.ts';
import type { Envelope } from '../model/record.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import type { Clock, WakeMessage, World } from '../world.ts';

/** The longest delay the queue can give a message (SQS). What is due later stays in the due index. */
export const reachMs: Millis = 15 * minuteMs;

/** The queue is not exact: a timer's message comes this much early, and the rest is waited out. */
const earlyMs: Millis = secondMs;

/** The longest a function waits. More is no early message but a clock that is wrong. */
export const waitMaxMs: Millis = 5 * secondMs;

/** How soon a rollout is looked at again after a call that was refused for good. */
export const refusedRetryMs: Millis = minuteMs;

/** Of a record: that a message is still on its way. */
export function stillQueued(
  { queuedFor: at }: Pick<Envelope, 'queuedFor'>,
  now: Millis,
): Pick<Envelope, 'queuedFor'> {
  return at !== undefined && at > now ? { queuedFor: at } : {};
}

/** What to record as `queuedFor` when a wake is scheduled: `dueAt`, if the queue can take it now. */
export function queuedFor(dueAt: Millis, now: Millis): Millis | undefined {
  return dueAt - now <= reachMs ? dueAt : undefined;
}

/**
 * Sends the wake of a due time that is within the queue's reach, and answers what to record as
 * `queuedFor`. A later one is left to the sweep, which finds it in the due index.
 */
export async function scheduleWake(
  world: Pick<World, 'wakes'>,
  { key, dueAt }: { key: AnyKey; dueAt: Millis },
  now: Millis,
): Promise<Millis | undefined> {
  const queued = queuedFor(dueAt, now);
  if (queued !== undefined) {
    await world.wakes.send({ key, at: dueAt }, Math.max(0, dueAt - now - earlyMs));
  }
  return queued;
}

/** What is left until the time a timer's message names. Others are not waited for. */
export function waitMs({ at = 0 }: WakeMessage, now: Millis): Millis {
  return Math.min(Math.max(0, at - now), waitMaxMs);
}

export async function waitOut(clock: Clock, message: WakeMessage): Promise<void> {
  const now = clock.now();
  const leftMs = waitMs(message, now);
  if (leftMs > 0) await clock.sleepUntil(now + leftMs);
}

/**
 * When to send the wake of a rollout at rest, noted in its record. A message already on its way,
 * sooner, serves as well: or every look would leave another timer behind.
 */
export function withTimer(record: Envelope, now: Millis): { record: Envelope; send?: Millis } {
  const { dueAt, queuedFor: queued, ...rest } = record;
  if (dueAt === undefined) return { record };
  if (queued !== undefined && queued <= dueAt) return { record: { ...record, dueAt: queued } };
  const send = queuedFor(dueAt, now);
  return send === undefined
    ? { record: { ...rest, dueAt } }
    : { record: { ...rest, dueAt, queuedFor: send }, send };
}
