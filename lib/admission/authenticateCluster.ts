import { cache, type Kept } from '../cache.ts';
import { Transient } from '../errors.ts';
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

type Known = { doorbell?: DoorbellEntry };

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
  let failedAt = Number.NEGATIVE_INFINITY;
  const entries = cache<Known>({
    ...{ now: clock.now, lifeMs: entryLifeMs, max: namesMax },
    // Beyond the bound a name that nobody has registered is forgotten first.
    goesFirst: ({ doorbell }) => doorbell === undefined,
    standsIn: () => true,
    failureLifeMs: () => 0,
    read: async (cluster) => {
      if (clock.now() - failedAt < pauseMs)
        throw new Transient('The table did not answer just now');
      try {
        const document = await store.documents.get({ kind: 'cluster', id: cluster });
        return document ? { doorbell: document.body.doorbell } : {};
      } catch (error) {
        failedAt = clock.now();
        log('warn', 'the registry could not be read', { cluster, error: String(error) });
        throw error;
      }
    },
  });
  const entryOf = (cluster: string, ageMaxMs?: Millis) =>
    entries(cluster, ageMaxMs).catch(() => undefined);
  return async (cluster, secret) => {
    let entry = await entryOf(cluster);
    if (!matches(entry, secret, clock.now())) {
      // A name that was read just now is not read again.
      entry = await entryOf(cluster, rereadMs);
      if (!matches(entry, secret, clock.now())) return entry ? undefined : 'unreadable';
    }
    const { doorbell } = entry?.value ?? {};
    if (!entry || !doorbell) return undefined;
    return { doorbell, isFresh: clock.now() - entry.readAt < entryLifeMs };
  };
}

function matches(entry: Kept<Known> | undefined, secret: string, now: Millis): boolean {
  return isSecretOf(entry?.value.doorbell ?? { secrets: [] }, secret, now);
}
