import { Conflict, Transient } from '../errors.ts';
import type { Outage } from '../model/documents.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import type { Due, World } from '../world.ts';
import { outages } from './outage.ts';
import { reachMs, scheduleWake } from './queue.ts';
import { hasTimeFor } from './timeLeft.ts';

/** Due entries one sweep looks at, soonest first. Each is 200 bytes in the index. */
const limitMax = 5000;
/** Due entries that are claimed and sent at the same time. */
const concurrency = 16;
/** What claiming and sending so many is given. */
const sendMs: Millis = 10 * secondMs;
/** A wake this much overdue is taken for lost, and sent again. Also the time between two sweeps. */
const overdueMs: Millis = minuteMs;

export type SweepCounts = {
  /** Due within the horizon. */
  found: number;
  queued: number;
  /** Somebody else had changed or claimed them. */
  skipped: number;
  /** Left to the next sweep. */
  failed: number;
};

export type Sweeping = Pick<
  World,
  'clock' | 'endsAt' | 'store' | 'wakes' | 'log' | 'count' | 'clusters'
>;

/** How often a cluster whose changes are announced is listed all the same, in sweeps. */
const listEvery = 10;

type Fate = 'queued' | 'skipped' | 'failed';

/**
 * Moves to the queue what comes due within the horizon, each entry once: a message is in the queue for
 * it when `queuedFor` equals `dueAt`. One that is overdue all the same gets another, however old it is.
 * What there is no time for is left to the next sweep.
 */
export async function sweep(
  world: Sweeping,
  options: { horizonMs?: Millis; limit?: number } = {},
): Promise<SweepCounts> {
  const { horizonMs = reachMs, limit = limitMax } = options;
  const now = world.clock.now();
  const silent = await silentClusters(world);
  world.count('clusters_unreachable', silent.size);
  await askForLists(world, silent, now);
  // Never beyond the queue's reach: it would be claimed and then not sent.
  const dues = await world.store.due(now + Math.min(horizonMs, reachMs), limit);
  if (dues.length === limit) {
    world.log('warn', 'more is due than one sweep looks at', { limit });
  }
  const answering = dues.filter(
    // What people are told needs no cluster.
    ({ key }) => key.kind === 'Delivery' || !silent.has(key.cluster),
  );
  const latest = Math.max(0, ...answering.map(({ dueAt }) => now - dueAt));
  world.count('sweep_lateness_seconds', latest / secondMs);
  const open = answering.filter((due) => needsWake(due, now));
  const counts: SweepCounts = { found: dues.length, queued: 0, skipped: 0, failed: 0 };
  for (let start = 0; start < open.length; start += concurrency) {
    if (!hasTimeFor(world, sendMs)) {
      world.log('warn', 'more is due than one sweep has time for', { left: open.length - start });
      break;
    }
    const some = open.slice(start, start + concurrency);
    for (const fate of await Promise.all(some.map((due) => queue(world, due)))) counts[fate] += 1;
  }
  return counts;
}

/**
 * Asks for the clusters to be listed: every minute where nobody announces changes, else now and then,
 * for the notices that were lost. One that does not answer has a list on its way, which may be lost too.
 * The sweep itself calls no cluster.
 */
async function askForLists(
  world: Sweeping,
  silent: Map<string, Outage>,
  now: Millis,
): Promise<void> {
  const isFullRound = Math.floor(now / minuteMs) % listEvery === 0;
  try {
    for (const { name, doorbell } of await world.clusters()) {
      const retryAt = silent.get(name)?.retryAt;
      const isOpen = isFullRound || !doorbell;
      if (retryAt === undefined ? isOpen : now - retryAt >= overdueMs) {
        await world.wakes.send({ list: name }, 0);
      }
    }
  } catch (error) {
    world.log('warn', 'a list of clusters could not be asked for', { error: String(error) });
  }
}

/** Without the list of them each is taken to answer. */
async function silentClusters({ store, log }: Sweeping): Promise<Map<string, Outage>> {
  try {
    return await outages(store.documents);
  } catch (error) {
    log('warn', 'the clusters that do not answer could not be read', { error: String(error) });
    return new Map();
  }
}

function needsWake({ dueAt, queuedFor }: Pick<Due, 'dueAt' | 'queuedFor'>, now: Millis): boolean {
  return queuedFor !== dueAt || now - dueAt >= overdueMs;
}

async function queue(world: Sweeping, due: Due): Promise<Fate> {
  try {
    return await claimAndSend(world, due);
  } catch (error) {
    if (error instanceof Conflict) return 'skipped';
    const level = error instanceof Transient ? 'warn' : 'error';
    world.log(level, 'a due rollout could not be queued', { key: due.key, error });
    return 'failed';
  }
}

async function claimAndSend(
  { clock, store, wakes }: Pick<World, 'clock' | 'store' | 'wakes'>,
  due: Due,
): Promise<Fate> {
  const record = await store.load(due.key);
  // The index lags behind: what counts is whether the record still says so.
  if (record?.dueAt === undefined || record.dueAt !== due.dueAt) return 'skipped';
  const { dueAt } = record;
  const isClaimed = record.queuedFor === dueAt;
  if (isClaimed && record.version !== due.version) return 'skipped';
  const claimed = await store.save({ ...record, queuedFor: dueAt });
  try {
    await scheduleWake({ wakes }, { key: due.key, dueAt }, clock.now());
  } catch (error) {
    // Given back, so that the next sweep tries again and not only the one after it is overdue.
    const { queuedFor: _, ...unclaimed } = claimed;
    await store.save(unclaimed).catch(() => undefined);
    throw error;
  }
  return 'queued';
}
