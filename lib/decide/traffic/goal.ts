import type { ReplicaSet } from '../../model/argo.generated.ts';
import { pauseReasons } from '../../model/names.ts';
import { availableOf, podHashOf, replicasOf } from '../../model/workload.ts';
import { currentExperiment } from '../release/experiments.ts';
import { isOnHold } from '../release/pauseReason.ts';
import {
  currentHash,
  hasPause,
  isAborted,
  isFullyPromoted,
  isHeldByFault,
  type Release,
} from '../release/release.ts';
import { phaseOf } from '../release/runs.ts';
import {
  canServe,
  isDynamic,
  isTakingOver,
  leadsOnlyTo,
  podsNeeded,
  type Share,
  type Side,
  shareOf,
  totalWeightOf,
} from '../release/traffic.ts';
import { routedCounts } from '../steps/routedCounts.ts';
import { isAtSize, weightFor } from '../steps/setWeight.ts';
import { currentStep, stepsOf } from '../steps/steps.ts';
import { weightBefore } from '../steps/weight.ts';
import { managedRoutes } from './managedRoutes.ts';
import type { Destination, ManagedRoute, Routed, TrafficGoal } from './router.ts';
import { served } from './verification.ts';

/** What is to be sent to the canary. */
export type Aim = {
  weight: number;
  routes: ManagedRoute[];
  additional: Share[];
  /** More is to be sent to that side, once its targets are healthy. */
  held?: Side;
};

/**
 * What is to be sent to the canary under the status that the release has; undefined where everything is to
 * stay as it is. Nothing is sent to a side that cannot serve it.
 * argo v1.10.1 rollout/trafficrouting.go reconcileTrafficRouting
 */
export function aimOf(release: Release): Aim | undefined {
  const present = presentWeight(release);
  return served(release, withoutDown(release, wantedOf(release), present), present);
}

/**
 * As it was wanted, unless more would go to a stable side without a pod while the canary's has some: the
 * stable version may have pods that its Service does not lead to yet.
 */
function withoutDown(
  release: Release,
  aim: Aim | undefined,
  present: number | undefined,
): Aim | undefined {
  // With no pods at all nowhere is as good as anywhere.
  if (replicasOf(release.rollout) === 0) return aim;
  const isLess = aim !== undefined && present !== undefined && aim.weight < present;
  if (!isLess || !isDown(release, 'stable') || isDown(release, 'canary')) return aim;
  const room = totalWeightOf(release.rollout) - present;
  const additional = shareOf(aim) <= room ? aim.additional : [];
  return { ...aim, weight: present, additional };
}

function wantedOf(release: Release): Aim | undefined {
  const { status, current, rollout } = release;
  if (isHeldByFault(release)) return undefined;
  if (isOnHold(status)) return aimOnHold(release);
  if (isFullyPromoted(release) || isTakingOver(release.stable, release.traffic))
    return alone(weightAtRest(release));
  if (isAborted(release)) return alone(weightOnWayBack(release));
  // An Experiment has pods of its own.
  if (!current || availableOf(current) === 0)
    return withShares(release, weightWithoutPods(release));
  if (routedCounts(release).canary === 0) return withShares(release, within(release, 0));
  if (!leadsOnlyTo(release, 'canary', podHashOf(current))) {
    // The canary's side is led to it first, with no more sent there than it can serve.
    const stays = canServe(release, 'canary', current);
    return alone(stays ? presentWeight(release) : weightOnWayBack(release));
  }
  if (status.promoteFull) return alone(within(release, promotedWeight(release, current)));
  const aim = withShares(release, within(release, stepWeight(release)));
  return aim && { ...aim, routes: managedRoutes(rollout) };
}

function alone(weight: number | undefined): Aim | undefined {
  return weight === undefined ? undefined : { weight, routes: [], additional: [] };
}

function withShares(release: Release, weight: number | undefined): Aim | undefined {
  if (weight === undefined) return undefined;
  const additional = sharesIn(release, totalWeightOf(release.rollout) - weight);
  return { weight, routes: [], additional };
}

/**
 * What the Experiment of the step gets while it runs: each of its templates that has a Service and pods.
 * argo v1.10.1 rollout/trafficrouting.go calculateWeightDestinationsFromExperiment
 */
function sharesIn(release: Release, room: number): Share[] {
  const experiment = currentExperiment(release);
  const { templates = [] } = currentStep(release.rollout)?.experiment ?? {};
  if (phaseOf(experiment) !== 'Running' || experiment?.spec?.terminate) return [];
  const shares = (experiment?.status?.templateStatuses ?? []).flatMap((each): Share[] => {
    const { weight = 0 } = templates.find(({ name }) => name === each.name) ?? {};
    const { serviceName: service, podTemplateHash: hash = '', availableReplicas } = each;
    return service && availableReplicas > 0 && weight > 0 ? [{ service, weight, hash }] : [];
  });
  return shareOf({ additional: shares }) <= room ? shares : [];
}

/** Without its stable version only the canary can serve. Else nobody knows what would be right. */
function aimOnHold(release: Release): Aim | undefined {
  const { status, current, rollout } = release;
  const isLost = hasPause(status, pauseReasons.stableLost) && !release.stable;
  const serves = current && availableOf(current) > 0;
  const isLed = leadsOnlyTo(release, 'canary', currentHash(release));
  return isLost && serves && isLed ? alone(totalWeightOf(rollout)) : undefined;
}

