import type { ALBStatus, CanaryStrategy, ReplicaSet, Rollout } from '../../model/argo.generated.ts';
import type { FieldError } from '../../model/faults.ts';
import { availableOf, podHashOf, replicasOf } from '../../model/workload.ts';
import { limitsOf } from './counts.ts';
import type { Release } from './release.ts';

// What is known of where requests go, of a canary with a router. The law that rests on it: no pod leaves
// while traffic is sent to it, and no traffic is sent where no pods are.

export type Side = 'canary' | 'stable';

export function otherSide(side: Side): Side {
  return side === 'canary' ? 'stable' : 'canary';
}

/** What the versions of an Experiment get. It is taken from the stable side. */
export type Share = { service: string; weight: number; hash: string };

/** Under the status that the release has: with another one the sides may be others. */
export type Traffic = {
  /** The versions that each side leads to, by Services and by routers; '' where it is pods of any. */
  leads: Record<Side, string[]>;
  /** An object that chooses pods itself could not be read, so that a side may lead to any version. */
  isLeadUnknown?: true;
  /** The canary's weight: the least and the most that any object has; absent while that is not known. */
  canary?: { least: number; most: number };
  /** What is to be sent where; absent while everything stays as it is. */
  goal?: { weight: number; routes: string[]; additional: Share[] };
  /**
   * Whether requests are sent as the goal says. A load balancer that is looked at has its say here, and in
   * the weight of the canary: docs/adr/0043-shrinking-follows-what-is-observed.md
   */
  isThere: boolean;
  /** Whether the objects of routers say so, whatever load balancers make of them. */
  isAsked?: boolean;
  /** The same by the objects alone, whatever load balancers make of them. */
  asked?: { least: number; most: number };
  /** Of load balancers that are looked at. */
  seen?: SeenTraffic;
  verification?: Verification;
  /** What is wrong with the objects of routers, by the field that names them. */
  faults: FieldError[];
  /** The right that Serin lacks to read them. */
  remedy?: string;
};

/** What load balancers say of where they send requests. */
export type SeenTraffic = {
  /** The canary's weight in each rule that leads to both sides, and whose rule it is. */
  weights: { weight: number; balancer: string }[];
  /** How many rules lead to the canary alone. */
  headerRoutes: number;
  /** Of the pods that a side leads to, how many get requests; absent where that is not known. */
  healthy: Partial<Record<Side, { count: number; of: number }>>;
  /** Why something is not known, and what is not there yet: sentences. */
  unknown: string[];
  lacking: string[];
  /** Requests go past both sides still. */
  isPast: boolean;
  balancers: ALBStatus[];
  /** The right that Serin lacks. */
  remedy?: string;
};

/** Whether load balancers do what the goal says. Throttled, forbidden or unreachable is not known. */
export type Verification = {
  state: 'verified' | 'pending' | 'unknown';
  /** Why it is not, and what more is sent waits for. */
  words: string[];
  /** No more is sent to one of the sides until its targets are healthy. */
  isHeld?: boolean;
  remedy?: string;
};

/** Load balancers are looked at, and do not do yet what they are to. */
export function isUnverified({ traffic }: Release): boolean {
  return traffic?.verification !== undefined && traffic.verification.state !== 'verified';
}

export function routingOf({ spec }: Rollout): CanaryStrategy['trafficRouting'] {
  return spec?.strategy?.canary?.trafficRouting ?? undefined;
}

export function isRouted(rollout: Rollout): boolean {
  return routingOf(rollout) !== undefined;
}

/** What all weights add up to. argo v1.10.1 utils/weightutil/weight.go */
export function totalWeightOf(rollout: Rollout): number {
  return routingOf(rollout)?.maxTrafficWeight ?? 100;
}

/** How many pods a weight takes. argo v1.10.1 utils/replicaset/canary.go trafficWeightToReplicas */
export function podsFor(rollout: Rollout, weight: number): number {
  return Math.ceil((weight * replicasOf(rollout)) / totalWeightOf(rollout));
}

/**
 * How many pods have to be there for a weight. As many may be missing as may be unavailable, but none where
 * versions make room for each other: the one that gives the weight away has the pods that the other lacks.
 */
export function podsNeeded(rollout: Rollout, weight: number): number {
  const missing = isDynamic(rollout) ? 0 : limitsOf(rollout).maxUnavailable;
  return Math.max(1, podsFor(rollout, weight) - missing);
}

