import { setTimeout as delay } from 'node:timers/promises';
import type { CommandAnswer } from '../lib/api/answers.ts';
import type { Outcome } from '../lib/model/intent.ts';
import { secondMs } from '../lib/model/units.ts';
import type { Answer, Client } from './client.ts';
import { CliError, type ExitCode, exitCodes } from './exit.ts';
import { type Call, sayJson } from './io.ts';
import { bodyOf } from './look.ts';
import { markedLine } from './status.ts';
import { targetOf } from './target.ts';
import { plain } from './text.ts';

/** How long an accepted command may take to have an outcome: it expires on the server after 60 s. */
const outcomeTimeoutMs = 90 * secondMs;

/** Sends a command, waits for its outcome, and says what it did to the release. */
export async function sendCommand(
  verb: string,
  body: object,
  call: Call<unknown>,
): Promise<ExitCode> {
  const { options, io } = call;
  const { client, key, path } = targetOf(call);
  const first = await client.post<CommandAnswer>(`${path}/${verb}`, body);
  const answer = await settled(client, first, io.stop);
  if (options.output === 'json') sayJson(io, answer);
  else {
    io.say(`${key.name}: ${plain(answer.outcome.detail)}`);
    if (answer.rollout !== undefined) io.say(markedLine(answer.rollout, io.colour));
  }
  return answer.outcome.result === 'done' ? exitCodes.ok : exitCodes.refused;
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
