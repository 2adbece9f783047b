import type { ALBStatus, Pod, Rollout, RolloutStatus } from '../../model/argo.generated.ts';
import { verifyAnnotation } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import type { Need } from '../../model/reads.ts';
import { capital } from '../../model/text.ts';
import type { Millis } from '../../model/units.ts';
import {
  annotationOf,
  availableOf,
  currentOf,
  desiredOf,
  podHashOf,
  replicasOf,
} from '../../model/workload.ts';
import type { Gathered } from '../release/gathered.ts';
import { isAborted, isFullyPromoted, type Release } from '../release/release.ts';
import {
  isTakingOver,
  podsNeeded,
  type SeenTraffic,
  type Side,
  type Traffic,
  totalWeightOf,
  type Verification,
} from '../release/traffic.ts';
import { podsRead } from '../replicaSets/pods.ts';
import { pauseEnd } from '../steps/pause.ts';
import { setWeightOf } from '../steps/weight.ts';
import type { Aim } from './goal.ts';
import { loadBalancerNeeds, mergedSeen, podsBehind, seenBy } from './loadBalancer.ts';
import { canaryWeights, routeAnswers, routersIn, type Using } from './routed.ts';
import type { Fronted, Routed } from './router.ts';

// What load balancers make of the weights: nothing shrinks, no step counts as done and no side gets more
// before they say that they do what they are to. docs/adr/0054-what-a-load-balancer-says.md

type Switches = { rollout: Rollout; unverified?: true | undefined };

/** Why load balancers are not looked at though there may be some; undefined where they are. */
function unverifiedBy({ rollout, unverified }: Switches): string | undefined {
  if (annotationOf(rollout, verifyAnnotation) === 'false') {
    return `the annotation ${verifyAnnotation} says so`;
  }
  return unverified && 'the settings for its cluster say so';
}

/** The same of a rollout whose routers have load balancers: the ledger tells of it. */
export function unverifiedIn(observed: Observed): string | undefined {
  const using = routersIn(observed.rollout, routeAnswers(observed));
  return using.some(({ router }) => router.loadBalancers) ? unverifiedBy(observed) : undefined;
}

/** What is asked of AWS, and the pods that are to be targets. Each failure is decided upon. */
export function verificationNeeds(gathered: Gathered, now?: Millis): Need[] {
  const { answers, template, sets, seed } = gathered;
  if (!template?.isTyped || !sets) return [];
  const { rollout } = template;
  if (unverifiedBy({ rollout, unverified: seed.unverified }) !== undefined) return [];
  const using = routersIn(rollout, answers);
  const asked = using.flatMap(canaryWeights);
  const { status = {} } = rollout;
  const fronts = frontsOf(using);
  if (now !== undefined && isQuiet({ rollout, status, all: sets.owned, now }, { asked, fronts }))
    return [];
  const needs = fronts.flatMap(({ front, routed }) => loadBalancerNeeds(front, routed));
  const pods = podsRead(gathered);
  return needs.length > 0 && pods ? [...needs, { read: pods, bears: 'all' }] : [];
}

type Front = { front: Fronted; routed: Routed };

function frontsOf(using: Using[]): Front[] {
  return using.flatMap(({ router, routed }) =>
    (router.loadBalancers?.(routed) ?? []).map((front) => ({ front, routed })),
  );
}

