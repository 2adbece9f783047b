import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { Io } from '../../cli/io.ts';
import { run } from '../../cli/program.ts';
import type { RolloutView } from '../../lib/model/view.ts';

/** A user who has no files. */
const nowhere = {
  XDG_STATE_HOME: '/nonexistent',
  XDG_CONFIG_HOME: '/nonexistent',
  HOME: '/nonexistent',
};

/** Runs a command line in this process and gathers what it printed. */
export async function serin(
  argv: string[],
  env: Io['env'] = {},
  stop = new AbortController(),
  input = '',
) {
  let out = '';
  const errors: string[] = [];
  let unread = input;
  const io: Io = {
    write: (text) => {
      out += text;
    },
    say: (line) => {
      out += `${line}\n`;
    },
    warn: (line) => errors.push(line),
    // What was read once is gone.
    stdin: async () => {
      const text = unread;
      unread = '';
      return text;
    },
    env: { ...nowhere, ...env },
    terminal: false,
    colour: false,
    stop: stop.signal,
  };
  const code = await run(argv, io);
  return { code, out, err: errors.join('\n') };
}

/** For what reads files alone. */
export const noInput = { stdin: async () => '' };

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'serin-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A kubeconfig of one context, which leads to a stub of an API server. */
export function kubeconfigFor(server: string): string {
  const file = join(temporaryFolder(), 'kubeconfig');
  const config = {
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: { token: 'secret' } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

export type Seen = { method: string; url: string; headers: IncomingHttpHeaders; body: string };
type Reply = { status: number; body?: object | string; headers?: Record<string, string> };

/** A server that answers as the test says, and remembers what it was asked. */
export async function stubServer(answer: (seen: Seen, count: number) => Reply | Promise<Reply>) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { method = '', url = '', headers } = request;
    const one = { method, url, headers, body };
    seen.push(one);
    const reply = await answer(one, seen.length);
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'object' ? JSON.stringify(reply.body) : reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address() as AddressInfo;
  const env = {
    SERIN_SERVER: `http://127.0.0.1:${address.port}`,
    SERIN_TOKEN: 'secret',
    SERIN_CLUSTER: 'eu-1',
  };
  return { seen, env };
}

export function view(changes: Partial<RolloutView> = {}): RolloutView {
  const now = Date.now();
  return {
    cluster: 'eu-1',
    namespace: 'default',
    name: 'web',
    uid: 'u',
    resourceVersion: '1',
    generation: 1,
    observedAt: now,
    createdAt: now,
    phase: 'Healthy',
    message: '',
    strategy: 'Canary',
    images: [],
    replicas: { desired: 1, current: 1, updated: 1, ready: 1, available: 1 },
    revisions: [],
    revision: 1,
    podHash: 'a',
    stableHash: 'a',
    pauseStart: null,
    paused: false,
    aborted: false,
    reasons: [],
    wake: { waitsFor: 'a change' },
    ...changes,
  };
}

/** Runs the program itself, as a process of its own. */
export async function binary(argv: string[], env: Io['env'] = {}) {
  const child = start(argv, env);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, out, err };
}

/** Starts the program, with nothing to read unless its standard input is to stay open. */
export function start(argv: string[], env: Io['env'] = {}, { open = false } = {}) {
  const child = spawn(process.execPath, ['cli/serin.ts', ...argv], {
    env: { PATH: process.env.PATH, ...nowhere, ...env },
  });
  if (!open) child.stdin.end();
  return child;
}
