import type { RolloutCondition, RolloutStatus } from '../../model/argo.generated.ts';
import { type Millis, toTime } from '../../model/units.ts';

/** Condition types and reasons, word for word. argo v1.10.1 utils/conditions/conditions.go */
export const reasons = {
  invalidSpec: 'InvalidSpec',
  available: 'AvailableReason',
  updated: 'ReplicaSetUpdated',
  createFailed: 'ReplicaSetCreateError',
  created: 'NewReplicaSetCreated',
  found: 'FoundNewReplicaSet',
  completed: 'RolloutCompleted',
  notCompleted: 'RolloutNotCompleted',
  healthy: 'RolloutHealthy',
  aborted: 'RolloutAborted',
  retry: 'RolloutRetry',
  paused: 'RolloutPaused',
  resumed: 'RolloutResumed',
  notAvailable: 'ReplicaSetNotAvailable',
  newAvailable: 'NewReplicaSetAvailable',
  timedOut: 'ProgressDeadlineExceeded',
  /** Serin's own: the API server refuses one of its writes for good. */
  writeRefused: 'WriteRefused',
} as const;

export type ConditionType =
  | 'InvalidSpec'
  | 'Available'
  | 'Progressing'
  | 'ReplicaFailure'
  | 'Paused'
  | 'Completed'
  | 'Healthy';

export type ConditionValue = {
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
};

export function conditionOf(
  status: RolloutStatus,
  type: ConditionType,
): RolloutCondition | undefined {
  return (status.conditions ?? []).find((condition) => condition.type === type);
}

export function withoutCondition(status: RolloutStatus, type: ConditionType): RolloutStatus {
  if (!conditionOf(status, type)) return status;
  const conditions = (status.conditions ?? []).filter((condition) => condition.type !== type);
  return { ...status, conditions };
}

/**
 * The status with a condition value. The same status and reason again change nothing, not even the
 * message; the time of the last transition moves only with the status.
 */
export function withCondition(
  status: RolloutStatus,
  type: ConditionType,
  value: ConditionValue,
  now: Millis,
): RolloutStatus {
  const current = conditionOf(status, type);
  if (current?.status === value.status && current.reason === value.reason) return status;
  return replaceCondition(status, type, value, now);
}

/** As `withCondition`, but says it anew: for progress, whose last update is the deadline's base. */
export function replaceCondition(
  status: RolloutStatus,
  type: ConditionType,
  value: ConditionValue,
  now: Millis,
): RolloutStatus {
  const current = conditionOf(status, type);
  const at = toTime(now);
  const lastTransitionTime =
    current?.status === value.status ? (current.lastTransitionTime ?? at) : at;
  const kept = (status.conditions ?? []).filter((condition) => condition.type !== type);
  return {
    ...status,
    conditions: [...kept, { type, ...value, lastUpdateTime: at, lastTransitionTime }],
  };
}
