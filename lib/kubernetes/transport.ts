import type { Agent, IncomingMessage } from 'node:http';
import { Conflict, NotFound, Terminal, Transient, Unreachable } from '../errors.ts';
import { answerOf, bodyOf } from '../http/send.ts';
import type { HttpAnswer } from '../model/httpRequest.ts';
import type { Millis } from '../model/units.ts';
import { describe, isUnknownCaller, refusal, type Subject } from './answers.ts';
import { connections, type Request, send as sent, textOf } from './request.ts';

/**
 * Where a cluster is and as whom to call it. `fresh` asks for what was not remembered, because what
 * was remembered has just been refused.
 */
export type SignIn = (options: { fresh: boolean }) => Promise<Access>;
export type Access = {
  server: string;
  /** PEM in base64; absent where the public authorities vouch for the server. */
  ca?: string;
  token?: string;
  headers?: Record<string, string>;
  /** The connections to call it through, where those of `ca` do not do. */
  agent?: Agent;
};

export type Credentials = { signIn: SignIn };

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

const methods = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  patch: 'PATCH',
  delete: 'DELETE',
};

/**
 * What the published client's calls cost, and why they are left aside:
 * docs/adr/0039-a-kubernetes-client-of-our-own.md
 */
export function transport({ signIn }: Credentials, asking: Asking): Transport & { pass: Pass } {
  const { timeoutMs } = asking;
  const connect = connecting(signIn);

  const attempt = async (call: Call, fresh: boolean): Promise<Answer | Failure> => {
    const request = await prepare(call, asking, () => connect(fresh));
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await sent(request, limit);
      return { status: statusOf(answer), body: parsed(await textOf(answer)) };
    } catch (error) {
      return failure(call, limit.aborted ? limit.reason : error, timeoutMs);
    }
  };
  const open = async (call: Call, signal: AbortSignal, fresh: boolean): Promise<Stream> => {
    const request = await prepare(call, asking, () => connect(fresh));
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
    pass: passing(asking, connect),
    open: async (call, signal) => {
      const first = await open(call, signal, false);
      if (first.status !== 401) return first;
      return await open(call, signal, true);
    },
  };
}

/** What is handed on as it is: an answer of whatever is behind the API server, of whatever form. */
type Passed = {
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body?: string;
};
export type Pass = (request: Passed, signal: AbortSignal) => Promise<HttpAnswer>;

function passing({ userAgent }: Asking, connect: (fresh: boolean) => Promise<Connection>): Pass {
  const once = async (passed: Passed, signal: AbortSignal, fresh: boolean): Promise<HttpAnswer> => {
    const { method, path, body } = passed;
    const { server, token, headers, agent } = await connect(fresh);
    const answer = await sent(
      {
        ...{ method, agent, url: urlOf(server, { path }) },
        headers: {
          'User-Agent': userAgent,
          ...passed.headers,
          ...headers,
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body }),
      },
      signal,
    );
    return answerOf(answer, await bodyOf(answer));
  };
  return async (passed, signal) => {
    const first = await once(passed, signal, false);
    // What a Service answers is its own matter: whatever it did then, it is not to do twice.
    return isUnknownCaller(first) ? await once(passed, signal, true) : first;
  };
}

function statusOf({ statusCode = 0 }: IncomingMessage): number {
  return statusCode;
}

function isRead({ subject }: Call): boolean {
  return subject.verb === 'get' || subject.verb === 'list';
}

async function prepare(
  call: Call,
  { userAgent, timeoutMs }: Asking,
  connect: () => Promise<Connection>,
): Promise<Request> {
  try {
    const { server, token, headers, agent } = await inTime(connect(), timeoutMs, call);
    const { body, contentType = 'application/json' } = call;
    return {
      url: urlOf(server, call),
      method: methods[call.subject.verb],
      agent,
      headers: {
        Accept: 'application/json',
        'User-Agent': userAgent,
        ...(body !== undefined && { 'Content-Type': contentType }),
        ...headers,
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
  } catch (error) {
    if (isOurs(error)) throw error;
    const why = (error as Error).message;
    throw new Terminal(`${describe(call.subject)}: cannot sign in: ${why}`);
  }
}

function urlOf(server: string, { path, query = {} }: Pick<Call, 'path' | 'query'>): URL {
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

type Connection = Access & { agent: Agent };

/** Connections are kept from call to call, until they are refused or the server is another one. */
function connecting(signIn: SignIn): (fresh: boolean) => Promise<Connection> {
  let known: { server: string; ca: string | undefined; agent: Agent } | undefined;
  return async (fresh) => {
    const access = await signIn({ fresh });
    if (access.agent) return { ...access, agent: access.agent };
    const { server, ca } = access;
    if (fresh || known?.server !== server || known.ca !== ca) {
      known = { server, ca, agent: agentOf(server, ca) };
    }
    return { ...access, agent: known.agent };
  };
}

function agentOf(server: string, ca: string | undefined): Agent {
  const { protocol, hostname } = new URL(server);
  if (protocol === 'http:' && !['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) {
    throw new Terminal(`${server}: a token is sent over https only; plain http is for loopback`);
  }
  return connections(protocol, ca === undefined ? {} : { ca: Buffer.from(ca, 'base64') });
}

/** `lost`: there is no such server any more, and it may be elsewhere. */
type Failure = { failed: 'trust' | 'lost' | 'reset' | 'other'; error: Error };

const trustCodes = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|ERR_SSL_|HOSTNAME_)/;
const lostCodes = /^(ENOTFOUND|EAI_AGAIN)$/;
const resetCodes = /^(ECONNRESET|EPIPE)$/;

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
