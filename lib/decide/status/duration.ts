import type { RolloutDurationStatus, RolloutStatus } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import { pauseReasons } from '../../model/names.ts';
import { fromTime, secondMs, toTime } from '../../model/units.ts';
import { availableOf, createdAt, podHashOf, replicasOf } from '../../model/workload.ts';
import { isHold } from '../release/pauseReason.ts';
import { podTemplateOrStepsChanged, type Release } from '../release/release.ts';
import { isRollbackInWindow } from '../release/rollback.ts';
import { scaleDownAt } from '../replicaSets/scaleDownDelay.ts';
import { stepsOf } from '../steps/steps.ts';
import { conditionOf, reasons } from './conditions.ts';

// How long a release takes, in the shape of argo-rollouts' main branch after v1.10.1
// (pkg/apis/rollouts/v1alpha1/types.go RolloutDurationStatus). A cluster whose CRD is older drops the
// field, and then nothing follows from it.

/** The status with the timing of the current attempt, as this turn leaves it. */
export function withDuration(release: Release, after: RolloutStatus): RolloutStatus {
  const { duration: _, ...rest } = after;
  const duration = durationOf(release, after);
  return duration === undefined ? rest : { ...rest, duration };
}

function durationOf(release: Release, after: RolloutStatus): RolloutDurationStatus | undefined {
  const { status: before, now, current } = release;
  const isNew = podTemplateOrStepsChanged(release) || !before.currentPodHash;
  const isPromoted = after.stableRS === after.currentPodHash;
  const isDone =
    isPromoted && current !== undefined && availableOf(current) >= replicasOf(release.rollout);
  const isAborted = after.abort === true && !isPromoted;
  let run = before.duration;
  if (run && !run.finishedAt) {
    const said = outcomeOf(release, after, isNew) ?? run.completionStatus;
    run = { ...run, ...defined({ completionStatus: said }) };
    if (isDone) return finished(run, said ?? 'Promoted', now);
    if (isAborted) return finished(run, said ?? 'Aborted', now);
    // Anything else that is new takes the place of what was under way.
    if (!isNew || isBack(release)) return withManualPause(run, release, after);
  }
  const isRetry = saysAborted(release) && !isAborted;
  if ((isRetry || isNew) && !isDone) {
    return withManualPause({ rolloutStartedAt: toTime(now) }, release, after);
  }
  return run;
}

/** Whether the stored status still tells of an abort. */
function saysAborted({ observed }: Release): boolean {
  return conditionOf(observed.rollout.status ?? {}, 'Progressing')?.reason === reasons.aborted;
}

/** What becomes of the attempt, as soon as that is known. */
function outcomeOf(release: Release, after: RolloutStatus, isNew: boolean): string | undefined {
  const { status: before } = release;
  if (isNew && isBack(release)) return isFastBack(release) ? 'FastRolledBack' : 'RolledBack';
  const isPromotedNow =
    after.stableRS === after.currentPodHash && before.stableRS !== after.stableRS;
  if (!isPromotedNow || before.duration?.completionStatus) return undefined;
  return before.promoteFull ? 'FastPromoted' : 'Promoted';
}

/** Whether the new template is that of the stable version, or of one older than it. */
function isBack({ current, stable }: Release): boolean {
  if (!current || !stable) return false;
  return podHashOf(current) === podHashOf(stable) || createdAt(current) < createdAt(stable);
}

function isFastBack(release: Release): boolean {
  const { current, stable, now } = release;
  const keptUntil = current && scaleDownAt(current);
  const isKept = keptUntil !== undefined && keptUntil > now;
  return podHashOf(current) === podHashOf(stable) || isRollbackInWindow(release) || isKept;
}

function finished(run: RolloutDurationStatus, status: string, now: number): RolloutDurationStatus {
  return { ...resumed(run, now), finishedAt: toTime(now), completionStatus: status };
}

function withManualPause(
  run: RolloutDurationStatus,
  release: Release,
  after: RolloutStatus,
): RolloutDurationStatus {
  if (!waitsForPerson(release, after)) return resumed(run, release.now);
  return run.manualPauseStartedAt ? run : { ...run, manualPauseStartedAt: toTime(release.now) };
}

function resumed(run: RolloutDurationStatus, now: number): RolloutDurationStatus {
  const { manualPauseStartedAt: since, ...rest } = run;
  if (since === undefined) return run;
  const seconds = Math.max(0, Math.floor((now - fromTime(since)) / secondMs));
  const total = (run.totalManualPauseDurationSeconds ?? 0) + seconds;
  return { ...rest, totalManualPauseDurationSeconds: total };
}

function isInconclusive(reason: string): boolean {
  return reason === pauseReasons.inconclusive || reason === pauseReasons.inconclusiveExperiment;
}

/** Whether only a person moves it on. */
function waitsForPerson({ rollout }: Release, after: RolloutStatus): boolean {
  const { paused, strategy } = rollout.spec ?? {};
  const step = stepsOf(rollout)[after.currentStepIndex ?? 0];
  return (
    paused === true ||
    (after.pauseConditions ?? []).some((pause) => {
      if (pause.reason === pauseReasons.step) return step?.pause?.duration === undefined;
      if (pause.reason !== pauseReasons.blueGreen) {
        return isHold(pause) || isInconclusive(pause.reason);
      }
      return strategy?.blueGreen?.autoPromotionEnabled === false;
    })
  );
}
