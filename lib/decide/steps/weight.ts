import type { CanaryStep, Rollout } from '../../model/argo.generated.ts';
import { totalWeightOf } from '../release/traffic.ts';
import { currentStep, stepIndexOf, stepsOf } from './steps.ts';

/**
 * The weight the steps ask for now: that of the nearest setWeight at or before the current step,
 * 0 before the first and when aborted, the whole after the last.
 * argo v1.10.1 utils/replicaset/canary.go GetCurrentSetWeight
 */
export function setWeightOf(rollout: Rollout): number {
  if (rollout.status?.abort) return 0;
  if (currentStep(rollout) === undefined) return totalWeightOf(rollout);
  return weightIn(stepsOf(rollout).slice(0, stepIndexOf(rollout) + 1));
}

/** The weight that the steps before the current one have led to. */
export function weightBefore(rollout: Rollout): number {
  return weightIn(stepsOf(rollout).slice(0, stepIndexOf(rollout)));
}

function weightIn(steps: CanaryStep[]): number {
  return steps.findLast((step) => step.setWeight !== undefined)?.setWeight ?? 0;
}

/**
 * The weight that sizes the ReplicaSets: everything to the canary while there is no release, or
 * when it is to be promoted in full. argo v1.10.1 utils/replicaset/canary.go
 */
export function sizingWeight(rollout: Rollout): number {
  const status = rollout.status ?? {};
  const noRelease = !status.stableRS || status.stableRS === status.currentPodHash;
  return status.promoteFull || noRelease ? totalWeightOf(rollout) : setWeightOf(rollout);
}
