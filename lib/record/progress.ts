import { releasePause } from '../decide/steps/pause.ts';
import { stepsOf } from '../decide/steps/steps.ts';
import type { Rollout } from '../model/argo.generated.ts';
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
