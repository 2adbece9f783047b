import type { Rollout, SetCanaryScale } from '../../model/argo.generated.ts';
import { podHashOf, replicasOf } from '../../model/workload.ts';
import type { Counts } from '../release/counts.ts';
import { type Release, setsOf } from '../release/release.ts';
import {
  isDynamic,
  isRouted,
  leadsOnlyTo,
  mostWeight,
  podsFor,
  totalWeightOf,
  weightToServe,
} from '../release/traffic.ts';
import { currentStep, stepIndexOf, stepsOf } from './steps.ts';
import { sizingWeight } from './weight.ts';

/**
 * How many pods the sides of a canary with a router are to have in the end: the stable one all of them, and
 * the canary as many as its weight takes on top. With dynamicStableScale the stable one has what is left,
 * and as many as the traffic that it still gets takes.
 * argo v1.10.1 utils/replicaset/canary.go CalculateReplicaCountsForTrafficRoutedCanary
 */
export function routedCounts(release: Release): Counts {
  const { rollout } = release;
  const whole = setsOf(release).stable ? replicasOf(rollout) : 0;
  const { replicas, weight = sizingWeight(rollout) } = canaryScaleOf(rollout) ?? {};
  const dynamic = isDynamic(rollout);
  const canary = replicas ?? lifted(rollout, podsFor(rollout, weight));
  if (!dynamic || whole === 0 || isWayBack(release)) return { canary, stable: whole };
  const left = totalWeightOf(rollout) - (replicas === undefined ? weight : 0);
  const used = release.traffic?.canary ? weightToServe(release, 'stable') : 0;
  // What a step takes from the canary is sent once the stable pods are there.
  const asked = totalWeightOf(rollout) - sizingWeight(rollout);
  const stable = podsFor(rollout, Math.max(left, used, asked));
  return { canary: lifted(rollout, canary), stable: lifted(rollout, stable) };
}

/** Behind a load balancer the canary's side is led to another version with nothing sent there. */
function isWayBack(release: Release): boolean {
  const { traffic, current } = release;
  if (!traffic?.seen || leadsOnlyTo(release, 'canary', podHashOf(current))) return false;
  return mostWeight(release, 'canary') > 0;
}

/** argo v1.10.1 utils/replicaset/canary.go CheckMinPodsPerReplicaSet */
function lifted(rollout: Rollout, count: number): number {
  const least = rollout.spec?.strategy?.canary?.minPodsPerReplicaSet ?? 0;
  return count === 0 ? 0 : Math.max(count, Math.min(least, replicasOf(rollout)));
}

/**
 * The scale that a step has given the canary, which holds until a later one says otherwise.
 * argo v1.10.1 utils/replicaset/canary.go UseSetCanaryScale
 */
export function canaryScaleOf(rollout: Rollout): SetCanaryScale | undefined {
  const { abort, promoteFull, stableRS, currentPodHash } = rollout.status ?? {};
  const isOver = abort || promoteFull || !stableRS || stableRS === currentPodHash;
  // Where there are to be no pods at all a step gives none.
  if (isOver || replicasOf(rollout) === 0 || !isRouted(rollout) || !currentStep(rollout))
    return undefined;
  const done = stepsOf(rollout).slice(0, stepIndexOf(rollout) + 1);
  const scale = done.findLast((step) => step.setCanaryScale)?.setCanaryScale;
  return scale?.matchTrafficWeight ? undefined : scale;
}
