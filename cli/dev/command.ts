import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import type { Embedded } from '../../server/embedded.ts';
import { announceServer, serverFile, withdrawServer } from '../connection.ts';
import { exitCodes } from '../exit.ts';
import { action, type Call, type Cli, type Io } from '../io.ts';
import { exampleFile, readObjects } from '../manifest.ts';
import { happened, logTo, port, portDefault, stopped } from '../process.ts';
import { plainAll } from '../text.ts';

type Options = { port: number; speed: number; data?: string; verbose?: true };

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
    .option('--speed <n>', 'how many times as fast time passes', speed, 1)
    .addOption(
      // A faster clock runs ahead, and the next start would find a table from the future.
      new Option(
        '--data <dir>',
        'keep the table in this folder; without it, in memory (not with --speed)',
      ).conflicts('speed'),
    )
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
  const files = args.length > 0 ? args : [exampleFile()];
  const objects = await readObjects(files, options.namespace, io);
  // Loads what no other command needs.
  const { startEmbedded } = await import('../../server/embedded.ts');
  const embedded = await startEmbedded({
    port: options.port,
    speed: options.speed,
    ...(options.data === undefined ? {} : { dir: options.data }),
    log: logTo(io, options.verbose === true),
    onLedger: (key, entry) => io.say(happened(key, entry)),
  });
  const { server, token, cluster } = embedded;
  try {
    announceServer({ server, token, cluster, pid: process.pid, command: 'serin dev' }, io.env);
    for (const line of welcome(embedded, objects.Rollout, io.env)) io.say(line);
    embedded.apply(objects);
    await stopped(io.stop);
  } finally {
    withdrawServer(process.pid, io.env);
    await embedded.close();
  }
  return exitCodes.ok;
}

function welcome({ server, cluster }: Embedded, applied: Rollout[], env: Io['env']): string[] {
  const rollouts = plainAll(applied);
  const [first] = rollouts;
  const { name = 'NAME', namespace = 'default' } = first?.metadata ?? {};
  const container = first?.spec?.template?.spec?.containers?.[0]?.name ?? 'CONTAINER';
  const on = namespace === 'default' ? name : `${name} -n ${namespace}`;
  // What was typed to get here works in the other terminal too.
  const serin = env.npm_command === 'exec' ? 'npx serin' : 'serin';
  return [
    `Serin runs on a simulated cluster called ${cluster}; nothing real is touched.`,
    `The API is at ${server}, the token in ${serverFile(process.pid, env)}: other terminals find both.`,
    `Applied: ${rollouts.map(({ metadata }) => metadata?.name).join(', ') || 'nothing'}.`,
    '',
    'Type in another terminal:',
    `  ${serin} get ${on} --watch`,
    `  ${serin} set image ${on} ${container}=${container}:new-tag`,
    `  ${serin} explain ${on}`,
    `  ${serin} promote ${on} --reason "looks good"`,
    '',
    'Ctrl-C ends it. What happens:',
  ];
}
