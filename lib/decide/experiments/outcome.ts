import { currentExperiment, isPassedOver } from '../release/experiments.ts';
import { isAborted, type Release } from '../release/release.ts';
import { phaseOf } from '../release/runs.ts';

// What the Experiment of a step does to the release. argo v1.10.1 rollout/experiment.go reconcileExperiments

export type ExperimentVerdict = {
  /** Why the release is aborted. */
  failed?: string;
  /** It could not tell, and somebody has to. */
  inconclusive?: true;
};

const experimentWords = 'Experiment analysis phase is error/failed';

/** From the status as it was observed. */
export function experimentVerdict(release: Release): ExperimentVerdict {
  const { status, rollout } = release;
  const found = currentExperiment(release);
  const isOfStep =
    rollout.spec?.strategy?.canary?.steps?.[status.currentStepIndex ?? 0]?.experiment;
  if (!found || !isOfStep || isAborted(release) || status.promoteFull) return {};
  const phase = phaseOf(found);
  if (phase === 'Failed' || phase === 'Error') {
    const { message } = found.status ?? {};
    return { failed: message ? `${experimentWords}: ${message}` : experimentWords };
  }
  return phase === 'Inconclusive' && !isPassedOver(found, status) ? { inconclusive: true } : {};
}
