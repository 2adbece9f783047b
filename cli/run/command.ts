import { type Command, InvalidArgumentError, Option } from 'commander';
import { Terminal } from '../../lib/errors.ts';
import type { Context } from '../../lib/kubernetes/kubeconfig.ts';
import type { Held } from '../../lib/kubernetes/lease.ts';
import { defined } from '../../lib/model/defined.ts';
import type { Log } from '../../lib/world.ts';
import type { Observed } from '../../server/observed.ts';
import type { Run } from '../../server/run.ts';
import { messagingIn, settingsOption } from '../channels.ts';
import { announceServer, withdrawServer } from '../connection.ts';
import { CliError, type ExitCode, exitCodes } from '../exit.ts';
import { action, type Call, type Cli, type Io } from '../io.ts';
import {
  contextIn,
  contextOption,
  isOfPod,
  type KubeconfigOptions,
  kubeconfigIn,
  kubeconfigOption,
  namespacesIn,
  onlyOfContext,
} from '../kubeconfig.ts';
import { metricsRoleOption } from '../metricsRole.ts';
import { pageAddress } from '../page.ts';
import { happened, logTo, now, port, portDefault, stopped } from '../process.ts';
import { columns, plain, plainAll } from '../text.ts';
import { ownUserAgent } from '../version.ts';

type Options = KubeconfigOptions & {
  allNamespaces?: true;
  instanceId: string;
  port: number;
  data?: string;
  inMemory?: true;
  lease?: Lease;
  settings?: string;
  metricsRole?: string;
  metricsPort?: number;
  metricsHost: string;
  verbose?: true;
};

type Lease = { namespace: string; name: string };

export function addRun(program: Command, cli: Cli): void {
  program
    .command('run')
    .helpGroup('On a cluster:')
    .summary('run Serin as a process on a real cluster')
    .description(
      'Drives the Rollouts of a cluster from this process, in place of the controller of Argo ' +
        'Rollouts, and serves the API on 127.0.0.1. Stop that controller first, or give each an ' +
        'instance id of its own. At the start Serin names other controllers that drive them. It does not ' +
        'touch a Rollout that another controller writes to. Without --namespace, which may be given ' +
        'several times, it drives those of all namespaces; without --kubeconfig too, those of the ' +
        'namespace that the context names, if it names one. ' +
        'It waits for an API server that does not answer ' +
        'yet. Ctrl-C or SIGTERM ends it; the releases continue when it is started again.',
    )
    .option(...kubeconfigOption)
    .option(...contextOption)
    .option('-A, --all-namespaces', 'those of all namespaces, whatever the context names')
    .option('--instance-id <id>', 'only Rollouts with this controller-instance-id label', '')
    .option('--port <n>', 'port of the API on 127.0.0.1, 0 for any', port, portDefault)
    .option(
      '--data <dir>',
      'keep the table in this folder (default: a folder for each cluster in $XDG_STATE_HOME/serin/run ' +
        'or ~/.local/state/serin/run, which only this user can read)',
    )
    .addOption(
      new Option(
        '--in-memory',
        'keep the table in memory: history ends with the process',
      ).conflicts('data'),
    )
    .option(
      '--lease <namespace/name>',
      'of several with the same Lease one drives, and another takes over within 15 s when it ends',
      leaseOf,
    )
    .option(...settingsOption)
    .option(...metricsRoleOption)
    .option(
      '--metrics-port <n>',
      "serve /metrics, /healthz and /readyz on this port; Argo's controller has 8090",
      port,
    )
    .option('--metrics-host <address>', 'on this address; 0.0.0.0 in a container', '127.0.0.1')
    .option('--verbose', 'print every write')
    .addHelpText(
      'after',
      `
Examples:
  serin run
  serin run --context staging -n shop -n web
  serin run --kubeconfig ~/.kube/config --instance-id serin --data /var/lib/serin
  serin run --lease serin/serin --in-memory --metrics-port 8090 --metrics-host 0.0.0.0   # in a pod`,
    )
    .action(action<Options>(cli, (call) => run(call, cli.namespaces)));
}

/** A Lease's place, for commander. */
function leaseOf(text: string): Lease {
  const [namespace = '', name = '', ...more] = text.split('/');
  const isName = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;
  if (more.length === 0 && isName.test(namespace) && isName.test(name)) return { namespace, name };
  throw new InvalidArgumentError('It must be NAMESPACE/NAME, such as serin/serin.');
}

async function run(call: Call<Options>, given: string[]): Promise<ExitCode> {
  const { options, io } = call;
  const { context, namespaces } = whereIn(options, given, io);
  const isNarrowed = namespaces.length > given.length;
  const observed = await startedObserved(options, logOf(call));
  const where = {
    namespaces,
    ...defined({ observed, narrowedBy: isNarrowed ? context : undefined }),
  };
  try {
    const { lease } = options;
    if (lease === undefined) return await drive(call, where);
    while (!io.stop.aborted) {
      const held = await stoodBy(call, lease, observed);
      if (held === undefined) break;
      io.say(`${now()}  This process holds the Lease ${lease.namespace}/${lease.name}.`);
      try {
        await drive(call, { ...where, held });
      } finally {
        await held.release();
      }
      observed?.standsBy();
    }
    return exitCodes.ok;
  } finally {
    observed?.close();
  }
}

