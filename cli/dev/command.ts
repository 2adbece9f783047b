import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { defined } from '../../lib/model/defined.ts';
import { secondMs } from '../../lib/model/units.ts';
import type { Objects } from '../../server/apply.ts';
import type { Embedded } from '../../server/embedded.ts';
import { messagingIn, settingsOption } from '../channels.ts';
import { announceServer, serverFile, withdrawServer } from '../connection.ts';
import { exitCodes } from '../exit.ts';
import { action, type Call, type Cli, type Io } from '../io.ts';
import { readExample, readObjects } from '../manifest.ts';
import { isLeftAlone } from '../marks.ts';
import { pageAddress } from '../page.ts';
import { happened, logTo, port, portDefault, stopped } from '../process.ts';
import { markedLine } from '../status/status.ts';
import { inventedLines, plainAll } from '../text.ts';
import { ownUserAgent } from '../version.ts';

type Options = {
  port: number;
  speed: number;
  data?: string;
  settings?: string;
  verbose?: true;
};

/** How long the first turns may take before commands are offered all the same. */
const firstTurnMs = 5 * secondMs;

export function addDev(program: Command, cli: Cli): void {
  program
    .command('dev')
    .helpGroup('Try it:')
    .summary('run Serin on a simulated cluster, with its API, on this machine')
    .description(
      'Runs all of Serin in this process on a simulated cluster: nothing real is touched. The ' +
        'manifests are applied at the start; without one, an example is. Commands in other ' +
        'terminals find the server by themselves. Ctrl-C ends it.',
    )
    .argument('[file...]', 'manifests with Rollouts')
    .option('--port <n>', 'port of the API on 127.0.0.1, 0 for any', port, portDefault)
    .option('--speed <n>', 'how many times faster than real time', speed, 1)
    .addOption(
      // A faster clock runs ahead, and the next start would find a table from the future.
      new Option(
        '--data <dir>',
        'keep the table in this folder; without it, in memory (not with --speed)',
      ).conflicts('speed'),
    )
    .option(...settingsOption)
    .option('--verbose', 'print every write')
    .addHelpText(
      'after',
      `
Examples:
  serin dev
  serin dev rollout.yaml --speed 10
  serin dev examples/front-api.yaml --data .serin`,
    )
    .action(action<Options>(cli, dev));
}

/** A factor on time, for commander. */
export function speed(text: string): number {
  const number = Number(text);
  if (number >= 0.1 && number <= 1000) return number;
  throw new InvalidArgumentError('It must be a number from 0.1 to 1000.');
}

async function dev({ args, options, io }: Call<Options>) {
  const { namespace = 'default' } = options;
  const objects =
    args.length > 0 ? await readObjects(args, namespace, io) : await readExample(namespace);
  const messaging = await messagingIn(options.settings, io);
  // Loads what no other command needs.
  const { startEmbedded } = await import('../../server/embedded.ts');
  // What happens is told once it was said what there is.
  const early: string[] = [];
  let tell = (line: string): void => void early.push(line);
  const embedded = await startEmbedded({
    port: options.port,
    speed: options.speed,
    ...defined({ dir: options.data }),
    told: { ...messaging, env: io.env, userAgent: ownUserAgent() },
    log: logTo(io, options.verbose === true),
    onLedger: (key, entry) => tell(happened(key, entry)),
  });
  const { server, token, cluster } = embedded;
  try {
    announceServer({ server, token, cluster, pid: process.pid, command: 'serin dev' }, io.env);
    const invented = embedded.apply(objects);
    const over = AbortSignal.any([io.stop, AbortSignal.timeout(firstTurnMs)]);
    const applied = await Promise.all(
      objects.Rollout.map(async (rollout) => ({
        rollout: plainAll(rollout),
        held: await whyHeld(rollout, embedded, over),
      })),
    );
    const notes = [...inventedLines(invented), ...analysisNotes(objects)];
    for (const line of [...welcome(embedded, applied, io.env, notes), ...early]) io.say(line);
    tell = io.say;
    await stopped(io.stop);
  } finally {
    withdrawServer(process.pid, io.env);
    await embedded.close();
  }
  return exitCodes.ok;
}

/** `held`: why it does not do what the commands are for. */
type Applied = { rollout: Rollout; held: string | undefined };

/** Of a rollout that was applied a moment ago: what is degraded by now has a fault in its spec. */
async function whyHeld(
  { metadata = {} }: Rollout,
  { cluster, firstView }: Embedded,
  over: AbortSignal,
): Promise<string | undefined> {
  const { namespace = 'default', name = '' } = metadata;
  const view = await firstView({ cluster, namespace, name }, over);
  const isHeld = view !== undefined && (isLeftAlone(view) || view.phase === 'Degraded');
  return isHeld ? markedLine(view) : undefined;
}

function analysisNotes({ AnalysisTemplate, ClusterAnalysisTemplate }: Objects): string[] {
  const count = AnalysisTemplate.length + ClusterAnalysisTemplate.length;
  const text = 'All metrics of analyses succeed here; `serin simulate --metric` gives them values.';
  return count === 0 ? [] : [text];
}

function welcome(
  { server, token, cluster }: Embedded,
  applied: Applied[],
  env: Io['env'],
  notes: string[],
): string[] {
  const driven = applied.find(({ held }) => held === undefined);
  const { metadata = {}, spec } = (driven ?? applied[0])?.rollout ?? {};
  const { name = 'NAME', namespace = 'default' } = metadata;
  const container = spec?.template?.spec?.containers?.[0]?.name ?? 'CONTAINER';
  const on = namespace === 'default' ? name : `${name} -n ${namespace}`;
  // What was typed to get here works in the other terminal too.
  const serin = env.npm_command === 'exec' ? 'npx serin' : 'serin';
  return [
    `Serin runs on a simulated cluster called ${cluster}; nothing real is touched.`,
    `The API is at ${server}, the token in ${serverFile(process.pid, env)}: other terminals find both.`,
    `The page: ${pageAddress(server, { token })}`,
    `Applied: ${applied.map(({ rollout }) => rollout.metadata?.name).join(', ') || 'nothing'}.`,
    ...applied.flatMap(({ rollout, held }) => (held ? [`${rollout.metadata?.name}: ${held}`] : [])),
    ...notes,
    '',
    'Type in another terminal:',
    `  ${serin} get ${on} --watch`,
    ...(driven ? [`  ${serin} set image ${on} ${container}=${container}:new-tag`] : []),
    `  ${serin} explain ${on}`,
    ...(driven ? [`  ${serin} promote ${on} --reason "looks good"`] : []),
    '',
    'Ctrl-C ends it. What happens:',
  ];
}
