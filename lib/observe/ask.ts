import { Conflict, NotFound, NotServed, remedyOf, Terminal, Transient } from '../errors.ts';
import { defined } from '../model/defined.ts';
import {
  type Answer,
  type Answers,
  answersIn,
  type Need,
  type Read,
  readKey,
  unmetOf,
} from '../model/reads.ts';
import type { Millis } from '../model/units.ts';
import type { Aws, Cluster, Http, Secrets } from '../world.ts';
import { readAws } from './readers/aws.ts';
import { readDryRun } from './readers/dryRun.ts';
import { readHttp } from './readers/http.ts';
import { readList, readObject } from './readers/objects.ts';
import { readSecret } from './readers/secret.ts';

/**
 * What is read from: beside the cluster nothing is reached for before something is asked of it. `endsAt`:
 * when this process is stopped.
 */
export type Sources = {
  cluster: Cluster;
  aws: () => Promise<Aws>;
  http: () => Promise<Http>;
  secrets: () => Promise<Secrets>;
  endsAt: Millis;
};

/** By the reader of that variant. */
async function readBy(sources: Sources, read: Read): Promise<unknown> {
  const { cluster, aws } = sources;
  if ('aws' in read) return await readAws(await aws(), read);
  if ('object' in read) return await readObject(cluster, read);
  if ('list' in read) return await readList(cluster, read);
  if ('http' in read) return await readHttp(sources, read);
  if ('secret' in read) return await readSecret(sources, read);
  return await readDryRun(cluster, read);
}

/**
 * An object whose failure would be decided upon is asked for twice: a rollout is not to be Degraded for one
 * answer that was throttled. Any other failure ends the turn, which is taken again later.
 */
async function readOnceMore(sources: Sources, { read, bears }: Need): Promise<unknown> {
  try {
    return await readBy(sources, read);
  } catch (error) {
    if (bears !== 'all' || !('object' in read) || !(error instanceof Transient)) throw error;
    return await readBy(sources, read);
  }
}

export type Asking = {
  answers: Answers;
  /**
   * Reads side by side what was not asked before, and answers whether there was anything. Rejects with what
   * failed where the turn cannot go on without it: nowhere else does a read end a turn.
   */
  ask: (needs: Need[]) => Promise<boolean>;
};

/** The reads of one turn: each is made once. */
export function asking(sources: Sources): Asking {
  const known = new Map<string, Answer>();
  const errors = new Map<string, unknown>();
  const answers = answersIn(known);
  const answer = async (key: string, need: Need): Promise<void> => {
    try {
      known.set(key, { ok: await readOnceMore(sources, need) });
    } catch (error) {
      errors.set(key, error);
      known.set(key, failureOf(error));
    }
  };
  const ask = async (needs: Need[]): Promise<boolean> => {
    const wanted = new Map(needs.map((need) => [readKey(need.read), need]));
    const unread = [...wanted].filter(([key]) => !known.has(key));
    await Promise.all(unread.map(([key, need]) => answer(key, need)));
    const unmet = unmetOf(needs, answers);
    if (unmet) throw errors.get(readKey(unmet));
    return unread.length > 0;
  };
  return { answers, ask };
}

/** An error of none of the known kinds is a bug, and no answer. */
function failureOf(error: unknown): Answer {
  if (error instanceof NotServed) return { missing: true, unserved: true };
  if (error instanceof NotFound)
    return { missing: true, ...defined({ apiVersion: error.apiVersion }) };
  const isPassing = error instanceof Transient || error instanceof Conflict;
  if (!isPassing && !(error instanceof Terminal)) throw error;
  return { failed: error.message, passing: isPassing, ...remedyOf(error) };
}
