import type { Envelope } from '../model/record.ts';
import { scheduleWake, withTimer } from '../queue/queue.ts';
import { withAttribution } from '../record/attribution.ts';
import { isSameRecord, nextRecord } from '../record/nextRecord.ts';
import { cameAbout, eventsOf, withMessages } from '../record/outbox.ts';
import type { Run, Seen } from './run.ts';

/**
 * The record with what it gives rise to tell, in one write; then the entries to the ledger. What an
 * earlier process did not get told is told now.
 */
export async function record(
  { world, controller, outbox }: Run,
  { before, known, seen }: { before: Envelope; known?: Envelope | undefined; seen: Seen },
): Promise<void> {
  const acts = seen.plan.writes.length > 0;
  const { record: fresh, warning } = nextRecord(controller, before, seen);
  const next = await withAttribution(world, fresh, before);
  await outbox.takeOver(before, (event) => cameAbout(controller, seen, event));
  const stored = before.outbox ?? [];
  const atOnce = acts ? [] : eventsOf(controller, seen);
  outbox.announce(atOnce);
  // What is told by now need not be stored; and what is not stored would be decided again.
  if (!acts) await outbox.announced();
  const told = next.record.outbox ?? [];
  const named = controller.ledger?.attributed(told, before, seen.observed) ?? told;
  const kept = withMessages([...outbox.left([...stored, ...atOnce]), ...named], next.record);
  if (isOver(seen, kept)) {
    if (known !== undefined) await world.store.forget(known.key, known.version);
    return;
  }
  const timed = acts ? { record: kept } : withTimer(kept, seen.now);
  if (known !== undefined && isSameRecord(known, timed.record)) return;
  await world.store.save(timed.record);
  if (warning) world.log('warn', warning.text, { ...before.key, ...warning.fields });
  await outbox.append(named, kept);
  await next.useUp();
  // After the save: one that fails is done again, and must not leave a message each time.
  if ('send' in timed && timed.send !== undefined) {
    await scheduleWake(world, { key: before.key, dueAt: timed.send }, seen.now);
  }
}

/** Nothing is left to do with it, nor to tell of it. */
function isOver({ plan }: Seen, { outbox = [], intents }: Envelope): boolean {
  return plan.over === true && plan.writes.length === 0 && outbox.length + intents.length === 0;
}
