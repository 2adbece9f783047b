import type { Command } from 'commander';
import type { Millis } from '../../lib/model/units.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, type Io, sayJson } from '../io.ts';
import { type Look, look, looks } from '../look.ts';
import { targetOf } from '../target.ts';
import { toJson } from '../text.ts';
import { rolloutTree } from '../tree.ts';
import { analysisWords, getAnalysis } from './analysis.ts';
import { routeLines } from './routes.ts';

type Options = { watch?: boolean; routes?: boolean };

export function addGet(program: Command, cli: Cli): void {
  program
    .command('get')
    .helpGroup('Look:')
    .summary('show a rollout as a tree')
    .description(
      'Shows a rollout, its revisions and their pods, as `kubectl argo rollouts get rollout` does.',
    )
    .argument(
      '<name...>',
      'the rollout, also as `rollout NAME` or `rollout/NAME`; or `analysis [NAME]`: the analysis runs of ' +
        'the namespace, or what one (or the newest of a rollout) has measured, as a chart',
    )
    .option('--routes', 'also show what each object of a router has: its weights and routes')
    .option('-w, --watch', 'keep showing it as it changes, until Ctrl-C')
    .addHelpText(
      'after',
      `
Examples:
  serin get front-api
  serin get front-api --watch
  serin get front-api --routes
  serin get rollout front-api -n shop -o json
  serin get analysis
  serin get analysis front-api-68f7d86788-2`,
    )
    .action(action<Options>(cli, get));
}

async function get(call: Call<Options>) {
  const { options, io } = call;
  const words = analysisWords(call.args);
  if (words !== undefined) {
    if (options.watch !== true && options.routes !== true) return await getAnalysis(call, words);
    throw usageError('--watch and --routes are for rollouts', 'Leave them out for an analysis.');
  }
  const { client, path } = targetOf(call);
  const picture = pictureFor(options, io);
  if (options.watch !== true) {
    const { view, now } = await look(client, path);
    if (options.output === 'json') sayJson(io, view);
    else io.say(picture(view, now));
    return exitCodes.ok;
  }
  const show =
    options.output === 'json'
      ? jsonLines(io)
      : io.terminal
        ? await redraw(picture)
        : frames(io, picture);
  for await (const seen of looks(client, path, io)) show(seen);
  return exitCodes.interrupted;
}

type Picture = (view: RolloutView, now: Millis) => string;

function pictureFor({ routes }: Options, { colour }: Io): Picture {
  return (view, now) =>
    [rolloutTree(view, now, colour), ...(routes ? ['', ...routeLines(view)] : [])].join('\n');
}

function jsonLines(io: Io): (seen: Look) => void {
  return ({ view, changed }) => {
    if (changed) io.say(toJson(view));
  };
}

/** On a terminal one picture is kept up to date, its ages as well. */
async function redraw(picture: Picture): Promise<(seen: Look) => void> {
  const { default: logUpdate } = await import('log-update');
  return ({ view, now }) => logUpdate(picture(view, now));
}

/** In a log every change is a picture of its own. */
function frames(io: Io, picture: Picture): (seen: Look) => void {
  let last: RolloutView | undefined;
  return ({ view, now, changed }) => {
    if (!changed) return;
    if (last !== undefined) io.say('');
    io.say(picture(view, now));
    last = view;
  };
}