/** Nothing is to shrink or to get more: a version at rest, or a pause at a weight that is verified. */
function isQuiet(
  { rollout, status, all, now }: Pick<Release, 'rollout' | 'status' | 'all' | 'now'>,
  { asked, fronts }: { asked: number[]; fronts: Front[] },
): boolean {
  if (fronts.some(({ front }) => front.isPast)) return false;
  const { weights } = status.canary ?? {};
  if (!status.stableRS) return true;
  if (status.stableRS === status.currentPodHash) {
    const isAlone = all.every(
      (set) => podHashOf(set) === status.stableRS || (desiredOf(set) === 0 && currentOf(set) === 0),
    );
    return isAlone && weights?.verified !== false && asked.every((weight) => weight === 0);
  }
  const isPaused = (status.pauseConditions ?? []).length > 0;
  const end = pauseEnd({ rollout, status }) ?? Number.POSITIVE_INFINITY;
  const isOfNew = weights?.canary?.podTemplateHash === status.currentPodHash;
  const isVerified = weights?.verified === true && isOfNew;
  // A promote may have come to the pause before its weight was given.
  const wanted = setWeightOf({ ...rollout, status });
  const isSame = [...asked, wanted].every((weight) => weight === weights?.canary?.weight);
  return isPaused && end > now && !status.abort && !status.promoteFull && isVerified && isSame;
}

/** What the load balancers of its routers say; undefined where there are none, or nobody asks them now. */
export function seenTraffic(
  release: Release,
  using: Using[],
  { leads, asked }: Pick<Traffic, 'leads' | 'asked'>,
): SeenTraffic | undefined {
  const { rollout, observed } = release;
  const { unverified } = observed;
  if (unverifiedBy({ rollout, unverified }) !== undefined) return undefined;
  const fronts = frontsOf(using);
  if (isQuiet(release, { asked: asked ? [asked.least, asked.most] : [], fronts })) return undefined;
  const total = totalWeightOf(rollout);
  const pods = {
    canary: behind(observed.pods, leads.canary),
    stable: behind(observed.pods, leads.stable),
  };
  const seen = fronts.flatMap(({ front, routed }) => seenBy(front, routed, { pods, total }) ?? []);
  return seen.length > 0 ? mergedSeen(seen) : undefined;
}

function behind(pods: Pod[] | undefined, [hash = '', ...others]: string[]): Pod[] | undefined {
  return podsBehind(pods, others.every((each) => each === hash) ? hash : '');
}

/** `isAsked`: the objects are as the goal says. `held`: the side that is to get more. */
export function judged(
  release: Release,
  { seen, goal, leads }: Pick<Traffic, 'seen' | 'goal' | 'leads'>,
  { isAsked, held }: { isAsked: boolean; held?: Side | undefined },
): Verification | undefined {
  if (!seen) return undefined;
  const { unknown, lacking, remedy } = seen;
  if (unknown.length > 0) {
    return { state: 'unknown', words: unknown, ...(remedy !== undefined && { remedy }) };
  }
  const words = goal
    ? [
        ...lacking,
        ...differences(release, seen, goal),
        ...unhealthy(release, { seen, goal, leads }),
      ]
    : lacking;
  if (!isAsked || !goal || words.length > 0) return { state: 'pending', words };
  if (!held) return { state: 'verified', words };
  const { count = 0, of = 0 } = seen.healthy[held] ?? {};
  const waits = `${count} of ${of} targets of the ${held} pods are healthy: no more is sent to them yet.`;
  return { state: 'verified', words: [waits], isHeld: true };
}

function differences(
  release: Release,
  { weights, headerRoutes }: SeenTraffic,
  { weight, routes }: NonNullable<Traffic['goal']>,
): string[] {
  const total = totalWeightOf(release.rollout);
  const other = weights.find((each) => each.weight !== weight);
  return [
    ...(other === undefined ? [] : [differenceText(release, { ...other, wanted: weight, total })]),
    ...(routes.length === 0 && headerRoutes > 0
      ? ['A rule of a load balancer still sends all that it is for to the canary pods.']
      : []),
    ...(routes.length > 0 && headerRoutes === 0
      ? ['A load balancer has no rule for the routes of the steps yet.']
      : []),
  ];
}

type Difference = { weight: number; wanted: number; total: number; balancer: string };

