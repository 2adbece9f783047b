import type { Command } from 'commander';
import type { Io } from '../../cli/io.ts';
import { makeProgram } from '../../cli/program.ts';

const io: Io = {
  ...{ write: () => {}, say: () => {}, warn: () => {}, stdin: async () => '' },
  ...{ env: {}, terminal: false, colour: false, stop: new AbortController().signal },
};
const program = makeProgram({ io, exitCode: 0, namespaces: [] });

/** What of a command line Serin does not have: the command, or options. */
export function unknown(line: string): string[] {
  let command: Command = program;
  for (const word of line.split(' ')) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
  }
  const options = [...program.options, ...command.options].flatMap(({ long, short }) => [
    long,
    short,
  ]);
  const used = [...line.matchAll(/(?<=[ +])--?[a-z][\w-]*/g)].map(([option]) => option);
  const bad = used.filter((option) => !options.includes(option));
  return command === program && !line.startsWith('-') ? [line.split(' ', 1)[0] ?? '', ...bad] : bad;
}