/** The most that any object sends to a side; the whole where that is not known. */
export function mostWeight({ rollout, traffic }: Release, side: Side): number {
  const total = totalWeightOf(rollout);
  if (!traffic?.canary) return total;
  return side === 'canary' ? traffic.canary.most : total - traffic.canary.least;
}

/** What the pods of a side have to serve: the most that is sent there, or is to be from this turn on. */
export function weightToServe(release: Release, side: Side): number {
  const { goal } = release.traffic ?? {};
  if (!goal) return mostWeight(release, side);
  const rest = totalWeightOf(release.rollout) - goal.weight - shareOf(goal);
  const sent = side === 'canary' ? goal.weight : rest;
  return Math.max(mostWeight(release, side), sent);
}

export function shareOf({ additional }: { additional: Share[] }): number {
  return additional.reduce((all, { weight }) => all + weight, 0);
}

export function leadsOnlyTo(
  { traffic }: { traffic?: Pick<Traffic, 'leads'> | undefined },
  side: Side,
  hash: string,
): boolean {
  const leads = traffic?.leads[side] ?? [];
  return leads.length > 0 && leads.every((each) => each === hash);
}

/**
 * Behind a load balancer: the version that was promoted has no requests by the stable side yet. It is led to
 * by the canary's alone, and keeps it until the stable side is its own.
 */
export function isTakingOver(
  stable: ReplicaSet | undefined,
  traffic: Pick<Traffic, 'seen' | 'leads'> | undefined,
): boolean {
  if (!stable || !traffic?.seen) return false;
  const hash = podHashOf(stable);
  return leadsOnlyTo({ traffic }, 'canary', hash) && !leadsOnlyTo({ traffic }, 'stable', hash);
}

/** Whether requests come to the side: by weight, or by a route that a step has set. */
export function isIdle(release: Release, side: Side): boolean {
  const { traffic } = release;
  if (!traffic || mostWeight(release, side) > 0) return false;
  if (side === 'stable') return true;
  return traffic.isThere && traffic.goal?.routes.length === 0;
}

/** Whether requests may come to a version. What is sent to pods of any version is not counted. */
export function mayReceive(release: Release, set: ReplicaSet): boolean {
  if (isUnverified(release) || release.traffic?.isLeadUnknown) return true;
  const hash = podHashOf(set);
  const sides: Side[] = ['canary', 'stable'];
  return sides.some(
    (side) => release.traffic?.leads[side].includes(hash) && !isIdle(release, side),
  );
}

/**
 * Whether a side may be led to a version: it has pods enough for what is sent to that side, and to the
 * other one where that leads to it too.
 */
export function canServe(release: Release, side: Side, set: ReplicaSet): boolean {
  const own = mostWeight(release, side);
  const other = otherSide(side);
  const isShared = leadsOnlyTo(release, other, podHashOf(set));
  // A load balancer lets go of the old pods before it has the new ones: the other side gets all first.
  if (release.traffic?.seen && (isShared || side === 'canary') && own > 0) return false;
  const share = own === 0 ? 0 : own + (isShared ? mostWeight(release, other) : 0);
  return hasPodsFor(release, set, share);
}

function hasPodsFor({ rollout }: Release, set: ReplicaSet, weight: number): boolean {
  return availableOf(set) >= podsNeeded(rollout, Math.min(weight, totalWeightOf(rollout)));
}

/** The way back to a stable version that follows the traffic is as gradual as its pods come. */
export function isDynamic({ spec }: Rollout): boolean {
  return spec?.strategy?.canary?.dynamicStableScale === true;
}

/** The Services of canary and stable, '' where none is named. */
export function namedServices({ spec }: Pick<Rollout, 'spec'>): Record<Side, string> {
  const { canaryService = '', stableService = '' } = spec?.strategy?.canary ?? {};
  return { canary: canaryService, stable: stableService };
}

/**
 * Ping and pong, which take turns at being the stable one. Before the first release ping is the canary's, and
 * becomes the stable one by it. argo v1.10.1 rollout/trafficrouting/service_helper.go
 */
export function pingPongOf({ spec, status }: Rollout): Record<Side, string> | undefined {
  const { pingPong } = spec?.strategy?.canary ?? {};
  if (!pingPong) return undefined;
  const { pingService: ping = '', pongService: pong = '' } = pingPong;
  return status?.canary?.stablePingPong === 'ping'
    ? { canary: pong, stable: ping }
    : { canary: ping, stable: pong };
}
