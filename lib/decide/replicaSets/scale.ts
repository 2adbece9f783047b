import type { ReplicaSet } from '../../model/argo.generated.ts';
import { pauseReasons } from '../../model/names.ts';
import { applyMergePatch } from '../../model/patch.ts';
import type { MergePatch } from '../../model/plan.ts';
import {
  availableOf,
  createdAt,
  desiredOf,
  nameOf,
  replicasOf,
  revisionOf,
  sum,
} from '../../model/workload.ts';
import {
  type Counts,
  goalCounts,
  type Limits,
  limitsOf,
  nextCounts,
  type Sets,
} from '../release/counts.ts';
import { type Draft, emptyDraft } from '../release/draft.ts';
import { isHandedBack } from '../release/handback.ts';
import { hasSteps, soundReplicas } from '../release/recorded.ts';
import {
  haltReason,
  hasPause,
  isBlueGreen,
  isHeldByFault,
  pausedByPerson,
  type Release,
  setsOf,
  undecided,
} from '../release/release.ts';
import { isRouted } from '../release/traffic.ts';
import { sizingWeight } from '../steps/weight.ts';
import { resize } from './resize.ts';
import { isLedTo, isReferenced, keptSize, scaleBlueGreen, scaleDownAt } from './scaleDownDelay.ts';
import { followRouted, scaleRouted } from './scaleRouted.ts';

/** The sizes of all ReplicaSets for this turn. */
export function scaleAll(release: Release, draft: Draft): void {
  if (hasPause(release.status, pauseReasons.statusLost)) {
    if (isBlueGreen(release) || haltReason(release) !== pausedByPerson) fillUp(release, draft);
  } else if (!keepsSizes(release)) {
    if (isHeldByFault(release)) followReplicas(release, draft);
    else if (isBlueGreen(release)) scaleBlueGreen(release, draft);
    else if (isRouted(release.rollout)) scaleRouted(release, draft);
    else scaleCanary(release, draft);
    // Until somebody decides, only the release is held up.
  } else if (haltReason(release) === undecided) followReplicas(release, draft);
}

/** The size that a turn gives to one of the ReplicaSets. */
export function sizeIn(release: Release, set: ReplicaSet): number {
  const draft = emptyDraft(release.status);
  scaleAll(release, draft);
  return desiredOf(applyMergePatch(set, draft.patches.get(nameOf(set)) ?? {}));
}

/** Whether the release is held so that no ReplicaSet loses a pod. */
export function keepsSizes(release: Release): boolean {
  const halted = haltReason(release);
  // Of a blue-green, a person's pause is about the traffic, as with the peer.
  const isAboutTraffic = isBlueGreen(release) && halted === pausedByPerson;
  return halted !== undefined && !isAboutTraffic;
}

/**
 * While the status is lost no version is taken pods. What the rollout has too few of the stable one is
 * given; or the current one, if it alone is left to serve. docs/adr/0006-lost-status.md
 */
function fillUp(release: Release, draft: Draft): void {
  const { rollout, all, stable, current, others } = release;
  const isAlone = sum(others, desiredOf) === 0;
  const set = stable ?? (isAlone ? current : undefined);
  if (!set) return;
  const beside = isBlueGreen(release) ? 0 : sum(all, desiredOf) - desiredOf(set);
  const wanted = replicasOf(rollout) - beside;
  if (wanted > desiredOf(set)) resize(release, draft, set, wanted);
}

/**
 * Sizes while a fault, or an analysis that could not tell, holds the release up: they follow spec.replicas
 * and nothing else. The versions keep their shares, and none of them shrinks to nothing.
 * docs/adr/0026-what-a-fault-holds-up.md
 */
function followReplicas(release: Release, draft: Draft): void {
  const { status, stable, observed } = release;
  if (soundReplicas(observed.rollout) === undefined) return;
  // What serves is not ours to count, so that nobody knows what is missing.
  if (status.stableRS && !stable) return;
  // The Services do not follow, so that the pods they lead to stay.
  if (isHandedBack(release)) return;
  if (isBlueGreen(release)) followBlueGreen(release, draft);
  else if (isRouted(release.rollout)) followRouted(release, draft);
  else followCanary(release, draft);
}

function followCanary(release: Release, draft: Draft): void {
  const sets = setsOf(release);
  const limits = limitsOf(release.rollout);
  const { replicas } = limits;
  // In a release there may be more of them than are asked for, within the surge.
  const most = sets.stable && replicas > 0 ? replicas + limits.maxSurge : replicas;
  const total = sum(release.all, desiredOf);
  const weight = weightOf(release, sets);
  const next = nextCounts(sets, weight, limits);
  const sizeFor = (set: ReplicaSet, wanted: number): number => {
    const size = desiredOf(set);
    if (total < replicas) return Math.max(size, wanted);
    if (total <= most) return size;
    return Math.max(Math.min(size, wanted), replicas === 0 ? 0 : Math.min(size, 1));
  };
  if (sets.stable) resize(release, draft, sets.stable, sizeFor(sets.stable, next.stable));
  if (sets.canary) resize(release, draft, sets.canary, sizeFor(sets.canary, next.canary));
  if (total <= most) return;
  const others = release.others.filter((set) => replicas === 0 || !isLedTo(release, set));
  shrinkOthers({ ...release, others }, draft, limits);
  if (!resizes(draft)) giveUpIdle(release, draft, goalCounts(sets, weight, limits), most);
}

