import type { Command } from 'commander';
import type { FleetRow } from '../../lib/model/fleet.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { apiPath, type Client, makeClient } from '../client.ts';
import { exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli } from '../io.ts';
import { printsAll, sayData, sayNames } from '../output.ts';
import { pages } from '../pages.ts';
import { columns, plainAll } from '../text.ts';
import { fleetTable, rolloutTable } from './tables.ts';

type Options = { allNamespaces?: true };

export function addList(program: Command, cli: Cli): void {
  printsAll(program.command('list'))
    .alias('ls')
    .helpGroup('Look:')
    .summary('list the rollouts of a namespace, or of a cluster')
    .description(
      'Lists the rollouts of a namespace as Serin last saw them. With --all-namespaces, those of the ' +
        'cluster that you may read; of these, JSON and YAML have the rows that the API calls the fleet.',
    )
    .option('-A, --all-namespaces', 'those of all namespaces of the cluster')
    .addHelpText(
      'after',
      `
-o wide also shows the images, and what each waits for or says. -o name prints one name a line. -o json and
-o yaml print what the API answers (docs/openapi.json).

Examples:
  serin list
  serin list -n shop --cluster eu-1
  serin list -A -o wide
  serin list -o name
  serin list -o json | jq -r '.items[] | select(.phase == "Paused") | .name'`,
    )
    .action(action<Options>(cli, (call) => list(call, cli.namespaces)));
}

type Row = { name: string; namespace: string };
type Listed = { items: Row[]; unreadable: (Row & { reason: string })[]; table: string[][] };

async function list({ options, io }: Call<Options>, given: string[]) {
  if (options.allNamespaces && given.length > 0) {
    throw usageError('--all-namespaces and --namespace exclude each other', 'Leave out one.');
  }
  const client = makeClient(options, io);
  const { cluster, namespace } = client.connection;
  const form = { isWide: options.output === 'wide', colour: io.colour };
  const found = options.allNamespaces
    ? await ofCluster(client, form)
    : await ofNamespace(client, form);
  for (const each of plainAll(found.unreadable)) {
    const name = options.allNamespaces ? `${each.namespace}/${each.name}` : each.name;
    io.warn(`${name} cannot be shown: ${each.reason}`);
  }
  const { items, unreadable } = found;
  if (options.output === 'name') sayNames(io, 'rollout', items);
  else if (sayData(io, options.output, { items })) return exitCodes.ok;
  else if (items.length === 0 && unreadable.length === 0) {
    const where = options.allNamespaces ? `cluster ${cluster}` : `namespace ${namespace}`;
    io.warn(`No rollouts in ${where}.`);
  } else for (const line of columns(found.table)) io.say(line);
  return exitCodes.ok;
}

type Form = { isWide: boolean; colour: boolean };

async function ofNamespace(client: Client, form: Form): Promise<Listed> {
  const { cluster, namespace } = client.connection;
  const path = apiPath({ cluster, namespace });
  const { items, unreadable, now } = await pages<RolloutView>(client, path, Infinity);
  return { items, unreadable, table: rolloutTable(plainAll(items), { now, ...form }) };
}

async function ofCluster(client: Client, form: Form): Promise<Listed> {
  const query = new URLSearchParams({ cluster: client.connection.cluster });
  const path = `/v1/rollouts?${query}`;
  const { items, unreadable } = await pages<FleetRow>(client, path, Infinity);
  return { items, unreadable, table: fleetTable(plainAll(items), form) };
}
