import type { Command } from 'commander';
import { exitCodes } from '../cli/exit.ts';
import type { Io } from '../cli/io.ts';
import { makeProgram, run } from '../cli/program.ts';

// docs/cli.md: what `serin help` says of each command, so that there is one text of it.

const intro = `# The commands of serin

This page is made of \`serin help\` by \`npm run generate\`. What holds for all commands stands at the end.
\`serin completion SHELL\` has a shell complete all of it, the names of rollouts too.
`;

/** The text of docs/cli.md. */
export async function cliDocs(): Promise<string> {
  const program = makeProgram({ io: quiet(() => {}), exitCode: exitCodes.ok, namespaces: [] });
  const sections: string[] = [];
  for (const path of pathsOf(program)) {
    const own = ownPart(await helpOf(path));
    sections.push(`## serin ${path.join(' ')}\n\n${fenced(own)}`);
  }
  const all = `## For all commands\n\n${fenced(await helpOf([]))}`;
  return [intro, ...sections, all].join('\n');
}

function pathsOf(command: Command): string[][] {
  return command.commands
    .filter((each) => each.name() !== 'help')
    .flatMap((each) => [[each.name()], ...pathsOf(each).map((path) => [each.name(), ...path])]);
}

async function helpOf(path: string[]): Promise<string> {
  let text = '';
  const io = quiet((more) => {
    text += more;
  });
  await run(['help', ...path], io);
  return text;
}

/** Without what is the same for each. */
function ownPart(help: string): string {
  return help
    .replace(/^Global Options:\n(?:[ ].*\n)+\n?/m, '')
    .replace(/^Exit codes:\n(?:[ ].*\n)+/m, '');
}

function fenced(text: string): string {
  return `\`\`\`text\n${text.trim()}\n\`\`\`\n`;
}

function quiet(write: (text: string) => void): Io {
  return {
    ...{ write, say: (line) => write(`${line}\n`), warn: () => {}, stdin: async () => '' },
    ...{ env: {}, terminal: false, colour: false, stop: new AbortController().signal },
  };
}
