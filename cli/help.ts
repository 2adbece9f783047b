import type { Command } from 'commander';
import { nearestName } from '../lib/model/nearest.ts';

/** Gives the command and those below it that have commands a `help`, which takes the path to any of them. */
export function addHelp(command: Command): void {
  if (command.commands.length === 0) return;
  for (const each of command.commands) addHelp(each);
  command.helpCommand(false);
  command
    .command('help')
    .argument('[command...]')
    .description('display help for command')
    .action((words: string[]) => named(command, words).outputHelp());
  // `serin wat --help` is no question about serin.
  command.on('beforeHelp', () => {
    const [word = '-'] = command.args;
    if (!word.startsWith('-')) named(command, [word]);
  });
}

/** Ends with what is wrong where the words name no command. */
function named(from: Command, words: string[]): Command {
  return words.reduce((command, word) => {
    const isMeant = (each: Command) => [each.name(), ...each.aliases()].includes(word);
    return command.commands.find(isMeant) ?? unknown(command, word);
  }, from);
}

function unknown(command: Command, word: string): never {
  const near = nearestName(
    word,
    command.commands.map((each) => each.name()),
  );
  const path = [...pathOf(command), word].join(' ');
  const said = near === undefined ? '' : `\n(Did you mean ${near}?)`;
  command.error(`error: unknown command '${path}'${said}`);
}

/** Without the program's own name. */
function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}