/** Until a release is over the pods on the stable side are the old ones. */
function differenceText(release: Release, { weight, wanted, total, balancer }: Difference): string {
  const isOver = isFullyPromoted(release) || isTakingOver(release.stable, release.traffic);
  const [whom, sent] =
    weight > wanted
      ? [isOver ? 'canary' : 'new', weight]
      : [isOver ? 'stable' : 'old', total - weight];
  const percent = Math.round((100 * sent) / total);
  return `${capital(balancer)} still sends ${percent} % to the ${whom} pods.`;
}

/** Of the new version: the targets on the side that it gets its requests by. */
function unhealthy(release: Release, traffic: Pick<Traffic, 'seen' | 'goal' | 'leads'>): string[] {
  const { seen, goal, leads } = traffic;
  const hash = podHashOf(release.current);
  const total = totalWeightOf(release.rollout);
  const { weight = 0, routes = [] } = goal ?? {};
  const gets = { canary: weight > 0 || routes.length > 0, stable: weight < total };
  const isNewLed = leads.canary.includes(hash) || leads.stable.includes(hash);
  if (!isFullyPromoted(release) && isTakingOver(release.stable, traffic))
    return ['The stable Service does not lead to the stable pods yet.'];
  if (gets.canary && release.current && !isNewLed) return ['No Service leads to the new pods yet.'];
  return (['canary', 'stable'] as const).flatMap((side) => {
    const healthy = seen?.healthy[side];
    if (!healthy || !gets[side] || !leads[side].includes(hash) || healthy.count >= healthy.of)
      return [];
    return [`${healthy.count} of ${healthy.of} new targets are healthy.`];
  });
}

/**
 * The aim, as far as targets are healthy that can serve it. While load balancers do not say, nobody gets
 * more; but an abort does not wait for them.
 */
export function served(
  release: Release,
  aim: Aim | undefined,
  present: number | undefined,
): Aim | undefined {
  const { traffic, rollout } = release;
  if (!aim || !traffic?.seen || present === undefined || replicasOf(rollout) === 0) return aim;
  if (traffic.seen.isPast && missingTargets(release, traffic.seen, aim.weight)) {
    return { ...aim, weight: present, held: 'stable' };
  }
  if (aim.weight > present) {
    return mayGrow(release, traffic.seen) ? aim : { ...aim, weight: present, held: 'canary' };
  }
  const least = Math.min(present, leastWeight(release, traffic.seen, aim));
  return aim.weight >= least ? aim : { ...aim, weight: least, held: 'stable' };
}

/** The canary has healthy targets alone, or is the only one that could serve. */
function mayGrow({ stable }: Release, { healthy: { canary } }: SeenTraffic): boolean {
  if (canary) return canary.count > 0 && canary.count >= canary.of;
  return !stable || availableOf(stable) === 0;
}

/** What the stable side cannot serve yet. Back to it after an abort goes as its targets become healthy. */
function leastWeight(release: Release, seen: SeenTraffic, aim: Aim): number {
  const { stable } = seen.healthy;
  const { rollout } = release;
  const total = totalWeightOf(rollout);
  if (!stable) return isAborted(release) ? 0 : total;
  if (!missingTargets(release, seen, aim.weight)) return 0;
  if (isFullyPromoted(release)) return total;
  return total - Math.floor((total * stable.count) / replicasOf(rollout));
}

/** Whether the stable side lacks healthy targets for what the canary is not sent. */
function missingTargets({ rollout }: Release, { healthy }: SeenTraffic, weight: number): boolean {
  return (healthy.stable?.count ?? 0) < podsNeeded(rollout, totalWeightOf(rollout) - weight);
}

/** The status with what is known of the load balancers, in the peer's shape: the last by itself too. */
export function withBalancers(status: RolloutStatus, release: Release): RolloutStatus {
  const { alb: _, albs: __, ...rest } = status;
  const { rollout, observed } = release;
  if (unverifiedBy({ rollout, unverified: observed.unverified }) !== undefined) return rest;
  const albs: ALBStatus[] = release.traffic?.seen?.balancers ?? [];
  const alb = albs.at(-1);
  return alb ? { ...rest, alb, albs } : status;
}
