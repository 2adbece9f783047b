import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { defined } from '../lib/model/defined.ts';
import { isRunning } from '../lib/store/holder.ts';
import { type Env, stateFolder } from '../server/dataFolder.ts';
import {
  contextNamed,
  type NamedContext,
  readConfig,
  type SignInSettings,
} from './config/contexts.ts';
import { CliError, exitCodes, usageError } from './exit.ts';
import { plain } from './text.ts';

/** Where the API is and what opens it. */
export type Connection = {
  server: string;
  token: string | undefined;
  /** Where the token is read from, or whom a GitHub Actions job asks for one for, if not known yet. */
  tokenFile?: string;
  oidcAudience?: string;
  /** Of the context that is used: who signs people in there. */
  signIn?: SignInSettings;
  cluster: string;
  namespace: string;
  /** The process on this machine that serves there, or did when it was last heard of. */
  local?: LocalProcess;
};

/** `isItsToken`: no other was named. Its number may be another process's by now. */
export type LocalProcess = {
  pid: number;
  command: string;
  isRunning: boolean;
  isItsToken: boolean;
};

export type ConnectionOptions = {
  server?: string;
  token?: string;
  tokenFile?: string;
  cluster?: string;
  namespace?: string;
  context?: string;
};

/** What `serin dev` and `serin run` leave for commands in other terminals, readable by their owner only. */
const localSchema = z.object({
  server: z.string(),
  token: z.string(),
  cluster: z.string(),
  pid: z.number(),
  /** What was typed to start it, without its options. */
  command: z.string().default('serin dev'),
});
export type LocalServer = z.infer<typeof localSchema>;

export function resolveConnection(options: ConnectionOptions, env: Env): Connection {
  const all = localServers(env);
  const running = all.filter(({ pid }) => isRunning(pid));
  // Set and empty is not set, as when a pipeline has no such variable.
  const given = options.cluster ?? (env.SERIN_CLUSTER || undefined);
  const context = usedContext(options, env, running);
  const named = context?.server ?? options.server ?? (env.SERIN_SERVER || undefined);
  const wanted = given ?? context?.cluster;
  // The token of a local server goes to that server and to no other.
  const isNamed = ({ server }: LocalServer) => named !== undefined && server === trimmed(named);
  const local = named === undefined ? theLocalServer(running, wanted) : running.find(isNamed);
  const gone = local ? undefined : named === undefined ? all.at(-1) : all.find(isNamed);
  const server = named ?? local?.server;
  if (server === undefined) {
    if (gone !== undefined) throw isGone(gone);
    throw usageError(
      'no server: neither --server nor SERIN_SERVER is set, no context is chosen, and no `serin dev` is ' +
        'running',
      'Start one in another terminal with `serin dev`, or name one with --server URL or `serin config`.',
    );
  }
  const cluster = wanted ?? local?.cluster;
  if (cluster === undefined) {
    throw usageError(
      `which cluster of ${server}?`,
      'Name it with --cluster NAME or in SERIN_CLUSTER.',
    );
  }
  const own = tokenIn(options, env);
  const signIn = own || local ? undefined : context?.signIn;
  const found = own ?? { token: local?.token, ...defined({ signIn }) };
  const process = processOf(local ?? gone, { isRunning: local !== undefined, isItsToken: !own });
  const namespace = options.namespace ?? context?.namespace ?? 'default';
  const known = { server: checkedUrl(server), cluster, namespace };
  return { ...known, token: undefined, ...found, ...process };
}

/**
 * The context that is meant: of the server that is named, or the one that names it. A context is used for no
 * other server than its own, neither what it says nor the token behind it.
 */
function usedContext(
  options: ConnectionOptions,
  env: Env,
  running: LocalServer[],
): NamedContext | undefined {
  const config = readConfig(env);
  const named = options.context ?? (env.SERIN_CONTEXT || undefined);
  const name = named ?? config.current;
  if (name === undefined) return undefined;
  const context = contextNamed(config, name);
  const { context: byOption, server = byOption === undefined ? env.SERIN_SERVER : '' } = options;
  const isOwn = !server || trimmed(server) === trimmed(context.server);
  if (!isOwn && byOption !== undefined) {
    throw usageError(
      plain(`--server ${server} is not the server of context ${name}`),
      'Leave out --server or --context.',
    );
  }
  if (named === undefined && !server) refuseGuess(context, running);
  return isOwn ? context : undefined;
}

