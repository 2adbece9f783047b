import { setTimeout as delay } from 'node:timers/promises';
import { Conflict, ifGone, MissingRight, Terminal, Transient } from '../errors.ts';
import type { Lease } from '../model/lease.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Cluster, Log } from '../world.ts';
import type { WatchedCluster } from './kubernetes.ts';

// One of several processes drives, and the others stand by: docs/adr/0100-two-of-a-run.md. The Lease is used
// as the controllers of Kubernetes use theirs, so that `kubectl get lease` tells who it is.

export type LeaseTimes = {
  /** For so long after its last renewal nobody else takes it. Whole seconds. */
  durationMs: Millis;
  /** The holder stops writing when it could not renew it for so long: before anybody else may begin. */
  deadlineMs: Millis;
  renewMs: Millis;
  /** How often those look that stand by. */
  lookMs: Millis;
};

const leaseTimes: LeaseTimes = {
  durationMs: 10 * secondMs,
  deadlineMs: 7 * secondMs,
  renewMs: 2 * secondMs,
  lookMs: secondMs,
};

export type LeaseOptions = {
  namespace: string;
  name: string;
  /** Of this process, and of no other. */
  identity: string;
  log: Log;
  /** Told whenever somebody else is found to hold it. */
  onHolder: (identity: string) => void;
  /** Ends the wait. */
  signal: AbortSignal;
  times?: LeaseTimes;
};

export type Held = {
  isHeld: () => boolean;
  /** Aborted once it is lost. */
  lost: AbortSignal;
  /** Gives it back, so that another may take it at once. */
  release: () => Promise<void>;
};

type LeaseCluster = Pick<Cluster, 'get' | 'create' | 'patch'>;

/**
 * Waits until the Lease is this process's own, and renews it from then on. Undefined when the signal aborts
 * first. Rejects with Terminal when it may not be read or written.
 */
