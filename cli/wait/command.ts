import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Millis, minuteMs, parseGoDuration, secondMs } from '../../lib/model/units.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { CliError, type ExitCode, exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { looks } from '../look.ts';
import { isLeftAlone } from '../marks.ts';
import { wholeNumber } from '../numbers.ts';
import { markedLine } from '../status/status.ts';
import { targetOf } from '../target.ts';
import { plain } from '../text.ts';
import { arrival, type Expected, expectedText, formerText, versionText } from './expected.ts';

export type WaitOptions = Expected & {
  for: 'healthy' | 'paused' | 'degraded';
  timeout: Millis;
};

export function addWait(program: Command, cli: Cli): void {
  program
    .command('wait')
    .helpGroup('Look:')
    .summary('wait until a rollout is healthy, paused or degraded')
    .description(
      'Waits until a rollout is in a phase, and prints the phases on the way. It exits with 1 as soon ' +
        'as the rollout is Degraded (unless that is what it waits for), with 2 after the timeout, and ' +
        'with 4 at once if Serin does not drive it. A Healthy rollout will not pause any more, so the wait ' +
        'for a pause then exits with 0. Use --expect-image or --expect-revision to name the version that ' +
        'you mean. Without them, the phase can be that of the version before. If another version replaces ' +
        'the one you named, the wait exits with 1.',
    )
    .argument('<name>', 'the rollout')
    .addOption(
      new Option('--for <phase>', 'what to wait for')
        .choices(['healthy', 'paused', 'degraded'])
        .default('healthy'),
    )
    .addOption(timeoutOption())
    .addOption(expectImageOption())
    .addOption(expectRevisionOption())
    .addHelpText(
      'after',
      `
Examples:
  serin wait front-api --for paused --expect-image registry.example/front-api:4f2a9c1
  serin wait front-api --for healthy --timeout 30m`,
    )
    .action(action<WaitOptions>(cli, wait));
}

export function timeoutOption(): Option {
  return new Option('--timeout <duration>', 'give up after this long, 0 for never')
    .argParser(durationMs)
    .default(10 * minuteMs, '10m');
}

export function expectImageOption(): Option {
  return new Option('--expect-image <image>', 'wait for the version that names this image');
}

export function expectRevisionOption(): Option {
  return new Option('--expect-revision <n>', 'wait for this revision').argParser(wholeNumber);
}

/** A Go duration, for commander. */
export function durationMs(text: string): Millis {
  const spanMs = parseGoDuration(text);
  if (spanMs !== undefined && spanMs >= 0) return spanMs;
  throw new InvalidArgumentError('Write it like 90s, 10m or 1h30m.');
}

/** Looks until the rollout is in the phase, or Degraded, or the time is up. */
export async function wait(call: Call<WaitOptions>): Promise<ExitCode> {
  const { options, io } = call;
  const { client, path } = targetOf(call);
  const timeUp =
    options.timeout === 0 ? [] : [AbortSignal.timeout(Math.min(options.timeout, timerMaxMs))];
  const stop = AbortSignal.any([io.stop, ...timeUp]);
  let last: RolloutView | undefined;
  let said = '';
  const isThere = arrival(options);
  let hasCome = false;
  for await (const { view } of looks(client, path, { stop, warn: io.warn, slowestMs })) {
    const isFirst = last === undefined;
    last = view;
    if (!isThere(view) && !isLeftAlone(view)) {
      if (isFirst) io.warn(`serin: ${awaited(view, options)}`);
      continue;
    }
    hasCome = true;
    const line = markedLine(view, io.colour);
    if (options.output === 'text' && line !== said) io.say(line);
    said = line;
    if (isLeftAlone(view)) {
      if (options.output === 'json') sayJson(io, view);
      return exitCodes.leftAlone;
    }
    const isOver = options.for === 'paused' && view.phase === 'Healthy';
    if (isOver) io.warn(`serin: the release is over, so there is no pause to wait for`);
    const reached = isOver || view.phase.toLowerCase() === options.for;
    if (!reached && view.phase !== 'Degraded') continue;
    if (options.output === 'json') sayJson(io, view);
    return reached ? exitCodes.ok : exitCodes.refused;
  }
  io.stop.throwIfAborted();
  const missed = hasCome ? `is not ${options.for}` : `did not come to ${expectedText(options)}`;
  throw new CliError(
    last === undefined
      ? 'the time is up, and nothing is known of the rollout yet'
      : plain(`the time is up, and ${last.name} ${missed}: ${stateOf(last, options, hasCome)}`),
    {
      exitCode: exitCodes.timeout,
      hint: '`serin explain` says what it waits for; a larger --timeout gives it longer.',
    },
  );
}

function awaited(view: RolloutView, options: WaitOptions): string {
  return plain(`${view.name} is at ${versionText(view)}; ${expectedText(options)} is waited for`);
}

function stateOf(view: RolloutView, options: WaitOptions, hasCome: boolean): string {
  if (hasCome) return `it is ${view.phase}`;
  return `it is ${view.phase} at ${versionText(view)}${formerText(view, options)}`;
}

/** A pipeline may wait for an hour. */
const slowestMs = 5 * secondMs;
/** The longest time a timer of Node keeps. */
const timerMaxMs = 2 ** 31 - 1;
