import { ifWritten } from '../errors.ts';
import type { AnyPlan } from '../model/plan.ts';
import type { Envelope } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { World } from '../world.ts';
import { type Reconciled, type Run, settled } from './run.ts';
import { load } from './withoutTable.ts';

// One process at a time takes turns with an object. That saves work: nothing's correctness rests on it.

type Held = Envelope & { lease: NonNullable<Envelope['lease']> };

/** Whether another process is at it. */
export function isHeldByOther(
  record: Envelope | undefined,
  { processId }: Pick<World, 'processId'>,
  now: Millis,
): record is Held {
  const { lease } = record ?? {};
  return lease !== undefined && lease.by !== processId && lease.until > now;
}

/** A turn that may end the run keeps no lease: whoever takes the next one must not find it held. */
export function keepsLease({ writes }: AnyPlan, isLast: boolean): boolean {
  return !isLast && writes.some((write) => write.do !== 'evict');
}

/**
 * The holder's next save fails on this one, and so it looks again before it ends. Should it never get
 * there, a wake comes when its lease is over.
 */
export async function leaveToHolder(
  { clock, store, wakes }: Pick<World, 'clock' | 'store' | 'wakes'>,
  record: Held,
): Promise<Reconciled> {
  const { key, lease, view } = record;
  await store.save({ ...record, lease: { ...lease, again: true } });
  if (!lease.again) await wakes.send({ key }, lease.until - clock.now());
  return { result: 'busy', ...(view && { view }) };
}

/** The time is nearly up: the rest is for another process, at once, and so nothing stays leased. */
export async function handOver(run: Run): Promise<Reconciled> {
  const { world, key, seen } = run;
  const { record } = await load(world, key);
  if (record?.lease?.by === world.processId) {
    const { lease: _, ...unleased } = record;
    await world.store.save(unleased).catch(ifWritten);
  }
  await world.wakes.send({ key }, 0);
  return seen ? settled(run, seen) : { result: 'busy' };
}
