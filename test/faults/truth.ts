import type { PauseCondition, Rollout, RolloutStatus } from '../../lib/model/argo.generated.ts';
import { stepHash } from '../../lib/model/hash.ts';
import { pauseReasons } from '../../lib/model/names.ts';
import { uidOf } from '../../lib/model/workload.ts';

// What has truly happened to a rollout, whoever did it: the ledger can tell of no more.

/** A pause of the release itself, and no hold. */
export function isOfRelease({ reason }: PauseCondition): boolean {
  return reason === pauseReasons.step || reason === pauseReasons.blueGreen;
}

export function stepPauseOf(status: RolloutStatus): string | undefined {
  return status.pauseConditions?.find(isOfRelease)?.startTime;
}

/** `last`: the status that was there last, before it was wiped. */
type Write = { before: Rollout; after: Rollout; last: RolloutStatus; isOurs: boolean };

/** By uid and kind of ledger entry. */
export function countTruth(truth: Map<string, number>, write: Write): void {
  const { before, after, last, isOurs } = write;
  const { status: was = {}, spec: specWas = {} } = before;
  const { status: is = {}, spec = {} } = after;
  const add = (kind: string, isSo: boolean): void => {
    const id = `${uidOf(after)} ${kind}`;
    if (isSo) truth.set(id, (truth.get(id) ?? 0) + 1);
  };
  add('revision', Boolean(is.currentPodHash) && is.currentPodHash !== was.currentPodHash);
  add('aborted', is.abort === true && was.abort !== true);
  const isSame = isSameRelease(last, is);
  add('step', is.currentStepIndex !== last.currentStepIndex && isSame);
  const isSameTemplate = is.currentPodHash === last.currentPodHash;
  add('steps seen', isSameTemplate && is.currentStepHash !== last.currentStepHash);
  add('steps edited', stepHash(spec.strategy) !== stepHash(specWas.strategy));
  const isFull = is.promoteFull === true || was.promoteFull === true;
  add('retried', is.abort !== true && was.abort === true && isSame && !isFull);
  const start = (status: RolloutStatus) => status.pauseConditions?.[0]?.startTime;
  const stepStart = (status: RolloutStatus) => stepPauseOf(status) ?? start(status);
  add('paused', stepStart(is) !== undefined && stepStart(is) !== stepStart(was));
  const known = { ...before, status: last };
  add('paused', isSkipped(last, is) && isAtPause(after));
  const isFullNow = is.promoteFull === true && last.promoteFull !== true;
  // A promote of what is aborted takes the pause off too: after a retry nobody can tell it from another.
  const isUnseen = !isOurs && was.abort === true && isLifted(known, { ...is, abort: false });
  const isAgreed = isFullNow || isSkipped(last, is) || isLifted(known, is) || isUnseen;
  add('lifted', isAgreed);
  add('promoted by others', isAgreed && !isOurs);
  add('paused', spec.paused === true && specWas.paused !== true);
  add('lifted', spec.paused !== true && specWas.paused === true);
  add('completed', is.phase === 'Healthy' && was.phase !== 'Healthy');
  add('degraded', is.phase === 'Degraded' && was.phase !== 'Degraded');
  add('scaled', spec.replicas !== specWas.replicas);
  add('restarted', is.restartedAt !== undefined && is.restartedAt !== was.restartedAt);
}

function isSameRelease(was: RolloutStatus, is: RolloutStatus): boolean {
  return was.currentPodHash === is.currentPodHash && was.currentStepHash === is.currentStepHash;
}

/** Another step with the pause of the one before. */
function isSkipped(was: RolloutStatus, is: RolloutStatus): boolean {
  const start = stepPauseOf(is);
  const isMoved = was.currentStepIndex !== is.currentStepIndex;
  return start !== undefined && start === stepPauseOf(was) && isMoved;
}

/** A pause that ends, and neither with its release nor for what was told before. */
function isLifted(before: Rollout, is: RolloutStatus): boolean {
  const { status: was = {} } = before;
  const start = (status: RolloutStatus) =>
    stepPauseOf(status) ?? status.pauseConditions?.[0]?.startTime;
  const isSame = isSameRelease(was, is);
  const isTold = was.promoteFull === true || (stepPauseOf(was) && !isAtPause(before));
  return start(was) !== undefined && start(is) !== start(was) && isSame && !is.abort && !isTold;
}

/** Where the steps were changed and the status does not tell of it yet, nobody knows. */
function isAtPause({ spec = {}, status = {} }: Rollout): boolean {
  const { strategy } = spec;
  if (strategy?.blueGreen || stepHash(strategy) !== status.currentStepHash) return true;
  return strategy?.canary?.steps?.[status.currentStepIndex ?? 0]?.pause !== undefined;
}

/** Whether an abort says that an analysis has failed: analyses.ts judges whether one has. */
export function isByAnalysis({ message = '' }: RolloutStatus): boolean {
  return message.includes('analysis phase error/failed');
}

/** Likewise that its Experiment has: experiments.ts judges it. */
export function isByExperiment({ message = '' }: RolloutStatus): boolean {
  return message.includes('Experiment analysis phase is error/failed');
}
