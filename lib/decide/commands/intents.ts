import type {
  Container,
  PodTemplateSpec,
  ReplicaSet,
  Rollout,
} from '../../model/argo.generated.ts';
import { podTemplateHash, stepHash } from '../../model/hash.ts';
import {
  type Applying,
  type Bound,
  type Intent,
  intentLifeMs,
  type Outcome,
} from '../../model/intent.ts';
import { hashLabel } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import { applyMergePatch, diffMergePatch } from '../../model/patch.ts';
import { type IntentStep, type MergePatch, refOf, type Write } from '../../model/plan.ts';
import { generationOf } from '../../model/reference.ts';
import { fromTime, type Millis, toTime } from '../../model/units.ts';
import {
  containerLists,
  createdAt,
  nameOf,
  revisionOf,
  uidOf,
  versionOf,
} from '../../model/workload.ts';
import { isDrivenHere, type Kept, keptDetail } from '../guards/conflictingController.ts';
import { unsupported } from '../guards/validate.ts';
import { withoutInjectedRule } from '../release/affinity.ts';
import { ownMetadata } from '../release/ephemeralMetadata.ts';
import { typeFaults } from '../release/typeFaults.ts';
import { patchTemplate, templateFault } from '../release/workloadRef.ts';
import { releasePause } from '../steps/pause.ts';
import { stepIndexOf, stepsOf } from '../steps/steps.ts';

/** The patches that carry a command out, in this order, and what is told of them once they are done. */
type Deed = { status?: MergePatch; spec?: MergePatch; template?: MergePatch; detail: string };

/** Either a deed still to do, or why there is none. */
type Verdict = { deed: Deed } | { refuse: string } | { done: string };

const parts = ['status', 'spec', 'template'] as const;

export type Settled = { steps: IntentStep[]; writes: Write[] };

/**
 * Takes the oldest open command, an abort before all others. It becomes the patch that
 * `kubectl argo rollouts` would have made, conditioned on the version observed, and nothing else
 * happens in that turn: so a command and its consequences are told apart, and whoever made the patch,
 * what follows is the same. Commands that came too late are closed with a reason, and so are all but aborts
 * where another controller is kept away from.
 */
export function settleIntents(observed: Observed, now: Millis, kept: Kept | undefined): Settled {
  const open = (observed.record?.intents ?? []).filter((intent) => !intent.outcome);
  const isAbort = ({ command }: Intent) => command.verb === 'abort';
  const steps: IntentStep[] = [];
  const abortsFirst = [...open.filter(isAbort), ...open.filter((each) => !isAbort(each))];
  for (const intent of abortsFirst) {
    const settled = settle(intent, observed, now);
    if ('writes' in settled && kept && !isAbort(intent)) {
      const detail = `${whatIsKnown(intent)}: ${keptDetail(kept)}`;
      steps.push({ id: intent.id, step: 'close', outcome: { result: 'refused', detail, at: now } });
    } else if ('writes' in settled) {
      steps.push({ id: intent.id, step: 'apply', applying: settled.applying });
      return { steps, writes: settled.writes };
    } else steps.push({ id: intent.id, step: 'close', outcome: settled });
  }
  return { steps, writes: [] };
}

/** Closes every open command of a rollout that is left as it is: nobody is to wait for what never comes. */
export function refuseIntents(observed: Observed, now: Millis, detail: string): IntentStep[] {
  const open = (observed.record?.intents ?? []).filter((intent) => !intent.outcome);
  return open.map(({ id }) => ({
    id,
    step: 'close',
    outcome: { result: 'refused', detail, at: now },
  }));
}

