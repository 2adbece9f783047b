import type { Experiment, RolloutStatus } from '../../model/argo.generated.ts';
import { hashLabel, pauseReasons } from '../../model/names.ts';
import { nameOf } from '../../model/workload.ts';
import { currentHash, hasPause, type Release } from './release.ts';
import { phaseOf } from './runs.ts';

// The Experiments of a rollout: which of them is that of its step, and what it has come to.

export function experimentsOf({ observed }: Pick<Release, 'observed'>): Experiment[] {
  return observed.experiments?.all ?? [];
}

/**
 * That of the step which the release is at, if it is still there. After a retry there is none.
 * argo v1.10.1 utils/experiment/filter.go GetCurrentExperiment
 */
export function currentExperiment(release: Release): Experiment | undefined {
  const { status } = release;
  const name = status.canary?.currentExperiment;
  if (name === undefined || isRetried(status)) return undefined;
  const index = status.currentStepIndex ?? 0;
  return experimentsOf(release).find(
    (each) => nameOf(each) === name && isOfStep(release, each, index),
  );
}

/** By its name, which begins with that of the rollout, its version, revision and step. */
export function isOfStep(release: Release, experiment: Experiment, index: number): boolean {
  const hash = currentHash(release);
  const base = `${nameOf(release.rollout)}-${hash}-`;
  const name = nameOf(experiment);
  const [, step] = /^\d*-(\d+)(-\d+)?$/.exec(name.slice(base.length)) ?? [];
  const isOfVersion = experiment.metadata?.labels?.[hashLabel] === hash;
  return isOfVersion && name.startsWith(base) && step === String(index);
}

/** An abort is withdrawn, and the status has not yet been written since. */
function isRetried({ abort, abortedAt }: RolloutStatus): boolean {
  return abort !== true && abortedAt !== undefined && abortedAt !== null;
}

/** The release was paused for it, and somebody had it go on. */
export function isPassedOver(experiment: Experiment | undefined, status: RolloutStatus): boolean {
  const isLifted = !hasPause(status, pauseReasons.inconclusiveExperiment);
  const isInconclusive = phaseOf(experiment) === 'Inconclusive';
  return isInconclusive && status.controllerPause === true && isLifted;
}
