import type { RolloutRecord } from '../model/record.ts';
import { scheduleWake, withTimer } from '../queue/queue.ts';
import { withAttribution } from '../record/attribution.ts';
import { withManagers } from '../record/managers.ts';
import { isSameRecord, nextRecord } from '../record/nextRecord.ts';
import { cameAbout, eventsOf, withMessages } from '../record/outbox.ts';
import type { World } from '../world.ts';
import type { Run, Seen } from './run.ts';

/**
 * The record with what it gives rise to tell, in one write; then the entries to the ledger. What an
 * earlier process did not get told is told now.
 */
export async function record(
  { world, outbox }: Run,
  { before, known, seen }: { before: RolloutRecord; known?: RolloutRecord | undefined; seen: Seen },
): Promise<void> {
  const acts = seen.plan.writes.length > 0;
  const next = await withAttribution(world, nextRecord(before, seen), before);
  await outbox.takeOver(before.outbox, (event) => cameAbout(seen, event));
  const stored = before.outbox ?? [];
  const atOnce = acts ? [] : eventsOf(seen);
  outbox.announce(atOnce);
  // What is told by now need not be stored; and what is not stored would be decided again.
  if (!acts) await outbox.announced();
  const named = withManagers(next.record, before, seen.observed);
  const kept = withMessages(outbox.left([...stored, ...atOnce]), named);
  const timed = acts ? { record: kept } : withTimer(kept, seen.now);
  if (known !== undefined && isSameRecord(known, timed.record)) return;
  await world.store.save(timed.record);
  noteRival(world, seen);
  await outbox.append(named.outbox);
  await next.useUp();
  // After the save: one that fails is done again, and must not leave a message each time.
  if ('send' in timed && timed.send !== undefined) {
    await scheduleWake(world, { key: before.key, dueAt: timed.send }, seen.now);
  }
}

/** Said once, when it is met for the first time, and not each time that it is met again. */
function noteRival({ log }: World, { plan: { rival }, observed: { key }, now }: Seen): void {
  if (rival?.seenAt !== now || rival.times > 1) return;
  const { manager } = rival;
  log('warn', 'another controller is at work, so Serin keeps away', { ...key, manager });
}
