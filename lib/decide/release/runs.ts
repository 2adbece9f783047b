import type {
  AnalysisRun,
  Rollout,
  RolloutAnalysisRunStatus,
  RolloutStatus,
} from '../../model/argo.generated.ts';
import { pauseReasons, stepIndexLabel } from '../../model/names.ts';
import { nameOf } from '../../model/workload.ts';
import type { AnalysisType } from './analyses.ts';
import { hasPause, type Release } from './release.ts';

// The analysis runs of a rollout: which of them belong to the release, and what they have come to.

/** What is looked at to find the run of an analysis. */
export type Running = Pick<Release, 'rollout' | 'status'> & { runs: AnalysisRun[] };

export function runsOf({ observed }: Pick<Release, 'observed'>): AnalysisRun[] {
  return observed.analysis?.runs ?? [];
}

/** What the status says of the run of an analysis. */
export function noted(
  { canary, blueGreen }: RolloutStatus,
  type: AnalysisType,
): RolloutAnalysisRunStatus | undefined {
  const notes: Record<AnalysisType, RolloutAnalysisRunStatus | undefined> = {
    Step: canary?.currentStepAnalysisRunStatus,
    Background: canary?.currentBackgroundAnalysisRunStatus,
    PrePromotion: blueGreen?.prePromotionAnalysisRunStatus,
    PostPromotion: blueGreen?.postPromotionAnalysisRunStatus,
  };
  return notes[type];
}

/**
 * The run of an analysis that the status names, if it is still there. After a retry none of them counts,
 * and neither does that of another step. argo v1.10.1 utils/analysis/filter.go
 */
export function runIn(
  { rollout, status, runs }: Running,
  type: AnalysisType,
): AnalysisRun | undefined {
  const name = noted(status, type)?.name;
  const run = name === undefined ? undefined : runs.find((each) => nameOf(each) === name);
  if (!run || isRetried(status)) return undefined;
  return type === 'Step' && !isOfStep(run, rollout) ? undefined : run;
}

export function currentRun(release: Release, type: AnalysisType): AnalysisRun | undefined {
  const { rollout, status } = release;
  return runIn({ rollout, status, runs: runsOf(release) }, type);
}

/** An abort is withdrawn, and the status has not yet been written since. */
function isRetried({ abort, abortedAt }: RolloutStatus): boolean {
  return abort !== true && abortedAt !== undefined && abortedAt !== null;
}

function isOfStep({ metadata }: AnalysisRun, { status }: Rollout): boolean {
  return metadata?.labels?.[stepIndexLabel] === String(status?.currentStepIndex ?? 0);
}

/** A run or an Experiment. */
export type Judging = { status?: { phase?: string } };

export function phaseOf(run: Judging | undefined): string {
  return run?.status?.phase ?? '';
}

const ends = ['Successful', 'Failed', 'Error', 'Inconclusive'];

/** argo v1.10.1 pkg/apis/rollouts/v1alpha1/analysis_types.go Completed */
export function isOver(phase: string): boolean {
  return ends.includes(phase);
}

export function isEnded(run: Judging): boolean {
  return isOver(phaseOf(run));
}

export function hasFailed(run: AnalysisRun | undefined): boolean {
  return phaseOf(run) === 'Failed' || phaseOf(run) === 'Error';
}

/** The release was paused for it, and somebody had it go on: another run is to tell. */
export function isOverruled(run: AnalysisRun, status: RolloutStatus, type: AnalysisType): boolean {
  const note = noted(status, type);
  const wasSaid = note?.name === nameOf(run) && note.status === 'Inconclusive';
  return wasSaid && !hasPause(status, pauseReasons.inconclusive);
}

/**
 * Pods of before the switch stay while the analysis after it goes on, unless they have a time of their own;
 * and while nobody knows what it has come to. argo v1.10.1 rollout/bluegreen.go
 */
export function keepsOldPods(release: Release): boolean {
  const { rollout, status } = release;
  if (hasPause(status, pauseReasons.inconclusive)) return true;
  const { postPromotionAnalysis, scaleDownDelaySeconds } = rollout.spec?.strategy?.blueGreen ?? {};
  const isOpen = status.stableRS !== status.currentPodHash;
  if (!postPromotionAnalysis || scaleDownDelaySeconds !== undefined || !isOpen) return false;
  const isSwitched = status.blueGreen?.activeSelector === status.currentPodHash;
  return isSwitched && phaseOf(currentRun(release, 'PostPromotion')) !== 'Successful';
}