export async function heldLease(
  cluster: LeaseCluster,
  options: LeaseOptions,
): Promise<Held | undefined> {
  const { log, signal, onHolder, times = leaseTimes } = options;
  const lock = lockOf(cluster, options, times);
  let said: string | undefined;
  let trouble = '';
  while (!signal.aborted) {
    const startedAt = elapsed();
    let waitMs = times.lookMs;
    try {
      const state = await lock.take();
      if (state.isOurs) return renewed(lock, startedAt, { log, times });
      if (state.holder !== said) onHolder(state.holder);
      [said, trouble] = [state.holder, ''];
      waitMs = Math.max(1, Math.min(waitMs, state.endsInMs));
    } catch (error) {
      if (error instanceof Terminal) throw error;
      if (trouble !== String(error)) {
        log('warn', 'the lease cannot be taken: trying again', { error: String(error) });
      }
      trouble = String(error);
    }
    await delay(waitMs, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

/** The same cluster, to which nothing is written any more once the Lease is lost. */
export function whileHeld<C extends WatchedCluster>(live: C, { isHeld }: Held): C {
  const guarded = async <T>(write: () => Promise<T>): Promise<T> => {
    if (!isHeld()) throw new Transient('nothing is written: the lease is not held any more');
    return await write();
  };
  return {
    ...live,
    create: (kind, object, how) => guarded(() => live.create(kind, object, how)),
    patch: (ref, patch, how) => guarded(() => live.patch(ref, patch, how)),
    remove: (ref) => guarded(() => live.remove(ref)),
    evict: (ref) => guarded(() => live.evict(ref)),
  } as C;
}

type Lock = ReturnType<typeof lockOf>;
type Taken = { isOurs: true } | { isOurs: false; holder: string; endsInMs: Millis };

function lockOf(
  cluster: LeaseCluster,
  { namespace, name, identity }: LeaseOptions,
  { durationMs, lookMs }: LeaseTimes,
) {
  const ref = { kind: 'Lease', namespace, name } as const;
  /** When this state of somebody else's lease was first seen here: clocks of others may be wrong. */
  let seen = { state: '', at: elapsed() };
  const spec = (before: Lease['spec'] = {}): NonNullable<Lease['spec']> => {
    const now = microTime(Date.now());
    const isSame = before.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: durationMs / secondMs,
      acquireTime: (isSame && before.acquireTime) || now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (isSame ? 0 : 1),
    };
  };
  const write = async (known: Lease, change: Lease['spec']): Promise<void> => {
    const { resourceVersion = '' } = known.metadata ?? {};
    await cluster.patch({ ...ref, resourceVersion }, { spec: change });
  };
  return {
    /** Takes it, or renews it, where nobody else has it. */
    take: async (): Promise<Taken> => {
      const known = await cluster.get(ref).catch(ifGone);
      try {
        if (known === undefined) {
          const first = { ...spec(), leaseTransitions: 0 };
          await cluster.create('Lease', { metadata: { namespace, name }, spec: first });
          return { isOurs: true };
        }
        const { holderIdentity: holder = '', leaseDurationSeconds, renewTime } = known.spec ?? {};
        const state = `${holder} ${renewTime}`;
        if (state !== seen.state) seen = { state, at: elapsed() };
        const forMs = (leaseDurationSeconds ?? durationMs / secondMs) * secondMs;
        const endsInMs = seen.at + forMs - elapsed();
        if (holder !== '' && holder !== identity && endsInMs > 0) {
          return { isOurs: false, holder, endsInMs };
        }
        await write(known, spec(known.spec));
        return { isOurs: true };
      } catch (error) {
        // Somebody was quicker.
        if (error instanceof Conflict) return { isOurs: false, holder: '', endsInMs: lookMs };
        throw error;
      }
    },
    give: async (): Promise<void> => {
      const known = await cluster.get(ref);
      if (known.spec?.holderIdentity !== identity) return;
      const now = microTime(Date.now());
      await write(known, { ...spec(known.spec), holderIdentity: '', renewTime: now });
    },
  };
}

function renewed(
  lock: Lock,
  takenAt: Millis,
  { log, times }: { log: Log; times: LeaseTimes },
): Held {
  const lost = new AbortController();
  const ended = new AbortController();
  // Both clocks: one stands still while a machine sleeps, the other may be set.
  let last = { at: takenAt, wall: Date.now() };
  const isHeld = (): boolean => {
    const { deadlineMs } = times;
    return (
      !lost.signal.aborted &&
      elapsed() - last.at < deadlineMs &&
      Date.now() - last.wall < deadlineMs
    );
  };
  const lose = (why: string): void => {
    if (lost.signal.aborted) return;
    log('error', 'the lease is lost', { why });
    lost.abort();
  };
  const check = setInterval(() => {
    if (!isHeld()) lose('it could not be renewed in time');
  }, times.lookMs / 4);
  const renew = async (): Promise<void> => {
    const now = { at: elapsed(), wall: Date.now() };
    try {
      const state = await lock.take();
      if (state.isOurs) last = now;
      else if (state.holder !== '') lose(`${state.holder} holds it`);
    } catch (error) {
      log('warn', 'the lease could not be renewed', { error: String(error) });
      if (error instanceof MissingRight) lose(error.message);
    }
  };
  const run = async (): Promise<void> => {
    while (!lost.signal.aborted && !ended.signal.aborted) {
      const signal = AbortSignal.any([lost.signal, ended.signal]);
      await delay(times.renewMs, undefined, { signal }).catch(() => {});
      if (!signal.aborted) await renew();
    }
  };
  const renewals = run();
  return {
    isHeld,
    lost: lost.signal,
    release: async () => {
      ended.abort();
      await renewals;
      clearInterval(check);
      if (lost.signal.aborted) return;
      // From here on nothing is written.
      last = { at: Number.NEGATIVE_INFINITY, wall: 0 };
      await lock.give().catch((error: unknown) => {
        log('warn', 'the lease could not be given back', { error: String(error) });
      });
    },
  };
}

/** Does not go back, whoever sets the clock. */
function elapsed(): Millis {
  return performance.now();
}

function microTime(at: Millis): string {
  return new Date(at).toISOString().replace('Z', '000Z');
}
