import type { Applied, RouteFailure } from '../apply/apply.ts';
import type { Deliveries } from '../apply/outbox.ts';
import { afterRefusals, type Refusal } from '../decide/replicaSets/metadata.ts';
import { Conflict, type Terminal } from '../errors.ts';
import type { RolloutKey } from '../model/key.ts';
import type { Observed } from '../model/observed.ts';
import type { Message } from '../model/outbox.ts';
import type { Plan } from '../model/plan.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import { withClosed } from '../record/nextRecord.ts';
import { eventOf, withMessages } from '../record/outbox.ts';
import type { World } from '../world.ts';

// What is kept of writes that are refused for good, so that the next turn says so and goes another way.

/** What the API server said, and what would put it right where that is known. */
export type Refused = { refused: string; remedy?: string };

/** Notes a refused write. Answers whether it is news: then the next turn says so in the status first. */
export async function noteWrite(world: World, key: RolloutKey, now: Refused): Promise<boolean> {
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

type Seen = { observed: Observed; plan: Plan; now: Millis };

/** Notes what was passed over, and answers whether there was anything. */
export async function noteUnwritten(
  world: World,
  deliveries: Deliveries,
  { refusals, unrouted, ...seen }: Seen & Applied,
): Promise<boolean> {
  if (refusals.length > 0) await noteMetadata(world, deliveries, { ...seen, refusals });
  if (unrouted.length > 0) await noteRoute(world, deliveries, { ...seen, unrouted });
  return refusals.length + unrouted.length > 0;
}

/** Metadata of roles that was refused is left out from the next turn on, until it is tried again. */
async function noteMetadata(
  world: World,
  deliveries: Deliveries,
  { refusals, ...seen }: Seen & { refusals: Refusal[] },
): Promise<void> {
  const { key } = seen.observed;
  const record = await recordOf(world, key);
  const { refused, isNews } = afterRefusals(record.refusedMetadata, refusals, seen.now);
  const message = `Metadata of a role is left out: ${refused.why}`;
  const said = eventOf(seen, { type: 'Warning', reason: 'RoleMetadataRefused', message });
  const told = isNews ? [said] : [];
  await world.store.save(withTold({ ...record, refusedMetadata: refused }, told));
  world.count('rollout_write_refusals_total');
  if (!isNews) return;
  world.log('warn', 'the API server refused metadata of a role', { ...key, why: refused.why });
  deliveries.announce(told);
}

/**
 * What a router's object could not be made is left out for a while, unless something else is to be sent.
 * docs/adr/0049-a-router-does-not-hold-up-a-release.md
 */
async function noteRoute(
  world: World,
  deliveries: Deliveries,
  { unrouted: [failure], plan, ...seen }: Seen & { unrouted: RouteFailure[] },
): Promise<void> {
  if (!failure) return;
  const { key } = seen.observed;
  const record = await recordOf(world, key);
  const { routings = [], refused: before } = record.routes ?? {};
  const { aim = '' } = plan.routes ?? {};
  const times = before?.aim === aim ? before.times + 1 : 1;
  const refused = { ...failure, at: seen.now, times, aim };
  const message = `An object of a router could not be written: ${failure.why}`;
  const said = eventOf(seen, { type: 'Warning', reason: 'TrafficRoutingError', message });
  const told = before?.why === failure.why ? [] : [said];
  await world.store.save(withTold({ ...record, routes: { routings, refused } }, told));
  world.count('rollout_write_refusals_total');
  if (told.length === 0) return;
  world.log('warn', 'an object of a router was not written', { ...key, why: failure.why });
  deliveries.announce(told);
}

/** The record with these at the end of its outbox. */
function withTold({ outbox = [], ...record }: RolloutRecord, told: Message[]): RolloutRecord {
  return withMessages([...outbox, ...told], record);
}

async function recordOf(world: World, key: RolloutKey): Promise<RolloutRecord> {
  const record = await world.store.load(key);
  if (!record) throw new Conflict('The record is gone');
  return record;
}
