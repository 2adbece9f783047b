import type { ReplicaSet, RolloutStatus } from '../../model/argo.generated.ts';
import type { Observed } from '../../model/observed.ts';
import { deepEqual } from '../../model/patch.ts';
import { isPatchOf, type Write } from '../../model/plan.ts';
import { type Millis, secondMs } from '../../model/units.ts';
import { availableOf, currentOf, desiredOf } from '../../model/workload.ts';
import { openRestart } from '../replicaSets/restart.ts';

/** How often at most a status is written only because pods were counted. */
const countsEveryMs: Millis = 2 * secondMs;
/** After a change of sizes the counts are about to change again: for so long they wait at most. */
const resizedMs: Millis = 3 * secondMs;
const resizingMs: Millis = 8 * secondMs;

/**
 * Until when a status that differs only in its counts is not written; undefined when it is to be written
 * now. Pods come and go in bursts, and each write is one that everybody who watches has to read.
 */
export function deferredUntil(
  observed: Observed,
  after: RolloutStatus,
  { now, writes }: { now: Millis; writes: Write[] },
): Millis | undefined {
  const { record } = observed;
  const last = record?.statusAt;
  if (last === undefined || now < last) return undefined;
  const resizedAt = writes.some(isResize) ? now : (record?.resizedAt ?? 0);
  const until =
    resizedAt >= last ? Math.min(resizedAt + resizedMs, last + resizingMs) : last + countsEveryMs;
  if (now >= until) return undefined;
  const before = observed.rollout.status ?? {};
  // While pods are restarted their counts are all that tells how far it is.
  if (openRestart({ rollout: observed.rollout, status: before }, now)?.isDue) return undefined;
  if (after.phase !== 'Progressing' && observed.replicaSets.every(isSettled)) return undefined;
  if (isFarOff(before.replicas, after.replicas)) return undefined;
  if (isFarOff(before.updatedReplicas, after.updatedReplicas)) return undefined;
  return deepEqual(withoutCounts(before), withoutCounts(after)) ? until : undefined;
}

export function isResize(write: Write): boolean {
  return isPatchOf('ReplicaSet', write) && 'spec' in write.patch;
}

/** All its pods are there and available: where nothing progresses, no other count is to follow. */
function isSettled(set: ReplicaSet): boolean {
  return currentOf(set) === desiredOf(set) && availableOf(set) === desiredOf(set);
}

/** Whether a number of pods is off by more than the one that comes or goes at a time. */
function isFarOff(before = 0, after = 0): boolean {
  return Math.abs(after - before) > 1;
}

/** What people and programs act on: not how many pods there are, nor since when. */
export function withoutCounts(status: RolloutStatus): object {
  const {
    replicas: _,
    updatedReplicas: __,
    readyReplicas: ___,
    availableReplicas: ____,
    HPAReplicas: _____,
    message,
    conditions = [],
    ...rest
  } = status;
  return {
    ...rest,
    // While it progresses, the message says which pods are still missing.
    ...(rest.phase !== 'Progressing' && { message }),
    conditions: conditions.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`).sort(),
  };
}
