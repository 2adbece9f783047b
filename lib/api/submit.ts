import { Conflict, NotFound, Terminal, Transient } from '../errors.ts';
import type { Intent } from '../model/intent.ts';
import { keyText, type RolloutKey } from '../model/key.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { RolloutView } from '../model/view.ts';
import { blankRecord } from '../record/next.ts';
import { type CommandAnswer, commandAnswer, standingAfter, standingBefore } from './answers.ts';
import { type CommandBody, readCommand, readQuery } from './body.ts';
import { type Call, keyOf, pathOf } from './call.ts';
import { toIntent } from './commands.ts';
import { digestOf } from './digest.ts';
import { kubectlFor } from './kubectl.ts';
import { isKind, type Problem, ProblemError, problem } from './problem.ts';
import { look, notFound } from './reads.ts';
import { queries, type Verb } from './requestSchemas.ts';
import { answer } from './respond.ts';
import type { Seen } from './seen.ts';

/** Every conflict means that a turn went on in between, so a few tries are enough. */
const savesMax = 5;
const idempotencyKeyLengthMax = 255;

/** What a command was accepted as; `seen` is absent when the same request came before. */
type Accepted = { intent: Intent; seen?: Seen; view?: RolloutView | undefined };
type Submission = {
  call: Call;
  key: RolloutKey;
  body: CommandBody;
  id: string;
  idempotencyKey?: string;
};

/**
 * Stores the command as an intent, has it carried out at once, and answers what it did. Once stored it
 * is neither lost nor done twice, whatever happens to this request.
 */
export async function submit(call: Call, verb: Verb): Promise<Response> {
  readQuery(queries.none, call.url);
  const idempotencyKey = readIdempotencyKey(call.request);
  const body = await readCommand(verb, call.request);
  const id = call.deps.newId();
  const submission = { call, key: keyOf(call), body, id, ...idempotencyKey };
  const accepted = await accept(submission);
  if (accepted.intent.outcome !== undefined) return settled(submission, accepted);
  return carryOut(submission, accepted);
}

function readIdempotencyKey({ headers }: Request): { idempotencyKey?: string } {
  const key = headers.get('idempotency-key');
  if (key === null) return {};
  if (/^[\x20-\x7e]+$/.test(key) && key.length <= idempotencyKeyLengthMax) {
    return { idempotencyKey: key };
  }
  const detail =
    `The Idempotency-Key must be 1 to ${idempotencyKeyLengthMax} printable ASCII characters. ` +
    'A random UUID does well.';
  throw new ProblemError(problem('bad-header', detail));
}

async function accept(submission: Submission): Promise<Accepted> {
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
    if ('refuse' in decision) throw new ProblemError(decision.refuse);
    if ('repeat' in decision) return { intent: decision.repeat, view: record.view };
    const { accept: intent, seen } = decision;
    if (await save(submission, record, intent)) return { intent, seen };
  }
  const detail = 'Nothing was done: others keep writing to the record of this rollout. Try again.';
  throw new ProblemError(problem('unavailable', detail, { retryAfterSeconds: 1 }));
}

function lookFor({ call, key, body }: Submission): Promise<RolloutView> {
  return look(call.deps, key, body.command);
}

function isAboutState(refused: Problem): boolean {
  return isKind(refused, 'mismatch', 'not-applicable');
}

function decide(
  { call, body, id, idempotencyKey }: Submission,
  record: RolloutRecord,
  fresh: RolloutView | undefined,
) {
  const { actor, deps } = call;
  const now = deps.world.clock.now();
  const digest = digestOf(body);
  return toIntent({ ...body, record, fresh, idempotencyKey, digest, actor, now, id });
}

async function load(submission: Submission): Promise<RolloutRecord | undefined> {
  try {
    return await submission.call.deps.world.store.load(submission.key);
  } catch (error) {
    throw withoutTable(error, submission, 'Nothing was done.');
  }
}

/** False when somebody else wrote in between. */
async function save(
  submission: Submission,
  record: RolloutRecord,
  intent: Intent,
): Promise<boolean> {
  const { call, body, idempotencyKey } = submission;
  const due = {
    dueAt: Math.min(record.dueAt ?? intent.acceptedAt, intent.acceptedAt),
    dueFor: `command ${body.command.verb}`,
  };
  const intents = [...record.intents, intent];
  try {
    await call.deps.world.store.save({ ...record, intents, ...due });
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

function withoutTable(error: unknown, { body, key }: Submission, what: string): unknown {
  if (!(error instanceof Transient || error instanceof Terminal)) return error;
  const detail =
    `Serin's table is out of order (${error.message}). ${what} ` +
    `This does the same without Serin's table: ${kubectlFor(body.command, key)}`;
  return new ProblemError(problem('unavailable', detail, { retryAfterSeconds: 1 }));
}

/** Runs reconcile now. If that cannot be, the intent waits for it in the table. */
async function carryOut(submission: Submission, accepted: Accepted): Promise<Response> {
  const { call, key } = submission;
  const { world } = call.deps;
  let view: RolloutView;
  try {
    ({ view } = await world.invoke({ key }));
  } catch (error) {
    if (error instanceof NotFound) throw notFound(key);
    await wakeLater(submission, error);
    return pending(submission, accepted);
  }
  const record = await reload(submission);
  const intent = record?.intents.find(({ id }) => id === accepted.intent.id);
  if (intent?.outcome === undefined) return pending(submission, { ...accepted, view });
  return settled(submission, { ...accepted, intent, view });
}

/** The command is safe in the table and due: the queue only makes it sooner than the sweep. */
async function wakeLater({ call, key }: Submission, error: unknown): Promise<void> {
  const { wakes, log } = call.deps.world;
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
async function reload({ call, key }: Submission): Promise<RolloutRecord | undefined> {
  const { store, log } = call.deps.world;
  try {
    return await store.load(key);
  } catch (error) {
    log('warn', 'the outcome of a command could not be read', { rollout: keyText(key), error });
    return undefined;
  }
}

function pending({ key, call }: Submission, { intent, seen, view }: Accepted): Response {
  const headers = {
    location: `${call.root}${pathOf(key)}/commands/${intent.id}`,
    'retry-after': '1',
  };
  return answer(commandAnswer(intent, around(seen, view)), { status: 202, headers });
}

function settled({ key, call }: Submission, { intent, seen, view }: Accepted): Response {
  const { outcome, id } = intent;
  if (outcome === undefined || outcome.result === 'done') {
    return answer(commandAnswer(intent, around(seen, view)));
  }
  const command = `${call.root}${pathOf(key)}/commands/${id}`;
  throw new ProblemError(problem(outcome.result, outcome.detail, { command, outcome }));
}

function around(seen: Seen | undefined, view: RolloutView | undefined): Partial<CommandAnswer> {
  return {
    ...(seen === undefined ? {} : { before: standingBefore(seen) }),
    ...(view === undefined ? {} : { after: standingAfter(view), rollout: view }),
  };
}
