import type { AnalysisRun, RolloutStatus } from '../../model/argo.generated.ts';
import type { AnalysisType } from '../release/analyses.ts';
import { isHandedBack } from '../release/handback.ts';
import { isAborted, type Release } from '../release/release.ts';
import { currentRun, hasFailed, isOverruled, phaseOf } from '../release/runs.ts';
import { isFastRollback } from '../replicaSets/scaleDownDelay.ts';

// What the runs have come to, and what that does to the release.

export type Verdict = {
  /** The run for which it is aborted. */
  failed?: { type: AnalysisType; run: AnalysisRun; message: string };
  /** A run could not tell, and somebody has to. */
  inconclusive?: boolean;
};

/** In the message of every abort by an analysis. argo v1.10.1 rollout/analysis.go */
export const phaseWords = 'analysis phase error/failed';
const words: Record<AnalysisType, string> = {
  Step: `Step-based ${phaseWords}`,
  Background: `Background ${phaseWords}`,
  PrePromotion: `Blue/green pre-promotion ${phaseWords}`,
  PostPromotion: `Blue/green post-promotion ${phaseWords}`,
};

export function typesOf({ rollout }: Pick<Release, 'rollout'>): AnalysisType[] {
  const isBlueGreen = rollout.spec?.strategy?.blueGreen !== undefined;
  return isBlueGreen ? ['PrePromotion', 'PostPromotion'] : ['Step', 'Background'];
}

/** Nothing is judged any more, and runs are ended: the release is over, or goes back, or straight on. */
export function isUnjudged(release: Release, status: RolloutStatus): boolean {
  const isOver = !status.stableRS || status.stableRS === status.currentPodHash;
  return isOver || status.abort === true || status.promoteFull === true || isFastRollback(release);
}

/** From the status as it was observed. */
export function verdictOf(release: Release): Verdict {
  const { status } = release;
  if (isUnjudged(release, status) || isAborted(release)) return {};
  const runs = typesOf(release).flatMap((type) => {
    const run = currentRun(release, type);
    return run ? [{ type, run }] : [];
  });
  const failed = runs.find(({ run }) => hasFailed(run));
  if (failed) return { failed: { ...failed, message: messageOf(failed) } };
  const inconclusive = runs.some(
    ({ type, run }) => phaseOf(run) === 'Inconclusive' && !isOverruled(run, status, type),
  );
  return inconclusive ? { inconclusive } : {};
}

function messageOf({ type, run }: { type: AnalysisType; run: AnalysisRun }): string {
  const { message } = run.status ?? {};
  return message ? `${words[type]}: ${message}` : words[type];
}

/**
 * Before the switch: the analysis, if there is to be one, has found the new version good. While the workload
 * has the traffic nothing is switched, and nothing serves that could be judged.
 */
export function isPrePromotionDone(release: Release): boolean {
  if (isHandedBack(release)) return true;
  const { prePromotionAnalysis } = release.rollout.spec?.strategy?.blueGreen ?? {};
  const run = currentRun(release, 'PrePromotion');
  return !prePromotionAnalysis?.templates?.length || phaseOf(run) === 'Successful';
}

/** After the switch, and before the new version is the stable one. */
export function isPostPromotionDone(release: Release): boolean {
  if (isHandedBack(release)) return true;
  const { postPromotionAnalysis } = release.rollout.spec?.strategy?.blueGreen ?? {};
  const run = currentRun(release, 'PostPromotion');
  return !postPromotionAnalysis?.templates?.length || phaseOf(run) === 'Successful';
}
