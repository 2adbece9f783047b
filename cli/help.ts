import type { Command } from 'commander';
import { nearestName } from '../lib/model/nearest.ts';

/** Behind a complaint about what names no command. */
export const anyHelp = '  `serin help` lists the commands, `serin help COMMAND` shows its options.';

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

/**
 * What stands behind a complaint about the command line: whose help to read. Which command complains says
 * little, as options of the program are taken behind any.
 */
export function sayWhoseHelp(program: Command, argv: readonly string[]): void {
  const typed = typedIn(program, argv);
  const path = ['serin', ...pathOf(typed)].join(' ');
  const what = typed.commands.length > 0 ? 'lists its commands' : 'shows its options';
  const hint = typed === program ? anyHelp : `  \`${path} --help\` ${what}.`;
  for (const each of withAncestors(typed)) each.showHelpAfterError(hint);
}

/** The command that the words name, as far as they do; `help` names none. */
function typedIn(program: Command, argv: readonly string[]): Command {
  let command = program;
  let isValue = false;
  for (const word of argv) {
    if (isValue) {
      isValue = false;
    } else if (word.startsWith('-')) {
      const options = withAncestors(command).flatMap((each) => each.options);
      const option = options.find(({ short, long }) => word === short || word === long);
      isValue = option?.required === true;
    } else {
      const isMeant = (each: Command) => [each.name(), ...each.aliases()].includes(word);
      const next = command.commands.find(isMeant);
      if (next === undefined || word === 'help') return command;
      command = next;
    }
  }
  return command;
}

function withAncestors(command: Command): Command[] {
  return command.parent === null ? [command] : [command, ...withAncestors(command.parent)];
}
