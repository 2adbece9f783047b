import { type Accepted, submit } from '../commands/submit.ts';
import type { Seen } from '../decide/commands/seen.ts';
import type { Verb } from '../model/intent.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';
import { type CommandAnswer, commandAnswer, standingAfter, standingBefore } from './answers.ts';
import { readCommand, readQuery } from './body.ts';
import { type Call, keyOf, pathOf } from './call.ts';
import { ProblemError, problem } from './problem.ts';
import { problemOfRefusal } from './refusals.ts';
import { queries } from './requestSchemas.ts';
import { answer } from './respond.ts';

const idempotencyKeyLengthMax = 255;

/** Reads the command of a request, submits it, and tells what became of it in HTTP's words. */
export async function postCommand(call: Call, verb: Verb): Promise<Response> {
  readQuery(queries.none, call.url);
  const idempotencyKey = readIdempotencyKey(call.request);
  const body = await readCommand(verb, call.request);
  const key = keyOf(call);
  const { actor, deps } = call;
  const asked = { ...body, key, actor, ...idempotencyKey, ...readWait(call.request) };
  const submitted = await submit(deps, asked);
  if ('refused' in submitted) throw new ProblemError(problemOfRefusal(submitted.refused));
  const { accepted } = submitted;
  const path = `${call.root}${pathOf(key)}`;
  return accepted.intent.outcome === undefined ? pending(path, accepted) : settled(path, accepted);
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

/** RFC 7240: a preference that is not understood is not there. */
function readWait({ headers }: Request): { waitMs?: Millis } {
  const [, seconds] =
    /(?:^|[,;\s])wait=(\d{1,3})(?:$|[,;\s])/.exec(headers.get('prefer') ?? '') ?? [];
  return seconds === undefined ? {} : { waitMs: Number(seconds) * secondMs };
}

function pending(path: string, { intent, seen, view }: Accepted): Response {
  const headers = { location: `${path}/commands/${intent.id}`, 'retry-after': '1' };
  return answer(commandAnswer(intent, around(seen, view)), { status: 202, headers });
}

function settled(path: string, { intent, seen, view }: Accepted): Response {
  const { outcome, id } = intent;
  if (outcome === undefined || outcome.result === 'done') {
    return answer(commandAnswer(intent, around(seen, view)));
  }
  const command = `${path}/commands/${id}`;
  throw new ProblemError(problem(outcome.result, outcome.detail, { command, outcome }));
}

function around(seen: Seen | undefined, view: RolloutView | undefined): Partial<CommandAnswer> {
  return {
    ...(seen === undefined ? {} : { before: standingBefore(seen) }),
    ...(view === undefined ? {} : { after: standingAfter(view), rollout: view }),
  };
}
