import type { PauseCondition, RolloutStatus } from '../model/argo.generated.ts';
import { pauseReasons } from '../model/names.ts';
import type { Announcement } from '../model/plan.ts';
import { toTime } from '../model/units.ts';
import {
  availableOf,
  createdAt,
  currentOf,
  desiredOf,
  podHashOf,
  readyOf,
  replicasOf,
  revisionOf,
  sum,
} from '../model/workload.ts';
import { conditionOf, reasons, withoutCondition } from './conditions.ts';
import { isPauseOver, withoutPauses, withoutStepPause, withPause } from './pause.ts';
import { phaseOf } from './phase.ts';
import { type Abort, isCompleted, isStuck, stuckMessage, withConditions } from './progress.ts';
import { currentHash, hasNewDesign, isAborted, type Release, setsOf } from './release.ts';
import { goalCounts, limitsOf } from './replicas.ts';
import { selectorText } from './selector.ts';
import { currentStep, sizingWeight, stepIndexOf, stepsOf, stepText } from './steps.ts';

export type Decided = { status: RolloutStatus; announcements: Announcement[] };

/**
 * The status of a canary as this turn leaves it: where it is in its steps, whether it pauses,
 * aborts or is promoted. The order of the questions is the peer's, and is what makes an abort hold
 * against everything else. argo v1.10.1 rollout/canary.go syncRolloutStatusCanary
 */
export function decideCanary(release: Release, restartedAt: string | undefined): Decided {
  const base = withCounts(release, restartedAt);
  if (hasNewDesign(release)) return finish(release, startAnew(release, base), { aborted: false });

  const isRollback = isRollbackInWindow(release) && !isAborted(release);
  const shortcut = release.status.promoteFull === true || isRollback;
  const reason = promotionReason(release);
  if (reason !== undefined) return promote(release, base, reason);

  const stuck = !shortcut && isStuck(release, base, isAborted(release));
  const aborted = stuck || (isAborted(release) && !shortcut);
  if (aborted) {
    const abort: Abort = stuck ? { aborted, message: stuckMessage(release) } : { aborted };
    return finish(release, abortTo(release, base), abort);
  }
  const { abort: _, abortedAt: __, ...notAborted } = base;
  // The plugin's retry writes `abort: false`, and so it stays: argo-behaviours 7.
  const kept = release.status.abort === false ? { ...notAborted, abort: false } : notAborted;
  if (shortcut) {
    const all = stepsOf(release.rollout).length;
    const index = all > 0 ? { currentStepIndex: all } : {};
    return finish(release, { ...withoutPauses(kept), ...index }, { aborted: false });
  }
  return advance(release, kept);
}

/** Everything that is counted or copied, before any decision. */
function withCounts(release: Release, restartedAt: string | undefined): RolloutStatus {
  const { rollout, all, current } = release;
  const { restartedAt: _, workloadObservedGeneration: __, ...status } = release.status;
  return {
    ...withoutCondition(status, 'InvalidSpec'),
    currentPodHash: currentHash(release),
    currentStepHash: release.stepHash,
    replicas: sum(all, currentOf),
    updatedReplicas: current ? currentOf(current) : 0,
    readyReplicas: sum(all, readyOf),
    availableReplicas: sum(all, availableOf),
    HPAReplicas: sum(all, currentOf),
    selector: selectorText(rollout.spec?.selector),
    observedGeneration: String(rollout.metadata?.generation ?? 0),
    ...(restartedAt !== undefined && { restartedAt }),
  };
}

/**
 * A new template or new steps: the release begins at its first step, unless the template is that
 * of the stable ReplicaSet or of one within the rollback window.
 */