async function stoodBy(call: Call<Options>, lease: Lease, observed?: Observed) {
  const { options, io } = call;
  const { standBy } = await import('../../server/standBy.ts');
  return await standBy({
    ...reach(options, io),
    ...{ lease, env: io.env, userAgent: ownUserAgent(), log: logOf(call) },
    onHolder: (holder) => {
      observed?.standsBy();
      // It was given back, or somebody was quicker.
      if (holder !== '') io.say(`${now()}  Standing by: ${plain(holder)} drives.`);
    },
    signal: io.stop,
  }).catch((error: unknown) => {
    throw refusal(error);
  });
}

function logOf({ options, io }: Call<Options>): Log {
  return logTo(io, options.verbose === true, true);
}

function reach(options: Options, { env }: Io) {
  if (isOfPod(options, env)) return {};
  return { kubeconfig: kubeconfigIn(options, env), ...defined({ context: options.context }) };
}

type Drive = { namespaces: string[]; narrowedBy?: Context; observed?: Observed; held?: Held };

/** Until it is stopped, or loses its Lease. */
async function drive(
  call: Call<Options>,
  { namespaces, narrowedBy, observed, held }: Drive,
): Promise<ExitCode> {
  const { options, io } = call;
  // Loads what no other command needs.
  const { startRun } = await import('../../server/run.ts');
  const cluster = options.cluster ?? 'local';
  const messaging = await messagingIn(options.settings, io);
  const watches = new AbortController();
  // Until it runs there is nothing to bring to an end before the watches.
  const giveUp = () => watches.abort();
  const over = AbortSignal.any([io.stop, ...(held ? [held.lost] : [])]);
  over.addEventListener('abort', giveUp);
  const running = await startRun({
    ...defined({ observed, lease: held }),
    ...reach(options, io),
    namespaces,
    instanceId: options.instanceId,
    cluster,
    port: options.port,
    ...defined({ dir: options.data, metricsRoleArn: options.metricsRole }),
    ...(options.inMemory && { dir: 'memory' }),
    ...messaging,
    env: io.env,
    userAgent: ownUserAgent(),
    log: logOf(call),
    warn: (line) => io.warn(`serin: ${plain(line)}`),
    onLedger: (key, entry) => io.say(happened(key, entry)),
    signal: watches.signal,
  }).catch((error: unknown) => {
    watches.abort();
    if (over.aborted) return undefined;
    throw refusal(error);
  });
  over.removeEventListener('abort', giveUp);
  if (running === undefined) return exitCodes.ok;
  const { server, token } = running;
  try {
    announceServer({ server, token, cluster, pid: process.pid, command: 'serin run' }, io.env);
    const started = { options, io, running, namespaces, ...defined({ observed }) };
    const only = narrowedBy ? [onlyOfContext(narrowedBy)] : [];
    for (const line of [...only, ...startedLines(started)]) io.say(`${now()}  ${line}`);
    await stopped(over);
  } finally {
    withdrawServer(process.pid, io.env);
    await running.close();
    watches.abort();
  }
  return exitCodes.ok;
}

type Started = Pick<Call<Options>, 'options' | 'io'> & {
  running: Run;
  namespaces: string[];
  observed?: { port: number };
};

function startedLines({ options, io, running, namespaces, observed }: Started): string[] {
  const { server, token, dir, leftAlone } = running;
  const where = namespaces.length > 0 ? namespaces.join(', ') : 'all namespaces';
  const whose = options.instanceId === '' ? '' : ` with instance id ${options.instanceId}`;
  const kept =
    dir === 'memory'
      ? 'History is kept in memory, and is gone when this process is.'
      : `History is kept in ${dir}.`;
  const drives = `Serin drives the Rollouts in ${where}${whose}. Its API is at ${server}.`;
  // What is not read by somebody at once is kept in a log, where a token has no place.
  const page = io.terminal ? pageAddress(server, { token }) : 'serin open opens it';
  const metrics =
    observed && `Its metrics are at http://${options.metricsHost}:${observed.port}/metrics.`;
  const told = [drives, kept, `The page: ${page}`, ...(metrics ? [metrics] : [])];
  return [...told, ...leftLines(leftAlone)];
}

/** The context, and the namespaces whose Rollouts are driven; none for all. */
function whereIn(options: Options, given: string[], { env }: Io) {
  try {
    const context = contextIn(options, env);
    return { context, namespaces: namespacesIn({ ...options, namespaces: given }, context) };
  } catch (error) {
    throw refusal(error);
  }
}

function refusal(error: unknown): unknown {
  if (!(error instanceof Terminal)) return error;
  const hint = 'Put that right and start it again; nothing was changed.';
  return new CliError(error.message, { exitCode: exitCodes.unreachable, hint });
}

/** Before anything else: whoever asks hears that it is not ready yet. */
async function startedObserved({ metricsPort, metricsHost }: Options, log: Log) {
  if (metricsPort === undefined) return undefined;
  const { startObserved } = await import('../../server/observed.ts');
  return await startObserved({ port: metricsPort, host: metricsHost }, log);
}

function leftLines(leftAlone: Run['leftAlone']): string[] {
  if (leftAlone.length === 0) return [];
  const rows = leftAlone.map(({ namespace, name, field }) => [`${namespace}/${name}`, field]);
  return [
    'These are left alone, since Serin does not carry out yet what they ask for:',
    ...columns(plainAll(rows)).map((line) => `  ${line}`),
  ];
}
