import type { Deliveries } from '../apply/outbox.ts';
import { afterRefusals, type Refusal } from '../decide/replicaSets/metadata.ts';
import { Conflict, type Terminal } from '../errors.ts';
import type { RolloutKey } from '../model/key.ts';
import type { Observed } from '../model/observed.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import { refusedRetryMs } from '../queue/queue.ts';
import { withClosed } from '../record/nextRecord.ts';
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
  const isNews = await noteWrite(world, key, why);
  // The table has just taken that note.
  run.tableError = undefined;
  if (isNews && last.again !== 'refused') return { again: 'refused' };
  await world.wakes.send({ key }, refusedRetryMs);
  return settled(seen);
}

/** Notes a refused write. Answers whether it is news: then the next turn says so in the status first. */
async function noteWrite(world: World, key: RolloutKey, now: Refused): Promise<boolean> {
  const { claim: _, remedy, ...before } = await recordOf(world, key);
  // Words may differ each time, by a time or a number: to say it once in a run is enough.
  const isNews = before.refused !== now.refused;
  await world.store.save({ ...before, ...(isNews ? now : remedy && { remedy }) });
  return isNews;
}

/** A command that the API server refuses is over, and what waits behind it goes on. */
export async function closeCommand(
  world: World,
  key: RolloutKey,
  id: string,
  { message }: Terminal,
): Promise<undefined> {
  const record = await recordOf(world, key);
  const detail = `The API server refused it: ${message}`;
  const outcome = { result: 'refused' as const, detail, at: world.clock.now() };
  await world.store.save(withClosed(record, id, outcome));
}

/** Metadata of roles that was refused is left out from the next turn on, until it is tried again. */
export async function noteMetadata(
  world: World,
  deliveries: Deliveries,
  { refusals, ...seen }: { observed: Observed; now: Millis; refusals: Refusal[] },
): Promise<void> {
  const { key } = seen.observed;
  const record = await recordOf(world, key);
  const { refused, isNews } = afterRefusals(record.refusedMetadata, refusals, seen.now);
  const message = `Metadata of a role is left out: ${refused.why}`;
  const said = eventOf(seen, { type: 'Warning', reason: 'RoleMetadataRefused', message });
  const told = isNews ? [said] : [];
  const { outbox = [], ...rest } = record;
  await world.store.save(withMessages([...outbox, ...told], { ...rest, refusedMetadata: refused }));
  world.count('rollout_write_refusals_total');
  if (!isNews) return;
  world.log('warn', 'the API server refused metadata of a role', { ...key, why: refused.why });
  deliveries.announce(told);
}

async function recordOf(world: World, key: RolloutKey): Promise<RolloutRecord> {
  const record = await world.store.load(key);
  if (!record) throw new Conflict('The record is gone');
  return record;
}
