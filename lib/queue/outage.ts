import { ifWritten } from '../errors.ts';
import type { Document, Outage } from '../model/documents.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import { enqueue } from '../notify/enqueue.ts';
import { unreachable } from '../notify/notification.ts';
import type { Documents, World } from '../world.ts';

// A cluster that does not answer. Its wakes would only fail, one by one, until they are dead letters. So
// what is due there stays in the due index, and one list wake tries the cluster, later each time. The
// first list that is answered ends the outage and wakes all that is due; any other answer brings it forward.

/** One try that fails is told to nobody: an API server may be restarted. */
const toldAfter = 3;
const retryMinMs: Millis = 5 * secondMs;
const retryMaxMs: Millis = 5 * minuteMs;
/** The next try waits for this part of the time that the cluster has been away. */
const part = 1 / 4;
/** A queue's message may come so much early. */
const earlyMs: Millis = secondMs;
/** More clusters than one account has. */
const outagesMax = 1000;

/** Notes that a cluster did not answer, and has it tried later. Several that notice it count as one. */
export async function noteOutage(
  world: Pick<World, 'clock' | 'store' | 'wakes' | 'log' | 'messages'>,
  cluster: string,
  error: Error,
): Promise<void> {
  const { clock, store, wakes, log } = world;
  const now = clock.now();
  const known = await outageOf(store.documents, cluster);
  if (known && now < known.body.retryAt - earlyMs) return;
  const since = known?.body.since ?? now;
  const waitMs = Math.min(retryMaxMs, Math.max(retryMinMs, Math.round((now - since) * part)));
  const body: Outage = {
    since,
    failures: (known?.body.failures ?? 0) + 1,
    retryAt: now + waitMs,
    said: error.message.slice(0, 500),
  };
  log(known ? 'info' : 'error', 'a cluster does not answer', { cluster, ...body });
  if (await isPut(store.documents, cluster, { version: known?.version ?? 0, body })) {
    await wakes.send({ list: cluster }, waitMs);
    if (body.failures === toldAfter) await enqueue(world, unreachable(cluster, body));
  }
}

/**
 * The cluster has answered. If it was noted as silent it is listed now, and not when its next try is due, nor
 * when a sweep takes the wake of that try for lost.
 */
export async function noteAnswer(
  { clock, store, wakes }: Pick<World, 'clock' | 'store' | 'wakes'>,
  cluster: string,
): Promise<void> {
  const now = clock.now();
  const known = await outageOf(store.documents, cluster);
  if (known === undefined) return;
  const { version, body } = known;
  const isOnItsWay = body.retryAt <= now && now - body.retryAt < retryMinMs;
  if (isOnItsWay) return;
  if (await isPut(store.documents, cluster, { version, body: { ...body, retryAt: now } })) {
    await wakes.send({ list: cluster }, 0);
  }
}

/** False when somebody else noted something in between. */
async function isPut(
  documents: Documents,
  id: string,
  { version, body }: { version: number; body: Outage },
): Promise<boolean> {
  const put = documents.put({ kind: 'outage', id, version, body });
  const done = await put.catch(ifWritten);
  return done !== undefined;
}

export async function outageOf(
  documents: Documents,
  cluster: string,
): Promise<Document<'outage'> | undefined> {
  return await documents.get({ kind: 'outage', id: cluster });
}

/** All that was due is on its way. */
export async function endOutage(documents: Documents, outage: Document<'outage'>): Promise<void> {
  await documents.remove(outage, outage.version).catch(ifWritten);
}

/** The clusters that do not answer, by name. */
export async function outages(documents: Documents): Promise<Map<string, Outage>> {
  const { items } = await documents.list({ kind: 'outage' }, { limit: outagesMax });
  return new Map(items.map(({ id, body }: Document<'outage'>) => [id, body]));
}
