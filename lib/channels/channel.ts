import { Terminal, Transient } from '../errors.ts';
import type { HttpAnswer } from '../model/httpRequest.ts';
import type { Channel, Notification, ValueRef, Ways } from '../model/notification.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Clock, Documents } from '../world.ts';

/** What one channel is given to send one message with. */
export type Sending = {
  channel: Channel;
  notification: Notification;
  /** Reads a secret. What it answers is masked in whatever this message's errors say. */
  value: (ref: ValueRef) => Promise<string>;
  /** Makes a request, wherever the settings allow it to go. Any status is an answer. */
  request: (request: Posted) => Promise<HttpAnswer>;
  /** What is remembered from one message of a release to the next. */
  documents: Documents;
  clock: Pick<Clock, 'now'>;
  /** Of Serin, where it runs on AWS. */
  region: string;
};

type Posted = {
  method?: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
};

/**
 * Sends a message by one way. Rejects where it was not taken. Answers why there was nothing to send, if so.
 */
export type Sender<W extends keyof Ways> = (
  way: Ways[W],
  sending: Sending,
) => Promise<{ skipped?: string }>;

/** Of what a receiver says. */
const saidMax = 200;

/** The answer, where it is a good one. */
export function taken(answer: HttpAnswer): HttpAnswer {
  const { status, body, headers } = answer;
  if (status >= 200 && status < 300) return answer;
  const said = `the receiver answered ${status}: ${body.trim().slice(0, saidMax)}`;
  if (status !== 429 && status < 500) throw new Terminal(said);
  throw Object.assign(new Transient(said), retryAfter(headers['retry-after']));
}

export function retryAfter(header: string | undefined): { retryAfterMs?: Millis } {
  const seconds = Number(header);
  return header !== undefined && seconds > 0 ? { retryAfterMs: seconds * secondMs } : {};
}

/** For a request whose body is JSON. */
export function json(value: object): { headers: { 'Content-Type': string }; body: string } {
  return {
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
    body: JSON.stringify(value),
  };
}

/** What the body of an answer holds, where it is JSON. */
export function parsed<T extends object>({ body }: HttpAnswer): Partial<T> {
  try {
    return (JSON.parse(body) ?? {}) as Partial<T>;
  } catch {
    throw new Terminal(`the receiver answered no JSON: ${body.slice(0, saidMax)}`);
  }
}
