import type { RolloutStatus } from '../../model/argo.generated.ts';
import { pauseReasons } from '../../model/names.ts';
import type { PlannedEvent } from '../../model/plan.ts';
import { podHashOf } from '../../model/workload.ts';
import { type Verdict, verdictOf } from '../analysis/outcome.ts';
import { experimentVerdict } from '../experiments/outcome.ts';
import { isOnHold } from '../release/pauseReason.ts';
import {
  isAborted,
  isHeldByFault,
  podTemplateOrStepsChanged,
  type Release,
} from '../release/release.ts';
import { isRollbackInWindow } from '../release/rollback.ts';
import { leadsOnlyTo } from '../release/traffic.ts';
import {
  abortOf,
  abortTo,
  type Decided,
  finish,
  promote,
  startAnew,
  withCounts,
  withoutAbort,
} from '../status/status.ts';
import { runOf, stepText } from '../steps/kinds.ts';
import { withoutPauses, withoutStepPause, withPause } from '../steps/pause.ts';
import { hasEnoughPods, isAtWeight } from '../steps/setWeight.ts';
import { currentStep, stepIndexOf, stepsOf } from '../steps/steps.ts';

/**
 * The status of a canary as this turn leaves it: where it is in its steps, whether it pauses,
 * aborts or is promoted. The order of the questions is the peer's, and is what makes an abort hold
 * against everything else. argo v1.10.1 rollout/canary.go syncRolloutStatusCanary
 */
export function decideCanary(release: Release, restartedAt: string | undefined): Decided {
  const base = withCounts(release, restartedAt);
  if (isHeldByFault(release)) return finish(release, base, { aborted: isAborted(release) });
  if (podTemplateOrStepsChanged(release))
    return finish(release, startAnew(release, base), { aborted: false });

  const isRollback = isRollbackInWindow(release) && !isAborted(release);
  const shortcut = release.status.promoteFull === true || isRollback;
  const reason = promotionReason(release);
  if (reason !== undefined) return promote(release, base, reason);

  const verdict = verdictOf(release);
  const failed = verdict.failed?.message ?? experimentVerdict(release).failed;
  const abort = abortOf(release, base, { shortcut, failed });
  if (abort.aborted) return finish(release, abortTo(release, base), abort);
  const kept = withoutAbort(release, base);
  if (shortcut) {
    const all = stepsOf(release.rollout).length;
    const index = all > 0 ? { currentStepIndex: all } : {};
    return finish(release, { ...withoutPauses(kept), ...index }, { aborted: false });
  }
  return advance(release, kept, verdict);
}

/**
 * Why the new ReplicaSet becomes the stable one in this turn; undefined while it may not.
 * argo v1.10.1 rollout/sync.go shouldFullPromote
 */
function promotionReason(release: Release): string | undefined {
  const { current, stable, status } = release;
  if (isOnHold(status)) return undefined;
  if (!stable) return current && !status.stableRS ? 'Initial deploy' : undefined;
  if ((isAborted(release) && !status.promoteFull) || isDoubted(release)) return undefined;
  if (!current || !hasEnoughPods(release) || isNotLedTo(release)) return undefined;
  if (status.promoteFull) return 'Full promotion requested';
  if (isRollbackInWindow(release)) return 'Rollback within window';
  if (status.stableRS === podHashOf(current)) return 'Fast rollback';
  const count = stepsOf(release.rollout).length;
  const done = stepIndexOf(release.rollout) === count && isAtWeight(release);
  return count === 0 || done ? `Completed all ${count} canary steps` : undefined;
}

/** Analyses have found fault with it, could not tell, or cannot be begun. */
function isDoubted(release: Release): boolean {
  const { failed, inconclusive } = verdictOf(release);
  return failed !== undefined || inconclusive === true || hasAnalysisFaults(release);
}

function hasAnalysisFaults({ analysisFaults = [] }: Release): boolean {
  return analysisFaults.length > 0;
}

/**
 * Behind a load balancer: a new version gets all requests by the canary's side before it is the stable one,
 * and so that side is its own before that.
 */
function isNotLedTo(release: Release): boolean {
  const hash = podHashOf(release.current);
  if (!release.traffic?.seen || release.status.stableRS === hash) return false;
  return !leadsOnlyTo(release, 'canary', hash);
}

/**
 * One step further when the current one is done; a pause that comes next begins in the same turn,
 * so that no moment lies between them in which the release seems to move.
 */
function advance(release: Release, base: RolloutStatus, { inconclusive }: Verdict): Decided {
  const events: PlannedEvent[] = [];
  let status = base;
  const steps = stepsOf(release.rollout);
  const step = currentStep(release.rollout);
  if (steps.length > 0) status = { ...status, currentStepIndex: stepIndexOf(release.rollout) };
  if (step && !inconclusive && isStepDone(release)) {
    const index = stepIndexOf(release.rollout) + 1;
    const message = `Rollout step ${index}/${steps.length} completed (${stepText(step)})`;
    events.push({ type: 'Normal', reason: 'RolloutStepCompleted', message });
    status = { ...withoutStepPause(status), currentStepIndex: index };
  }
  // A promote that no step has heard is forgotten: it must not lift a pause that comes later.
  if (!status.pauseConditions?.length) status = withoutPauses(status);
  if (inconclusive) status = withPause(status, pauseReasons.inconclusive, release.now);
  if (experimentVerdict(release).inconclusive) {
    status = withPause(status, pauseReasons.inconclusiveExperiment, release.now);
  }
  const next = runOf(steps[status.currentStepIndex ?? 0]);
  const held = release.rollout.spec?.paused || (status.pauseConditions ?? []).length > 0;
  if (next?.enter && !held) status = next.enter(status, release.now);
  return finish(release, { status, events }, { aborted: false });
}

function isStepDone(release: Release): boolean {
  const step = currentStep(release.rollout);
  const isHeld = release.rollout.spec?.paused === true || hasForeignPause(release.status);
  if (isHeld || hasAnalysisFaults(release)) return false;
  return runOf(step)?.isDone(release) ?? false;
}

/** A pause that is not the step's own holds every step. */
function hasForeignPause(status: RolloutStatus): boolean {
  return (status.pauseConditions ?? []).some((pause) => pause.reason !== pauseReasons.step);
}
