import type { CanaryStrategy, ReplicaSet } from '../../model/argo.generated.ts';
import { desiredReplicasAnnotation } from '../../model/names.ts';
import { secondMs } from '../../model/units.ts';
import {
  annotationOf,
  availableOf,
  createdAt,
  desiredOf,
  podHashOf,
  replicasOf,
  revisionOf,
  sum,
} from '../../model/workload.ts';
import { limitsOf } from '../release/counts.ts';
import type { Draft } from '../release/draft.ts';
import { hasSteps } from '../release/recorded.ts';
import { isAborted, isFullyPromoted, type Release, setsOf } from '../release/release.ts';
import {
  canServe,
  isDynamic,
  isIdle,
  isUnverified,
  mayReceive,
  mostWeight,
  otherSide,
  podsFor,
  type Side,
  totalWeightOf,
  weightToServe,
} from '../release/traffic.ts';
import { canaryScaleOf, routedCounts } from '../steps/routedCounts.ts';
import { resize } from './resize.ts';
import { defaultDelaySeconds, isLedTo, keepUntil, scaleDownAt } from './scaleDownDelay.ts';

/**
 * The sizes of a canary with a router. What grows follows the step just decided, and what shrinks follows the
 * weights that were observed: docs/adr/0043-shrinking-follows-what-is-observed.md
 * argo v1.10.1 rollout/canary.go reconcileCanaryReplicaSets
 */
export function scaleRouted(release: Release, draft: Draft): void {
  const goal = routedCounts(release);
  const { canary, stable } = setsOf(release);
  if (stable) resize(release, draft, stable, heldUp(release, stable, 'stable', goal.stable));
  if (canary && stable && isAborted(release)) retireAborted(release, draft, canary, stable);
  else if (canary) resize(release, draft, canary, canarySize(release, canary, goal.canary));
  retireOthers(release, draft);
}

/**
 * Sizes while a fault holds the release up: only where the rollout was scaled since they were given. No
 * version shrinks to nothing but with `replicas: 0`. docs/adr/0026-what-a-fault-holds-up.md
 */
export function followRouted(release: Release, draft: Draft): void {
  const { rollout } = release;
  const replicas = replicasOf(rollout);
  const goal = routedCounts(release);
  const { canary, stable } = setsOf(release);
  const follow = (set: ReplicaSet, side: Side, wanted: number): void => {
    const size = desiredOf(set);
    const least = replicas === 0 ? 0 : Math.min(size, 1);
    if (annotationOf(set, desiredReplicasAnnotation) === String(replicas)) return;
    const asked = Math.max(least, side === 'canary' && size === 0 ? 0 : wanted);
    resize(release, draft, set, heldUp(release, set, side, asked), { keepDeadline: true });
  };
  // A canary without pods is given none, so that the stable version has them all.
  const isAlone = canary === undefined || desiredOf(canary) === 0;
  if (stable) follow(stable, 'stable', isAlone ? replicas : goal.stable);
  else if (canary) resize(release, draft, canary, goal.canary, { keepDeadline: true });
  // Where the steps are not known any more it keeps its size.
  const kept = canary ? Math.min(desiredOf(canary), replicas) : 0;
  if (stable && canary) follow(canary, 'canary', hasSteps(release) ? goal.canary : kept);
}

/** A scale that a step has given is taken at its word, but for the last pods while requests come. */
function canarySize(release: Release, canary: ReplicaSet, goal: number): number {
  const isAsked = canaryScaleOf(release.rollout) !== undefined;
  return isAsked && goal > 0 ? goal : heldUp(release, canary, 'canary', goal);
}

/**
 * The size, but no fewer pods than what is sent to that side takes: by a Service that leads to them, or to
 * pods of any version.
 */
function heldUp(release: Release, set: ReplicaSet, side: Side, goal: number): number {
  const { rollout, traffic } = release;
  const size = desiredOf(set);
  const replicas = replicasOf(rollout);
  if (goal >= size || replicas === 0) return goal;
  const isOfAny = traffic?.leads[side].includes('') && !isIdle(release, side);
  if (!isOfAny && !mayReceive(release, set) && !isAboutToReceive(release, side, set)) return goal;
  const isUnknown = !traffic?.canary || isUnverified(release);
  if (isUnknown) return Math.max(goal, Math.min(size, replicas));
  const weight = weightToServe(release, side) + weightBeside(release, set, side);
  const used = Math.max(1, podsFor(rollout, Math.min(weight, totalWeightOf(rollout))));
  return Math.max(goal, Math.min(size, used));
}