/** A release that is over: all goes to the stable side, once that leads to the version which is stable. */
function weightAtRest(release: Release): number | undefined {
  const { stable, rollout } = release;
  if (!stable) return undefined;
  if (replicasOf(rollout) === 0) return 0;
  const hash = podHashOf(stable);
  // Until then it stays: what a router's own objects lead to is part of what they are told.
  if (!leadsOnlyTo(release, 'stable', hash)) {
    const isSafe = release.traffic?.seen && leadsOnlyTo(release, 'canary', hash);
    return isSafe ? totalWeightOf(rollout) : (presentWeight(release) ?? firstWeight(release));
  }
  return leadsOnlyTo(release, 'canary', hash) ? 0 : weightOnWayBack(release);
}

/** Objects that say nothing of weights yet, as of a first deployment, send it all to the stable side. */
function firstWeight({ traffic }: Release): number | undefined {
  return traffic?.faults.length === 0 ? 0 : undefined;
}

/**
 * Back to the stable version: at once where that is whole, else as its pods come, and never up again. As many
 * as may be unavailable may be missing, but not where it was scaled down for the canary.
 * docs/adr/0046-the-way-back-is-as-gradual-as-pods-come.md
 */
function weightOnWayBack(release: Release): number | undefined {
  const { stable, rollout } = release;
  const replicas = replicasOf(rollout);
  const total = totalWeightOf(rollout);
  if (replicas === 0) return 0;
  const available = stable ? availableOf(stable) : 0;
  if (available === 0) return undefined;
  if (isDown(release, 'canary')) return 0;
  const isWhole = available >= podsNeeded(rollout, total);
  const room = isWhole ? total : Math.floor((total * available) / replicas);
  return Math.min(presentWeight(release) ?? total, total - room);
}

/** The new version has no pods that could serve; what is left of one before it may. */
function weightWithoutPods(release: Release): number | undefined {
  const { stable } = release;
  if (!isDown(release, 'canary')) return weightOnWayBack(release);
  // One that is gone may have left its Service behind.
  const serves = stable ? availableOf(stable) > 0 : !isDown(release, 'stable');
  return serves || replicasOf(release.rollout) === 0 ? 0 : undefined;
}

/** A full promotion keeps the weight until all pods are there, unless stable ones make room as they come. */
function promotedWeight(release: Release, current: ReplicaSet): number {
  const { rollout } = release;
  const present = presentWeight(release) ?? 0;
  if (!isDynamic(rollout)) return present;
  const total = totalWeightOf(rollout);
  const share = Math.floor((total * availableOf(current)) / replicasOf(rollout));
  return Math.max(present, Math.min(total, share));
}

/**
 * That of the step once its pods are there, and until then that of the steps before. A smaller one goes
 * before the pods that it leaves over.
 */
function stepWeight(release: Release): number {
  const { rollout } = release;
  if (stepsOf(rollout).length === 0) return 0;
  const weight = weightFor(release);
  return isAtSize(release) ? weight : Math.min(weight, weightBefore(rollout));
}

/**
 * The weight, unless the side that would get more cannot serve it: then what there is stays. While an object
 * of a router is at fault the canary gets no more.
 */
function within(release: Release, weight: number): number | undefined {
  const { rollout, stable, traffic } = release;
  const present = presentWeight(release);
  if (traffic && traffic.faults.length > 0 && weight > (present ?? 0)) return present;
  if (present !== undefined && weight >= present) return weight;
  const replicas = replicasOf(rollout);
  const total = totalWeightOf(rollout);
  if (replicas === 0 || weight === total) return weight;
  const needed = Math.max(1, Math.floor(((total - weight) * replicas) / total));
  return stable && availableOf(stable) >= needed ? weight : undefined;
}

/**
 * The weight as it is. Where objects differ it is what was last reached, or the least of them; the most where
 * no stable pod serves any more: what goes to the canary does not go back then.
 */
export function presentWeight(release: Release): number | undefined {
  const { status, traffic } = release;
  const known = status.canary?.weights?.canary?.weight;
  if (!traffic?.asked) return known;
  const { least, most } = traffic.asked;
  if (least < most && isDown(release, 'stable') && !isDown(release, 'canary')) return most;
  return known !== undefined && known >= least && known <= most ? known : least;
}

/** Whether no pod serves of what a side leads to. */
function isDown({ all, traffic }: Release, side: Side): boolean {
  const leads = traffic?.leads[side] ?? [];
  if (leads.length === 0 || leads.includes('')) return false;
  return !all.some((set) => leads.includes(podHashOf(set)) && availableOf(set) > 0);
}

/** What one router is to make of it. */
export function goalFor(
  release: Release,
  { router: { hashes }, routed }: { router: { hashes?: (of: Routed) => object }; routed: Routed },
  { weight, routes, additional, held }: Aim,
): TrafficGoal {
  const { rollout, current, stable } = release;
  const total = totalWeightOf(rollout);
  const found: Partial<Record<Side, string>> | undefined = hashes?.(routed);
  const lead = (side: Side, set: ReplicaSet | undefined): string =>
    found ? hashAfter(release, side, set, found[side] ?? '') : podHashOf(set);
  const destination = (side: Side, set: ReplicaSet | undefined, share: number): Destination => ({
    ...{ service: routed.services[side], weight: share, hash: lead(side, set) },
  });
  return {
    ...{ total, routes, additional },
    ...(held && { held }),
    canary: destination('canary', current ?? stable, weight),
    stable: destination('stable', stable, total - weight - shareOf({ additional })),
  };
}

/** The version that a router's own objects are to lead to: another one once that can serve. */
function hashAfter(
  release: Release,
  side: Side,
  set: ReplicaSet | undefined,
  before: string,
): string {
  const hash = podHashOf(set);
  if (!set || hash === before) return before;
  // What it has led to until now may be pods of any version: all of the new one's take their place.
  const isFull = availableOf(set) > 0 && availableOf(set) >= (set.spec?.replicas ?? 1);
  if (before === '') return isFull ? hash : before;
  return canServe(release, side, set) ? hash : before;
}