function startAnew(release: Release, base: RolloutStatus): Decided {
  const { abort: _, abortedAt: __, promoteFull: ___, ...rest } = base;
  // A restart asked for before this template is served by the new pods.
  const restart = release.rollout.spec?.restartAt;
  const status: RolloutStatus = {
    ...withoutPauses(rest),
    ...(restart !== undefined && { restartedAt: restart }),
  };
  // Another template may take a lost stable version's place; other steps do not.
  const isSame = release.status.currentPodHash === currentHash(release);
  const lost = (release.status.pauseConditions ?? [])
    .filter(isHold)
    .filter(({ reason }) => isSame || reason !== pauseReasons.stableLost);
  const held = lost.length > 0 ? { ...status, pauseConditions: lost } : status;
  const count = stepsOf(release.rollout).length;
  if (count === 0) {
    const { currentStepIndex: ____, ...stepless } = held;
    return { status: stepless, announcements: [] };
  }
  const skip = (message: string): Decided => ({
    status: { ...held, currentStepIndex: count },
    announcements: [{ type: 'Normal', reason: 'SkipSteps', message }],
  });
  if (release.current && release.status.stableRS === podHashOf(release.current)) {
    return skip('Rollback to stable ReplicaSets');
  }
  if (release.current && desiredOf(release.current) > 0 && isRollbackInWindow(release)) {
    return skip('Rollback to active ReplicaSets within RollbackWindow');
  }
  return { status: { ...held, currentStepIndex: 0 }, announcements: [] };
}

/** argo v1.10.1 rollout/sync.go isRollbackWithinWindow: counted by creation, not by revision. */
function isRollbackInWindow(release: Release): boolean {
  const { current, stable } = release;
  const revisions = release.rollout.spec?.rollbackWindow?.revisions ?? 0;
  if (!current || !stable || createdAt(current) >= createdAt(stable)) return false;
  const between = release.all.filter(
    (set) => createdAt(set) > createdAt(current) && createdAt(set) < createdAt(stable),
  );
  return between.length < revisions;
}

/**
 * Why the new ReplicaSet becomes the stable one in this turn; undefined while it may not.
 * argo v1.10.1 rollout/sync.go shouldFullPromote
 */
function promotionReason(release: Release): string | undefined {
  const { current, stable, status } = release;
  if (status.pauseConditions?.some(isHold)) return undefined;
  if (!stable) return status.stableRS ? undefined : 'Initial deploy';
  if (isAborted(release) && !status.promoteFull) return undefined;
  if (!current || !hasEnoughPods(release)) return undefined;
  if (status.promoteFull) return 'Full promotion requested';
  if (isRollbackInWindow(release)) return 'Rollback within window';
  if (status.stableRS === podHashOf(current)) return 'Fast rollback';
  const count = stepsOf(release.rollout).length;
  const done = stepIndexOf(release.rollout) === count;
  return count === 0 || done ? `Completed all ${count} canary steps` : undefined;
}