/**
 * What the step asks for that was reached; where nobody knows that any more, the share there is. A canary
 * that was deleted does not come back as long as the fault is there.
 */
function weightOf(release: Release, { canary, stable }: Sets): number {
  if (!canary) return 0;
  if (hasSteps(release)) return sizingWeight(release.rollout);
  const next = desiredOf(canary);
  const total = next + (stable ? desiredOf(stable) : 0);
  return total === 0 ? 0 : (100 * next) / total;
}

/** The time of versions that are kept runs out all the same. */
function followBlueGreen(release: Release, draft: Draft): void {
  const { current, stable, others, rollout, now } = release;
  const whole = stable ?? current;
  if (whole) resize(release, draft, whole, replicasOf(rollout));
  const rest = current && current !== whole ? [current, ...others] : others;
  for (const set of rest.filter((each) => desiredOf(each) > 0)) {
    const at = scaleDownAt(set);
    const isOver = at !== undefined && now >= at && !isReferenced(release, set);
    const size = isOver ? 0 : keptSize(release, set);
    resize(release, draft, set, size, { keepDeadline: !isOver });
  }
}

/**
 * From one look at all of them: what grows stays under replicas + maxSurge, what shrinks leaves
 * replicas − maxUnavailable available. argo v1.10.1 rollout/canary.go reconcileCanaryReplicaSets
 */
function scaleCanary(release: Release, draft: Draft): void {
  const limits = limitsOf(release.rollout);
  const sets = setsOf(release);
  const counts = nextCounts(sets, sizingWeight(release.rollout), limits);
  if (sets.stable) resize(release, draft, sets.stable, counts.stable);
  if (sets.canary) resize(release, draft, sets.canary, counts.canary);
  shrinkOthers(release, draft, limits);
  if (resizes(draft)) return;
  const goal = goalCounts(sets, sizingWeight(release.rollout), limits);
  makeRoom(release, draft, goal);
  if (!resizes(draft)) giveUpIdle(release, draft, goal, limits.replicas + limits.maxSurge);
}

function resizes(draft: Draft): boolean {
  const sizes = [...draft.patches.values()].map((patch) => patch.spec as MergePatch | undefined);
  return sizes.some((spec) => spec?.replicas !== undefined);
}

/**
 * Three ReplicaSets can hold each other up: the one to grow has no room, the abandoned one may not lose
 * available pods, and the third waits for it to be gone. Pods of the third that are not available, and
 * are to go anyway, then go first: docs/adr/0011-three-replicasets-do-not-hold-each-other-up.md
 */
function makeRoom(release: Release, draft: Draft, goal: Counts): void {
  const sets = setsOf(release);
  if (!sets.canary || !sets.stable || sum(sets.others, desiredOf) === 0) return;
  const sides: [ReplicaSet, number][] = [
    [sets.canary, goal.canary],
    [sets.stable, goal.stable],
  ];
  if (!sides.some(([set, size]) => desiredOf(set) < size)) return;
  for (const [set, size] of sides) {
    const working = Math.min(desiredOf(set), availableOf(set));
    if (desiredOf(set) > size) resize(release, draft, set, Math.max(size, working));
  }
}

/**
 * No available pod may go, and there are more pods than may be, as after spec.replicas became smaller. Those
 * that are not available then go, but none of the two versions loses all of its pods:
 * docs/adr/0011-three-replicasets-do-not-hold-each-other-up.md
 */
function giveUpIdle(release: Release, draft: Draft, goal: Counts, most: number): void {
  const { canary, stable } = setsOf(release);
  if (!canary || !stable) return;
  const sides = [
    { set: stable, size: desiredOf(stable), goal: goal.stable },
    { set: canary, size: desiredOf(canary), goal: goal.canary },
  ];
  let over = sum(release.all, desiredOf) - most;
  // What is more than the weight asks for goes before what is not.
  for (const least of [Number.POSITIVE_INFINITY, 1]) {
    for (const side of sides) {
      const kept = Math.max(availableOf(side.set), Math.min(side.goal, least));
      const give = Math.max(0, Math.min(side.size - kept, over));
      side.size -= give;
      over -= give;
    }
  }
  for (const { set, size } of sides) {
    if (size < desiredOf(set)) resize(release, draft, set, size);
  }
}

/**
 * ReplicaSets of abandoned templates go away: first their pods that are not available, then as many
 * others as may be missing, newest revision first. argo v1.10.1 rollout/canary.go
 */
function shrinkOthers(release: Release, draft: Draft, limits: Limits): void {
  const active = release.others.filter((set) => desiredOf(set) > 0);
  // Pods a smaller size is about to take are counted out: the status may not show it yet.
  const lasting = sum(release.all, (set) => Math.min(desiredOf(set), availableOf(set)));
  let spare = lasting - (limits.replicas - limits.maxUnavailable);
  const byRevision = [...active].sort(
    (a, b) => revisionOf(b) - revisionOf(a) || createdAt(b) - createdAt(a),
  );
  for (const set of byRevision) {
    const working = Math.min(desiredOf(set), availableOf(set));
    const give = Math.max(0, Math.min(working, spare));
    spare -= give;
    if (working - give !== desiredOf(set)) resize(release, draft, set, working - give);
  }
}
