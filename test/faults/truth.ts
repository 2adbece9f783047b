import type { PauseCondition, Rollout, RolloutStatus } from '../../lib/model/argo.generated.ts';
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

/** By uid and kind of ledger entry. */
export function countTruth(truth: Map<string, number>, before: Rollout, after: Rollout): void {
  const { status: was = {}, spec: specWas = {} } = before;
  const { status: is = {}, spec = {} } = after;
  const add = (kind: string, isSo: boolean): void => {
    const id = `${uidOf(after)} ${kind}`;
    if (isSo) truth.set(id, (truth.get(id) ?? 0) + 1);
  };
  add('revision', Boolean(is.currentPodHash) && is.currentPodHash !== was.currentPodHash);
  add('step', is.currentStepIndex !== was.currentStepIndex);
  add('aborted', is.abort === true && was.abort !== true);
  add('retried', is.abort !== true && was.abort === true);
  const start = (status: RolloutStatus) => status.pauseConditions?.[0]?.startTime;
  const stepStart = (status: RolloutStatus) => stepPauseOf(status) ?? start(status);
  add('paused', stepStart(is) !== undefined && stepStart(is) !== stepStart(was));
  add('paused', spec.paused === true && specWas.paused !== true);
  add('lifted', stepStart(was) !== undefined && stepStart(is) !== stepStart(was));
  add('lifted', spec.paused !== true && specWas.paused === true);
  add('completed', is.phase === 'Healthy' && was.phase !== 'Healthy');
  add('degraded', is.phase === 'Degraded' && was.phase !== 'Degraded');
  add('scaled', spec.replicas !== specWas.replicas);
  add('restarted', is.restartedAt !== undefined && is.restartedAt !== was.restartedAt);
}
