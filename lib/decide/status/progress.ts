import type { ReplicaSet, Rollout, RolloutStatus } from '../../model/argo.generated.ts';
import type { Best } from '../../model/record.ts';
import { fromTime, type Millis, secondMs } from '../../model/units.ts';
import {
  availableOf,
  desiredOf,
  nameOf,
  podHashOf,
  readyOf,
  replicasOf,
  revisionOf,
  sum,
} from '../../model/workload.ts';
import { isJudgingStep } from '../release/analyses.ts';
import { isBlueGreen, type Release } from '../release/release.ts';
import { isSaturated } from '../replicaSets/resize.ts';
import { scaleDownAt } from '../replicaSets/scaleDownDelay.ts';
import { isAtPause } from '../steps/pause.ts';
import { currentStep, stepsOf } from '../steps/steps.ts';
import {
  conditionOf,
  reasons,
  replaceCondition,
  withCondition,
  withoutCondition,
} from './conditions.ts';

const defaultDeadlineSeconds = 600; // argo v1.10.1 utils/defaults/defaults.go

/** How long a release may go without progress. */
function deadlineMs(rollout: Rollout): Millis {
  return (rollout.spec?.progressDeadlineSeconds ?? defaultDeadlineSeconds) * secondMs;
}

/** argo v1.10.1 utils/conditions/conditions.go RolloutCompleted */
export function isCompleted(status: RolloutStatus): boolean {
  return Boolean(status.stableRS) && status.stableRS === status.currentPodHash;
}

