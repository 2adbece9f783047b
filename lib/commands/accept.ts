import type { Objection } from '../decide/commands/rule.ts';
import { latest, type Seen } from '../decide/commands/seen.ts';
import { keptDetail, keptFrom } from '../decide/guards/conflictingController.ts';
import { defined } from '../model/defined.ts';
import {
  type Actor,
  type Bound,
  type Command,
  type Intent,
  openIntentsMax,
} from '../model/intent.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import { toIso } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';
import { digestOf } from './digest.ts';
import type { Refusal } from './refusal.ts';
import { termsOf } from './verbs.ts';

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
  | { refuse: Refusal };

/** Whether a command may be carried out, and if so on what it depends. Pure. */
export function accept(request: CommandRequest): Decision {
  const { command, record, actor, digest, now, reason } = request;
  const id = intentId(request);
  const earlier = record.intents.find((intent) => intent.id === id);
  if (earlier?.digest === digest) return { repeat: earlier };
  if (earlier !== undefined) return { refuse: reusedKey };
  const kept = termsOf(command).urgent ? undefined : keptFrom(record.conflictingController, now);
  if (kept) {
    const text = `Nothing was done: ${keptDetail(kept)}`;
    return { refuse: { kind: 'conflictingController', text } };
  }
  const seen = latest(record, request.fresh);
  if (seen === undefined) {
    return { refuse: { kind: 'unavailable', text: 'It was not looked at yet.' } };
  }
  const refusal =
    mismatch(request.expect ?? {}, seen) ?? objection(command, seen) ?? crowd(command, record);
  if (refusal !== undefined) return { refuse: refusal };
  const said = reason === undefined ? {} : { reason };
  const intent = { id, command, actor, ...said, bound: boundOf(seen), acceptedAt: now, digest };
  return { accept: intent, seen };
}

/** A key names one command of one person: the same id comes of it wherever the request arrives. */
function intentId({ idempotencyKey, actor, id }: CommandRequest): string {
  return idempotencyKey === undefined ? id : digestOf([actor.name, idempotencyKey]);
}

const reusedKey: Refusal = {
  kind: 'keyReused',
  text: 'This Idempotency-Key came with another request before.',
  remedy: 'Use a new key for each new command.',
};

function boundOf(seen: Seen): Bound {
  const { uid, generation, podHash, stepIndex, pauseStart, userPaused } = seen;
  return { uid, generation, podHash, stepIndex, pauseStart, paused: userPaused };
}

function mismatch(expect: Expect, seen: Seen): Refusal | undefined {
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
  return {
    kind: 'mismatch',
    text: `Nothing was done: ${list.join('; ')} (as of ${toIso(seen.observedAt)}).`,
    remedy: 'Look at the rollout again, then repeat the command with what you see.',
    mismatches,
  };
}

/** Why the command makes no sense now, and what would. */
function objection(command: Command, seen: Seen): Refusal | undefined {
  const objected = termsOf(command).objection?.(seen, command);
  if (objected === undefined) return undefined;
  const { text, ...remedy } = leftAlone(seen) ?? objected;
  const { phase, revision, stepIndex, stepCount } = seen;
  return {
    kind: 'notApplicable',
    text: `Nothing was done. As of ${toIso(seen.observedAt)}, ${text}`,
    ...remedy,
    rollout: { phase, revision, stepIndex, stepCount },
  };
}

/** Of a rollout that Serin leaves as it is, any other advice would lead to nothing. */
function leftAlone({ leftAlone: reason }: Seen): Objection | undefined {
  if (reason === undefined) return undefined;
  const { text, unblock } = reason;
  return {
    text: `the rollout is left alone: ${text}`,
    ...(unblock !== undefined && { remedy: `To move it on: ${unblock}.` }),
  };
}

/**
 * What stands against a command as things are known, whoever gives it: what `accept` would refuse it for.
 * The text begins in small letters where it follows on others.
 */
export function hindrance(
  command: Command,
  { record, seen, now }: { record: Standing; seen: Seen; now: Millis },
): Objection | undefined {
  const kept = termsOf(command).urgent ? undefined : keptFrom(record.conflictingController, now);
  if (kept) return { text: keptDetail(kept) };
  const objected = termsOf(command).objection?.(seen, command);
  if (objected) return leftAlone(seen) ?? objected;
  const crowded = crowd(command, record);
  return crowded && { text: crowded.text, ...defined({ remedy: crowded.remedy }) };
}

/** What of a record commands are held against. */
type Standing = Pick<RolloutRecord, 'intents' | 'conflictingController'>;

/** One place more than the limit is kept for an abort: it must not wait behind anything. */
function crowd(command: Command, record: Standing): Refusal | undefined {
  const open = record.intents.filter((intent) => intent.outcome === undefined).length;
  if (open < openIntentsMax + (termsOf(command).urgent ? 1 : 0)) return undefined;
  return {
    kind: 'tooMany',
    text: `Nothing was done: ${open} commands for this rollout are waiting to be carried out.`,
    remedy: 'Repeat yours when some of them are.',
    retryAfterSeconds: 1,
  };
}
