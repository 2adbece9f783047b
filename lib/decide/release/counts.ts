import type { ReplicaSet, Rollout } from '../../model/argo.generated.ts';
import { availableOf, desiredOf, replicasOf } from '../../model/workload.ts';

/** How many pods the canary and the stable ReplicaSet should have. */
export type Counts = { canary: number; stable: number };

export type Limits = { replicas: number; maxSurge: number; maxUnavailable: number };

const defaultFencepost = '25%';

/**
 * maxSurge and maxUnavailable in pods. A string is a percentage even without its sign; surge is
 * rounded up, unavailable down. When both come to nothing one pod may be unavailable, or nothing
 * could ever move. argo v1.10.1 utils/replicaset/replicaset.go resolveFenceposts
 */
export function limitsOf(rollout: Rollout): Limits {
  const replicas = replicasOf(rollout);
  const { canary, blueGreen } = rollout.spec?.strategy ?? {};
  const surge = inPods(canary?.maxSurge ?? defaultFencepost, replicas, Math.ceil);
  const given = canary?.maxUnavailable ?? blueGreen?.maxUnavailable;
  const unavailable = inPods(given ?? defaultFencepost, replicas, Math.floor);
  const maxSurge = surge ?? 0;
  const asked = surge === undefined || unavailable === undefined ? 0 : unavailable;
  const maxUnavailable = maxSurge === 0 && asked === 0 && surge !== undefined ? 1 : asked;
  return { replicas, maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}

function inPods(
  value: number | string,
  replicas: number,
  round: (count: number) => number,
): number | undefined {
  if (typeof value === 'number') return value;
  const digits = value.replaceAll('%', '');
  return /^[+-]?\d+$/.test(digits) ? round((Number(digits) * replicas) / 100) : undefined;
}

/**
 * The split of pods that comes closest to a weight, given that pods are whole. It may use one pod
 * more than `replicas` when surging is allowed, and from two pods on leaves neither side empty
 * while the weight is between 1 and 99. argo v1.10.1 utils/replicaset/canary.go
 */
function splitByWeight(replicas: number, weight: number, maxSurge: number): Counts {
  if (replicas === 0) return { canary: 0, stable: 0 };
  const exact = (replicas * weight) / 100;
  const up = Math.ceil(exact);
  const down = Math.floor(exact);
  const mayBeEmpty = weight === 0 || weight === 100 || (replicas === 1 && maxSurge === 0);
  const totals = maxSurge > 0 ? [replicas, replicas + 1] : [replicas];
  const options: Counts[] = [];
  for (const total of totals) {
    const leavesStable = total > replicas || up < replicas || mayBeEmpty;
    if (leavesStable) options.push({ canary: up, stable: total - up });
    const leavesCanary = down !== 0 || mayBeEmpty;
    if (leavesCanary && !isHalfway(total, weight)) {
      options.push({ canary: down, stable: total - down });
    }
  }
  const distance = ({ canary, stable }: Counts): number =>
    Math.abs((canary * 100) / (canary + stable) - weight);
  const first: Counts = options[0] ?? { canary: 0, stable: replicas };
  return options.reduce((best, next) => (distance(next) < distance(best) ? next : best), first);
}

/** A weight halfway between two pod counts goes to the larger canary. The float is Argo's. */
function isHalfway(total: number, weight: number): boolean {
  const pods = total * (weight / 100);
  return pods - Math.trunc(pods) === 0.5;
}

export type Sets = { canary?: ReplicaSet; stable?: ReplicaSet; others: ReplicaSet[] };

/**
 * The sizes to give canary and stable next, on the way to a weight: as far up as the surge allows,
 * stable first, then as far down as pods are available, and nothing goes down while an older
 * ReplicaSet still has pods. `sets.stable` is absent when it is the canary itself: then all pods
 * go to the canary. argo v1.10.1 utils/replicaset/canary.go CalculateReplicaCountsForBasicCanary
 */
export function nextCounts(sets: Sets, weight: number, limits: Limits): Counts {
  const { canary, stable } = sets;
  const goal = goalCounts(sets, weight, limits);
  const othersDesired = sets.others.reduce((total, set) => total + desiredOf(set), 0);
  const canaryNow = canary ? desiredOf(canary) : 0;
  const stableNow = stable ? desiredOf(stable) : 0;
  const ceiling = limits.replicas + limits.maxSurge;
  const floor = limits.replicas - limits.maxUnavailable;

  const room = Math.max(0, ceiling - othersDesired - canaryNow - stableNow);
  const next: Counts = { canary: canaryNow, stable: stableNow };
  if (stable) next.stable = Math.max(stableNow, Math.min(goal.stable, stableNow + room));
  const left = room - (next.stable - stableNow);
  if (canary) next.canary = Math.max(canaryNow, Math.min(goal.canary, canaryNow + left));
  if (othersDesired > 0) return next;

  // The side that shrinks may count pods that are not available: it is their places it gives up.
  const growing = canary === undefined || goal.canary >= canaryNow;
  const spare = dependable(canary, !growing) + dependable(stable, growing) - floor;
  if (spare <= 0) return next;
  if (!growing && canary) {
    next.canary = Math.max(goal.canary, canaryNow - spare);
    const kept = keepWithin(canary, stable, next.canary, next.stable, { ceiling, floor });
    return { canary: kept.shrinking, stable: kept.other };
  }
  if (!stable) return next;
  if (stableNow > goal.stable) next.stable = Math.max(goal.stable, stableNow - spare);
  const kept = keepWithin(stable, canary, next.stable, next.canary, { ceiling, floor });
  return { canary: kept.other, stable: kept.shrinking };
}

/** Where the weight leads once there is time: all pods to the canary when there is no stable. */
export function goalCounts(sets: Sets, weight: number, limits: Limits): Counts {
  return sets.stable
    ? splitByWeight(limits.replicas, weight, limits.maxSurge)
    : { canary: limits.replicas, stable: 0 };
}

/** Pods that will still be there: not those a smaller desired count is about to remove. */
function dependable(set: ReplicaSet | undefined, countUnavailable: boolean): number {
  if (!set) return 0;
  const desired = desiredOf(set);
  const available = availableOf(set);
  return desired < available || countUnavailable ? desired : available;
}

/**
 * Both sides together must stay under the ceiling: the other side gives way, unless that would
 * take available pods below the floor; then the shrinking side does.
 */
function keepWithin(
  shrinking: ReplicaSet,
  other: ReplicaSet | undefined,
  shrinkingCount: number,
  otherCount: number,
  bounds: { ceiling: number; floor: number },
): { shrinking: number; other: number } {
  if (!other) return { shrinking: shrinkingCount, other: otherCount };
  const over = Math.max(0, shrinkingCount + otherCount - bounds.ceiling);
  const lowered = otherCount - over;
  const available =
    Math.min(availableOf(shrinking), shrinkingCount) + Math.min(availableOf(other), lowered);
  const lost = Math.max(0, availableOf(other) - lowered);
  const missing = Math.max(0, bounds.floor - available);
  const kept = lowered + Math.min(lost, missing);
  const stillOver = Math.max(0, shrinkingCount + kept - bounds.ceiling);
  return { shrinking: shrinkingCount - stillOver, other: kept };
}
