import type { Command } from 'commander';
import type { RolloutView } from '../../lib/model/view.ts';
import { exitCodes } from '../exit.ts';
import { action, type Call, type Cli, type Io, sayJson } from '../io.ts';
import { type Look, look, looks } from '../look.ts';
import { targetOf } from '../target.ts';
import { toJson } from '../text.ts';
import { rolloutTree } from '../tree.ts';

type Options = { watch?: boolean };

export function addGet(program: Command, cli: Cli): void {
  program
    .command('get')
    .helpGroup('Look:')
    .summary('show a rollout as a tree')
    .description(
      'Shows a rollout, its revisions and their pods, as `kubectl argo rollouts get rollout` does.',
    )
    .argument('<name...>', 'the rollout, also as `rollout NAME` or `rollout/NAME`')
    .option('-w, --watch', 'keep showing it as it changes, until Ctrl-C')
    .addHelpText(
      'after',
      `
Examples:
  serin get front-api
  serin get front-api --watch
  serin get rollout front-api -n shop -o json`,
    )
    .action(action<Options>(cli, get));
}

async function get(call: Call<Options>) {
  const { options, io } = call;
  const { client, path } = targetOf(call);
  if (options.watch !== true) {
    const { view, now } = await look(client, path);
    if (options.output === 'json') sayJson(io, view);
    else io.say(rolloutTree(view, now, io.colour));
    return exitCodes.ok;
  }
  const show =
    options.output === 'json' ? jsonLines(io) : io.terminal ? await redraw(io) : frames(io);
  for await (const seen of looks(client, path, io)) show(seen);
  return exitCodes.interrupted;
}

function jsonLines(io: Io): (seen: Look) => void {
  return ({ view, changed }) => {
    if (changed) io.say(toJson(view));
  };
}

/** On a terminal one picture is kept up to date, its ages as well. */
async function redraw(io: Io): Promise<(seen: Look) => void> {
  const { default: logUpdate } = await import('log-update');
  return ({ view, now }) => logUpdate(rolloutTree(view, now, io.colour));
}

/** In a log every change is a picture of its own. */
function frames(io: Io): (seen: Look) => void {
  let last: RolloutView | undefined;
  return ({ view, now, changed }) => {
    if (!changed) return;
    if (last !== undefined) io.say('');
    io.say(rolloutTree(view, now, io.colour));
    last = view;
  };
}
