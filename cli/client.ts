import { setTimeout as delay } from 'node:timers/promises';
import type { RolloutKey } from '../lib/model/key.ts';
import { type Millis, secondMs } from '../lib/model/units.ts';
import {
  type Connection,
  type LocalProcess,
  processText,
  resolveConnection,
  restartHint,
} from './connection.ts';
import { CliError, exitCodes, type Problem } from './exit.ts';
import type { GlobalOptions, Io } from './io.ts';
import { plain } from './text.ts';
import { type TokenSource, tokenSource } from './token.ts';

/** How long one request may take. The server answers a command within its own, shorter limit. */
const requestTimeoutMs = 40 * secondMs;
/** After so many seconds a command's answer is that it was accepted: whoever waits is told so. */
const commandWait = 'wait=2';
/** How often a request is sent in all when the connection breaks. */
const attemptsBroken = 3;
/** And to a busy server: some 20 s, since everything that a pipeline builds may be promoted at once. */
const attemptsBusy = 6;
const retryMaxMs = 15 * secondMs;

export type Answer<T> = {
  status: number;
  /** Absent for 304. */
  body: T | undefined;
  etag: string | undefined;
  location: string | undefined;
  retryAfterMs: Millis | undefined;
  /** The server's time: a `serin dev --speed 60` runs ahead of ours. */
  now: Millis;
};

export type Client = {
  connection: Connection;
  get: <T>(path: string, etag?: string) => Promise<Answer<T>>;
  post: <T>(path: string, body: object) => Promise<Answer<T>>;
};

export function makeClient(options: GlobalOptions, io: Io): Client {
  const connection = resolveConnection(options, io.env);
  const to: Destination = { connection, token: tokenSource(connection, io) };
  return {
    connection,
    get: (path, etag) => send(to, path, { method: 'GET', etag }, io.stop),
    // The key makes sending it again safe: the server does the command once.
    post: (path, body) =>
      send(to, path, { method: 'POST', body, key: crypto.randomUUID() }, io.stop),
  };
}

/** The API's path of a rollout, or of a namespace's rollouts. */
export function apiPath({
  cluster,
  namespace,
  name,
}: Omit<RolloutKey, 'name'> & { name?: string }) {
  return namespacePath({ cluster, namespace }, 'rollouts', ...(name ? [name] : []));
}

/** Of what else the API has in a namespace. */
export function namespacePath(
  { cluster, namespace }: Pick<RolloutKey, 'cluster' | 'namespace'>,
  ...names: string[]
): string {
  const parts = ['clusters', cluster, 'namespaces', namespace, ...names];
  return `/v1/${parts.map(encodeURIComponent).join('/')}`;
}

type Destination = { connection: Connection; token: TokenSource };
type Request = { method: string; body?: object; etag?: string | undefined; key?: string };

async function send<T>(
  to: Destination,
  path: string,
  request: Request,
  stop: AbortSignal,
): Promise<Answer<T>> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await sendOnce<T>(to, path, request, stop);
    if ('answer' in outcome) return outcome.answer;
    if (attempt >= outcome.attempts) throw outcome.failure;
    const afterMs = outcome.retryAfterMs ?? backoff(attempt);
    await delay(Math.min(afterMs, retryMaxMs), undefined, { signal: stop });
  }
}

/** Doubled each time, and not the same for all: who was refused together does not come back together. */
function backoff(attempt: number): Millis {
  return secondMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}

/** `attempts`: how often a request with such a failure is sent in all. */
type Failed = { failure: CliError; attempts: number; retryAfterMs?: Millis | undefined };
type Outcome<T> = { answer: Answer<T> } | Failed;

async function sendOnce<T>(
  { connection, token }: Destination,
  path: string,
  request: Request,
  stop: AbortSignal,
): Promise<Outcome<T>> {
  const url = new URL(path, `${connection.server}/`);
  const headers = headersOf(await token(), request);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: request.method,
      headers,
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: AbortSignal.any([stop, AbortSignal.timeout(requestTimeoutMs)]),
      // A redirect could carry the token to somebody else.
      redirect: 'error',
    });
    text = await response.text();
  } catch (error) {
    stop.throwIfAborted();
    const failure = unreachable(connection, error);
    return { failure, attempts: mayPass(error) ? attemptsBroken : 1 };
  }
  const retryAfterMs = retryAfter(response);
  if (response.status >= 400) {
    const failure = problemError(response.status, text, { url, local: connection.local });
    const isBusy = response.status === 429 || response.status === 503;
    return { failure, attempts: isBusy ? attemptsBusy : 1, retryAfterMs };
  }
  const answer = {
    status: response.status,
    body: response.status === 304 ? undefined : (parseJson(text, url) as T),
    etag: response.headers.get('etag') ?? undefined,
    location: response.headers.get('location') ?? undefined,
    retryAfterMs,
    now: Date.parse(response.headers.get('date') ?? '') || Date.now(),
  };
  return { answer };
}