/** The current context was chosen once, and the local server is there now: a guess could do harm. */
function refuseGuess({ name, server }: NamedContext, running: LocalServer[]): void {
  const [local] = running.filter((each) => each.server !== trimmed(server));
  if (local === undefined) return;
  throw usageError(
    plain(
      `which server? The current context ${name} is of ${server}, and ${processText(local)} serves ` +
        `${local.server} here`,
    ),
    `Name one with --context ${name} or --server ${local.server}, or in SERIN_CONTEXT or SERIN_SERVER.`,
  );
}

function processOf(
  server: LocalServer | undefined,
  known: Pick<LocalProcess, 'isRunning' | 'isItsToken'>,
): Pick<Connection, 'local'> {
  if (server === undefined) return {};
  return { local: { pid: server.pid, command: server.command, ...known } };
}

/** `serin dev` (process 4711) */
export function processText({ command, pid }: Pick<LocalProcess, 'command' | 'pid'>): string {
  return `\`${command}\` (process ${pid})`;
}

export function restartHint({ command }: Pick<LocalProcess, 'command'>): string {
  return `Start it again with \`${command}\`, or name another server with --server URL.`;
}

function isGone(server: LocalServer): CliError {
  const text = `${processText(server)}, which served ${server.server}, is gone`;
  return new CliError(text, { exitCode: exitCodes.unreachable, hint: restartHint(server) });
}

type Found = Pick<Connection, 'tokenFile' | 'oidcAudience'> & { token?: string | undefined };

/** What is said first counts: the command line before the environment. */
function tokenIn({ token, tokenFile }: ConnectionOptions, env: Env): Found | undefined {
  if (token !== undefined) return { token };
  if (tokenFile !== undefined) return { tokenFile };
  if (env.SERIN_TOKEN) return { token: env.SERIN_TOKEN };
  if (env.SERIN_TOKEN_FILE) return { tokenFile: env.SERIN_TOKEN_FILE };
  if (env.SERIN_OIDC_AUDIENCE) return { oidcAudience: env.SERIN_OIDC_AUDIENCE };
  return undefined;
}

/** The one there is; of several, the one that has the cluster. A guess could promote the wrong release. */
function theLocalServer(all: LocalServer[], cluster: string | undefined): LocalServer | undefined {
  const fit =
    all.length > 1 ? all.filter((each) => (cluster ?? each.cluster) === each.cluster) : all;
  if (fit.length === 1) return fit[0];
  if (all.length === 0) return undefined;
  const list = all.map((each) => `${each.server} (cluster ${each.cluster})`).join(', ');
  throw usageError(
    `which server? ${all.length} of them run here: ${list}`,
    'Name one with --server URL or in SERIN_SERVER.',
  );
}

export function checkedUrl(server: string): string {
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

function folderOf(env: Env): string {
  return join(stateFolder(env), 'servers');
}

/** Each has a file of its own: several may run on one machine. */
export function serverFile(pid: number, env: Env): string {
  return join(folderOf(env), `${pid}.json`);
}

export function announceServer(server: LocalServer, env: Env): void {
  const folder = folderOf(env);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // What those left behind that could not tidy up: tokens of servers that are gone.
  for (const pid of pidsIn(folder)) if (!isRunning(pid)) withdrawServer(pid, env);
  const file = serverFile(server.pid, env);
  // A new file, which is put in place whole: `mode` counts only for a new one, and a link is not followed.
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  try {
    writeFileSync(fresh, `${JSON.stringify(server)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(fresh, file);
  } finally {
    // Where it could not be put in place, the token must not stay behind.
    rmSync(fresh, { force: true });
  }
}

export function withdrawServer(pid: number, env: Env): void {
  rmSync(serverFile(pid, env), { force: true });
}

/** Those that run, and those that ended without tidying up. */
function localServers(env: Env): LocalServer[] {
  return pidsIn(folderOf(env)).flatMap((pid) => readServer(serverFile(pid, env)) ?? []);
}

function pidsIn(folder: string): number[] {
  try {
    const names = readdirSync(folder).flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []);
    return names.map(Number).sort((a, b) => a - b);
  } catch {
    // No folder: nothing was ever started.
    return [];
  }
}

function readServer(file: string): LocalServer | undefined {
  try {
    return localSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Gone since, or half of one: the same as no server.
    return undefined;
  }
}
