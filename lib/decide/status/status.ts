import type { RolloutStatus } from '../../model/argo.generated.ts';
import { pauseReasons } from '../../model/names.ts';
import type { PlannedEvent } from '../../model/plan.ts';
import { generationOf } from '../../model/reference.ts';
import { toTime } from '../../model/units.ts';
import {
  availableOf,
  currentOf,
  desiredOf,
  podHashOf,
  readyOf,
  replicasOf,
  revisionOf,
  sum,
} from '../../model/workload.ts';
import { isHold } from '../release/pauseReason.ts';
import { currentHash, isAborted, isBlueGreen, type Release } from '../release/release.ts';
import { isRollbackInWindow } from '../release/rollback.ts';
import { selectorText } from '../release/selector.ts';
import { isRouted, pingPongOf } from '../release/traffic.ts';
import { cancelledRestart } from '../replicaSets/restart.ts';
import { withoutPauses } from '../steps/pause.ts';
import { stepsOf } from '../steps/steps.ts';
import { conditionOf, reasons, withoutCondition } from './conditions.ts';
import { phaseOf } from './phase.ts';
import { type Abort, isCompleted, isStuck, stuckMessage, withConditions } from './progress.ts';

// The status as a turn leaves it, as far as it is the same for both strategies.

export type Decided = { status: RolloutStatus; events: PlannedEvent[] };

/** Everything that is counted or copied, before any decision. */
export function withCounts(release: Release, restartedAt: string | undefined): RolloutStatus {
  const { rollout, all, current } = release;
  const { workload } = release.observed;
  const {
    restartedAt: _,
    workloadObservedGeneration: seen,
    currentStepHash: __,
    ...status
  } = release.status;
  // What is faulty tells nothing: what was so before stays.
  const isFaulty = release.fault !== undefined;
  const selector = isFaulty ? status.selector : undefined;
  return {
    ...withoutOtherStrategy(release, withoutCondition(status, 'InvalidSpec')),
    currentPodHash: currentHash(release),
    ...(release.stepHash !== '' && { currentStepHash: release.stepHash }),
    replicas: sum(all, currentOf),
    updatedReplicas: current ? currentOf(current) : 0,
    readyReplicas: sum(all, readyOf),
    availableReplicas: sum(all, availableOf),
    HPAReplicas: sum(all, currentOf),
    selector: selector ?? selectorText(rollout.spec?.selector),
    observedGeneration: String(rollout.metadata?.generation ?? 0),
    ...(isFaulty && seen !== undefined && { workloadObservedGeneration: seen }),
    ...(workload && { workloadObservedGeneration: generationOf(workload.object) }),
    ...(restartedAt !== undefined && { restartedAt }),
  };
}

/**
 * Without what belongs to the strategy that the rollout had before. An empty object says nothing, and
 * Argo writes one for either strategy.
 */
function withoutOtherStrategy(release: Release, status: RolloutStatus): RolloutStatus {
  const other = isBlueGreen(release) ? 'canary' : 'blueGreen';
  const { [other]: left, ...rest } = status;
  return Object.keys(left ?? {}).length > 0 ? rest : status;
}

/**
 * A new template or new steps: the release begins at its first step, unless the template is that
 * of the stable ReplicaSet or of one within the rollback window.
 */
export function startAnew(release: Release, base: RolloutStatus): Decided {
  const { abort: _, abortedAt: __, promoteFull: ___, ...rest } = base;
  const before = release.status.currentPodHash;
  // Another template cancels a restart and may take a lost stable version's place; other steps do neither.
  const isSame = before === currentHash(release);
  const status: RolloutStatus = {
    ...withoutPauses(rest),
    ...(before && !isSame && cancelledRestart(release)),
  };
  const lost = (release.status.pauseConditions ?? [])
    .filter(isHold)
    .filter(({ reason }) => isSame || reason !== pauseReasons.stableLost);
  const held = lost.length > 0 ? { ...status, pauseConditions: lost } : status;
  const count = stepsOf(release.rollout).length;
  if (count === 0) {
    const { currentStepIndex: ____, ...stepless } = held;
    return { status: stepless, events: [] };
  }
  const skip = (message: string): Decided => ({
    status: { ...held, currentStepIndex: count },
    events: [{ type: 'Normal', reason: 'SkipSteps', message }],
  });
  if (release.current && release.status.stableRS === podHashOf(release.current)) {
    return skip('Rollback to stable ReplicaSets');
  }
  if (release.current && desiredOf(release.current) > 0 && isRollbackInWindow(release)) {
    return skip('Rollback to active ReplicaSets within RollbackWindow');
  }
  return { status: { ...held, currentStepIndex: 0 }, events: [] };
}