/** What is sent to the set by the other side, as that leads to it still. */
function weightBeside(release: Release, set: ReplicaSet, side: Side): number {
  const other = otherSide(side);
  const isLed = release.traffic?.leads[other].includes(podHashOf(set)) ?? false;
  return isLed ? mostWeight(release, other) : 0;
}

/** Its side gets requests, and this turn leads that side to it: never the canary's once it is aborted. */
function isAboutToReceive(release: Release, side: Side, set: ReplicaSet): boolean {
  if (isIdle(release, side) || (side === 'canary' && isAborted(release))) return false;
  return canServe(release, side, set);
}

/**
 * The aborted version stays for a while once no request comes to it and the stable one is whole; for good
 * where the delay is 0. With dynamicStableScale it goes as the traffic does, unless a delay is given.
 * docs/adr/0044-delays-of-0-with-a-router.md
 * argo v1.10.1 rollout/replicaset.go reconcileNewReplicaSet
 */
function retireAborted(
  release: Release,
  draft: Draft,
  canary: ReplicaSet,
  stable: ReplicaSet,
): void {
  const { rollout, now } = release;
  const seconds = strategyOf(release).abortScaleDownDelaySeconds;
  const follows = isDynamic(rollout) && seconds === undefined;
  if (follows || replicasOf(rollout) === 0) {
    resize(release, draft, canary, heldUp(release, canary, 'canary', 0));
    return;
  }
  resize(release, draft, canary, desiredOf(canary), { keepDeadline: true });
  if (seconds === 0 || desiredOf(canary) === 0 || mayReceive(release, canary)) return;
  const at = scaleDownAt(canary);
  if (at !== undefined && now >= at) {
    resize(release, draft, canary, 0, { keepDeadline: true });
  } else if (at === undefined && availableOf(stable) >= replicasOf(rollout)) {
    keepUntil(draft, canary, now + (seconds ?? defaultDelaySeconds) * secondMs);
  }
}

/**
 * Versions that were replaced, the newest first. One that was stable is kept for a while; one that a newer
 * image took the place of in mid-release goes at once; neither while requests may come to it.
 * argo v1.10.1 rollout/canary.go scaleDownOldReplicaSetsForCanary
 */
function retireOthers(release: Release, draft: Draft): void {
  const { scaleDownDelaySeconds = defaultDelaySeconds, scaleDownDelayRevisionLimit } =
    strategyOf(release);
  const limit = scaleDownDelayRevisionLimit ?? Number.POSITIVE_INFINITY;
  const isKept = (set: ReplicaSet): boolean =>
    !isDynamic(release.rollout) &&
    scaleDownDelaySeconds > 0 &&
    (isFullyPromoted(release) || scaleDownAt(set) !== undefined);
  const isEmpty = replicasOf(release.rollout) === 0;
  const running = release.others
    .filter((set) => desiredOf(set) > 0 && (isEmpty || !isNeeded(release, set)))
    .sort((a, b) => revisionOf(b) - revisionOf(a) || createdAt(b) - createdAt(a));
  let kept = 0;
  for (const set of running) {
    const at = scaleDownAt(set);
    const isOver = at !== undefined && release.now >= at;
    if (!isKept(set) || isOver || kept >= limit) {
      if (mayGo(release, set)) resize(release, draft, set, 0);
      continue;
    }
    kept += 1;
    if (at === undefined) keepUntil(draft, set, release.now + scaleDownDelaySeconds * secondMs);
  }
}

/** Ping and pong keep leading to a version that they were led to: what is sent to them tells. */
function isNeeded(release: Release, set: ReplicaSet): boolean {
  return mayReceive(release, set) || (!strategyOf(release).pingPong && isLedTo(release, set));
}

/** Enough pods are left without it. */
function mayGo(release: Release, set: ReplicaSet): boolean {
  const { replicas, maxUnavailable } = limitsOf(release.rollout);
  const left = release.all.filter((each) => each !== set);
  const lasting = sum(left, (each) => Math.min(desiredOf(each), availableOf(each)));
  return availableOf(set) === 0 || lasting >= replicas - maxUnavailable;
}

function strategyOf({ rollout }: Release): CanaryStrategy {
  return rollout.spec?.strategy?.canary ?? {};
}
