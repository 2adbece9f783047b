import { keptDetail, keptFrom } from '../decide/guards/conflictingController.ts';
import {
  type Actor,
  type Bound,
  type Command,
  type Intent,
  openIntentsMax,
} from '../model/intent.ts';
import type { Reason } from '../model/plan.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import { toIso } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';
import { digestOf } from './digest.ts';
import { type Problem, problem } from './problem.ts';
import { latest, type Seen } from './seen.ts';

/** What the rollout must be for the command to be accepted. */
export type Expect = { revision?: number; stepIndex?: number; podHash?: string; image?: string };

export type CommandRequest = {
  command: Command;
  record: RolloutRecord;
  /** A look taken after the record was written, where there is one. */
  fresh?: RolloutView | undefined;
  expect?: Expect | undefined;
  reason?: string | undefined;
  idempotencyKey?: string | undefined;
  /** Of everything the request asks for: tells a repetition from another use of the same key. */
  digest: string;
  actor: Actor;
  now: Millis;
  /** The intent's id if the request names no Idempotency-Key. */
  id: string;
};

export type Decision =
  | { accept: Intent; seen: Seen }
  /** The same request came before: this is what became of it. */
  | { repeat: Intent }
  | { refuse: Problem };

/** Whether a command may be carried out, and if so on what it depends. */
export function toIntent(request: CommandRequest): Decision {
  const { command, record, actor, digest, now, reason } = request;
  const id = intentId(request);
  const earlier = record.intents.find((intent) => intent.id === id);
  if (earlier?.digest === digest) return { repeat: earlier };
  if (earlier !== undefined) return { refuse: reusedKey() };
  const kept = command.verb === 'abort' ? undefined : keptFrom(record.rival, now);
  if (kept) return { refuse: problem('refused', `Nothing was done: ${keptDetail(kept)}`) };
  const seen = latest(record, request.fresh);
  if (seen === undefined) return { refuse: problem('unavailable', 'It was not looked at yet.') };
  const problemFound =
    mismatch(request.expect ?? {}, seen) ?? objection(command, seen) ?? crowd(command, record);
  if (problemFound !== undefined) return { refuse: problemFound };
  const said = reason === undefined ? {} : { reason };
  const intent = { id, command, actor, ...said, bound: boundOf(seen), acceptedAt: now, digest };
  return { accept: intent, seen };
}

/** A key names one command of one person: the same id comes of it wherever the request arrives. */
function intentId({ idempotencyKey, actor, id }: CommandRequest): string {
  return idempotencyKey === undefined ? id : digestOf([actor.name, idempotencyKey]);
}

function reusedKey(): Problem {
  const detail =
    'This Idempotency-Key came with another request before. Use a new key for each new command.';
  return problem('key-reused', detail);
}

function boundOf(seen: Seen): Bound {
  const { uid, generation, podHash, stepIndex, pauseStart, userPaused } = seen;
  return { uid, generation, podHash, stepIndex, pauseStart, paused: userPaused };
}

function mismatch(expect: Expect, seen: Seen): Problem | undefined {
  const { revision, stepIndex, podHash } = seen;
  const actual = { revision, stepIndex, podHash };
  const mismatches: { field: string; expected: string | number; actual: unknown }[] = [];
  for (const field of ['revision', 'stepIndex', 'podHash'] as const) {
    const expected = expect[field];
    if (expected !== undefined && expected !== actual[field]) {
      mismatches.push({ field, expected, actual: actual[field] });
    }
  }
  if (expect.image !== undefined && !seen.images.includes(expect.image)) {
    mismatches.push({ field: 'image', expected: expect.image, actual: seen.images });
  }
  if (mismatches.length === 0) return undefined;
  const list = mismatches.map((each) => {
    const is = Array.isArray(each.actual) ? each.actual.join(', ') : each.actual;
    return `${each.field} ${each.expected} was expected and is ${is === null || is === '' ? 'none' : is}`;
  });
  const detail =
    `Nothing was done: ${list.join('; ')} (as of ${toIso(seen.observedAt)}). ` +
    'Look at the rollout again, then repeat the command with what you see.';
  return problem('mismatch', detail, { mismatches });
}

/** Why the command makes no sense now, and what would. */
function objection(command: Command, seen: Seen): Problem | undefined {
  const objected = objectionTo(command, seen);
  if (objected === undefined) return undefined;
  const said = seen.leftAlone === undefined ? objected : leftAloneText(seen.leftAlone);
  const { phase, revision, stepIndex, stepCount } = seen;
  const at = toIso(seen.observedAt);
  return problem('not-applicable', `Nothing was done. As of ${at}, ${said}`, {
    rollout: { phase, revision, stepIndex, stepCount },
  });
}

