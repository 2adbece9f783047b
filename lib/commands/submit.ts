import { setTimeout as delay } from 'node:timers/promises';
import type { Seen } from '../decide/commands/seen.ts';
import { Conflict, NotFound, Terminal, Transient } from '../errors.ts';
import { defined } from '../model/defined.ts';
import type { Actor, Command, Intent } from '../model/intent.ts';
import { keyText, type RolloutKey } from '../model/key.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';
import { blankRecord } from '../record/blank.ts';
import type { World } from '../world.ts';
import { accept, type Decision, type Expect } from './accept.ts';
import { digestOf } from './digest.ts';
import { kubectlFor } from './kubectl.ts';
import { look, notFound } from './look.ts';
import { type Refusal, Refused } from './refusal.ts';

/** Every conflict means that a turn went on in between, so a few tries are enough. */
const savesMax = 5;

/** What of the outside it takes to submit a command. */
export type SubmitDeps = {
  world: Pick<World, 'clock' | 'store' | 'wakes' | 'log' | 'invoke'>;
  /** An id for a command: never the same again, and safe in a path. */
  newId: () => string;
};

/** A command for a rollout, and who asks for it. */
export type Submission = {
  key: RolloutKey;
  command: Command;
  actor: Actor;
  /** Nothing is done where the rollout is not like this. */
  expect?: Expect;
  /** Why, for the ledger. */
  reason?: string;
  /** The same key of the same actor names the same command, however often it is submitted. */
  idempotencyKey?: string;
  /** How long to wait for it to be carried out; as long as that takes, if absent. */
  waitMs?: Millis;
};

/** What a command was accepted as; `seen` is absent when the same request came before. */
export type Accepted = { intent: Intent; seen?: Seen; view?: RolloutView | undefined };

/** An accepted command without an outcome is in the table, and will be carried out. */
export type Submitted = { accepted: Accepted } | { refused: Refusal };

type Submitting = Submission & { deps: SubmitDeps; id: string };

/**
 * Stores the command as an intent, has it carried out at once, and answers what it did. Once stored it
 * is neither lost nor done twice, whatever happens to this call.
 */
export async function submit(deps: SubmitDeps, asked: Submission): Promise<Submitted> {
  const submission = { ...asked, deps, id: deps.newId() };
  try {
    const accepted = await stored(submission);
    const isOver = accepted.intent.outcome !== undefined;
    return { accepted: isOver ? accepted : await inTime(submission, accepted) };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.refusal };
    throw error;
  }
}

/** Accepts it on what is known of the rollout, and stores it. */
async function stored(submission: Submitting): Promise<Accepted> {
  let fresh: RolloutView | undefined;
  for (let tries = 0; tries < savesMax; tries += 1) {
    const record = (await load(submission)) ?? blankRecord(submission.key);
    if (record.progress === undefined) fresh ??= await lookFor(submission);
    let decision = decide(submission, record, fresh);
    if ('refuse' in decision && fresh === undefined && isAboutState(decision.refuse)) {
      // The record may be behind the cluster, and nobody is turned away on an old picture.
      fresh = await lookFor(submission);
      decision = decide(submission, record, fresh);
    }
    if ('refuse' in decision) throw new Refused(decision.refuse);
    if ('repeat' in decision) return { intent: decision.repeat, view: record.view };
    const { accept: intent, seen } = decision;
    if (await save(submission, record, intent)) return { intent, seen };
  }
  throw new Refused({
    kind: 'unavailable',
    text: 'Nothing was done: others keep writing to the record of this rollout.',
    remedy: 'Try again.',
    retryAfterSeconds: 1,
  });
}

function lookFor({ deps, key, command }: Submitting): Promise<RolloutView> {
  return look(deps.world, key, command);
}

function isAboutState({ kind }: Refusal): boolean {
  return kind === 'mismatch' || kind === 'notApplicable';
}

