import { Conflict } from '../errors.ts';
import { type Key, keyText, type RolloutKey } from '../model/key.ts';
import type { LedgerKind } from '../model/record.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import { isDriven } from '../queue/keys.ts';
import type { World } from '../world.ts';
import type { ChangeNotice } from './changeNotice.ts';
import { type Concerned, rolloutFinder } from './rollouts.ts';
import { type Take, tokenBucket } from './tokenBucket.ts';

/** A notice comes before its write. Somebody waits for what a write to a Rollout or a run sets off. */
const ownDelayMs: Millis = secondMs;
const otherDelayMs: Millis = 2 * secondMs;
/** A wake this far ahead will see the write of a notice that comes now. */
const aheadMs: Millis = secondMs;
/** Per cluster and process: wakes sent, and notices kept. */
const rate = { burst: 100, perSecond: 20 };
/** What is beyond that is found by one list for each such time. */
const windowMs: Millis = 30 * secondMs;
const noticeLifeMs: Millis = 60 * minuteMs;
/** Rollouts whose wakes are remembered as being on their way. */
const onTheWayMax = 5000;

export type Enqueuing = Pick<
  World,
  'clock' | 'store' | 'wakes' | 'log' | 'count' | 'processId' | 'instanceId'
>;
export type Notice = { cluster: string; id: string; user: string; notice: ChangeNotice };

type Limits = { wakes: Take; notices: Take; listedAt: Millis };

/** Turns what notices tell into wakes and attributions for the ledger, no more of them than is good. */
export function enqueuer(world: Enqueuing): (ring: Notice) => Promise<void> {
  const { clock, wakes, log } = world;
  const find = rolloutFinder(world);
  const limits = new Map<string, Limits>();
  /** When the wake that was sent last for a rollout arrives. */
  const arrivals = new Map<string, Millis>();

  const wake = async (key: Key, { kind, before }: ChangeNotice, take: Take): Promise<boolean> => {
    const now = clock.now();
    const id = keyText(key);
    const isFolded = (arrivals.get(id) ?? 0) - now >= aheadMs;
    // A write to the object itself is looked for until it shows: that takes a wake of its own.
    if (isFolded && !isDriven(kind)) return true;
    if (!take(now)) return false;
    const delayMs = isDriven(kind) ? ownDelayMs : otherDelayMs;
    if (arrivals.size >= onTheWayMax) arrivals.clear();
    arrivals.set(id, Math.max(arrivals.get(id) ?? 0, now + delayMs));
    const message = { key, ...(before && { before: { ...before, looks: 0 } }) };
    await wakes.send(message, delayMs).catch((error: unknown) => {
      arrivals.delete(id);
      throw error;
    });
    return true;
  };
  return async ({ cluster, id, user, notice }) => {
    world.count('doorbell_notices_total');
    const limit = limits.get(cluster) ?? newLimits();
    limits.set(cluster, limit);
    const found = await find(cluster, notice.concern);
    if (found === 'tooMany') return await askForList(world, cluster, limit);
    await settle(log, found, async ({ key, uid }) => {
      const rollout = rolloutOf(key);
      const of = uid ?? (notice.kind === 'Rollout' ? notice.before?.uid : undefined);
      const attribution = { id, user, explains: notice.explains };
      const isAttributed = of !== undefined && attribution.explains.length > 0;
      const kept =
        isAttributed && rollout && limit.notices(clock.now())
          ? keep(world, rollout, of, attribution)
          : undefined;
      // Both come to their end before the answer: after it the process may be halted.
      const [woken] = await Promise.allSettled([wake(key, notice, limit.wakes), kept]);
      if (woken.status === 'rejected') throw woken.reason;
      if (!woken.value) await askForList(world, cluster, limit);
    });
  };
}

/** The ledger is that of rollouts. */
function rolloutOf(key: Key): RolloutKey | undefined {
  return key.kind === undefined ? (key as RolloutKey) : undefined;
}

function newLimits(): Limits {
  return {
    wakes: tokenBucket(rate),
    notices: tokenBucket(rate),
    listedAt: Number.NEGATIVE_INFINITY,
  };
}

/** One that fails keeps no other from its wake: what was missed is found by the next list. */
async function settle(
  log: World['log'],
  found: Concerned[],
  each: (rollout: Concerned) => Promise<void>,
): Promise<void> {
  await Promise.all(
    found.map(async (rollout) => {
      await each(rollout).catch((error: unknown) => {
        log('warn', 'a notice woke nobody', { ...rollout.key, error: String(error) });
      });
    }),
  );
}

type Attribution = { id: string; user: string; explains: LedgerKind[] };

/** Notes who is said to have done it. */
async function keep(
  { clock, store, log }: Enqueuing,
  key: RolloutKey,
  uid: string,
  { id, user, explains }: Attribution,
): Promise<void> {
  const at = clock.now();
  // The newest come first in a list.
  const order = String(Number.MAX_SAFE_INTEGER - at).padStart(16, '0');
  const notice = {
    ...{ kind: 'notice' as const, of: keyText(key), id: `${order}-${id}`, version: 0 },
    body: { key, uid, user: user.slice(0, 256), at, explains },
    expiresAt: at + noticeLifeMs,
  };
  await store.documents.put(notice).catch((error: unknown) => {
    log('warn', 'a notice could not be kept', { ...key, error: String(error) });
  });
}

/**
 * More than is sent one by one is found by a list: one for each window, when the window is over, whichever
 * process is the first.
 */
async function askForList(
  { clock, store, wakes, log, processId }: Enqueuing,
  cluster: string,
  limit: Limits,
): Promise<void> {
  const now = clock.now();
  const start = Math.floor(now / windowMs) * windowMs;
  if (limit.listedAt === start) return;
  limit.listedAt = start;
  const end = start + windowMs;
  log('warn', 'more notices than are taken one by one', { cluster });
  const record = {
    ...{ kind: 'idempotency' as const, of: `list#${cluster}`, id: String(start), version: 0 },
    body: { by: processId, isDone: false },
    expiresAt: end + minuteMs,
  };
  const isTaken = await store.documents.put(record).then(
    () => false,
    (error: unknown) => error instanceof Conflict,
  );
  if (!isTaken) await wakes.send({ list: cluster }, end - now + otherDelayMs);
}
