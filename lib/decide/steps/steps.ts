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
