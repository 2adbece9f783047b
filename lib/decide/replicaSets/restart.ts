import type { Pod, PodCondition, RolloutStatus } from '../../model/argo.generated.ts';
import { refOf, type Write } from '../../model/plan.ts';
import { fromTime, isSameTime, type Millis, secondMs } from '../../model/units.ts';
import { createdAt, desiredOf, replicasOf, sum, uidOf } from '../../model/workload.ts';
import { limitsOf } from '../release/counts.ts';
import type { Release } from '../release/release.ts';

/** When pods that may not be evicted now are tried again. argo v1.10.1 rollout/restart.go */
export const evictRetryMs = 30 * secondMs;

/** A restart that was asked for and is not carried out: as it was asked for, and when it begins. */
export type OpenRestart = { restartAt: string; at: Millis; isDue: boolean };

/** The restart still to be carried out; undefined when none was asked for or it is done. */
export function openRestart(
  { rollout, status }: Pick<Release, 'rollout' | 'status'>,
  now: Millis,
): OpenRestart | undefined {
  const { restartAt } = rollout.spec ?? {};
  if (!restartAt || isSameTime(restartAt, carriedOut(status, now))) return undefined;
  const at = fromTime(restartAt);
  return Number.isNaN(at) ? undefined : { restartAt, at, isDue: at <= now };
}

/**
 * The last restart that was carried out. One whose time has not come cannot have been, whoever wrote
 * that: docs/adr/0025-restarts.md
 */
export function carriedOut({ restartedAt }: RolloutStatus, now: Millis): string | undefined {
  return restartedAt !== undefined && fromTime(restartedAt) > now ? undefined : restartedAt;
}

/** The restart that another template takes the place of: its pods are newer than one that is due. */
export function cancelledRestart(release: Release): Pick<RolloutStatus, 'restartedAt'> {
  const open = openRestart(release, release.now);
  return open?.isDue ? { restartedAt: open.restartAt } : {};
}

export type Restart = {
  /** When it was to begin, and pods older than that which are still there. */
  open: OpenRestart;
  old: Pod[];
  evicts: Write[];
  isDone: boolean;
};

/**
 * The restart that is due. Pods older than `restartAt` that are not ready serve nobody and go at once;
 * of the others as many at a time as may be unavailable but at least one, those of the stable ReplicaSet
 * first. Done when no older pod is left. argo v1.10.1 rollout/restart.go
 */
export function restartPods(release: Release): Restart | undefined {
  const open = openRestart(release, release.now);
  const { pods } = release.observed;
  if (!open?.isDue || pods === undefined) return undefined;
  const old = byRole(release, pods).filter((pod) => createdAt(pod) < open.at);
  const staying = old.filter((pod) => !pod.metadata?.deletionTimestamp);
  const serving = staying.filter((pod) => readyCondition(pod) !== undefined);
  const idle = staying.filter((pod) => !serving.includes(pod));
  const going = [...idle, ...serving.slice(0, Math.max(0, sparePods(release, pods)))];
  const evicts = going.map(
    (pod): Write => ({ phase: 'evict', do: 'evict', ref: refOf('Pod', pod) }),
  );
  return { open, old, evicts, isDone: old.length === 0 };
}

/** How many available pods may be missing now. */
function sparePods({ rollout, all, now }: Release, pods: Pod[]): number {
  const minReadyMs = (rollout.spec?.minReadySeconds ?? 0) * secondMs;
  const available = pods.filter((pod) => isAvailable(pod, minReadyMs, now)).length;
  const size = Math.max(replicasOf(rollout), sum(all, desiredOf));
  return available - (size - Math.max(1, limitsOf(rollout).maxUnavailable));
}

function byRole(release: Release, pods: Pod[]): Pod[] {
  const rank = (pod: Pod): number => {
    const owner = pod.metadata?.ownerReferences?.find((reference) => reference.controller)?.uid;
    if (release.stable && owner === uidOf(release.stable)) return 0;
    if (release.current && owner === uidOf(release.current)) return 1;
    return 2;
  };
  return [...pods].sort((a, b) => rank(a) - rank(b) || createdAt(a) - createdAt(b));
}

/** Ready for at least minReadySeconds and not on its way out. */
function isAvailable(pod: Pod, minReadyMs: Millis, now: Millis): boolean {
  const ready = readyCondition(pod);
  if (ready === undefined || pod.metadata?.deletionTimestamp) return false;
  const since = ready.lastTransitionTime ? fromTime(ready.lastTransitionTime) : 0;
  return minReadyMs === 0 || since + minReadyMs <= now;
}

/** Its condition while it is ready, which is what Services go by. */
function readyCondition({ status }: Pod): PodCondition | undefined {
  return status?.conditions?.find((each) => each.type === 'Ready' && each.status === 'True');
}