function headersOf(token: string | undefined, request: Request): Record<string, string> {
  return {
    accept: 'application/json, application/problem+json',
    'user-agent': 'serin-cli',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(request.etag === undefined ? {} : { 'if-none-match': request.etag }),
    ...(request.key === undefined ? {} : { 'idempotency-key': request.key, prefer: commandWait }),
  };
}

function retryAfter(response: Response): Millis | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.max(0, seconds) * secondMs : undefined;
}

function parseJson(text: string, url: URL): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError(`${url.origin} did not answer with JSON`, {
      exitCode: exitCodes.unreachable,
      hint: 'Is that the address of a Serin server? Check --server and SERIN_SERVER.',
    });
  }
}

type Asked = { url: URL; local: LocalProcess | undefined };

function problemError(status: number, text: string, { url, local }: Asked): CliError {
  const problem = problemOf(status, text);
  const { title, detail } = problem;
  const hint = (status === 401 && local && strangerHint(url, local)) || hintFor(status, url);
  return new CliError(plain(detail === undefined ? title : `${title}: ${detail}`), {
    exitCode: exitCodeFor(status),
    problem,
    ...(hint === undefined ? {} : { hint }),
  });
}

function problemOf(status: number, text: string): Problem {
  try {
    const problem = JSON.parse(text) as Partial<Problem> | null;
    if (typeof problem?.title === 'string') return { ...problem, title: problem.title, status };
  } catch {
    // A proxy in between answers in its own way.
  }
  return { title: `the server answered ${status}`, status };
}

function exitCodeFor(status: number) {
  const elsewhere = status === 401 || status === 403 || status === 404 || status >= 500;
  return elsewhere ? exitCodes.unreachable : exitCodes.refused;
}

/** A token that is refused is one thing, and that of a process which is gone another. */
function strangerHint({ origin }: URL, local: LocalProcess): string | undefined {
  const process = processText(local);
  if (!local.isItsToken) {
    if (!local.isRunning) return undefined;
    return (
      `${process} serves it, with a token of its own: ` +
      'leave out --token, --token-file, SERIN_TOKEN and SERIN_TOKEN_FILE.'
    );
  }
  return (
    `Perhaps another process serves ${origin} now, and ${process}, whose token is known here, is gone: ` +
    `start \`${local.command}\` again on a port of its own, or set SERIN_TOKEN to a token of the other one.`
  );
}

function hintFor(status: number, url: URL): string | undefined {
  if (status === 401) {
    return 'Set SERIN_TOKEN (or --token) to a token of this server, or use `serin login`.';
  }
  if (status === 429) return 'More was asked than the server takes: try again in a minute.';
  if (status === 403) return 'Ask whoever runs Serin to allow you this action.';
  if (status === 404 && /\/rollouts\/[^/]+/.test(url.pathname)) {
    return '`serin list -n NAMESPACE` shows the rollouts there are.';
  }
  return undefined;
}

/** What breaks a connection that worked a moment ago. */
const passingCodes = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'UND_ERR_SOCKET'];

function mayPass(error: unknown): boolean {
  return (
    (error as Error).name === 'TimeoutError' || passingCodes.includes(causeOf(error).code ?? '')
  );
}

function causeOf(error: unknown): { code?: string; message?: string } {
  return (error as { cause?: { code?: string; message?: string } }).cause ?? {};
}

function whyUnreachable(error: unknown): string {
  const { code, message } = causeOf(error);
  if (code === 'ECONNREFUSED') return 'nobody listens there';
  if (code === 'ENOTFOUND') return 'there is no such host';
  if ((error as Error).name === 'TimeoutError') return 'no answer in time';
  return message || code || (error as Error).message;
}

function unreachable({ server, local }: Connection, error: unknown): CliError {
  const what = `cannot reach ${server}: ${whyUnreachable(error)}`;
  const isGone = local !== undefined && causeOf(error).code === 'ECONNREFUSED';
  return new CliError(isGone ? `${what}; ${processText(local)}, which served it, is gone` : what, {
    exitCode: exitCodes.unreachable,
    hint: isGone
      ? restartHint(local)
      : 'Is it running? Start one with `serin dev`, or name another with --server URL.',
  });
}
