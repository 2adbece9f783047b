import type { DoorbellEntry } from '../model/documents.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import { isSecretOf } from '../registry/webhookSecret.ts';
import type { World } from '../world.ts';

/** How long an entry of the registry is believed, also that there is none. */
const entryLifeMs: Millis = minuteMs;
/** A secret that does not match may be a new one: how old an entry must be to be read again for it. */
const rereadMs: Millis = secondMs;
/** How long a table that did not answer is left alone. */
const pauseMs: Millis = 5 * secondMs;
/** Names remembered, those nobody has registered among them. */
const namesMax = 2000;

/** `readAt`: when the table said so. */
type Known = { readAt: Millis; doorbell?: DoorbellEntry };

/**
 * `isFresh`: the table has said so lately. `unreadable`: the table could not be asked, so nobody can say.
 */
export type Entry = { doorbell: DoorbellEntry; isFresh: boolean };
export type AuthenticateCluster = (
  cluster: string,
  secret: string,
) => Promise<Entry | 'unreadable' | undefined>;

/** Tells whether a secret is that of a registered cluster, with few reads and bounded memory. */
export function authenticateCluster({
  clock,
  store,
  log,
}: Pick<World, 'clock' | 'store' | 'log'>): AuthenticateCluster {
  const known = new Map<string, Known>();
  const reading = new Map<string, Promise<Known | undefined>>();
  let failedAt = Number.NEGATIVE_INFINITY;

  const read = async (cluster: string): Promise<Known | undefined> => {
    if (clock.now() - failedAt < pauseMs) return known.get(cluster);
    try {
      const document = await store.documents.get({ kind: 'cluster', id: cluster });
      const entry = { readAt: clock.now(), ...(document && { doorbell: document.body.doorbell }) };
      remember(known, cluster, entry);
      return entry;
    } catch (error) {
      failedAt = clock.now();
      log('warn', 'the registry could not be read', { cluster, error: String(error) });
      return known.get(cluster);
    }
  };
  /** Those who ask at the same time wait for one read. */
  const readOnce = (cluster: string): Promise<Known | undefined> => {
    const same = reading.get(cluster) ?? read(cluster).finally(() => reading.delete(cluster));
    reading.set(cluster, same);
    return same;
  };
  return async (cluster, secret) => {
    let entry = known.get(cluster);
    if (!entry || clock.now() - entry.readAt >= entryLifeMs) entry = await readOnce(cluster);
    if (!matches(entry, secret, clock.now())) {
      const isOld = entry && clock.now() - entry.readAt >= rereadMs;
      if (isOld) entry = await readOnce(cluster);
      if (!matches(entry, secret, clock.now())) return entry ? undefined : 'unreadable';
    }
    if (!entry?.doorbell) return undefined;
    return { doorbell: entry.doorbell, isFresh: clock.now() - entry.readAt < entryLifeMs };
  };
}

function matches(entry: Known | undefined, secret: string, now: Millis): boolean {
  return isSecretOf(entry?.doorbell ?? { secrets: [] }, secret, now);
}

/** Beyond the bound a name that nobody has registered is forgotten first. */
function remember(known: Map<string, Known>, cluster: string, entry: Known): void {
  known.delete(cluster);
  known.set(cluster, entry);
  if (known.size <= namesMax) return;
  const stranger = [...known].find(([, { doorbell }]) => doorbell === undefined)?.[0];
  const oldest = stranger ?? known.keys().next().value;
  if (oldest !== undefined) known.delete(oldest);
}
