import { fieldError } from '../../model/faults.ts';
import {
  availableOf,
  currentOf,
  desiredOf,
  podHashOf,
  replicasOf,
  sum,
} from '../../model/workload.ts';
import { goalCounts, limitsOf } from '../release/counts.ts';
import { type Release, setsOf } from '../release/release.ts';
import { isDynamic, isRouted, leadsOnlyTo, totalWeightOf } from '../release/traffic.ts';
import { routedCounts } from './routedCounts.ts';
import type { StepKind } from './stepKind.ts';
import { setWeightOf, sizingWeight } from './weight.ts';

export const setWeight: StepKind<'setWeight'> = {
  field: 'setWeight',
  validate: (weight, path, canary) => {
    const total = totalWeightOf({ spec: { strategy: { canary } } });
    return weight >= 0 && weight <= total
      ? []
      : fieldError(path, `must be between 0 and ${total}, not ${weight}`);
  },
  text: (weight) => `setWeight: ${weight}`,
  run: { isDone: (release) => isAtSize(release) && isAtWeight(release) },
};

/** Whether requests are sent as the steps say. Without a router it is the pods that say so. */
export function isAtWeight(release: Release): boolean {
  const { rollout, traffic } = release;
  if (!traffic) return !isRouted(rollout);
  const weight = weightFor(release);
  // What an earlier version has left there is sent to that one.
  const isLed = weight === 0 || leadsOnlyTo(release, 'canary', podHashOf(release.current));
  return traffic.isThere && traffic.goal?.weight === weight && isLed;
}

/** What the canary is to be sent; nothing where it is to have no pods. */
export function weightFor(release: Release): number {
  return routedCounts(release).canary === 0 ? 0 : setWeightOf(release.rollout);
}

/** argo v1.10.1 utils/replicaset/canary.go AtDesiredReplicaCountsForCanary */
export function isAtSize(release: Release): boolean {
  return isRouted(release.rollout) ? isAtRoutedSize(release) : isAtPlainSize(release);
}

/** Older versions may be there still: they get no traffic. */
function isAtRoutedSize(release: Release): boolean {
  const { rollout, stable } = release;
  const goal = routedCounts(release);
  if (!meetsThreshold(release, goal.canary) || !stable) return false;
  const isWhole = desiredOf(stable) === goal.stable && currentOf(stable) === goal.stable;
  return isDynamic(rollout) || isWhole;
}

function isAtPlainSize(release: Release): boolean {
  const sets = setsOf(release);
  const goal = goalCounts(sets, sizingWeight(release.rollout), limitsOf(release.rollout));
  if (!meetsThreshold(release, goal.canary)) return false;
  const stable = release.stable;
  if (!stable || desiredOf(stable) !== goal.stable || currentOf(stable) !== goal.stable) {
    return false;
  }
  return sum(release.others, availableOf) === 0;
}

/** Enough pods of the new version to be promoted. */
export function hasEnoughPods(release: Release): boolean {
  const wanted = replicasOf(release.rollout);
  const available = release.current ? availableOf(release.current) : 0;
  return available >= wanted || meetsThreshold(release, wanted);
}

/**
 * Whether enough of the wanted canary pods are available to go on: all of them, unless
 * `replicaProgressThreshold` says fewer will do. argo v1.10.1 utils/replicaset/canary.go
 */
function meetsThreshold(release: Release, wanted: number): boolean {
  const set = release.current;
  const threshold = release.rollout.spec?.strategy?.canary?.replicaProgressThreshold;
  if (!set || !threshold || threshold.value < 0) {
    return set !== undefined && desiredOf(set) === wanted && availableOf(set) === wanted;
  }
  if (threshold.type !== 'Percent') return availableOf(set) >= Math.min(threshold.value, wanted);
  if (wanted === 0) return true;
  const percent = (availableOf(set) / wanted) * 100;
  return percent >= threshold.value - 1e-10;
}
