import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { usageError } from './exit.ts';

/** Where the API is and what opens it. */
export type Connection = {
  server: string;
  token: string | undefined;
  /** Where the token is read from, or whom a GitHub Actions job asks for one for, if not known yet. */
  tokenFile?: string;
  oidcAudience?: string;
  cluster: string;
};

type Env = Record<string, string | undefined>;
export type ConnectionOptions = {
  server?: string;
  token?: string;
  tokenFile?: string;
  cluster?: string;
};

/** What `serin dev` leaves for commands in other terminals, readable by its owner only. */
const devSchema = z.object({
  server: z.string(),
  token: z.string(),
  cluster: z.string(),
  pid: z.number(),
});
export type DevServer = z.infer<typeof devSchema>;

export function resolveConnection(options: ConnectionOptions, env: Env): Connection {
  const named = options.server ?? env.SERIN_SERVER;
  const dev = runningDevServer(env);
  // The token of `serin dev` goes to that server and to no other.
  const local = dev !== undefined && (named === undefined || trimmed(named) === dev.server);
  const server = named ?? dev?.server;
  if (server === undefined) {
    throw usageError(
      'no server: neither --server nor SERIN_SERVER is set, and no `serin dev` is running',
      'Start one in another terminal with `serin dev`, or name one with --server URL.',
    );
  }
  const cluster = options.cluster ?? env.SERIN_CLUSTER ?? (local ? dev.cluster : undefined);
  if (cluster === undefined) {
    throw usageError(
      `which cluster of ${server}?`,
      'Name it with --cluster NAME or in SERIN_CLUSTER.',
    );
  }
  const found = tokenIn(options, env) ?? { token: local ? dev.token : undefined };
  return { server: checkedUrl(server), token: undefined, ...found, cluster };
}

type Found = Pick<Connection, 'tokenFile' | 'oidcAudience'> & { token?: string | undefined };

/** What is said first counts: the command line before the environment. */
function tokenIn({ token, tokenFile }: ConnectionOptions, env: Env): Found | undefined {
  if (token !== undefined) return { token };
  if (tokenFile !== undefined) return { tokenFile };
  // Set and empty is not set, as when a pipeline has no such secret.
  if (env.SERIN_TOKEN) return { token: env.SERIN_TOKEN };
  if (env.SERIN_TOKEN_FILE) return { tokenFile: env.SERIN_TOKEN_FILE };
  if (env.SERIN_OIDC_AUDIENCE) return { oidcAudience: env.SERIN_OIDC_AUDIENCE };
  return undefined;
}

function checkedUrl(server: string): string {
  const url = URL.parse(server);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usageError(
      `${server} is not the address of a server`,
      'Give it as a URL, for example --server https://serin.example.com',
    );
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw usageError(
      `${server} would be sent the token in the clear`,
      'Name the server with https://; http:// is for servers on this machine.',
    );
  }
  return trimmed(server);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host);
}

function trimmed(server: string): string {
  return server.replace(/\/+$/, '');
}

export function devFile(env: Env): string {
  const state = env.XDG_STATE_HOME || join(env.HOME ?? homedir(), '.local', 'state');
  return join(state, 'serin', 'dev.json');
}

export function announceDevServer(server: DevServer, env: Env): void {
  const file = devFile(env);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // A new file, which is put in place whole: `mode` counts only for a new one, and a link is not followed.
  const fresh = `${file}.${server.pid}`;
  rmSync(fresh, { force: true });
  try {
    writeFileSync(fresh, `${JSON.stringify(server)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(fresh, file);
  } finally {
    // Where it could not be put in place, the token must not stay behind.
    rmSync(fresh, { force: true });
  }
}

/** Takes the file away, unless another `serin dev` has put its own there since. */
export function withdrawDevServer(pid: number, env: Env): void {
  if (readDevServer(env)?.pid === pid) rmSync(devFile(env), { force: true });
}

function runningDevServer(env: Env): DevServer | undefined {
  const dev = readDevServer(env);
  return dev !== undefined && isRunning(dev.pid) ? dev : undefined;
}

function readDevServer(env: Env): DevServer | undefined {
  try {
    return devSchema.parse(JSON.parse(readFileSync(devFile(env), 'utf8')));
  } catch {
    // No file, or half of one: the same as no server.
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
