import { setTimeout as delay } from 'node:timers/promises';
import { type Millis, secondMs } from '../lib/model/units.ts';
import type { RolloutView } from '../lib/model/view.ts';
import type { Answer, Client } from './client.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { plain } from './text.ts';

/** How often to ask unless told otherwise, and how the pace slows while nothing changes. */
const pollMs = secondMs;
const pollMinMs = 50;
const slowing = 1.5;
/** A release outlives a broken connection: how many failed looks in a row are borne. */
const failuresMax = 10;

/** A rollout at one moment of the server's clock. */
export type Look = { view: RolloutView; now: Millis; changed: boolean };

/** What a reader wants who is about to act on it: the cluster's own state, pods included. */
export function fresh(path: string): string {
  return `${path}?fresh=true`;
}

export async function look(client: Client, path: string): Promise<Look> {
  const answer = await client.get<RolloutView>(fresh(path));
  return { view: bodyOf(answer), now: answer.now, changed: true };
}

export function bodyOf<T>({ body }: Answer<T>): T {
  if (body !== undefined) return body;
  throw new CliError('the server answered with nothing', {
    exitCode: exitCodes.unreachable,
    hint: 'Try again; if it stays so, the server is of another version than this command.',
  });
}

type LooksOptions = Pick<Io, 'stop' | 'warn'> & {
  /** The time between two looks, and what it may grow to while nothing changes. */
  paceMs?: Millis;
  slowestMs?: Millis;
};

/** Looks again and again until `stop`. An unchanged answer costs no body. */
export async function* looks(
  client: Client,
  path: string,
  { stop, warn, paceMs = pollMs, slowestMs = paceMs }: LooksOptions,
): AsyncGenerator<Look> {
  let seen: { view: RolloutView; etag: string | undefined } | undefined;
  let failures = 0;
  let slowedMs = paceMs;
  let waitMs = paceMs;
  while (!stop.aborted) {
    try {
      const answer = await client.get<RolloutView>(fresh(path), seen?.etag);
      slowedMs = answer.body === undefined ? Math.min(slowedMs * slowing, slowestMs) : paceMs;
      waitMs = Math.max(answer.retryAfterMs ?? slowedMs, pollMinMs);
      if (answer.body !== undefined) seen = { view: answer.body, etag: answer.etag };
      if (seen === undefined) bodyOf(answer);
      else yield { view: seen.view, now: answer.now, changed: answer.body !== undefined };
      failures = 0;
    } catch (error) {
      if (stop.aborted) return;
      failures += 1;
      // The first look tells whether it is there at all; later ones know that it was.
      if (seen === undefined || failures > failuresMax || !maySucceedLater(error)) throw error;
      warn(plain(`serin: ${(error as Error).message}; trying again`));
    }
    await delay(waitMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

function maySucceedLater(error: unknown): boolean {
  if (!(error instanceof CliError) || error.exitCode !== exitCodes.unreachable) return false;
  const status = error.problem?.status;
  return status === undefined || status >= 500;
}