function objectionTo(command: Command, seen: Seen): string | undefined {
  switch (command.verb) {
    case 'promote':
      return objectionToPromote(command, seen);
    case 'abort':
      if (seen.aborted) return 'the release is aborted already. To start it again, use retry.';
      return isReleasing(seen) ? undefined : `${noRelease(seen)} ${insteadOfAbort(seen)}`;
    case 'retry':
      return seen.aborted ? undefined : 'the release is not aborted, so there is nothing to retry.';
    case 'pause':
      return seen.userPaused ? 'the rollout is paused already. To lift it, use resume.' : undefined;
    case 'resume':
      if (seen.userPaused) return undefined;
      return seen.heldByPause
        ? `its pause is ${pauseText(seen)}. To go on from it, use promote.`
        : 'the rollout is not paused.';
    case 'undo':
      return objectionToUndo(command.toRevision, seen);
    case 'restart':
    case 'image':
      return undefined;
  }
}

/** Other advice would lead to nothing. */
function leftAloneText({ text, unblock }: Reason): string {
  return `the rollout is left alone: ${text}${unblock === undefined ? '' : ` To move it on: ${unblock}.`}`;
}

function insteadOfAbort({ revision, revisions, stableHash }: Seen): string {
  if (revisions?.some((each) => each !== revision) ?? true) return 'To go back, use undo.';
  return stableHash === ''
    ? 'To hold it, use pause; to replace it, set another image.'
    : 'No earlier one is kept to go back to: to replace it, set another image.';
}

function objectionToPromote(
  command: Extract<Command, { verb: 'promote' }>,
  seen: Seen,
): string | undefined {
  const { stepIndex, stepCount } = seen;
  const skips = command.skipCurrentStep === true || command.skipAllSteps === true;
  if (command.full) return isReleasing(seen) ? undefined : noRelease(seen);
  if (seen.aborted) {
    return (
      'the release is aborted. To start it again from its first step, use retry; ' +
      'to finish it at once, promote with full.'
    );
  }
  if (skips) {
    if (!isReleasing(seen)) return noRelease(seen);
    if (hasNoSteps(seen)) return 'the rollout has no steps to skip. To finish at once, use full.';
    return (stepIndex ?? 0) < stepCount ? undefined : `all ${stepCount} steps are done already.`;
  }
  if (seen.heldByPause || seen.userPaused) return undefined;
  const way = hasNoSteps(seen)
    ? 'To finish at once, use full.'
    : 'To go on anyway, use skipCurrentStep.';
  return `nothing is paused: the rollout is ${seen.phase}.${isReleasing(seen) ? ` ${way}` : ''}`;
}

function pauseText(seen: Seen): string {
  if (seen.pauseStart === null) return 'not one by a person';
  return hasNoSteps(seen) ? 'the one before the switch' : 'one of the steps';
}

/** As blue-green, whose only pause is the one before the switch. */
function hasNoSteps({ stepCount }: Seen): boolean {
  return stepCount === 0;
}

function objectionToUndo(toRevision: number | undefined, seen: Seen): string | undefined {
  const { revision, revisions } = seen;
  const others = revisions?.filter((each) => each !== revision) ?? [];
  const kept = others.length === 0 ? 'No other is kept.' : `Kept: ${others.join(', ')}.`;
  if (toRevision === revision) return `the rollout is at revision ${revision} already. ${kept}`;
  if (revisions === undefined) return undefined;
  if (toRevision === undefined) {
    return others.length > 0 ? undefined : 'there is no earlier revision to go back to.';
  }
  return others.includes(toRevision) ? undefined : `there is no revision ${toRevision}. ${kept}`;
}

function isReleasing({ podHash, stableHash }: Seen): boolean {
  return stableHash !== '' && podHash !== '' && podHash !== stableHash;
}

function noRelease({ stableHash, revision }: Seen): string {
  return stableHash === ''
    ? `revision ${revision} is the first, and there is no release before it.`
    : `no release is in progress: revision ${revision} is the stable one.`;
}

/** One place more than the limit is kept for an abort: it must not wait behind anything. */
function crowd(command: Command, record: RolloutRecord): Problem | undefined {
  const open = record.intents.filter((intent) => intent.outcome === undefined).length;
  if (open < openIntentsMax + (command.verb === 'abort' ? 1 : 0)) return undefined;
  const detail =
    `Nothing was done: ${open} commands for this rollout are waiting to be carried out. ` +
    'Repeat yours when some of them are.';
  return problem('too-many-commands', detail, { retryAfterSeconds: 1 });
}