function hasEnoughPods(release: Release): boolean {
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

/** A hold of Serin's own, which only a person lifts: docs/adr/0006-lost-status.md */
function isHold({ reason }: PauseCondition): boolean {
  return reason === pauseReasons.statusLost || reason === pauseReasons.stableLost;
}

function promote(release: Release, base: RolloutStatus, reason: string): Decided {
  const { abort: _, abortedAt: __, promoteFull: ___, currentStepIndex: ____, ...rest } = base;
  const count = stepsOf(release.rollout).length;
  const hash = currentHash(release);
  const status: RolloutStatus = {
    ...withoutPauses(rest),
    ...(release.status.abort === false && { abort: false }),
    ...(count > 0 && { currentStepIndex: count }),
    stableRS: hash,
  };
  const revision = revisionOf(release.rollout);
  const message = `Rollout completed update to revision ${revision} (${hash}): ${reason}`;
  const announcements: Announcement[] =
    base.stableRS === hash ? [] : [{ type: 'Normal', reason: reasons.completed, message }];
  return finish(release, { status, announcements }, { aborted: false });
}

function abortTo(release: Release, base: RolloutStatus): RolloutStatus {
  const { promoteFull: _, ...rest } = base;
  const count = stepsOf(release.rollout).length;
  const index = isCompleted(base) ? count : 0;
  // There is nothing to go back to: aborted or not, only a person makes the canary stable.
  const lost = release.stable ? [] : (base.pauseConditions ?? []).filter(isHold);
  return {
    ...withoutPauses(rest),
    ...(lost.length > 0 && { pauseConditions: lost }),
    abort: true,
    abortedAt: base.abortedAt ?? toTime(release.now),
    ...(count > 0 && { currentStepIndex: index }),
  };
}

/**
 * One step further when the current one is done; a pause that comes next begins in the same turn,
 * so that no moment lies between them in which the release seems to move.
 */
function advance(release: Release, base: RolloutStatus): Decided {
  const announcements: Announcement[] = [];
  let status = base;
  const steps = stepsOf(release.rollout);
  const step = currentStep(release.rollout);
  if (steps.length > 0) status = { ...status, currentStepIndex: stepIndexOf(release.rollout) };
  if (step && isStepDone(release)) {
    const index = stepIndexOf(release.rollout) + 1;
    const message = `Rollout step ${index}/${steps.length} completed (${stepText(step)})`;
    announcements.push({ type: 'Normal', reason: 'RolloutStepCompleted', message });
    status = { ...withoutStepPause(status), currentStepIndex: index };
  }
  // A promote that no step has heard is forgotten: it must not lift a pause that comes later.
  if (!status.pauseConditions?.length) status = withoutPauses(status);
  const next = steps[status.currentStepIndex ?? 0];
  const held = release.rollout.spec?.paused || (status.pauseConditions ?? []).length > 0;
  if (next?.pause && !held) status = withPause(status, pauseReasons.step, release.now);
  return finish(release, { status, announcements }, { aborted: false });
}

function isStepDone(release: Release): boolean {
  const step = currentStep(release.rollout);
  if (!step || release.rollout.spec?.paused || hasForeignPause(release.status)) return false;
  if (step.pause) return isPauseOver(release);
  return step.setWeight !== undefined && isAtWeight(release);
}

/** A pause that is not the step's own holds every step. */
function hasForeignPause(status: RolloutStatus): boolean {
  return (status.pauseConditions ?? []).some((pause) => pause.reason !== pauseReasons.step);
}

/** argo v1.10.1 utils/replicaset/canary.go AtDesiredReplicaCountsForCanary */
function isAtWeight(release: Release): boolean {
  const sets = setsOf(release);
  const goal = goalCounts(sets, sizingWeight(release.rollout), limitsOf(release.rollout));
  if (!meetsThreshold(release, goal.canary)) return false;
  const stable = release.stable;
  if (!stable || desiredOf(stable) !== goal.stable || currentOf(stable) !== goal.stable) {
    return false;
  }
  return sum(release.others, availableOf) === 0;
}

/** Conditions, phase and message, which follow from everything else; and what to announce. */
function finish(release: Release, decided: Decided | RolloutStatus, abort: Abort): Decided {
  const { status, announcements } =
    'announcements' in decided ? (decided as Decided) : { status: decided, announcements: [] };
  const conditioned = withConditions(release, status, abort);
  const { message: _, ...rest } = conditioned;
  const { phase, message } = phaseOf(release.rollout.spec ?? {}, conditioned);
  const done: RolloutStatus = { ...rest, phase, ...(message !== '' && { message }) };
  return { status: done, announcements: [...announcements, ...changes(release, done)] };
}

/** Announcements that compare the status before with the one after. */
function changes(release: Release, after: RolloutStatus): Announcement[] {
  const before = release.status;
  const said: Announcement[] = [];
  const pause = after.pauseConditions?.[0];
  if (pause && !before.pauseConditions?.length) {
    const message = `Rollout is paused (${pause.reason})`;
    said.push({ type: 'Normal', reason: reasons.paused, message });
  } else if (!pause && before.pauseConditions?.length && !after.abort) {
    said.push({ type: 'Normal', reason: reasons.resumed, message: 'Rollout is resumed' });
  }
  if (after.abort && conditionOf(before, 'Progressing')?.reason !== reasons.aborted) {
    const message = conditionOf(after, 'Progressing')?.message ?? '';
    said.push({ type: 'Warning', reason: reasons.aborted, message });
  }
  const completed = conditionOf(before, 'Completed')?.status;
  if (completed !== 'False' && conditionOf(after, 'Completed')?.status === 'False') {
    const revision = revisionOf(release.rollout);
    const message = `Rollout not completed, started update to revision ${revision} (${after.currentPodHash})`;
    said.push({ type: 'Normal', reason: reasons.notCompleted, message });
  }
  return said;
}
