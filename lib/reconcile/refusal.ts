import { Conflict, type Terminal } from '../errors.ts';
import type { Key } from '../model/key.ts';
import { turnMetric } from '../model/metrics.ts';
import type { PassedOver } from '../model/plan.ts';
import type { Envelope } from '../model/record.ts';
import { refusedRetryMs } from '../queue/queue.ts';
import { withClosed } from '../record/intents.ts';
import { eventOf, withMessages } from '../record/outbox.ts';
import type { World } from '../world.ts';
import { type Again, type Reconciled, type Run, type Seen, settled } from './run.ts';

// What is kept of writes that are refused for good, so that the next turn says so and goes another way.

/** What the API server said, and what would put it right where that is known. */
export type Refused = { refused: string; remedy?: string };

/** What is refused is said in the status at once, and tried again later. */
export async function afterRefusal(
  run: Run,
  { seen, why, last }: { seen: Seen; why: Refused; last: Again },
): Promise<Reconciled | Again> {
  const { world, key } = run;
  const isNews = await noteWrite(run, why);
  // The table has just taken that note.
  run.tableError = undefined;
  if (isNews && last.again !== 'refused') return { again: 'refused' };
  await world.wakes.send({ key }, refusedRetryMs);
  return settled(run, seen);
}

/** Notes a refused write. Answers whether it is news: then the next turn says so in the status first. */
async function noteWrite({ world, key }: Run, now: Refused): Promise<boolean> {
  const { lease: _, remedy, ...before } = await recordOf(world, key);
  // Words may differ each time, by a time or a number: to say it once in a run is enough.
  const isNews = before.refused !== now.refused;
  await world.store.save({ ...before, ...(isNews ? now : remedy && { remedy }) });
  return isNews;
}

/** A command that the API server refuses is over, and what waits behind it goes on. */
export async function closeCommand(run: Run, id: string, { message }: Terminal): Promise<void> {
  const { world, key, controller } = run;
  const detail = `The API server refused it: ${message}`;
  const outcome = { result: 'refused' as const, detail, at: world.clock.now() };
  const record = await recordOf(world, key);
  await world.store.save(withClosed(record, { id, outcome }, controller.ledger));
}

/** Notes what was passed over, which is left out for a while. Answers whether there was anything. */
export async function notePassedOver(
  { world, key, controller, outbox }: Run,
  seen: Seen,
  passedOver: PassedOver,
): Promise<boolean> {
  const count = passedOver.refusals.length + passedOver.unrouted.length;
  if (count === 0 || !controller.passedOver) return false;
  const record = await recordOf(world, key);
  const what = { ...passedOver, plan: seen.plan };
  const { memory, news } = controller.passedOver(record, what, seen.now);
  const told = news.map(({ event }) => eventOf(seen, event));
  const messages = [...(record.outbox ?? []), ...told];
  await world.store.save({ ...withMessages(messages, record), ...memory });
  world.count(turnMetric(key, 'write_refusals_total'));
  for (const { warning } of news) world.log('warn', warning.text, { ...key, ...warning.fields });
  outbox.announce(told);
  return true;
}

async function recordOf(world: World, key: Key): Promise<Envelope> {
  const record = await world.store.load(key);
  if (!record) throw new Conflict('The record is gone');
  return record;
}
