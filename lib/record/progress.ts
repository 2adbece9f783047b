import { isOfRelease } from '../decide/release/pauseReason.ts';
import { pauseSeconds, releasePause } from '../decide/steps/pause.ts';
import { stepsOf } from '../decide/steps/steps.ts';
import type { Rollout } from '../model/argo.generated.ts';
import { pauseReasons } from '../model/names.ts';
import type { Progress } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import {
  createdAt,
  imagesOf,
  replicasOf,
  revisionOf,
  uidOf,
  versionOf,
} from '../model/workload.ts';
import { isSkipped } from './pauses.ts';

/** What is remembered of a rollout: enough to restore its status and to tell what changed since. */
export function progressOf(rollout: Rollout, now: Millis): Progress {
  const { status = {}, spec } = rollout;
  const pause = releasePause(status) ?? status.pauseConditions?.[0];
  return {
    uid: uidOf(rollout),
    createdAt: createdAt(rollout),
    resourceVersion: versionOf(rollout),
    generation: rollout.metadata?.generation ?? 0,
    observedAt: now,
    phase: status.phase ?? '',
    message: status.message ?? '',
    currentPodHash: status.currentPodHash ?? '',
    stableRS: status.stableRS ?? '',
    currentStepHash: status.currentStepHash ?? '',
    currentStepIndex: status.currentStepIndex ?? null,
    stepCount: stepsOf(rollout).length,
    pauseReason: pause?.reason ?? null,
    pauseStart: pause?.startTime ?? null,
    controllerPause: status.controllerPause ?? false,
    abort: status.abort ?? false,
    promoteFull: status.promoteFull ?? false,
    userPaused: spec?.paused ?? false,
    specReplicas: replicasOf(rollout),
    revision: revisionOf(rollout),
    images: imagesOf(spec?.template),
    restartedAt: status.restartedAt ?? null,
  };
}

/** What is known of the pause it is in besides what the status tells of it. */
export function pauseOf(
  known: Progress | undefined,
  fresh: Progress,
  rollout: Rollout,
): Pick<Progress, 'pauseSeconds' | 'isPassed'> {
  const { uid, pauseStart, pauseReason, currentStepIndex } = fresh;
  if (pauseStart === null) return {};
  const before = known?.uid === uid && known.pauseStart === pauseStart ? known : undefined;
  const asked = isOfRelease(pauseReason ?? '') ? (pauseSeconds(rollout) ?? null) : null;
  // Other steps begin the release anew, but the length of a blue-green's pause is what the spec has last.
  const isKept = pauseReason === pauseReasons.step && before?.currentStepIndex === currentStepIndex;
  if (before && isKept) {
    const { pauseSeconds: first = asked, isPassed } = before;
    return { pauseSeconds: first, ...(isPassed && { isPassed }) };
  }
  const isLeft = before !== undefined && isSkipped(before, fresh);
  const isAtPause = stepsOf(rollout)[currentStepIndex ?? 0]?.pause !== undefined;
  return { pauseSeconds: asked, ...(isLeft && !isAtPause && { isPassed: true }) };
}