function settle(
  intent: Intent,
  observed: Observed,
  now: Millis,
): Outcome | { writes: Write[]; applying: Applying } {
  const { rollout } = observed;
  const resourceVersion = versionOf(rollout);
  const close = (result: Outcome['result'], detail: string): Outcome => ({
    result,
    detail,
    at: now,
  });
  const verdict = judge(intent, observed);
  // Somebody may have undone it since: that is the later wish, and this command is over all the same.
  if (intent.applying?.isTaken) return close('done', textOf(intent, verdict));
  // Tried before, and its effect is there: the write was done, though its answer may have been lost.
  if (intent.applying && 'done' in verdict) return close('done', textOf(intent, verdict));
  const changed = whatChanged(intent, observed);
  // A write whose answer was lost and whose effect is gone again: nobody can tell any more.
  const nothing = whatIsKnown(intent);
  if (changed !== undefined) return close('superseded', `${nothing}: ${changed}.`);
  const isLate = now - intent.acceptedAt > intentLifeMs && intent.command.verb !== 'abort';
  if (isLate) return expired(intent, now);
  const missing = isLeftAlone(intent, observed);
  if (missing !== undefined) {
    return close('refused', `This version of Serin does not carry out ${missing}.`);
  }
  const nowhere = isOfTemplate(intent) ? templateFault(observed) : undefined;
  if (nowhere !== undefined) return close('refused', `${nothing}: spec.workloadRef ${nowhere}.`);
  if ('refuse' in verdict) return close('refused', verdict.refuse);
  if ('done' in verdict) return close('done', verdict.done);
  if (mayBeUndone(intent, verdict.deed, resourceVersion)) {
    return close('superseded', `${nothing}: the rollout was written to in the meantime.`);
  }
  const { deed } = verdict;
  const written = parts.filter((part) => deed[part] !== undefined);
  const applying = { resourceVersion, detail: deed.detail, parts: written };
  return { writes: writesOf(deed, observed), applying };
}

/** What its write has done: of what is there now, another deed may be still to do. */
function textOf({ command, applying }: Intent, verdict: Verdict): string {
  // Which pods a restart concerns is seen later.
  const isLate = command.verb === 'restart' && 'done' in verdict;
  if (applying?.detail !== undefined && !isLate) return applying.detail;
  if ('done' in verdict) return verdict.done;
  return 'deed' in verdict ? verdict.deed.detail : 'It was carried out.';
}

/**
 * Whether the write may have been done and undone, now that its effect is not there and its answer was
 * lost. Another version than the one it was conditioned on tells nothing of who made it.
 */
function mayBeUndone({ applying, command }: Intent, deed: Deed, resourceVersion: string): boolean {
  if (applying === undefined || applying.resourceVersion === resourceVersion) return false;
  // To abort twice does less harm than not to abort.
  if (command.verb === 'abort') return false;
  if (command.verb !== 'promote') return true;
  // The second half of a full promotion.
  if (command.full) return deed.status !== undefined;
  // A pause is known by its start: while that one is there, nobody has promoted it.
  return command.skipAllSteps === true || command.skipCurrentStep === true;
}

/** What is known of a command that is given up. */
function whatIsKnown({ applying }: Intent): string {
  return applying ? 'Whether it was carried out is not known' : 'Nothing was done';
}

export function expired(intent: Intent, at: Millis): Outcome {
  const detail = `${whatIsKnown(intent)}: it could not be carried out within 60 s.`;
  return { result: 'expired', detail, at };
}

function writesOf({ status, spec, template }: Deed, observed: Observed): Write[] {
  const ref = refOf('Rollout', observed.rollout);
  return [
    ...(status
      ? [{ phase: 'first', do: 'patch', ref, patch: { status }, status: true } as const]
      : []),
    ...(spec ? [{ phase: 'rollout', do: 'patch', ref, patch: spec } as const] : []),
    ...(template ? [patchTemplate(observed, template)] : []),
  ];
}

/**
 * The field for which Serin does not touch this rollout, docs/adr/0009-what-is-not-carried-out-yet.md.
 * What Serin released up to there it also takes back.
 */
function isLeftAlone({ command }: Intent, observed: Observed): string | undefined {
  const isAbort = command.verb === 'abort' && isDrivenHere(observed);
  return isAbort ? undefined : unsupported(observed.rollout);
}

function isOfTemplate({ command }: Intent): boolean {
  return command.verb === 'undo' || command.verb === 'image';
}

/** What a command's author saw, as of this rollout. */
function boundTo(rollout: Rollout): Bound {
  return {
    uid: uidOf(rollout),
    generation: rollout.metadata?.generation ?? 0,
    podHash: rollout.status?.currentPodHash ?? '',
    stepIndex: rollout.status?.currentStepIndex ?? null,
    pauseStart: releasePause(rollout.status ?? {})?.startTime ?? null,
  };
}

