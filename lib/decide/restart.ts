import type { Pod } from '../model/argo.generated.ts';
import type { Action } from '../model/plan.ts';
import { fromTime, isSameTime, type Millis, secondMs } from '../model/units.ts';
import { createdAt, desiredOf, nameOf, replicasOf, sum, uidOf } from '../model/workload.ts';
import type { Release } from './release.ts';
import { limitsOf } from './replicas.ts';

/** When pods that may not be evicted now are tried again. argo v1.10.1 rollout/restart.go */
export const evictRetryMs = 30 * secondMs;

/** The restart still to be carried out; undefined when none was asked for or it is done. */
export function openRestart(release: Pick<Release, 'rollout' | 'status'>): string | undefined {
  const at = release.rollout.spec?.restartAt;
  return at && !isSameTime(at, release.status.restartedAt) ? at : undefined;
}

export type Restart = { actions: Action[]; restartedAt?: string; left: number };

/**
 * Evicts pods older than `restartAt`, as many at a time as may be unavailable but at least one,
 * those of the stable ReplicaSet first. Done when no older pod is left.
 * argo v1.10.1 rollout/restart.go
 */
export function restartPods(release: Release): Restart {
  const at = openRestart(release);
  if (at === undefined || release.now < fromTime(at)) return { actions: [], left: 0 };
  const pods = release.observed.pods ?? [];
  const minReadyMs = (release.rollout.spec?.minReadySeconds ?? 0) * secondMs;
  const available = pods.filter((pod) => isAvailable(pod, minReadyMs, release.now)).length;
  const { maxUnavailable } = limitsOf(release.rollout);
  const size = Math.max(replicasOf(release.rollout), sum(release.all, desiredOf));
  let spare = available - (size - Math.max(1, maxUnavailable));

  const old = byRole(release, pods).filter((pod) => createdAt(pod) < fromTime(at));
  const actions: Action[] = [];
  for (const pod of old) {
    if (spare <= 0 || pod.metadata?.deletionTimestamp) continue;
    actions.push({ do: 'evictPod', name: nameOf(pod), uid: uidOf(pod) });
    spare -= 1;
  }
  const left = old.length;
  return left === 0 ? { actions, restartedAt: at, left } : { actions, left };
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
  const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready');
  if (ready?.status !== 'True' || pod.metadata?.deletionTimestamp) return false;
  const since = ready.lastTransitionTime ? fromTime(ready.lastTransitionTime) : 0;
  return minReadyMs === 0 || since + minReadyMs <= now;
}
