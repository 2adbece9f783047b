import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A program that runs beside the tests. Its output goes to a file. */
export type Running = {
  pid: number;
  log: string;
  stop: () => Promise<void>;
  /** Ends it where nothing of it is to be kept. */
  kill: () => Promise<void>;
  exited: Promise<number>;
};

const running = new Set<ChildProcess>();
// However this process ends, nothing it started outlives it.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How long a program may take to end when it is asked to. */
const graceMs = 8000;

export function startProgram(
  path: string,
  args: string[],
  { log, env = {} }: { log: string; env?: Record<string, string> },
): Running {
  const out = openSync(log, 'a');
  const child = spawn(path, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  running.add(child);
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code) => {
      running.delete(child);
      resolve(code ?? -1);
    });
    child.once('error', (error) => {
      appendFileSync(log, `${error}\n`);
      running.delete(child);
      resolve(-1);
    });
  });
  return {
    pid: child.pid ?? -1,
    log,
    exited,
    stop: async () => {
      child.kill('SIGTERM');
      const isOver = await Promise.race([exited, delay(graceMs, 'late', { ref: false })]);
      if (isOver === 'late') child.kill('SIGKILL');
      await exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Runs a program to its end. */
export async function runProgram(
  path: string,
  args: string[],
  { env = {}, input }: { env?: Record<string, string>; input?: string } = {},
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(path, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  running.add(child);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  running.delete(child);
  return { code: code ?? -1, out, err };
}

/** A port on loopback that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until something is so, and throws with the end of a log when it takes too long. */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  {
    withinMs = 60_000,
    log,
    everyMs = 100,
  }: { withinMs?: number; log?: string; everyMs?: number } = {},
): Promise<void> {
  const last = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > last) throw new Error(`${what} took over ${withinMs} ms${tailOf(log)}`);
    await delay(everyMs);
  }
}

function tailOf(log: string | undefined): string {
  if (log === undefined || !existsSync(log)) return '';
  return `; the end of ${log}:\n${readFileSync(log, 'utf8').split('\n').slice(-15).join('\n')}`;
}