/** What the author saw and is no longer so; an abort depends on the release only. */
function whatChanged(intent: Intent, { rollout, workload }: Observed): string | undefined {
  const { bound, command } = intent;
  const now = boundTo(rollout);
  if (bound.uid !== now.uid) return 'the rollout was deleted and created again';
  if (bound.podHash !== now.podHash) return 'another template is being released by now';
  if (command.verb === 'abort') return undefined;
  if (bound.generation !== now.generation && !isSameDesign(intent, rollout)) {
    return 'the spec was changed in the meantime';
  }
  const seen = rollout.status?.workloadObservedGeneration;
  if (workload && generationOf(workload.object) !== seen && !isSameDesign(intent, rollout)) {
    return 'the workload it takes its template from was changed in the meantime';
  }
  if (bound.stepIndex !== now.stepIndex) {
    return `the release is at step ${now.stepIndex} by now, not at step ${bound.stepIndex}`;
  }
  return bound.pauseStart === now.pauseStart ? undefined : 'the pause is another one by now';
}

/**
 * Whether the spec is another only in what no command is about, such as its size, which an autoscaler
 * may change at any time. One that was tried before is not tried on another spec.
 */
function isSameDesign({ bound, applying }: Intent, rollout: Rollout): boolean {
  const { spec = {}, status = {} } = rollout;
  return (
    applying === undefined &&
    typeFaults(rollout).length === 0 &&
    bound.paused === (spec.paused ?? false) &&
    status.currentPodHash === podTemplateHash(spec.template ?? {}, status.collisionCount) &&
    status.currentStepHash === stepHash(spec.strategy)
  );
}

function judge(intent: Intent, observed: Observed): Verdict {
  const { rollout } = observed;
  const { command } = intent;
  switch (command.verb) {
    case 'promote':
      return judgePromote(intent, rollout);
    case 'abort':
      return judgeAbort(rollout);
    case 'retry': {
      const detail = 'The aborted release starts again at its first step.';
      return verdictOf(!rollout.status?.abort, { status: { abort: false }, detail });
    }
    case 'pause': {
      const detail = 'The rollout is paused until somebody resumes it.';
      return verdictOf(rollout.spec?.paused === true, { spec: { spec: { paused: true } }, detail });
    }
    case 'resume':
      return verdictOf(!rollout.spec?.paused, unpausing(rollout));
    case 'restart':
      return judgeRestart(command.at ?? toTime(intent.acceptedAt), intent, observed);
    case 'undo':
      return judgeUndo(command.toRevision ?? 0, intent, observed);
    case 'image':
      return judgeImage(command.container, command.image, rollout);
  }
}

function verdictOf(isDone: boolean, deed: Deed): Verdict {
  return isDone ? { done: deed.detail } : { deed };
}

/** Lifts what a person has paused, and not what else it pauses for. */
function unpausing(rollout: Rollout): Deed {
  const { status = {} } = rollout;
  const isOther = (status.pauseConditions ?? []).length > 0;
  const where = placeIn(rollout, stepIndexOf(rollout));
  const left = releasePause(status) ? `it still pauses ${where}` : 'it is still held';
  const detail = `The pause by a person is lifted${isOther ? `; ${left}` : ''}.`;
  return { spec: { spec: { paused: false } }, detail };
}

function placeIn(rollout: Rollout, index: number): string {
  const count = stepsOf(rollout).length;
  return count === 0 ? 'before the switch' : `at step ${index + 1} of ${count}`;
}

function judgePromote(intent: Intent, rollout: Rollout): Verdict {
  const { command, bound } = intent;
  if (command.verb !== 'promote') return { refuse: 'Not a promote.' };
  const { status = {}, spec = {} } = rollout;
  const count = stepsOf(rollout).length;
  const at = bound.stepIndex ?? 0;
  if (command.full) {
    const promoted = status.stableRS === status.currentPodHash || status.promoteFull === true;
    return verdictOf(promoted && !spec.paused, {
      ...(!promoted && { status: { promoteFull: true } }),
      ...(spec.paused && { spec: { spec: { paused: false } } }),
      detail: 'The release is promoted in full.',
    });
  }
  if (command.skipAllSteps || command.skipCurrentStep) {
    const goal = command.skipAllSteps ? count : Math.min(at + 1, count);
    const detail = `The release went on from step ${at} to step ${goal} of ${count}.`;
    const isThere = stepIndexOf(rollout) >= goal;
    return verdictOf(isThere, { status: { currentStepIndex: goal }, detail });
  }
  if (spec.paused) return { deed: unpausing(rollout) };
  const seen = boundTo(rollout);
  const where = bound.pauseStart === null ? '' : ` ${placeIn(rollout, at)}`;
  const detail = `The pause${where} is lifted.`;
  const isSamePause = bound.pauseStart === seen.pauseStart && bound.stepIndex === seen.stepIndex;
  if ((status.pauseConditions ?? []).length > 0 && isSamePause) {
    return { deed: { status: { pauseConditions: null }, detail } };
  }
  const isSameRelease = bound.uid === seen.uid && bound.podHash === seen.podHash;
  if (intent.applying !== undefined && isSameRelease) return { done: detail };
  const anyway =
    count === 0 ? 'finish at once, use full' : 'skip the current step anyway, use skipCurrentStep';
  return { refuse: `Nothing is paused. To ${anyway}.` };
}

