import { openRestart } from '../decide/replicaSets/restart.ts';
import { restarting } from '../decide/status/phase.ts';
import { withoutCounts } from '../decide/status/statusThrottle.ts';
import { pauseEnd } from '../decide/steps/pause.ts';
import type { ReplicaSet, Rollout, RolloutStatus } from '../model/argo.generated.ts';
import { scaleDownDeadlineAnnotation } from '../model/names.ts';
import { deepEqual } from '../model/patch.ts';
import { fromTime, type Millis } from '../model/units.ts';
import {
  annotationOf,
  availableOf,
  currentOf,
  desiredOf,
  nameOf,
  readyOf,
  sum,
} from '../model/workload.ts';

/**
 * What is still to happen in a rollout, by itself, whoever drives it: the reason why something changes
 * when a controller takes it up. Undefined for one that the last controller left settled.
 */
export function pendingChanges(
  rollout: Rollout,
  replicaSets: ReplicaSet[],
  now: Millis,
): string | undefined {
  const status = rollout.status ?? {};
  if (status.observedGeneration === undefined) return 'no controller has looked at it yet';
  if (isUnseen(rollout)) return 'its spec was changed, and no controller has taken that up yet';
  const isLifted = status.controllerPause === true && !status.pauseConditions?.length;
  if (isLifted) return 'it was promoted, and no controller has taken that up yet';
  const isOpen = status.stableRS !== status.currentPodHash;
  if (isOpen && status.promoteFull) return 'it was promoted in full, and is not at its end yet';
  if (isOpen && status.abort && status.abortedAt === undefined) {
    return 'it was aborted, and no controller has taken that up yet';
  }
  const restart = openRestart({ rollout, status }, now);
  if (restart?.isDue) return 'a restart was asked for';
  // Argo calls it progress until the time has come.
  if (restart && status.message === restarting) return 'a restart is planned';
  if (status.phase === 'Progressing') return 'a release or a change of size is under way';
  const end = pauseEnd({ rollout, status });
  if (end !== undefined && end <= now) return 'the time of its pause is up';
  const late = replicaSets.find((set) => isOverdue(set, now));
  if (late) return `the time of ReplicaSet ${nameOf(late)} is up`;
  const moving = replicaSets.find((set) => availableOf(set) !== desiredOf(set));
  if (moving) return `pods of ReplicaSet ${nameOf(moving)} are still to come up or to go`;
  if (haveCountsMoved(rollout, replicaSets))
    return 'pods came or went since its status was written';
  return undefined;
}

/** Whether the spec is newer than what the status tells of. */
export function isUnseen({ metadata, status }: Rollout): boolean {
  return status?.observedGeneration !== String(metadata?.generation ?? 0);
}

function isOverdue(set: ReplicaSet, now: Millis): boolean {
  const deadline = annotationOf(set, scaleDownDeadlineAnnotation);
  return Boolean(deadline) && fromTime(deadline ?? '') <= now && desiredOf(set) > 0;
}

/** Whether two statuses differ only in how many pods are counted, or in the words for the same state. */
export function isSameButCounts(before: RolloutStatus, after: RolloutStatus): boolean {
  const { message: _, ...old } = before;
  const { message: __, ...next } = after;
  return deepEqual(withoutCounts(old), withoutCounts(next));
}

/** Whether pods came or went since the status was written. */
function haveCountsMoved({ status = {} }: Rollout, sets: ReplicaSet[]): boolean {
  return (
    (status.replicas ?? 0) !== sum(sets, currentOf) ||
    (status.readyReplicas ?? 0) !== sum(sets, readyOf) ||
    (status.availableReplicas ?? 0) !== sum(sets, availableOf)
  );
}
