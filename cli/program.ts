import { Command, CommanderError, Help, Option } from 'commander';
import { OldNode } from '../lib/errors.ts';
import { ownVersion } from '../lib/packaged.ts';
import { StartError } from '../server/startError.ts';
import { addAdopt } from './adopt/command.ts';
import { addAnalysis } from './analysis/command.ts';
import { addChanges } from './change/command.ts';
import { addCluster } from './cluster/command.ts';
import { addCompletion } from './completion/command.ts';
import { candidateLines, candidates } from './completion/complete.ts';
import { addConfig } from './config/command.ts';
import { addCrds } from './crds/command.ts';
import { addDemo } from './demo/command.ts';
import { addDev } from './dev/command.ts';
import { refuseEmptyValues } from './emptyValues.ts';
import { CliError, type ExitCode, exitCodes, exitCodesHelp } from './exit.ts';
import { addExplain } from './explain/command.ts';
import { addGet } from './get/command.ts';
import { addHelp, anyHelp, sayWhoseHelp } from './help.ts';
import { addHistory } from './history/command.ts';
import type { Cli, Io } from './io.ts';
import { addLint } from './lint/command.ts';
import { addList } from './list/command.ts';
import { addLogin } from './login/command.ts';
import { addManifests } from './manifests/command.ts';
import { addOpen } from './open/command.ts';
import { formsOf, type OutputForm, outputForms } from './output.ts';
import { addRedrive } from './redrive/command.ts';
import { addRun } from './run/command.ts';
import { addSettings } from './settings/command.ts';
import { addSimulate } from './simulate/command.ts';
import { addStatus } from './status/command.ts';
import { plainLines, toJson } from './text.ts';
import { addToken } from './token/command.ts';
import { addWait } from './wait/command.ts';

const guide = `
Start here:
  serin dev examples/front-api.yaml     a cluster to try things on, and the API
  serin get front-api --watch           in another terminal

Where the API is: --server, SERIN_SERVER, a context of \`serin config\`, or the \`serin dev\` that runs
on this machine. The token: \`serin login\`, --token or SERIN_TOKEN (better: it does not show in the list
of processes), --token-file or SERIN_TOKEN_FILE; in GitHub Actions the job's own with
SERIN_OIDC_AUDIENCE. The cluster: --cluster, SERIN_CLUSTER or the context. \`serin help config\` says
which of them counts, and \`serin help COMMAND\` has examples of each.`;

/** Runs one command line and answers the exit code; what can go wrong for a user never throws. */
export async function run(argv: string[], io: Io): Promise<ExitCode> {
  const cli: Cli = { io, exitCode: exitCodes.ok, namespaces: [] };
  const program = makeProgram(cli);
  if (argv[0] === '__complete') return await complete(program, argv.slice(1), io);
  sayWhoseHelp(program, argv);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    return failed(error, io, argv);
  }
}

/** For the shells: `serin completion` has them ask so. */
async function complete(program: Command, words: string[], io: Io): Promise<ExitCode> {
  const { liveNames } = await import('./completion/live.ts');
  const found = await candidates(program, words, (what, options) => liveNames(what, options, io));
  for (const line of candidateLines(found)) io.say(line);
  return exitCodes.ok;
}

/** All commands. */
export function makeProgram(cli: Cli): Command {
  const { io } = cli;
  const program = new Command('serin')
    .description("Runs Argo Rollouts' Rollout resource from outside the cluster.")
    .version(ownVersion(), '--version', 'print the version')
    .option('--server <url>', 'address of the API')
    .option('--token <token>', 'bearer token of the API')
    .addOption(
      new Option('--token-file <path>', 'file with the token, read for each request').conflicts(
        'token',
      ),
    )
    .option('--context <name>', 'which context of `serin config`')
    .option('--cluster <name>', 'which cluster')
    .option('-n, --namespace <name>', 'which namespace (default: default)', (name: string) => {
      cli.namespaces.push(name);
      return name;
    })
    .addOption(outputOption(outputForms))
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: globalOptions })
    .configureOutput({
      writeOut: io.write,
      writeErr: (text) => io.warn(text.trimEnd()),
      outputError: (text, write) => write(text.replace(/^error: /, 'serin: ')),
      getOutHelpWidth: () => (io.terminal ? process.stdout.columns : 80),
      getOutHasColors: () => io.colour,
      getErrHasColors: () => false,
    })
    .showHelpAfterError(anyHelp)
    .exitOverride()
    .addHelpText('after', guide)
    .addHelpText('afterAll', exitCodesHelp);
  for (const add of [addGet, addList, addStatus, addWait, addHistory, addExplain, addOpen])
    add(program, cli);
  addChanges(program, cli);
  addLint(program, cli);
  addSimulate(program, cli);
  addAnalysis(program, cli);
  addDev(program, cli);
  addRun(program, cli);
  addAdopt(program, cli);
  addCrds(program, cli);
  addManifests(program, cli);
  addCluster(program, cli);
  addRedrive(program, cli);
  addDemo(program, cli);
  addSettings(program, cli);
  addToken(program, cli);
  addConfig(program, cli);
  addLogin(program, cli);
  addCompletion(program, cli);
  addHelp(program);
  refuseEmptyValues(program);
  return program;
}

function outputOption(forms: readonly OutputForm[]): Option {
  return new Option('-o, --output <form>', 'how to print').choices(forms).default('text');
}

/** With the forms that this command prints in. */
function globalOptions(this: Help, command: Command): Option[] {
  const all = Help.prototype.visibleGlobalOptions.call(this, command);
  // What a command calls the same is its own.
  const own = command.options.map(({ long }) => long);
  const theirs = all.filter(({ long }) => !own.includes(long));
  return theirs.map((each) =>
    each.attributeName() === 'output' ? outputOption(formsOf(command)) : each,
  );
}

function failed(error: unknown, io: Io, argv: string[]): ExitCode {
  // Commander has printed its help or complaint already.
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  if (io.stop.aborted) return exitCodes.interrupted;
  const known = error instanceof StartError || error instanceof OldNode ? cliError(error) : error;
  if (known instanceof CliError) {
    sayError(known, io, argv);
    return known.exitCode;
  }
  throw error;
}

function cliError(error: StartError | OldNode): CliError {
  if (error instanceof OldNode) {
    const hint =
      'Install a newer Node. Commands that ask a server, `lint` and `crds` run on this one.';
    return new CliError(error.message, { exitCode: exitCodes.usage, hint });
  }
  const { kind, message, hint } = error;
  return new CliError(message, { exitCode: exitCodes[kind], hint });
}

function sayError(error: CliError, io: Io, argv: string[]): void {
  const json = /(^| )(-o|--output)[ =]?json( |$)/.test(argv.join(' '));
  if (json) {
    const { message, hint, problem, exitCode } = error;
    io.warn(toJson({ ...(problem ?? { title: message }), hint, exitCode }));
    return;
  }
  io.warn(`serin: ${plainLines(error.message)}`);
  if (error.hint !== undefined) io.warn(`  ${plainLines(error.hint)}`);
}
