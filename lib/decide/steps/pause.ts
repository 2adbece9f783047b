import type { PauseCondition, Rollout, RolloutStatus } from '../../model/argo.generated.ts';
import { fieldError } from '../../model/faults.ts';
import { pauseReasons } from '../../model/names.ts';
import { durationSeconds, fromTime, type Millis, secondMs, toTimeUp } from '../../model/units.ts';
import { isOfRelease } from '../release/pauseReason.ts';
import { hasPause, type Release } from '../release/release.ts';
import type { StepKind } from './stepKind.ts';
import { currentStep } from './steps.ts';

export const pause: StepKind<'pause'> = {
  field: 'pause',
  validate: ({ duration }, path) => {
    if (duration === undefined || duration === null || durationSeconds(duration) >= 0) return [];
    const message = `must be seconds such as 30 or a duration such as 1m30s or 24h, not ${duration}`;
    return fieldError(`${path}.duration`, message);
  },
  text: ({ duration }) => (duration === undefined ? 'pause' : `pause: ${duration}`),
  run: {
    enter: (status, now) => withPause(status, pauseReasons.step, now),
    isDone: isPauseOver,
  },
};

/** Whether the release is at a pause of its steps. */
export function isAtPause(rollout: Rollout): boolean {
  return currentStep(rollout)?.pause !== undefined;
}

/** When the timed pause being kept ends; undefined when none is kept or it has no duration. */
export function pauseEnd(release: Pick<Release, 'rollout' | 'status'>): Millis | undefined {
  const seconds = pauseSeconds(release.rollout);
  const start = releasePause(release.status)?.startTime;
  if (seconds === undefined || start === undefined) return undefined;
  return fromTime(start) + seconds * secondMs;
}

/** How long the pause is that the release is at or comes to next; undefined when it has no end. */
export function pauseSeconds(rollout: Rollout): number | undefined {
  const blueGreen = rollout.spec?.strategy?.blueGreen;
  if (blueGreen) {
    const { autoPromotionEnabled, autoPromotionSeconds = 0 } = blueGreen;
    return autoPromotionEnabled !== false && autoPromotionSeconds > 0
      ? autoPromotionSeconds
      : undefined;
  }
  const duration = currentStep(rollout)?.pause?.duration;
  return duration === undefined ? undefined : durationSeconds(duration);
}

/** The pause that belongs to the release itself: of a step, or before the switch. */
export function releasePause(status: RolloutStatus): PauseCondition | undefined {
  return (status.pauseConditions ?? []).find(({ reason }) => isOfRelease(reason));
}

/**
 * Whether the pause step is over: its time is up, or a person lifted it. `controllerPause` without
 * a condition is how the plugin's promote leaves the status. argo v1.10.1 rollout/pause.go
 */
function isPauseOver(release: Release): boolean {
  const isLifted = release.status.controllerPause && !hasPause(release.status, pauseReasons.step);
  if (isLifted) return !wasHeldByPerson(release);
  const end = pauseEnd(release);
  return end !== undefined && release.now >= end;
}

/**
 * A promote of a rollout that a person has paused lifts that pause only, and the step's begins
 * again. The plugin clears both in two patches; the record tells when they are seen as one.
 */
function wasHeldByPerson({ observed, status }: Release): boolean {
  const before = observed.record?.progress;
  return before?.userPaused === true && before.currentPodHash === status.currentPodHash;
}

/**
 * The status with a pause begun. Its start is rounded up to the second, so that a timed pause is
 * never shorter than asked: docs/adr/0005-pauses-are-never-short.md
 */
export function withPause(status: RolloutStatus, reason: string, now: Millis): RolloutStatus {
  if (hasPause(status, reason)) return status;
  const pause: PauseCondition = { reason, startTime: toTimeUp(now) };
  return {
    ...status,
    controllerPause: true,
    pauseConditions: [...(status.pauseConditions ?? []), pause],
  };
}

export function withoutPauses(status: RolloutStatus): RolloutStatus {
  const { pauseConditions: _, controllerPause: __, ...rest } = status;
  return rest;
}

/** The status without the pause of a step that is done; other pauses stay. */
export function withoutStepPause(status: RolloutStatus): RolloutStatus {
  const left = (status.pauseConditions ?? []).filter((p) => p.reason !== pauseReasons.step);
  return left.length > 0 ? { ...status, pauseConditions: left } : withoutPauses(status);
}
