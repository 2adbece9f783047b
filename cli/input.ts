import { readFile } from 'node:fs/promises';
import { whyUnread } from '../lib/errors.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { plain } from './text.ts';

/** What a command reads from: the process's standard input. */
export type Input = Pick<Io, 'stdin'>;

/** The text of a file, or of standard input for `-`, however slowly that comes. `hint`: what to name. */
export async function readText(file: string, { stdin }: Input, hint: string): Promise<string> {
  return file === '-' ? await stdin() : await readFileText(file, hint);
}

export async function readFileText(file: string, hint: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const message = plain(`cannot read ${file}: ${whyUnread(error)}`);
    throw new CliError(message, { exitCode: exitCodes.unreachable, hint });
  }
}
