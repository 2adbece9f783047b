import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toTime } from '../model/units.ts';

// Who has a store's folder open. The lock itself is SQLite's, which a process that is gone does not hold;
// it does not say whose it is.

const holderFile = (dir: string): string => join(dir, 'serin.json');

/** Says so to whoever finds the folder locked; that it cannot be said is no reason not to go on. */
export async function noteHolder(dir: string): Promise<void> {
  const text = `${JSON.stringify({ pid: process.pid, since: toTime(Date.now()) })}\n`;
  await writeFile(holderFile(dir), text, { mode: 0o600 }).catch(() => undefined);
}

export async function forgetHolder(dir: string): Promise<void> {
  await rm(holderFile(dir), { force: true }).catch(() => undefined);
}

/** `process 123 has it open, since …`, as far as that is known. */
export async function holderText(dir: string): Promise<string> {
  try {
    const { pid, since } = JSON.parse(await readFile(holderFile(dir), 'utf8'));
    if (isRunning(Number(pid))) return `process ${Number(pid)} has it open, since ${since}`;
  } catch {
    // Not there, or half written.
  }
  return 'another process has it open';
}

/** Whether a process of this machine is there, whoever's it is. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
