import type { Sabotage } from './plant.ts';
import { analysisSabotages } from './sabotageAnalyses.ts';
import { balancerSabotages } from './sabotageBalancers.ts';
import { experimentSabotages } from './sabotageExperiments.ts';
import { recordSabotages } from './sabotageRecord.ts';
import { routeSabotages } from './sabotageRoutes.ts';
import { workloadSabotages } from './sabotageWorkload.ts';

// Bugs, each small and likely enough to be made one day. One at a time is planted into the source as it
// is loaded, and the runs must find it: a simulator that does not is not worth its while.

export const sabotages: Sabotage[] = [
  {
    name: 'a ReplicaSet is created with all pods',
    file: 'lib/decide/replicaSets/scale.ts',
    find: 'return desiredOf(applyMergePatch(set, draft.patches.get(nameOf(set)) ?? {}));',
    replace: 'return replicasOf(release.rollout);',
  },
  {
    name: 'the due index is lost',
    file: 'lib/queue/sweep.ts',
    find: 'const open = answering.filter((due) => needsWake(due, now));',
    replace: 'const open = answering.slice(answering.length);',
  },
  {
    name: 'a wake that is overdue is not sent again',
    file: 'lib/queue/sweep.ts',
    find: 'return queuedFor !== dueAt || now - dueAt >= overdueMs;',
    replace: 'return queuedFor !== dueAt;',
  },
  {
    name: 'a timer comes some seconds late',
    file: 'lib/queue/queue.ts',
    find: 'Math.max(0, dueAt - now - earlyMs)',
    replace: 'Math.max(0, dueAt - now + 4 * secondMs)',
  },
  {
    name: 'pods that nobody announces are looked for once a minute',
    file: 'lib/decide/release/polling.ts',
    find: '(pollMs[Math.min(record?.polls ?? 0, pollMs.length - 1)] ?? safetyMs)',
    replace: '(record ? safetyMs : 0)',
  },
  {
    name: 'nobody hears that a cluster answers again',
    file: 'lib/queue/outage.ts',
    find: 'if (isOnItsWay) return;',
    replace: 'if (isOnItsWay || now > 0) return;',
  },
  {
    name: 'what is due is not woken at the end of an outage',
    file: 'lib/reconcile/resync.ts',
    find: 'return !isAsKnown || changed.has(rollout) || dueAt <= dueBefore;',
    replace: 'return !isAsKnown || changed.has(rollout);',
  },
  {
    name: 'a command waits for the end of an outage to be told that it has expired',
    file: 'lib/reconcile/deliver.ts',
    find: 'await expireCommands(world, key, controllerOf(key).ledger);',
    replace: 'void error;',
  },
  {
    name: 'an intent is carried out however late',
    file: 'lib/decide/commands/intents.ts',
    find: 'now - intent.acceptedAt > intentLifeMs && !rule.terms.urgent',
    replace: 'now < intent.acceptedAt',
  },
  {
    name: 'an intent is not bound to what its author saw',
    file: 'lib/decide/commands/intents.ts',
    find: 'if (bound.generation !== now.generation && !isSameDesign(intent, rollout)) {',
    replace: 'if (bound.uid !== now.uid) {',
  },
  {
    name: 'a command that was taken back is done again',
    file: 'lib/decide/commands/intents.ts',
    find: "if (intent.applying?.isTaken) return close('done', textOf(intent, verdict));",
    replace: '',
  },
  {
    name: 'a command is told by what is left to do and not by what it did',
    file: 'lib/decide/commands/intents.ts',
    find: 'if (applying?.detail !== undefined && !isLate) return applying.detail;',
    replace: '',
  },
  {
    name: 'a back-off from a rival drops an abort',
    file: 'lib/decide/commands/intents.ts',
    find: "if ('writes' in settled && kept && !isUrgent(intent)) {",
    replace: "if ('writes' in settled && kept) {",
  },
  {
    name: 'an abort waits for the table',
    file: 'lib/reconcile.ts',
    find: 'if (tableError && !plan.urgent) throw',
    replace: 'if (tableError) throw',
  },
  {
    name: 'an abort is decided after the spec was found faulty',
    file: 'lib/decide/release/release.ts',
    find: 'return fault !== undefined && !goesBack;',
    replace: 'return fault !== undefined || (goesBack && false);',
  },
  {
    name: 'a faulty spec holds the sizes up',
    file: 'lib/decide/replicaSets/scale.ts',
    find: 'if (isHeldByFault(release)) followReplicas(release, draft);',
    replace: 'if (isHeldByFault(release)) return;',
  },
  {
    name: 'a step is gone on from although the spec is faulty',
    file: 'lib/decide/strategy/canary.ts',
    find: 'if (isHeldByFault(release)) return finish(',
    replace: 'if (release.now < 0) return finish(',
  },
  {
    name: 'a Service is switched although the spec is faulty',
    file: 'lib/decide/rollout/stages.ts',
    find: 'if (isDeployed(release) && !isHeld) switchServices(',
    replace: 'if (isDeployed(release)) switchServices(',
  },
  {
    name: 'an abort is forgotten in the next turn',
    file: 'lib/decide/status/status.ts',
    find: 'return { aborted: isAborted(release) && !shortcut };',
    replace: 'return { aborted: false };',
  },
  {
    name: 'a deadline aborts although nobody asked for it',
    file: 'lib/decide/status/progress.ts',
    find: 'if (!release.rollout.spec?.progressDeadlineAbort || aborted) return false;',
    replace: 'if (aborted) return false;',
  },
  {
    name: 'an empty status is taken for a first deployment',
    file: 'lib/decide/guards/statusRecovery.ts',
    find: 'if (isWiped(release)) return recover(release);',
    replace: '',
  },
  {
    name: 'a canary whose stable version was deleted is promoted',
    file: 'lib/decide/release/pauseReason.ts',
    find: 'return reason === pauseReasons.statusLost || reason === pauseReasons.stableLost;',
    replace: 'return reason === pauseReasons.statusLost;',
  },
  {
    name: 'the stable version is exchanged a step too early',
    file: 'lib/decide/strategy/canary.ts',
    find: 'const done = stepIndexOf(release.rollout) === count &&',
    replace: 'const done = stepIndexOf(release.rollout) >= count - 1 &&',
  },
  {
    name: 'a pause is counted from the turn and not from its start',
    file: 'lib/decide/steps/pause.ts',
    find: 'return fromTime(start) + seconds * secondMs;',
    replace:
      "return ('now' in release ? Number(release.now) : fromTime(start)) + " +
      'seconds * secondMs;',
  },
  {
    name: 'a pause begins up to a second before it was decided',
    file: 'lib/decide/steps/pause.ts',
    find: 'const pause: PauseCondition = { reason, startTime: toTimeUp(now) };',
    replace: 'const pause: PauseCondition = { reason, startTime: toTimeUp(now - 1000) };',
  },
  {
    name: 'a pause without a duration ends by itself',
    file: 'lib/decide/steps/pause.ts',
    find: 'return end !== undefined && release.now >= end;',
    replace: 'return end === undefined || release.now >= end;',
  },
  {
    name: 'a step goes on without its pods',
    file: 'lib/decide/steps/setWeight.ts',
    find: 'run: { isDone: (release) => isAtSize(release) && isAtWeight(release) },',
    replace: 'run: { isDone: (release) => isAtSize(release) || isAtWeight(release) },',
  },
  {
    name: 'pods are taken away whether or not the others are available',
    file: 'lib/decide/release/counts.ts',
    find: 'const spare = dependable(canary, !growing) + dependable(stable, growing) - floor;',
    replace: 'const spare = canaryNow + stableNow - floor;',
  },
  {
    name: 'maxSurge is ignored',
    file: 'lib/decide/release/counts.ts',
    find: 'const ceiling = limits.replicas + limits.maxSurge;',
    replace: 'const ceiling = 2 * limits.replicas + limits.maxSurge;',
  },
  {
    name: 'pods that are about to go are counted on',
    file: 'lib/decide/replicaSets/scale.ts',
    find: 'sum(release.all, (set) => Math.min(desiredOf(set), availableOf(set)))',
    replace: 'sum(release.all, availableOf)',
  },
  {
    name: 'a restart evicts all pods at once',
    file: 'lib/decide/replicaSets/restart.ts',
    find: 'serving.slice(0, Math.max(0, sparePods(release, pods)))',
    replace: 'serving',
  },
  {
    name: 'pods that serve nobody wait in a restart for those that do',
    file: 'lib/decide/replicaSets/restart.ts',
    find: 'const serving = staying.filter((pod) => readyCondition(pod) !== undefined);',
    replace: 'const serving = staying;',
  },
  {
    name: 'a restart that is planned is taken for done with another template',
    file: 'lib/decide/replicaSets/restart.ts',
    find: 'return open?.isDue ? { restartedAt: open.restartAt } : {};',
    replace: 'return open ? { restartedAt: open.restartAt } : {};',
  },
  {
    name: 'a restart begins before its time',
    file: 'lib/decide/replicaSets/restart.ts',
    find: 'isDue: at <= now };',
    replace: 'isDue: at <= now + 60_000 };',
  },
  {
    name: 'nobody wakes for a restart that is planned',
    file: 'lib/decide/rollout/explain.ts',
    find: 'if (restart) add(restart.isDue',
    replace: 'if (restart?.isDue) add(restart.isDue',
  },
  {
    name: 'the history deletes a ReplicaSet that has pods',
    file: 'lib/decide/replicaSets/revision.ts',
    find: 'if (desiredOf(set) === 0 && currentOf(set) === 0 && atRest) {',
    replace: 'if (atRest) {',
  },
  {
    name: 'a condition is written anew in every turn',
    file: 'lib/decide/status/conditions.ts',
    find: 'if (current?.status === value.status && current.reason === value.reason) return status;',
    replace: '',
  },
  {
    name: 'a rival is never noticed',
    file: 'lib/decide/guards/conflictingController.ts',
    find: 'if (!latest) return undefined;',
    replace: 'if (now >= 0) return undefined;',
  },
  {
    name: 'traffic goes to a version without all its pods',
    file: 'lib/decide/strategy/cutover.ts',
    find: 'return mayGo && isPreviewReady(release) && isSaturated(release, current)',
    replace: 'return mayGo',
  },
  {
    name: 'the pause before the switch is not kept',
    file: 'lib/decide/strategy/cutover.ts',
    find: "return end !== undefined && release.now >= end ? 'over' : 'stays';",
    replace: "return end !== undefined && release.now < end ? 'stays' : 'over';",
  },
  {
    name: 'a Service that lost its selector is taken for consent',
    file: 'lib/decide/strategy/cutover.ts',
    find: "return active === '' && stable !== undefined && stable !== current;",
    replace: "return active === '' && stable === undefined;",
  },
  {
    name: 'a replaced version is not kept for a way back',
    file: 'lib/decide/replicaSets/scaleDownDelay.ts',
    find: 'if (index >= limit || isOver || scaleDownDelaySeconds === 0)',
    replace: 'if (index >= limit || isOver || scaleDownDelaySeconds >= 0)',
  },
  {
    name: 'a version that has the traffic already is given the size of a preview',
    file: 'lib/decide/replicaSets/scaleDownDelay.ts',
    find: 'const active = activeHash(release);\n  const whole',
    replace: "const active = status.blueGreen?.activeSelector ?? '';\n  const whole",
  },
  {
    name: 'the whole preview is waited for of a version that is stable already',
    file: 'lib/decide/replicaSets/scaleDownDelay.ts',
    find: 'const isPreview = isServing && current !== stable;',
    replace: 'const isPreview = isServing;',
  },
  {
    name: 'what belongs to another strategy stays in the status',
    file: 'lib/decide/status/status.ts',
    find: 'return Object.keys(left ?? {}).length > 0 ? rest : status;',
    replace: 'return Object.keys(left ?? {}).length > 0 ? { ...rest, [other]: left } : status;',
  },
  {
    name: 'a ReplicaSet edited by hand is taken for the template it has now',
    file: 'lib/decide/release/knownSets.ts',
    find: 'return podHashOf(set) === templateHash || !isEdited(set, known);',
    replace: "return podHashOf(set) !== '' || templateHash !== '' || isEdited(set, known);",
  },
  {
    name: 'a ReplicaSet edited by hand is gone back to by its hash',
    file: 'lib/decide/release/knownSets.ts',
    find: 'return !isVerified(set) || (isBack && isEdited(set, known));',
    replace: 'return !isVerified(set) || (isBack && !isBack && isEdited(set, known));',
  },
  {
    name: 'what a role put over a label of the template is taken off, not given back',
    file: 'lib/decide/release/ephemeralMetadata.ts',
    find: 'return present === undefined || isOurs ? ownValue(set, rollout, part, name) : present;',
    replace: 'return present === undefined || isOurs ? undefined : present;',
  },
  {
    name: 'refused metadata is tried again in every turn',
    file: 'lib/decide/replicaSets/metadata.ts',
    find: 'const isDue = known === undefined || release.now >= retryAt(known);',
    replace: 'const isDue = known === undefined || release.now < retryAt(known);',
  },
  ...recordSabotages,
  ...workloadSabotages,
  ...routeSabotages,
  ...analysisSabotages,
  ...balancerSabotages,
  ...experimentSabotages,
];