function judgeAbort(rollout: Rollout): Verdict {
  const { status = {} } = rollout;
  const detail = `The update to revision ${revisionOf(rollout)} is aborted.`;
  if (status.abort) return { done: detail };
  if (!status.stableRS || status.stableRS === status.currentPodHash) {
    return { refuse: 'There is no release to abort: the current template is the stable one.' };
  }
  const instead = status.promoteFull ? { promoteFull: null } : {};
  return { deed: { status: { abort: true, ...instead }, detail } };
}

function judgeRestart(at: string, { acceptedAt }: Intent, { rollout, pods }: Observed): Verdict {
  if (rollout.spec?.restartAt !== at) {
    return { deed: { spec: { spec: { restartAt: at } }, detail: 'Restart asked for.' } };
  }
  if (fromTime(at) > acceptedAt) return { done: `All pods are to be replaced at ${at}.` };
  const isDone = rollout.status?.restartedAt === at;
  const isNone = pods?.every((pod) => createdAt(pod) >= fromTime(at)) ?? isDone;
  return isNone
    ? { done: `There is no pod created before ${at} to replace.` }
    : { done: `Pods created before ${at} are being replaced.` };
}

function judgeUndo(toRevision: number, intent: Intent, observed: Observed): Verdict {
  const sets = [...observed.replicaSets].sort((a, b) => revisionOf(b) - revisionOf(a));
  const known = sets.map((set) => revisionOf(set));
  const target = toRevision === 0 ? sets[1] : sets.find((set) => revisionOf(set) === toRevision);
  const template = target?.spec?.template;
  if (!target || !template) {
    const list = known.length > 0 ? known.join(', ') : 'none';
    return toRevision === 0
      ? { refuse: 'There is no earlier revision to go back to.' }
      : { refuse: `There is no revision ${toRevision} any more. Kept revisions: ${list}.` };
  }
  const plain = plainTemplate(target, template, observed.rollout);
  const change = diffMergePatch(observed.rollout.spec?.template ?? {}, plain);
  const detail = `The template of ${nameOf(target)} is back in the spec.`;
  if (change !== undefined) return { deed: { template: change, detail } };
  return intent.applying
    ? { done: detail }
    : { refuse: `The spec has the template of ${nameOf(target)} already.` };
}

/** The template without what was put into the ReplicaSet for its role. */
function plainTemplate(set: ReplicaSet, template: PodTemplateSpec, rollout: Rollout): MergePatch {
  const metadata = ownMetadata(set, rollout);
  const { affinity: injected, ...spec } = template.spec ?? { containers: [] };
  const affinity = withoutInjectedRule(injected, rollout);
  const plain = { metadata, spec: { ...spec, ...(affinity && { affinity }) } };
  return applyMergePatch<MergePatch>(plain, {
    metadata: { creationTimestamp: null, labels: { [hashLabel]: null } },
  });
}

// argo v1.10.1 pkg/kubectl-argo-rollouts/cmd/set/set_image.go newRolloutSetImage
function judgeImage(container: string, image: string, rollout: Rollout): Verdict {
  const lists = containerLists(rollout.spec?.template);
  const isMeant = ({ name }: Container): boolean => container === '*' || name === container;
  const meant = lists.flatMap(([, list]) => list.filter(isMeant));
  const whose = container === '*' ? 'all containers' : container;
  if (meant.length === 0) {
    const names = lists.flatMap(([, list]) => list.map(({ name }) => name)).join(', ');
    return { refuse: `There is no container ${container}. Containers: ${names || 'none'}.` };
  }
  const detail = `The image of ${whose} is ${image}.`;
  if (meant.every((each) => each.image === image)) return { done: detail };
  // A list that stays as it is stays out of the patch.
  const changed = lists
    .filter(([, list]) => list.some((each) => isMeant(each) && each.image !== image))
    .map(([field, list]) => [
      field,
      list.map((each) => (isMeant(each) ? { ...each, image } : each)),
    ]);
  return { deed: { template: { spec: Object.fromEntries(changed) }, detail } };
}
