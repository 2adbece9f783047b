import { setTimeout as delay } from 'node:timers/promises';
import type { CommandAnswer } from '../../lib/api/answers.ts';
import type { Outcome } from '../../lib/model/intent.ts';
import { type Millis, secondMs } from '../../lib/model/units.ts';
import type { Answer, Client } from '../client.ts';
import { CliError, type ExitCode, exitCodes } from '../exit.ts';
import { type Call, type Io, sayJson } from '../io.ts';
import { bodyOf } from '../look.ts';
import { markedLine } from '../status/status.ts';
import { targetOf } from '../target.ts';
import { plain } from '../text.ts';

/** How long an accepted command may take to have an outcome: it expires on the server after 60 s. */
const outcomeTimeoutMs = 90 * secondMs;
/** A command without an outcome for so long is said to wait; one without any answer, a little later. */
const silentMs = 2 * secondMs;
const unansweredMs = 4 * secondMs;

/** Sends a command, waits for its outcome, and says what it did to the release. */
export async function sendCommand(
  verb: string,
  body: object,
  call: Call<unknown>,
): Promise<ExitCode> {
  const { options, io } = call;
  const { client, key, path } = targetOf(call);
  const sentAt = Date.now();
  const posted = client.post<CommandAnswer>(`${path}/${verb}`, body);
  const first = await saying(
    io,
    'sent, waiting for an answer of the server …',
    unansweredMs,
    posted,
  );
  const settling = settled(client, first, io.stop);
  const leftMs = sentAt + silentMs - Date.now();
  const answer = await saying(io, 'accepted, waiting for the cluster …', leftMs, settling);
  if (options.output === 'json') sayJson(io, answer);
  else {
    io.say(`${key.name}: ${plain(answer.outcome.detail)}`);
    if (answer.rollout !== undefined) io.say(markedLine(answer.rollout, io.colour));
  }
  return answer.outcome.result === 'done' ? exitCodes.ok : exitCodes.refused;
}

/** Says on standard error what is waited for, if it takes longer than that. */
async function saying<T>(
  { warn }: Io,
  what: string,
  afterMs: Millis,
  done: Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => warn(`serin: ${what}`), Math.max(0, afterMs));
  return await done.finally(() => clearTimeout(timer));
}

type Settled = CommandAnswer & { outcome: Outcome };

/** Asks after an accepted command until it has an outcome. */
async function settled(
  client: Client,
  first: Answer<CommandAnswer>,
  stop: AbortSignal,
): Promise<Settled> {
  const endsAt = Date.now() + outcomeTimeoutMs;
  for (let answer = first; ; ) {
    const body = bodyOf(answer);
    const { outcome } = body;
    if (outcome !== undefined) return { ...body, outcome };
    const location = answer.location ?? first.location;
    if (location === undefined || Date.now() > endsAt) {
      throw new CliError('the command was accepted, and has had no effect yet', {
        exitCode: exitCodes.timeout,
        hint: '`serin get` shows the rollout, `serin history` what became of the command.',
      });
    }
    await delay(answer.retryAfterMs ?? secondMs, undefined, { signal: stop });
    answer = await client.get<CommandAnswer>(location);
  }
}
