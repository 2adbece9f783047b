import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
// One of its files, because its index also loads exec, attach, port-forward and their web sockets.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { Conflict, NotFound, Terminal, Transient, Unreachable } from '../errors.ts';
import type { Millis } from '../model/units.ts';
import { describe, refusal, type Subject } from './answers.ts';
import { connections, type Request, send as sent, textOf } from './request.ts';

/**
 * Where a cluster is and as whom to call it: `ca` is PEM in base64 and absent where the public
 * authorities vouch for the server. `fresh` asks for one that was not remembered, because what was
 * remembered has just been refused.
 */
export type SignIn = (options: { fresh: boolean }) => Promise<Access>;
export type Access = { server: string; ca?: string; token?: string };

export type Credentials = { kubeConfig: KubeConfig } | { signIn: SignIn };

export type Call = {
  subject: Subject;
  path: string;
  query?: Record<string, string>;
  body?: object;
  contentType?: string;
};

/** A status and its JSON; text where it is none. */
type Answer = { status: number; body: unknown };

type Asking = { userAgent: string; timeoutMs: Millis };

/** Both reject with Transient or Terminal when there is no answer. */
export type Transport = {
  send: (call: Call) => Promise<Answer>;
  /** For an answer that goes on for a while: its text as it arrives, until the signal aborts it. */
  open: (call: Call, signal: AbortSignal) => Promise<Stream>;
};
/** `text` where the status is 200, `body` otherwise. */
type Stream = { status: number; text?: AsyncIterable<string>; body?: unknown };

type Connection = { kubeConfig: KubeConfig; token?: string };

const methods = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  patch: 'PATCH',
  delete: 'DELETE',
};

/**
 * Calls with the Kubernetes client's sign-in. Its generated APIs are left aside: they turn every time into
 * a Date and drop fields they do not know, where hashes need all of them. So is its `fetch`, which takes
 * several times the processor time and memory.
 */
export function transport(credentials: Credentials, asking: Asking): Transport {
  const { timeoutMs } = asking;
  const connect = connecting(credentials);
  const authorize = authorizing();

  const attempt = async (call: Call, fresh: boolean): Promise<Answer | Failure> => {
    const request = await prepare(call, asking, () => connect(fresh), authorize);
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await sent(request, limit);
      return { status: statusOf(answer), body: parsed(await textOf(answer)) };
    } catch (error) {
      return failure(call, limit.aborted ? limit.reason : error, timeoutMs);
    }
  };
  const open = async (call: Call, signal: AbortSignal, fresh: boolean): Promise<Stream> => {
    const request = await prepare(call, asking, () => connect(fresh), authorize);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException('', 'TimeoutError')), timeoutMs);
    const both = AbortSignal.any([signal, late.signal]);
    try {
      const answer = await sent(request, both);
      const status = statusOf(answer);
      if (status !== 200) return { status, body: parsed(await textOf(answer)) };
      return { status, text: answer.setEncoding('utf8') };
    } catch (error) {
      throw failure(call, both.aborted ? both.reason : error, timeoutMs).error;
    } finally {
      clearTimeout(timer);
    }
  };
  const send = async (call: Call): Promise<Answer> => {
    const first = await attempt(call, false);
    // What was remembered of the server or of who we are may be out of date.
    const isStale =
      'failed' in first ? ['trust', 'lost'].includes(first.failed) : first.status === 401;
    if (isStale) authorize.forget();
    // A connection kept from an earlier call may have been closed by now; reading again is safe.
    const isDropped = 'failed' in first && first.failed === 'reset' && isRead(call);
    const last = isStale || isDropped ? await attempt(call, isStale) : first;
    if ('failed' in last) throw last.error;
    if (last.status === 401) throw refusal(call.subject, 401, last.body);
    // A proxy in between may cut an answer short, or answer in HTML.
    if (last.status < 300 && typeof last.body === 'string') {
      throw new Transient(`${describe(call.subject)}: the answer is not JSON`);
    }
    return last;
  };
  return {
    send,
    open: async (call, signal) => {
      const first = await open(call, signal, false);
      if (first.status !== 401) return first;
      authorize.forget();
      return await open(call, signal, true);
    },
  };
}

