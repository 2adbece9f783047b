import { Conflict } from '../errors.ts';
import type { Document, Outage } from '../model/documents.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import type { Documents, World } from '../world.ts';

// A cluster that does not answer. Its wakes would only fail, one by one, until they are dead letters. So
// the sweep leaves what is due there in the index, and a list wake tries the cluster now and then;
// when that is answered, all that is due goes into the queue again.

const retryMinMs: Millis = 30 * secondMs;
const retryMaxMs: Millis = 5 * minuteMs;
/** More clusters than one account has. */
const outagesMax = 1000;

/** Notes that a cluster did not answer. Several that notice it at the same time count as one. */
export async function noteOutage(
  { clock, store, log }: Pick<World, 'clock' | 'store' | 'log'>,
  cluster: string,
  error: Error,
): Promise<void> {
  const now = clock.now();
  const known = await store.documents.get({ kind: 'outage', id: cluster });
  if (known && known.body.retryAt > now) return;
  const failures = (known?.body.failures ?? 0) + 1;
  const body: Outage = {
    since: known?.body.since ?? now,
    failures,
    retryAt: now + Math.min(retryMaxMs, retryMinMs * 2 ** (failures - 1)),
    said: error.message.slice(0, 500),
  };
  log('error', 'a cluster does not answer', { cluster, ...body });
  const version = known?.version ?? 0;
  await store.documents.put({ kind: 'outage', id: cluster, version, body }).catch(ifWritten);
}

/** The cluster has answered. */
export async function endOutage(documents: Documents, cluster: string): Promise<void> {
  const known = await documents.get({ kind: 'outage', id: cluster });
  if (known) await documents.remove(known, known.version).catch(ifWritten);
}

/** The clusters that do not answer, by name. */
export async function outages(documents: Documents): Promise<Map<string, Outage>> {
  const { items } = await documents.list({ kind: 'outage' }, { limit: outagesMax });
  return new Map(items.map(({ id, body }: Document<'outage'>) => [id, body]));
}

/** Somebody else noted the same. */
function ifWritten(error: unknown): void {
  if (!(error instanceof Conflict)) throw error;
}