export function promote(release: Release, base: RolloutStatus, reason: string): Decided {
  const { abort: _, abortedAt: __, promoteFull: ___, currentStepIndex: ____, ...rest } = base;
  const count = stepsOf(release.rollout).length;
  const hash = currentHash(release);
  const status: RolloutStatus = {
    ...withoutPauses(rest),
    ...(release.status.abort === false && { abort: false }),
    ...(count > 0 && { currentStepIndex: count }),
    ...(base.stableRS !== hash && pingPongAfter(release, base)),
    stableRS: hash,
  };
  const revision = revisionOf(release.rollout);
  const message = `Rollout completed update to revision ${revision} (${hash}): ${reason}`;
  const events: PlannedEvent[] =
    base.stableRS === hash ? [] : [{ type: 'Normal', reason: reasons.completed, message }];
  return finish(release, { status, events }, { aborted: false });
}

/** What was the canary's of ping and pong is the stable one from now on. */
function pingPongAfter({ rollout }: Release, { canary }: RolloutStatus): RolloutStatus {
  if (!pingPongOf(rollout)) return {};
  const stablePingPong = canary?.stablePingPong === 'ping' ? 'pong' : 'ping';
  return { canary: { ...canary, stablePingPong } };
}

export function abortTo(release: Release, base: RolloutStatus): RolloutStatus {
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
    ...((count > 0 || base.currentStepIndex !== undefined) && { currentStepIndex: index }),
  };
}

/**
 * Whether this turn leaves the release aborted. `shortcut`: it goes to its end past all steps. `failed`: what
 * an analysis has to say against it.
 */
export function abortOf(
  release: Release,
  base: RolloutStatus,
  { shortcut, failed }: { shortcut: boolean; failed: string | undefined },
): Abort {
  if (failed !== undefined && !shortcut) return { aborted: true, message: failed };
  const stuck = !shortcut && isStuck(release, base, isAborted(release));
  if (stuck) return { aborted: true, message: stuckMessage(release) };
  return { aborted: isAborted(release) && !shortcut };
}

export function withoutAbort(release: Release, base: RolloutStatus): RolloutStatus {
  const { abort: _, abortedAt: __, ...notAborted } = base;
  // The plugin's retry writes `abort: false`, and so it stays, as with the peer.
  return release.status.abort === false ? { ...notAborted, abort: false } : notAborted;
}

/** Conditions, phase and message, which follow from everything else; and what to announce. */
export function finish(release: Release, decided: Decided | RolloutStatus, abort: Abort): Decided {
  const { status, events } =
    'events' in decided ? (decided as Decided) : { status: decided, events: [] };
  const conditioned = withConditions(release, status, abort);
  const { message: _, ...rest } = conditioned;
  const { phase, message } = served(
    release,
    phaseOf(release.rollout.spec ?? {}, conditioned, release.now),
  );
  const done = withoutZeros({ ...rest, phase, ...(message !== '' && { message }) });
  return { status: done, events: [...events, ...changes(release, done)] };
}

/**
 * With a router the pods of other versions do not make up for those that the stable one lacks:
 * docs/adr/0045-healthy-with-all-pods.md
 */
function served({ rollout, current }: Release, said: { phase: string; message: string }) {
  const isServed = !current || availableOf(current) >= replicasOf(rollout);
  if (said.phase !== 'Healthy' || !isRouted(rollout) || isServed) return said;
  return { phase: 'Progressing', message: 'updated replicas are still becoming available' };
}

const counts = [
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'HPAReplicas',
] as const;

/** As Go leaves counts of zero out, so that a takeover writes nothing. */
function withoutZeros(status: RolloutStatus): RolloutStatus {
  const left = { ...status };
  for (const count of counts) if (left[count] === 0) delete left[count];
  return left;
}

/** Announcements that compare the status before with the one after. */
function changes(release: Release, after: RolloutStatus): PlannedEvent[] {
  const before = release.status;
  const said: PlannedEvent[] = [];
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
  // A blue-green's first version gets the traffic as it comes up: no update starts, as Argo tells it.
  const isUpdate = !isBlueGreen(release) || before.stableRS !== undefined;
  if (isUpdate && completed !== 'False' && conditionOf(after, 'Completed')?.status === 'False') {
    const revision = revisionOf(release.rollout);
    const message = `Rollout not completed, started update to revision ${revision} (${after.currentPodHash})`;
    said.push({ type: 'Normal', reason: reasons.notCompleted, message });
  }
  return said;
}
