import type { Command } from 'commander';
import type { RolloutView } from '../../lib/model/view.ts';
import { humanAge } from '../../lib/view/words.ts';
import { apiPath, makeClient } from '../client.ts';
import { exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { markedIn, markWords } from '../marks.ts';
import { pages } from '../pages.ts';
import { columns, plainAll } from '../text.ts';
import { phaseText } from '../tree.ts';

export function addList(program: Command, cli: Cli): void {
  program
    .command('list')
    .alias('ls')
    .helpGroup('Look:')
    .summary('list the rollouts of a namespace')
    .description('Lists the rollouts of a namespace as Serin last saw them.')
    .addHelpText(
      'after',
      `
Examples:
  serin list
  serin list -n shop --cluster eu-1
  serin list -o json | jq -r '.items[] | select(.phase == "Paused") | .name'`,
    )
    .action(action(cli, list));
}

async function list({ options, io }: Call<unknown>) {
  const client = makeClient(options, io);
  const { cluster, namespace } = client.connection;
  const path = apiPath({ cluster, namespace });
  const { items, unreadable, now } = await pages<RolloutView>(
    client,
    path,
    Number.POSITIVE_INFINITY,
  );
  for (const { name, reason } of plainAll(unreadable))
    io.warn(`${name} cannot be shown: ${reason}`);
  if (options.output === 'json') sayJson(io, { items });
  else if (items.length === 0 && unreadable.length === 0)
    io.warn(`No rollouts in namespace ${namespace}.`);
  else for (const line of columns(table(plainAll(items), now, io.colour))) io.say(line);
  return exitCodes.ok;
}

function table(views: RolloutView[], now: number, colour: boolean): string[][] {
  const head = [
    'NAME',
    'STRATEGY',
    'STATUS',
    'STEP',
    'WEIGHT',
    'READY',
    'DESIRED',
    'UPDATED',
    'AGE',
  ];
  const rows = views.map((view) => [
    view.name,
    view.strategy,
    phaseText(view.phase, colour) + markOf(view),
    view.step === undefined ? '-' : `${view.step.index}/${view.step.count}`,
    String(view.setWeight ?? '-'),
    `${view.replicas.ready}/${view.replicas.current}`,
    String(view.replicas.desired),
    String(view.replicas.updated),
    humanAge(now - view.createdAt),
  ]);
  return [head, ...rows];
}

function markOf(view: RolloutView): string {
  const marked = markedIn(view);
  return marked === undefined ? '' : `, ${markWords[marked.mark].toLowerCase()}`;
}
