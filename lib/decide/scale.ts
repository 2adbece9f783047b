import type { ReplicaSet } from '../model/argo.generated.ts';
import { pauseReasons } from '../model/names.ts';
import type { MergePatch } from '../model/plan.ts';
import {
  availableOf,
  createdAt,
  desiredOf,
  replicasOf,
  revisionOf,
  sum,
} from '../model/workload.ts';
import type { Changes } from './changes.ts';
import {
  haltReason,
  hasPause,
  isBlueGreen,
  pausedByPerson,
  type Release,
  setsOf,
} from './release.ts';
import { goalCounts, type Limits, limitsOf, nextCounts } from './replicas.ts';
import { resize } from './resize.ts';
import { scaleBlueGreen } from './standby.ts';
import { sizingWeight } from './steps.ts';

/** The sizes of all ReplicaSets for this turn. */
export function scaleAll(release: Release, changes: Changes): void {
  if (hasPause(release.status, pauseReasons.statusLost)) {
    if (isBlueGreen(release) || haltReason(release) !== pausedByPerson) fillUp(release, changes);
  } else if (!keepsSizes(release)) {
    if (isBlueGreen(release)) scaleBlueGreen(release, changes);
    else scaleCanary(release, changes);
  }
}

/** Whether the release is held so that no ReplicaSet loses a pod. */
export function keepsSizes(release: Release): boolean {
  const halted = haltReason(release);
  // Of a blue-green, a person's pause is about the traffic: argo-behaviours 12.
  const isAboutTraffic = isBlueGreen(release) && halted === pausedByPerson;
  return halted !== undefined && !isAboutTraffic;
}

/**
 * While the status is lost no version is taken pods. What the rollout has too few of the stable one is
 * given; or the current one, if it alone is left to serve. docs/adr/0006-lost-status.md
 */
function fillUp(release: Release, changes: Changes): void {
  const { rollout, all, stable, current, others } = release;
  const isAlone = sum(others, desiredOf) === 0;
  const set = stable ?? (isAlone ? current : undefined);
  if (!set) return;
  const beside = isBlueGreen(release) ? 0 : sum(all, desiredOf) - desiredOf(set);
  const wanted = replicasOf(rollout) - beside;
  if (wanted > desiredOf(set)) resize(release, changes, set, wanted);
}

/**
 * From one look at all of them: what grows stays under replicas + maxSurge, what shrinks leaves
 * replicas − maxUnavailable available. argo v1.10.1 rollout/canary.go reconcileCanaryReplicaSets
 */
function scaleCanary(release: Release, changes: Changes): void {
  const limits = limitsOf(release.rollout);
  const sets = setsOf(release);
  const counts = nextCounts(sets, sizingWeight(release.rollout), limits);
  if (sets.stable) resize(release, changes, sets.stable, counts.stable);
  if (sets.canary) resize(release, changes, sets.canary, counts.canary);
  shrinkOthers(release, changes, limits);
  if (!resizes(changes)) makeRoom(release, changes, limits);
}

function resizes(changes: Changes): boolean {
  const sizes = [...changes.patches.values()].map((patch) => patch.spec as MergePatch | undefined);
  return sizes.some((spec) => spec?.replicas !== undefined);
}

/**
 * Three ReplicaSets can hold each other up: the one to grow has no room, the abandoned one may not lose
 * available pods, and the third waits for it to be gone. Pods of the third that are not available, and
 * are to go anyway, then go first: docs/adr/0011-three-replicasets-do-not-hold-each-other-up.md
 */
function makeRoom(release: Release, changes: Changes, limits: Limits): void {
  const sets = setsOf(release);
  if (!sets.canary || !sets.stable || sum(sets.others, desiredOf) === 0) return;
  const goal = goalCounts(sets, sizingWeight(release.rollout), limits);
  const sides: [ReplicaSet, number][] = [
    [sets.canary, goal.canary],
    [sets.stable, goal.stable],
  ];
  if (!sides.some(([set, size]) => desiredOf(set) < size)) return;
  for (const [set, size] of sides) {
    const working = Math.min(desiredOf(set), availableOf(set));
    if (desiredOf(set) > size) resize(release, changes, set, Math.max(size, working));
  }
}

/**
 * ReplicaSets of abandoned templates go away: first their pods that are not available, then as many
 * others as may be missing, newest revision first. argo v1.10.1 rollout/canary.go
 */
function shrinkOthers(release: Release, changes: Changes, limits: Limits): void {
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
    if (working - give !== desiredOf(set)) resize(release, changes, set, working - give);
  }
}
