import { everyText, oneLine } from '../../lib/view/words.ts';
import type { Problem } from './answers.ts';
import { noteDate } from './clock.ts';
import { type Session, session, sessionRefused } from './session.ts';

// The only place that asks the API.

export type Reply<T> = {
  status: number;
  /** Absent of what has not changed. */
  body?: T;
  etag?: string;
  /** When what is answered was true, by the server's clock. */
  observedAt?: number;
  retryAfterMs?: number;
};

/** Why there is no answer, in words for whoever asked. */
export class Failure extends Error {
  override name = 'Failure';
  /** 0: nobody answered. */
  readonly status: number;
  readonly problem?: Problem;
  readonly retryAfterMs?: number;

  constructor(
    text: string,
    status: number,
    more: { problem?: Problem; retryAfterMs?: number } = {},
  ) {
    super(text);
    this.status = status;
    Object.assign(this, more);
  }
}

type Options = {
  method?: 'GET' | 'POST';
  etag?: string | undefined;
  body?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

const secondMs = 1000;

export async function ask<T>(path: string, options: Options = {}): Promise<Reply<T>> {
  const used = session();
  const first = await send(path, options);
  // A token may have run out just now: that is tried once. What is forbidden stays so.
  const isAgain = first.status === 401 && (await isRenewed(used));
  const response = isAgain ? await send(path, options) : first;
  noteDate(response.headers.get('date'), Date.now());
  const reply = headOf(response);
  if (response.status === 304) return reply;
  const body = await jsonOf(response);
  if (response.ok && body !== undefined) {
    // What is shown reads as it is written, whoever wrote it.
    return { ...reply, body: everyText(body, oneLine) as T };
  }
  throw failureOf(response, reply, body);
}

/** Whether there is another token than the one that was used, or one can be had. */
async function isRenewed(used: Session): Promise<boolean> {
  const who = session();
  if (used.state !== 'in' || who.state !== 'in') return false;
  return who.token !== used.token || (await who.refresh?.()) === true;
}

function send(path: string, { method = 'GET', etag, body, headers, signal }: Options) {
  const who = session();
  return fetch(path, {
    method,
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    ...(signal && { signal }),
    ...(body && { body: JSON.stringify(body) }),
    headers: {
      ...(who.state === 'in' && { authorization: `Bearer ${who.token}` }),
      ...(etag !== undefined && { 'if-none-match': etag }),
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    },
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new Failure('Serin cannot be reached.', 0);
  });
}

function headOf({ status, headers }: Response): Reply<never> {
  const etag = headers.get('etag');
  const observedAt = Number(headers.get('serin-observed-at') ?? Number.NaN);
  const retryAfter = Number(headers.get('retry-after') ?? Number.NaN);
  return {
    status,
    ...(etag !== null && { etag }),
    ...(Number.isFinite(observedAt) && { observedAt }),
    ...(Number.isFinite(retryAfter) && { retryAfterMs: retryAfter * secondMs }),
  };
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function failureOf({ status }: Response, { retryAfterMs }: Reply<never>, body: unknown): Failure {
  const problem = isProblem(body) ? everyText(body, oneLine) : undefined;
  const text = problem?.detail ?? wordsOf(status);
  if (status === 401) sessionRefused(text);
  return new Failure(text, status, {
    ...(problem && { problem }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'detail' in body && 'status' in body;
}

/** Of what no part of Serin has answered, such as a gateway before it. */
function wordsOf(status: number): string {
  if (status === 429) return 'Too much is asked of Serin at the moment.';
  if (status >= 500) return `Serin could not answer (${status}).`;
  return `What came back is no answer of Serin's (${status}).`;
}
