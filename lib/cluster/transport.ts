// Two of its files, because its index also loads exec, attach, port-forward and their web sockets.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { request as ask } from 'undici';
import { Conflict, NotFound, Terminal, Transient, Unreachable } from '../errors.ts';
import type { Millis } from '../model/units.ts';
import { describe, refusal, type Subject } from './answers.ts';

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
type Dispatcher = ReturnType<RequestContext['getDispatcher']>;

const methods = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  patch: 'PATCH',
  delete: 'DELETE',
};

/**
 * Calls with the Kubernetes client's sign-in and through its connections. Its generated APIs are left
 * aside: they turn every time into a Date and drop fields they do not know, where hashes need all of
 * them. So is its `fetch`, which takes twice the processor time of the request beneath it.
 */
export function transport(credentials: Credentials, asking: Asking): Transport {
  const { timeoutMs } = asking;
  const connect = connecting(credentials);
  const authorize = authorizing();

  const attempt = async (call: Call, fresh: boolean): Promise<Answer | Failure> => {
    const request = await prepare(call, asking, () => connect(fresh), authorize);
    try {
      const { statusCode: status, body } = await sent(request, AbortSignal.timeout(timeoutMs));
      return { status, body: parsed(await body.text()) };
    } catch (error) {
      return failure(call, error, timeoutMs);
    }
  };
  const open = async (call: Call, signal: AbortSignal, fresh: boolean): Promise<Stream> => {
    const request = await prepare(call, asking, () => connect(fresh), authorize);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException('', 'TimeoutError')), timeoutMs);
    try {
      const both = AbortSignal.any([signal, late.signal]);
      const { statusCode: status, body } = await sent(request, both);
      if (status !== 200) return { status, body: parsed(await body.text()) };
      return { status, text: body.setEncoding('utf8') };
    } catch (error) {
      throw failure(call, error, timeoutMs).error;
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

function sent(request: RequestContext, signal: AbortSignal): ReturnType<typeof ask> {
  const [method, headers, body] = [
    request.getHttpMethod().toString(),
    request.getHeaders(),
    request.getBody(),
  ];
  const dispatcher = request.getDispatcher();
  return ask(request.getUrl(), {
    ...{ method, headers, signal },
    ...(typeof body === 'string' && { body }),
    ...(dispatcher && { dispatcher }),
  });
}

function isRead({ subject }: Call): boolean {
  return subject.verb === 'get' || subject.verb === 'list';
}

async function prepare(
  call: Call,
  { userAgent, timeoutMs }: Asking,
  connect: () => Promise<Connection>,
  authorize: Authorize,
): Promise<RequestContext> {
  let user: ReturnType<KubeConfig['getCurrentUser']> | undefined;
  try {
    const { kubeConfig, token } = await connect();
    user = kubeConfig.getCurrentUser();
    const server = kubeConfig.getCurrentCluster()?.server;
    if (server === undefined) throw new Error('the kubeconfig has no current context');
    const request = new RequestContext(
      `${server.replace(/\/+$/, '')}${call.path}`,
      methods[call.subject.verb] as never,
    );
    for (const [name, value] of Object.entries(call.query ?? {})) {
      request.setQueryParam(name, value);
    }
    request.setHeaderParam('Accept', 'application/json');
    request.setHeaderParam('User-Agent', userAgent);
    if (call.body !== undefined) {
      request.setHeaderParam('Content-Type', call.contentType ?? 'application/json');
      request.setBody(JSON.stringify(call.body));
    }
    await inTime(authorize(kubeConfig, request), timeoutMs, call);
    if (token !== undefined) request.setHeaderParam('Authorization', `Bearer ${token}`);
    return request;
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

/** A plugin that hangs is to hold nothing up for longer than a server that does. */
async function inTime(signIn: Promise<void>, timeoutMs: Millis, { subject }: Call): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `${describe(subject)}: no sign-in within ${timeoutMs} ms`;
    timer = setTimeout(() => reject(new Transient(message)), timeoutMs);
  });
  await Promise.race([signIn, late]).finally(() => clearTimeout(timer));
}

function isOurs(error: unknown): boolean {
  return [Conflict, NotFound, Terminal, Transient].some((kind) => error instanceof kind);
}

type SignedIn = { headers: Record<string, string>; dispatcher: Dispatcher | undefined };
type Authorize = ((kubeConfig: KubeConfig, request: RequestContext) => Promise<void>) & {
  forget: () => void;
};

/**
 * Signs requests in as the kubeconfig says, one sign-in at a time: it may start a program. The client makes
 * a new connection pool for every request, and with it a new TLS handshake; the first is kept. After a
 * refusal all that was remembered is forgotten, tokens and certificates too.
 */
function authorizing(): Authorize {
  let pools = new WeakMap<KubeConfig, NonNullable<Dispatcher>>();
  let copies = new WeakMap<KubeConfig, KubeConfig>();
  let underway = new WeakMap<KubeConfig, Promise<SignedIn>>();
  const signIn = async (kubeConfig: KubeConfig, request: RequestContext): Promise<SignedIn> => {
    // The client keeps an exec plugin's token in the configuration, and only a copy has none.
    const config = copies.get(kubeConfig) ?? copyOf(kubeConfig);
    copies.set(kubeConfig, config);
    const blank = new RequestContext(request.getUrl(), request.getHttpMethod());
    await config.applySecurityAuthentication(blank);
    const dispatcher = pools.get(kubeConfig) ?? blank.getDispatcher();
    if (dispatcher) pools.set(kubeConfig, dispatcher);
    return { headers: blank.getHeaders(), dispatcher };
  };
  const authorize = async (kubeConfig: KubeConfig, request: RequestContext): Promise<void> => {
    const wait = underway.get(kubeConfig) ?? signIn(kubeConfig, request);
    underway.set(kubeConfig, wait);
    try {
      const { headers, dispatcher } = await wait;
      for (const [name, value] of Object.entries(headers)) request.setHeaderParam(name, value);
      if (dispatcher) request.setDispatcher(dispatcher);
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
