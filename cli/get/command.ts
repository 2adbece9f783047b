import type { Command } from 'commander';
import type { Millis } from '../../lib/model/units.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, type GlobalOptions, type Io } from '../io.ts';
import { type Look, look, looks } from '../look.ts';
import { printsAll, sayData, sayNames, toYaml } from '../output.ts';
import { targetOf } from '../target.ts';
import { toJson } from '../text.ts';
import { rolloutTree } from '../tree.ts';
import { analysisWords, getAnalysis } from './analysis.ts';
import { routeLines } from './routes.ts';

type Options = { watch?: boolean; routes?: boolean };

export function addGet(program: Command, cli: Cli): void {
  printsAll(program.command('get'))
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
    .option(
      '--routes',
      'also show the weights and routes of each object of a router, as -o wide does',
    )
    .option('-w, --watch', 'keep showing it as it changes, until Ctrl-C')
    .addHelpText(
      'after',
      `
Examples:
  serin get front-api
  serin get front-api --watch
  serin get front-api --routes
  serin get rollout front-api -n shop -o json
  serin get front-api -o yaml
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
    if (options.output === 'name') sayNames(io, 'rollout', [view]);
    else if (!sayData(io, options.output, view)) io.say(picture(view, now));
    return exitCodes.ok;
  }
  if (options.output === 'name') {
    throw usageError('a name does not change', 'Leave out --watch, or take another -o.');
  }
  const show =
    options.output === 'json' || options.output === 'yaml'
      ? documents(io, options.output)
      : io.terminal
        ? await redraw(picture)
        : frames(io, picture);
  for await (const seen of looks(client, path, io)) show(seen);
  return exitCodes.interrupted;
}

type Shown = Options & Pick<GlobalOptions, 'output'>;
type Picture = (view: RolloutView, now: Millis) => string;

function pictureFor({ routes, output }: Shown, { colour }: Io): Picture {
  const isWide = routes || output === 'wide';
  return (view, now) =>
    [rolloutTree(view, now, colour), ...(isWide ? ['', ...routeLines(view)] : [])].join('\n');
}

/** One line of JSON, or one document of YAML, for each change. */
function documents(io: Io, form: 'json' | 'yaml'): (seen: Look) => void {
  return ({ view, changed }) => {
    if (changed && form === 'json') io.say(toJson(view));
    else if (changed) io.write(`---\n${toYaml(view)}`);
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
