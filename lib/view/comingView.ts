import { goalCounts, limitsOf } from '../decide/release/counts.ts';
import { isOfRelease } from '../decide/release/pauseReason.ts';
import { isAborted, isFullyPromoted, type Release, releaseOf } from '../decide/release/release.ts';
import { isRouted } from '../decide/release/traffic.ts';
import { typeFaults } from '../decide/release/typeFaults.ts';
import { pauseEnd } from '../decide/steps/pause.ts';
import { routedCounts } from '../decide/steps/routedCounts.ts';
import { currentStep, stepIndexOf, stepsOf } from '../decide/steps/steps.ts';
import { setWeightOf, sizingWeight } from '../decide/steps/weight.ts';
import type {
  CanaryStep,
  Rollout,
  RolloutExperimentStep,
  RolloutPause,
} from '../model/argo.generated.ts';
import type { Observed } from '../model/observed.ts';
import type { Reason } from '../model/plan.ts';
import { durationSeconds, type Millis, parseGoDuration, secondMs } from '../model/units.ts';
import type { ComingStep, ComingView } from '../model/view.ts';
import { replicasOf } from '../model/workload.ts';

/** A view is stored and polled: of a very long release it tells the beginning. */
const stepsMax = 30;

type Seen = { rollout: Rollout; reasons: Reason[]; phase: string };

/**
 * What comes after the step that a canary is at: docs/adr/0109-what-comes-next-is-computed.md. Absent where
 * nothing comes by itself: nothing is released, it was aborted or failed, or Serin leaves it alone.
 */
export function comingShown(
  observed: Observed,
  { rollout, reasons, phase }: Seen,
  now: Millis,
): ComingView | undefined {
  const { status = {} } = rollout;
  const count = stepsOf(rollout).length;
  // With values of a wrong type nothing can be computed.
  if (status.currentStepIndex === undefined || typeFaults(rollout).length > 0) return undefined;
  if (currentStep(rollout) === undefined) return undefined;
  if (!['Progressing', 'Paused'].includes(phase) || reasons.some(isLeftAlone)) return undefined;
  const release = releaseOf({ ...observed, rollout }, status, now);
  const isOver = !status.stableRS || isFullyPromoted(release) || status.promoteFull === true;
  if (isOver || isAborted(release) || release.stable === undefined) return undefined;
  const first = stepIndexOf(rollout) + 1;
  const places = Array.from({ length: count + 1 - first }, (_, place) => first + place);
  const steps = places.slice(0, stepsMax).map((index) => stepAt(release, index));
  return { ...hereOf(release), steps };
}

function isLeftAlone({ mark }: Reason): boolean {
  return mark === 'leftAlone';
}

/** The step it is at. */
function hereOf(release: Release): Pick<ComingView, 'until' | 'awaits'> {
  const { rollout, status } = release;
  const isOthers = ({ reason }: { reason: string }) => !isOfRelease(reason);
  const isHeld = rollout.spec?.paused === true || (status.pauseConditions ?? []).some(isOthers);
  if (isHeld) return { awaits: 'person' };
  const until = pauseEnd(release);
  if (until !== undefined) return { until };
  const step = currentStep(rollout) ?? {};
  // Since when that runs only the Experiment knows.
  return step.experiment ? { awaits: 'experiment' } : awaitedBy(step);
}

/** As the decision itself takes it once the release is there. */
function stepAt(release: Release, index: number): ComingStep {
  const status = { ...release.status, currentStepIndex: index };
  const rollout = { ...release.rollout, status };
  const step = currentStep(rollout);
  const setWeight = setWeightOf(rollout);
  if (step === undefined) {
    return { index, setWeight, newPods: replicasOf(rollout), oldPods: 0 };
  }
  const { canary, stable } = isRouted(rollout)
    ? routedCounts({ ...release, status, rollout })
    : goalCounts(release, sizingWeight(rollout), limitsOf(rollout));
  return { index, setWeight, newPods: canary, oldPods: stable, ...lengthOf(step) };
}

function lengthOf(step: CanaryStep): Pick<ComingStep, 'lastsMs' | 'awaits'> {
  const { pause, experiment } = step;
  const lastsMs = pause ? pauseMs(pause) : experiment && experimentMs(experiment);
  return lastsMs === undefined ? awaitedBy(step) : { lastsMs };
}

function awaitedBy({ pause, analysis, experiment }: CanaryStep): Pick<ComingStep, 'awaits'> {
  if (pause) return pause.duration === undefined ? { awaits: 'person' } : {};
  if (analysis) return { awaits: 'analysis' };
  return experiment ? { awaits: 'experiment' } : {};
}

function pauseMs({ duration }: RolloutPause): Millis | undefined {
  return duration === undefined ? undefined : durationSeconds(duration) * secondMs;
}

/** Analyses can end one at any time. */
function experimentMs({ duration, analyses = [] }: RolloutExperimentStep): Millis | undefined {
  return analyses.length > 0 || !duration ? undefined : parseGoDuration(duration);
}
