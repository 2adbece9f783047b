import type { CanaryStep, Rollout } from '../../model/argo.generated.ts';

export function stepsOf(rollout: Rollout): CanaryStep[] {
  return rollout.spec?.strategy?.canary?.steps ?? [];
}

/** The step the release is at: 0 before the first, the number of steps after the last. */
export function stepIndexOf(rollout: Rollout): number {
  return rollout.status?.currentStepIndex ?? 0;
}

/** The step being carried out; undefined when there is none left or there are none at all. */
export function currentStep(rollout: Rollout): CanaryStep | undefined {
  return stepsOf(rollout)[stepIndexOf(rollout)];
}

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

/** `setWeight: 20`, `pause: 1m`, as the peer's events and people write a step. */
export function stepText(step: CanaryStep): string {
  if (step.setWeight !== undefined) return `setWeight: ${step.setWeight}`;
  if (step.pause) {
    return step.pause.duration === undefined ? 'pause' : `pause: ${step.pause.duration}`;
  }
  return Object.keys(step)[0] ?? 'empty step';
}
