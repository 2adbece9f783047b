import type { Command } from 'commander';
import type { RolloutView } from '../../lib/model/view.ts';
import { type ExitCode, exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { look } from '../look.ts';
import { isLeftAlone, markedIn } from '../marks.ts';
import { targetOf } from '../target.ts';
import {
  expectImageOption,
  expectRevisionOption,
  timeoutOption,
  type WaitOptions,
  wait,
} from '../wait/command.ts';
import { markedLine } from './status.ts';

type Options = Omit<WaitOptions, 'for'> & { wait?: true };

export function addStatus(program: Command, cli: Cli): void {
  program
    .command('status')
    .helpGroup('Look:')
    .summary('show the state of a rollout in one line')
    .description(
      'Shows the state of a rollout in one line. The exit code is 1 if it is Degraded. It is 4 if Serin ' +
        'does not drive the rollout, whatever its phase. With --wait, for pipelines, it waits until the ' +
        'release is over: 0 if it is Healthy, 1 if it is Degraded, 2 after the timeout. With ' +
        '--expect-image or --expect-revision it waits for that version, and also exits with 1 if another ' +
        'replaces it.',
    )
    .argument('<name>', 'the rollout')
    .option('--wait', 'wait until it is Healthy or Degraded, and print the phases on the way')
    .addOption(timeoutOption().implies({ wait: true }))
    .addOption(expectImageOption().implies({ wait: true }))
    .addOption(expectRevisionOption().implies({ wait: true }))
    .addHelpText(
      'after',
      `
Examples:
  serin status front-api
  serin status front-api || serin undo front-api
  serin status front-api --wait --timeout 10m
  serin status front-api --wait --expect-image registry.example/front-api:4f2a9c1
  serin status front-api -o json | jq -r .phase`,
    )
    .action(action<Options>(cli, status));
}

async function status(call: Call<Options>): Promise<ExitCode> {
  const { options, io } = call;
  if (options.wait) return wait({ ...call, options: { ...options, for: 'healthy' } });
  const { client, path } = targetOf(call);
  const { view } = await look(client, path);
  if (options.output === 'json') sayJson(io, statusOf(view));
  else io.say(markedLine(view, io.colour));
  if (isLeftAlone(view)) return exitCodes.leftAlone;
  return view.phase === 'Degraded' ? exitCodes.refused : exitCodes.ok;
}

function statusOf(view: RolloutView) {
  const { name, namespace, cluster, phase, message, revision, step, setWeight } = view;
  const { mark, text, unblock } = markedIn(view) ?? {};
  return {
    ...{ cluster, namespace, name, phase, message, revision, step, setWeight },
    ...(mark && { [mark]: text, unblock }),
  };
}
