import { totalWeightOf } from '../decide/release/traffic.ts';
import { currentStep } from '../decide/steps/steps.ts';
import { setWeightOf } from '../decide/steps/weight.ts';
import type { ReplicaSet, Rollout } from '../model/argo.generated.ts';
import { availableOf, podHashOf } from '../model/workload.ts';

/** What goes to the canary: as the steps ask for it, and as it is. */
export function weightsOf(
  rollout: Rollout,
  sets: ReplicaSet[],
): { setWeight: number; actualWeight: number } {
  return { setWeight: setWeightOf(rollout), actualWeight: actualWeight(rollout, sets) };
}

/** Without a router the weight is the share of available pods; with one, what it was set to. */
function actualWeight(rollout: Rollout, sets: ReplicaSet[]): number {
  if (currentStep(rollout) === undefined) return totalWeightOf(rollout);
  const { currentPodHash, stableRS, canary, availableReplicas = 0 } = rollout.status ?? {};
  if (availableReplicas <= 0) return 0;
  if (rollout.spec?.strategy?.canary?.trafficRouting) {
    return canary?.weights?.canary?.weight ?? setWeightOf(rollout);
  }
  const isCanary = (set: ReplicaSet): boolean =>
    podHashOf(set) === currentPodHash && currentPodHash !== stableRS;
  const set = sets.find(isCanary);
  return Math.trunc(((set ? availableOf(set) : 0) * 100) / availableReplicas);
}