/** All pods are of the new template and available, and nothing is left to do with older ones. */
function isHealthy(rollout: Rollout, status: RolloutStatus): boolean {
  const replicas = replicasOf(rollout);
  return (
    (rollout.spec?.strategy?.blueGreen
      ? isSwitched(rollout, status)
      : hasStepsDone(rollout, status)) &&
    (status.updatedReplicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas
  );
}

function hasStepsDone(rollout: Rollout, status: RolloutStatus): boolean {
  const stepCount = stepsOf(rollout).length;
  const stepsDone = stepCount === 0 || (status.currentStepIndex ?? stepCount) === stepCount;
  return stepsDone && isCompleted(status) && (status.replicas ?? 0) === replicasOf(rollout);
}

/** Both Services lead to the new version. Older pods may be kept for a while. */
function isSwitched(rollout: Rollout, status: RolloutStatus): boolean {
  const { activeSelector, previewSelector } = status.blueGreen ?? {};
  const hash = status.currentPodHash;
  const isPreviewed = rollout.spec?.strategy?.blueGreen?.previewService !== undefined;
  return activeSelector === hash && (!isPreviewed || previewSelector === hash);
}

/** The point of a release at which pods are counted anew. */
function pointOf(rollout: Rollout, status: RolloutStatus): string {
  const { currentPodHash, currentStepIndex, stableRS, abort } = status;
  return [currentPodHash, currentStepIndex, stableRS, abort, replicasOf(rollout)].join('/');
}

/** The best counts so far at this point, the pods of the current template as they are included. */
export function bestOf(
  rollout: Rollout,
  replicaSets: ReplicaSet[],
  before: Best | undefined,
): Best {
  const status = rollout.status ?? {};
  const current = replicaSets.find((set) => podHashOf(set) === status.currentPodHash);
  const point = pointOf(rollout, status);
  const earlier = before?.point === point ? before : { ready: 0, available: 0 };
  return {
    point,
    ready: Math.max(earlier.ready, current ? readyOf(current) : 0),
    available: Math.max(earlier.available, current ? availableOf(current) : 0),
  };
}

/** More pods of the new template than there ever were at this point; pods that come back are not. */
function hasMorePods(release: Release, after: RolloutStatus): boolean {
  const before = release.status;
  const best = release.observed.record?.progress?.best;
  const { current } = release;
  if (!current || best?.point !== pointOf(release.rollout, before)) {
    return (
      (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
      (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
    );
  }
  return readyOf(current) > best.ready || availableOf(current) > best.available;
}

/** Whether `after` is a step forward. argo v1.10.1 utils/conditions/conditions.go */
function hasProgressed(release: Release, after: RolloutStatus): boolean {
  const before = release.status;
  const old = (status: RolloutStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  const bothIndexed = before.currentStepIndex != null && after.currentStepIndex != null;
  return (
    isMended(release) ||
    (after.updatedReplicas ?? 0) !== (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    hasMorePods(release, after) ||
    // Another template gets its whole deadline, also where there are no steps that begin anew.
    (after.currentPodHash ?? '') !== (before.currentPodHash ?? '') ||
    (after.stableRS ?? '') !== (before.stableRS ?? '') ||
    (after.blueGreen?.activeSelector ?? '') !== (before.blueGreen?.activeSelector ?? '') ||
    (after.blueGreen?.previewSelector ?? '') !== (before.blueGreen?.previewSelector ?? '') ||
    (bothIndexed && after.currentStepIndex !== before.currentStepIndex) ||
    (after.currentStepHash ?? '') !== (before.currentStepHash ?? '')
  );
}

/** A fault that held the release up is gone: it gets its whole deadline, as after a pause. */
function isMended({ fault, status, traffic, analysisFaults = [] }: Release): boolean {
  if ((traffic?.faults.length ?? 0) > 0 || analysisFaults.length > 0) return false;
  const wasRefused = conditionOf(status, 'Progressing')?.reason === reasons.createFailed;
  return fault === undefined && (wasRefused || conditionOf(status, 'InvalidSpec') !== undefined);
}

/**
 * Steps that may take any time, pauses, faults, and versions that are kept do not run against the
 * deadline.
 */
function isDeadlineOff(release: Release): boolean {
  const paused = conditionOf(release.status, 'Paused')?.status === 'True';
  // One whose time is over stays for want of other pods, and that may never change by itself.
  const isKeeping = release.others.some(
    (set) => (scaleDownAt(set) ?? 0) > release.now && desiredOf(set) > 0,
  );
  const isJudged = isJudgingStep(currentStep(release.rollout));
  return (
    paused || isKeeping || isJudged || release.fault !== undefined || isAtPause(release.rollout)
  );
}

/** When the release counts as stuck; undefined while the deadline does not run. */
export function deadlineAt(release: Release, status: RolloutStatus): Millis | undefined {
  const progressing = conditionOf(status, 'Progressing');
  if (!progressing || isDeadlineOff(release)) return undefined;
  const off: string[] = [reasons.aborted, reasons.paused, reasons.timedOut, reasons.newAvailable];
  if (off.includes(progressing.reason)) return undefined;
  return fromTime(progressing.lastUpdateTime) + deadlineMs(release.rollout);
}

/** Whether the deadline has passed. A release that is stuck stays stuck until it progresses. */
function isTimedOut(release: Release, status: RolloutStatus): boolean {
  if (conditionOf(status, 'Progressing')?.reason === reasons.timedOut) {
    return !isDeadlineOff(release);
  }
  const at = deadlineAt(release, status);
  return at !== undefined && release.now > at;
}

export function stuckMessage(release: Release): string {
  return release.current
    ? `ReplicaSet "${nameOf(release.current)}" has timed out progressing.`
    : `Rollout "${nameOf(release.rollout)}" has timed out progressing.`;
}

/**
 * Whether this turn aborts the release because it is stuck and the spec asks for that.
 * argo v1.10.1 rollout/sync.go evaluateProgressDeadlineAbort
 */
export function isStuck(release: Release, status: RolloutStatus, aborted: boolean): boolean {
  if (!release.rollout.spec?.progressDeadlineAbort || aborted) return false;
  if (isCompleted(status) || hasProgressed(release, status)) return false;
  return isTimedOut(release, release.status);
}

export type Abort = { aborted: boolean; message?: string };

/** The conditions that follow from the rest of the status. argo v1.10.1 rollout/sync.go */
export function withConditions(
  release: Release,
  status: RolloutStatus,
  abort: Abort,
): RolloutStatus {
  const before = conditionOf(status, 'Healthy');
  let next = withHealthy(release, status);
  const becameUnhealthy =
    before?.status === 'True' && conditionOf(next, 'Healthy')?.status === 'False';
  next = abort.aborted
    ? withAborted(release, next, abort.message)
    : withProgress(release, next, becameUnhealthy);
  next = withAvailable(release, next);
  next = withReplicaFailure(release, next);
  next = withCondition(
    next,
    'Completed',
    {
      status: isCompleted(next) ? 'True' : 'False',
      reason: reasons.completed,
      message: reasons.completed,
    },
    release.now,
  );
  return withPausedConditions(release.rollout, next, release.now);
}

/**
 * Keeps the deadline from running over a pause, and starts it anew after one or after an abort
 * that is retried. argo v1.10.1 rollout/sync.go checkPausedConditions
 */
export function withPausedConditions(
  rollout: Rollout,
  status: RolloutStatus,
  now: Millis,
): RolloutStatus {
  const progressing = conditionOf(status, 'Progressing');
  const paused = isPaused(rollout, status);
  const saysAborted = progressing?.reason === reasons.aborted;
  let next = status;
  if (saysAborted && !status.abort) {
    const message = 'Retrying Rollout after abort';
    next = withCondition(
      next,
      'Progressing',
      { status: 'Unknown', reason: reasons.retry, message },
      now,
    );
  } else if (
    !saysAborted &&
    !isCompleted(status) &&
    paused !== (progressing?.reason === reasons.paused)
  ) {
    const said = paused
      ? { reason: reasons.paused, message: 'Rollout is paused' }
      : { reason: reasons.resumed, message: 'Rollout is resumed' };
    next = withCondition(next, 'Progressing', { status: 'Unknown', ...said }, now);
  }
  const pausedTrue = conditionOf(next, 'Paused')?.status === 'True';
  if (paused === pausedTrue || saysAborted) return next;
  const said = { reason: reasons.paused, message: 'Rollout is paused' };
  return withCondition(next, 'Paused', { status: paused ? 'True' : 'False', ...said }, now);
}

function isPaused({ spec }: Rollout, status: RolloutStatus): boolean {
  return (status.pauseConditions ?? []).length > 0 || spec?.paused === true;
}

function withHealthy(release: Release, status: RolloutStatus): RolloutStatus {
  const healthy = !isPaused(release.rollout, status) && isHealthy(release.rollout, status);
  if (!healthy && !conditionOf(status, 'Healthy')) return status;
  const said = healthy
    ? { status: 'True' as const, message: 'Rollout is healthy' }
    : { status: 'False' as const, message: 'Rollout is not healthy' };
  return withCondition(status, 'Healthy', { ...said, reason: reasons.healthy }, release.now);
}

function withAborted(release: Release, status: RolloutStatus, why?: string): RolloutStatus {
  const message = `Rollout aborted update to revision ${revisionOf(release.rollout)}`;
  const said = {
    status: 'False' as const,
    reason: reasons.aborted,
    message: why === undefined ? message : `${message}: ${why}`,
  };
  return withCondition(status, 'Progressing', said, release.now);
}

function withProgress(
  release: Release,
  status: RolloutStatus,
  becameUnhealthy: boolean,
): RolloutStatus {
  const { now, rollout } = release;
  const name = release.current ? nameOf(release.current) : '';
  // A pause after the switch is told as such, and not by turns with this.
  const isHeld = isPaused(rollout, status) && !isCompleted(status);
  if (isHealthy(rollout, status) && !isHeld) {
    const message = `ReplicaSet "${name}" has successfully progressed.`;
    const said = { status: 'True' as const, reason: reasons.newAvailable, message };
    return withCondition(status, 'Progressing', said, now);
  }
  if (hasProgressed(release, status) || becameUnhealthy) {
    const said =
      becameUnhealthy && isCompleted(status)
        ? { reason: reasons.notAvailable, message: 'Rollout does not have minimum availability' }
        : { reason: reasons.updated, message: `ReplicaSet "${name}" is progressing.` };
    return replaceCondition(status, 'Progressing', { status: 'True', ...said }, now);
  }
  if (!isTimedOut(release, status)) return status;
  const said = { reason: reasons.timedOut, message: stuckMessage(release) };
  return withCondition(status, 'Progressing', { status: 'False', ...said }, now);
}

function withAvailable(release: Release, status: RolloutStatus): RolloutStatus {
  const active = status.blueGreen?.activeSelector;
  const enough = isBlueGreen(release)
    ? release.all.some((set) => podHashOf(set) === active && isSaturated(release, set))
    : sum(release.all, availableOf) >= replicasOf(release.rollout);
  const said = enough
    ? { status: 'True' as const, message: 'Rollout has minimum availability' }
    : { status: 'False' as const, message: 'Rollout does not have minimum availability' };
  return withCondition(status, 'Available', { ...said, reason: reasons.available }, release.now);
}

/** What the API server refuses; of what may be taken later only what it has refused again. */
function refusedIn({ observed }: Release): string | undefined {
  const { refused, routes } = observed.record ?? {};
  const route = routes?.refused;
  const isSaid = route && (!route.passing || route.times > 2);
  return refused ?? (isSaid ? route.why : undefined);
}

/** What cannot be done: as the API server has told us, or a ReplicaSet, the new one's first. */
export function withReplicaFailure(release: Release, status: RolloutStatus): RolloutStatus {
  const sets = release.current ? [release.current, ...release.all] : release.all;
  const refused = refusedIn(release);
  const failure =
    refused === undefined
      ? sets
          .flatMap((set) => set.status?.conditions ?? [])
          .find((condition) => condition.type === 'ReplicaFailure')
      : { status: 'True', reason: reasons.writeRefused, message: refused };
  if (!failure) return withoutCondition(status, 'ReplicaFailure');
  const said = {
    status: failure.status as 'True' | 'False' | 'Unknown',
    reason: failure.reason ?? '',
    message: failure.message ?? '',
  };
  return withCondition(status, 'ReplicaFailure', said, release.now);
}
