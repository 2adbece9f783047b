import type { Command } from 'commander';
import type { Explanation } from '../../lib/api/explain.ts';
import type { Reason, Wake } from '../../lib/model/plan.ts';
import { type Millis, toTime } from '../../lib/model/units.ts';
import { exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { bodyOf, fresh } from '../look.ts';
import { statusLine } from '../status/status.ts';
import { targetOf } from '../target.ts';
import { distance, plain } from '../text.ts';

export function addExplain(program: Command, cli: Cli): void {
  program
    .command('explain')
    .helpGroup('Look:')
    .summary('say what a rollout waits for, and what would move it on')
    .description(
      'Says why a rollout is where it is and not further: what it waits for, since when, until ' +
        'when, and what would unblock it.',
    )
    .argument('<name>', 'the rollout')
    .addHelpText(
      'after',
      `
Examples:
  serin explain front-api
  serin explain front-api -o json | jq -r '.reasons[].unblock'`,
    )
    .action(action(cli, explain));
}

async function explain(call: Call<unknown>) {
  const { options, io } = call;
  const { client, path } = targetOf(call);
  const answer = await client.get<Explanation>(fresh(`${path}/explain`));
  const explanation = bodyOf(answer);
  if (options.output === 'json') sayJson(io, explanation);
  else {
    io.say(`${plain(explanation.name)}: ${statusLine(explanation, io.colour)}`);
    for (const line of reasonLines(explanation.reasons, answer.now)) io.say(line);
    io.say(wakeLine(explanation.wake, answer.now));
  }
  return exitCodes.ok;
}

/** Each reason with its since, until and what would unblock it on lines of their own. */
export function reasonLines(reasons: Reason[], now: Millis): string[] {
  return reasons.flatMap(({ text, since, until, next, unblock }) => [
    `  ${plain(next ? withNext(text, next, now) : text)}`,
    ...(since === undefined ? [] : [`    since ${when(Math.min(since, now), now)}`]),
    ...(until === undefined ? [] : [`    until ${when(until, now)}`]),
    ...(unblock === undefined ? [] : [`    to move it on: ${plain(unblock)}`]),
  ]);
}

function withNext(text: string, { at, what }: NonNullable<Reason['next']>, now: Millis): string {
  return `${text.replace(/\.$/, '')}; next ${what} ${distance(Math.max(at, now), now)}.`;
}

function wakeLine(wake: Wake, now: Millis): string {
  if ('waitsFor' in wake) return `  Serin looks again on: ${plain(wake.waitsFor)}`;
  return `  Serin looks again at ${when(wake.at, now)}: ${plain(wake.why)}`;
}

function when(at: Millis, now: Millis): string {
  return `${toTime(at)} (${distance(at, now)})`;
}