function statusOf({ statusCode = 0 }: { statusCode?: number | undefined }): number {
  return statusCode;
}

function isRead({ subject }: Call): boolean {
  return subject.verb === 'get' || subject.verb === 'list';
}

async function prepare(
  call: Call,
  { userAgent, timeoutMs }: Asking,
  connect: () => Promise<Connection>,
  authorize: Authorize,
): Promise<Request> {
  let user: ReturnType<KubeConfig['getCurrentUser']> | undefined;
  try {
    const { kubeConfig, token } = await connect();
    user = kubeConfig.getCurrentUser();
    const server = kubeConfig.getCurrentCluster()?.server;
    if (server === undefined) throw new Error('the kubeconfig has no current context');
    const url = urlOf(server, call);
    const { headers, agent } = await inTime(authorize(kubeConfig, url), timeoutMs, call);
    return {
      url,
      method: methods[call.subject.verb],
      agent,
      headers: {
        Accept: 'application/json',
        'User-Agent': userAgent,
        ...(call.body !== undefined && { 'Content-Type': call.contentType ?? 'application/json' }),
        ...headers,
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    };
  } catch (error) {
    if (isOurs(error)) throw error;
    // What a plugin prints may hold the secrets it works with.
    const plugin = user?.exec?.command;
    const why = plugin
      ? `the plugin ${plugin} of the kubeconfig failed; run it by hand to see why`
      : (error as Error).message;
    throw new Terminal(`${describe(call.subject)}: cannot sign in: ${why}`);
  }
}

function urlOf(server: string, { path, query = {} }: Call): URL {
  if (!/^https?:\/\//.test(server)) throw new Error(`${server} does not begin with https://`);
  const url = new URL(`${server.replace(/\/+$/, '')}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** A plugin that hangs is to hold nothing up for longer than a server that does. */
async function inTime<T>(signIn: Promise<T>, timeoutMs: Millis, { subject }: Call): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `${describe(subject)}: no sign-in within ${timeoutMs} ms`;
    timer = setTimeout(() => reject(new Transient(message)), timeoutMs);
  });
  return await Promise.race([signIn, late]).finally(() => clearTimeout(timer));
}

function isOurs(error: unknown): boolean {
  return [Conflict, NotFound, Terminal, Transient].some((kind) => error instanceof kind);
}

type SignedIn = { headers: Record<string, string>; agent: Agent };
type Authorize = ((kubeConfig: KubeConfig, url: URL) => Promise<SignedIn>) & {
  forget: () => void;
};

/**
 * Signs requests in as the kubeconfig says, one sign-in at a time: it may start a program. The client makes
 * new connections for every request, and with them new TLS handshakes; here they are kept. After a refusal
 * all that was remembered is forgotten, tokens and certificates too.
 */
function authorizing(): Authorize {
  let pools = new WeakMap<KubeConfig, Agent>();
  let copies = new WeakMap<KubeConfig, KubeConfig>();
  let underway = new WeakMap<KubeConfig, Promise<SignedIn>>();
  const signIn = async (kubeConfig: KubeConfig, { protocol }: URL): Promise<SignedIn> => {
    // The client keeps an exec plugin's token in the configuration, and only a copy has none.
    const config = copies.get(kubeConfig) ?? copyOf(kubeConfig);
    copies.set(kubeConfig, config);
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const agent = pools.get(kubeConfig) ?? agentOf(config, protocol, options);
    pools.set(kubeConfig, agent);
    return { headers: headersOf(options), agent };
  };
  const authorize = async (kubeConfig: KubeConfig, url: URL): Promise<SignedIn> => {
    const wait = underway.get(kubeConfig) ?? signIn(kubeConfig, url);
    underway.set(kubeConfig, wait);
    try {
      return await wait;
    } finally {
      if (underway.get(kubeConfig) === wait) underway.delete(kubeConfig);
    }
  };
  return Object.assign(authorize, {
    forget: () => {
      pools = new WeakMap();
      copies = new WeakMap();
      underway = new WeakMap();
    },
  });
}

/** The client's own agents are for proxies: left as they are, they close a connection after each answer. */
function agentOf(config: KubeConfig, protocol: string, options: RequestOptions): Agent {
  const { agent, ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  const given = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
  // Node takes an option that is undefined for one that was chosen.
  const tls = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const isProxied = Boolean(config.getCurrentCluster()?.proxyUrl);
  if (!isProxied || typeof agent !== 'object') return connections(protocol, tls);
  return Object.assign(agent, { keepAlive: true });
}

function headersOf({ headers = {}, auth }: RequestOptions): Record<string, string> {
  const basic = typeof auth === 'string' && Buffer.from(auth).toString('base64');
  const texts = Object.entries(headers).map(([name, value]) => [name, `${value}`]);
  return { ...(basic && { Authorization: `Basic ${basic}` }), ...Object.fromEntries(texts) };
}

function copyOf({ clusters, users, contexts, currentContext }: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions({ clusters, users, contexts, currentContext });
  return copy;
}

function connecting(credentials: Credentials): (fresh: boolean) => Promise<Connection> {
  if ('kubeConfig' in credentials) return async () => credentials;
  let known: { server: string; ca: string | undefined; kubeConfig: KubeConfig } | undefined;
  return async (fresh) => {
    const { server, ca, token } = await credentials.signIn({ fresh });
    if (known?.server !== server || known.ca !== ca) {
      known = { server, ca, kubeConfig: configOf(server, ca) };
    }
    return { kubeConfig: known.kubeConfig, ...(token === undefined ? {} : { token }) };
  };
}

function configOf(server: string, ca: string | undefined): KubeConfig {
  const { protocol, hostname } = new URL(server);
  const isPlain = protocol === 'http:';
  if (isPlain && !['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) {
    throw new Terminal(`${server}: a token is sent over https only; plain http is for loopback`);
  }
  const kubeConfig = new KubeConfig();
  const cluster = { name: server, server, skipTLSVerify: isPlain };
  kubeConfig.loadFromClusterAndUser(ca === undefined ? cluster : { ...cluster, caData: ca }, {
    name: 'serin',
  });
  return kubeConfig;
}

/** `lost`: there is no such server any more, and it may be elsewhere. */
type Failure = { failed: 'trust' | 'lost' | 'reset' | 'other'; error: Error };

const trustCodes = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|ERR_SSL_|HOSTNAME_)/;
const lostCodes = /^(ENOTFOUND|EAI_AGAIN)$/;
const resetCodes = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/;

/** What became of a call that got no answer. Nobody knows then whether a write took effect. */
function failure(call: Call, error: unknown, timeoutMs: Millis): Failure {
  const chain = causes(error);
  const code = chain.map((cause) => (cause as { code?: unknown }).code).find(isText) ?? '';
  const reason = chain.at(-1)?.message ?? String(error);
  const text = `${describe(call.subject)}: ${[code, reason].filter(Boolean).join(' ')}`;
  if (trustCodes.test(code)) {
    const hint = 'the certificate of the API server is not trusted: check its address and its CA';
    return { failed: 'trust', error: new Terminal(`${text}; ${hint}`, { cause: error }) };
  }
  if (chain.some(({ name }) => name === 'TimeoutError')) {
    const late = `${describe(call.subject)}: no answer within ${timeoutMs} ms`;
    return { failed: 'other', error: new Unreachable(late, { cause: error }) };
  }
  const failed = resetCodes.test(code) ? 'reset' : lostCodes.test(code) ? 'lost' : 'other';
  return { failed, error: new Unreachable(text, { cause: error }) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function causes(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