function decide(
  { deps, command, expect, reason, actor, id, idempotencyKey }: Submitting,
  record: RolloutRecord,
  fresh: RolloutView | undefined,
): Decision {
  const now = deps.world.clock.now();
  const body = {
    command,
    ...defined({ expect, reason }),
  };
  const digest = digestOf(body);
  return accept({ ...body, record, fresh, idempotencyKey, digest, actor, now, id });
}

async function load(submission: Submitting): Promise<RolloutRecord | undefined> {
  try {
    return await submission.deps.world.store.load(submission.key);
  } catch (error) {
    throw withoutTable(error, submission, 'Nothing was done.');
  }
}

/** False when somebody else wrote in between. */
async function save(
  submission: Submitting,
  record: RolloutRecord,
  intent: Intent,
): Promise<boolean> {
  const { deps, command, idempotencyKey } = submission;
  const due = {
    dueAt: Math.min(record.dueAt ?? intent.acceptedAt, intent.acceptedAt),
    dueFor: `command ${command.verb}`,
  };
  const intents = [...record.intents, intent];
  try {
    await deps.world.store.save({ ...record, intents, ...due });
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    // A write whose answer was lost may have been done all the same.
    const again =
      idempotencyKey === undefined
        ? 'look at the rollout before you repeat it'
        : 'repeat it with the same Idempotency-Key';
    const unsure = `Whether the command was stored is not known: ${again}.`;
    throw withoutTable(
      error,
      submission,
      error instanceof Transient ? unsure : 'Nothing was done.',
    );
  }
}

function withoutTable(error: unknown, { command, key }: Submitting, what: string): unknown {
  if (!(error instanceof Transient || error instanceof Terminal)) return error;
  return new Refused({
    kind: 'unavailable',
    text: `Serin's table is out of order (${error.message}). ${what}`,
    remedy: `This does the same without Serin's table: ${kubectlFor(command, key)}`,
    retryAfterSeconds: 1,
  });
}

/** What came of it, or that it is accepted: it is in the table, and goes on without this call. */
async function inTime(submission: Submitting, accepted: Accepted): Promise<Accepted> {
  const carried = carryOut(submission, accepted);
  if (submission.waitMs === undefined) return await carried;
  const over = new AbortController();
  const late = delay(submission.waitMs, accepted, { signal: over.signal }).catch(() => accepted);
  return await Promise.race([carried, late]).finally(() => over.abort());
}

/** Runs reconcile now. If that cannot be, the intent waits for it in the table. */
async function carryOut(submission: Submitting, accepted: Accepted): Promise<Accepted> {
  const { deps, key } = submission;
  let view: RolloutView;
  try {
    ({ view } = await deps.world.invoke({ key }));
  } catch (error) {
    if (error instanceof NotFound) throw notFound(key);
    await wakeLater(submission, error);
    return accepted;
  }
  const record = await reload(submission);
  const intent = record?.intents.find(({ id }) => id === accepted.intent.id);
  return { ...accepted, ...(intent?.outcome === undefined ? {} : { intent }), view };
}

/** The command is safe in the table and due: the queue only makes it sooner than the sweep. */
async function wakeLater({ deps, key }: Submitting, error: unknown): Promise<void> {
  const { wakes, log } = deps.world;
  const passes = error instanceof Transient || error instanceof Conflict;
  log(passes ? 'warn' : 'error', 'a command could not be carried out at once', {
    rollout: keyText(key),
    error,
  });
  try {
    await wakes.send({ key }, 0);
  } catch (failure) {
    log('error', 'nor could its wake be sent', { rollout: keyText(key), error: failure });
  }
}

/** After the command was accepted, a table that fails is no reason to say it was not. */
async function reload({ deps, key }: Submitting): Promise<RolloutRecord | undefined> {
  const { store, log } = deps.world;
  try {
    return await store.load(key);
  } catch (error) {
    log('warn', 'the outcome of a command could not be read', { rollout: keyText(key), error });
    return undefined;
  }
}
