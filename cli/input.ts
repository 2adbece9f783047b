import { readFile } from 'node:fs/promises';
import type { Io } from './io.ts';

/** What a command reads from: the process's standard input. */
export type Input = Pick<Io, 'stdin'>;

/** The text of a file, or of standard input for `-`, however slowly that comes. */
export function readText(file: string, { stdin }: Input): Promise<string> {
  return file === '-' ? stdin() : readFile(file, 'utf8');
}
