import { Argument, type Command } from 'commander';
import { exitCodes } from '../exit.ts';
import { action, type Call, type Cli } from '../io.ts';
import { completionScripts, type Shell, shells } from './scripts.ts';

export function addCompletion(program: Command, cli: Cli): void {
  program
    .command('completion')
    .helpGroup('Setup:')
    .summary('print what makes a shell complete the words of serin')
    .description(
      'Prints the completion of a shell: of commands and options, and of the names of contexts, clusters, ' +
        'namespaces and rollouts as they are then. For these it asks the server that is meant, for two ' +
        'seconds at most.',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  source <(serin completion bash)                            (in ~/.bashrc)
  serin completion zsh > "\${fpath[1]}/_serin"                 (once)
  serin completion fish > ~/.config/fish/completions/serin.fish`,
    )
    .action(action(cli, completion));
}

async function completion({ args: [shell = ''], io }: Call<unknown>) {
  io.write(completionScripts[shell as Shell]);
  return exitCodes.ok;
}
