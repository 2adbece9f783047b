import { pauseReasons } from '../../model/names.ts';
import type { Reason } from '../../model/plan.ts';
import { fromTime } from '../../model/units.ts';
import { nameOf } from '../../model/workload.ts';
import { experimentFault } from '../experiments/newExperiment.ts';
import { currentExperiment } from '../release/experiments.ts';
import { isAborted, type Release } from '../release/release.ts';
import { isEnded } from '../release/runs.ts';
import { currentStep } from '../steps/steps.ts';

/** What the Experiment of the step has to say of the release. */
export function experimentReasons(release: Release): Reason[] {
  const { status, rollout } = release;
  const isOver = !status.stableRS || status.stableRS === status.currentPodHash;
  if (!currentStep(rollout)?.experiment || isOver || isAborted(release)) return [];
  const reasons = [inconclusive(release), running(release), lacking(release)];
  return reasons.filter((reason) => reason !== undefined);
}

function inconclusive({ status }: Release): Reason | undefined {
  const isIt = ({ reason }: { reason: string }): boolean =>
    reason === pauseReasons.inconclusiveExperiment;
  const pause = (status.pauseConditions ?? []).find(isIt);
  if (!pause) return undefined;
  return {
    text: `The experiment of the step could not tell, ${status.canary?.currentExperiment}.`,
    since: fromTime(pause.startTime),
    unblock: 'look at its analyses, then promote to go on with the next step, or abort',
  };
}

function running(release: Release): Reason | undefined {
  const experiment = currentExperiment(release);
  if (!experiment || isEnded(experiment)) return undefined;
  const { status = {} } = experiment;
  const { templateStatuses = [], availableAt } = status;
  const waiting = templateStatuses.filter((each) => each.status === 'Progressing');
  const names = waiting.map(({ name }) => name).join(', ');
  const missing = names && `: pods of ${names} are missing`;
  return {
    text: `The experiment of the step goes on, ${nameOf(experiment)}${missing}.`,
    ...(availableAt && { since: fromTime(availableAt) }),
    unblock: 'its end; promote skips the step',
  };
}

function lacking(release: Release): Reason | undefined {
  const { unlisted } = release.observed.experiments ?? {};
  if (unlisted) {
    const text = `The experiment of the step cannot be looked for: ${unlisted.why}`;
    const { remedy: unblock = 'put that right' } = unlisted;
    return { text, unblock, mark: 'refused' };
  }
  const fault = currentExperiment(release) ? undefined : experimentFault(release);
  return fault === undefined
    ? undefined
    : { text: `The experiment of the step cannot be made: ${fault}.`, unblock: 'correct the step' };
}
