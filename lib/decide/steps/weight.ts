import type { Rollout } from '../../model/argo.generated.ts';
import { currentStep, stepIndexOf, stepsOf } from './steps.ts';

/**
 * The weight the steps ask for now: that of the nearest setWeight at or before the current step,
 * 0 before the first and when aborted, 100 after the last.
 * argo v1.10.1 utils/replicaset/canary.go GetCurrentSetWeight
 */
export function setWeightOf(rollout: Rollout): number {
  if (rollout.status?.abort) return 0;
  if (currentStep(rollout) === undefined) return 100;
  const done = stepsOf(rollout).slice(0, stepIndexOf(rollout) + 1);
  return done.findLast((step) => step.setWeight !== undefined)?.setWeight ?? 0;
}

/**
 * The weight that sizes the ReplicaSets: everything to the canary while there is no release, or
 * when it is to be promoted in full. argo v1.10.1 utils/replicaset/canary.go
 */
export function sizingWeight(rollout: Rollout): number {
  const status = rollout.status ?? {};
  const noRelease = !status.stableRS || status.stableRS === status.currentPodHash;
  return status.promoteFull || noRelease ? 100 : setWeightOf(rollout);
}
