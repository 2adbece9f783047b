import type { Millis } from './model/units.ts';

export type CacheOptions<V> = {
  now: () => Millis;
  /** Asks for it. `last` is what was answered before. */
  read: (key: string, last: V | undefined) => Promise<V>;
  /** How long an answer is believed. */
  lifeMs: Millis | ((value: V) => Millis);
  /** Whether the last answer, of that age, stands in for one that could not be had; never, if absent. */
  standsIn?: (error: unknown, ageMs: Millis) => boolean;
  /** How long nothing is asked after a failure; as long as an answer lives where the last one stands in. */
  failureLifeMs?: (isFirst: boolean, error: unknown) => Millis;
  onFailure?: (error: unknown, standsIn: boolean) => void;
  /** How many are kept; without bound if absent. */
  max?: number;
  /** What goes first where there are more. The one that was read longest ago goes otherwise. */
  goesFirst?: (value: V) => boolean;
};

/** `readAt`: when it was answered so. */
export type Kept<V> = { value: V; readAt: Millis };

/** The answer for a key, asked for at most `ageMaxMs` ago where that is given. */
export type Cache<V> = (key: string, ageMaxMs?: Millis) => Promise<Kept<V>>;

type Entry<V> = { kept?: Kept<V>; error?: unknown; askedAt: Millis; until: Millis };

/**
 * Remembers answers. Those who ask for the same at once wait for one read. A failure is nobody's answer for
 * longer than it is said to be.
 */
export function cache<V>(options: CacheOptions<V>): Cache<V> {
  const entries = new Map<string, Entry<V>>();
  const reading = new Map<string, Promise<Entry<V>>>();
  const ask = async (key: string): Promise<Entry<V>> => {
    const entry = await asked(options, key, entries.get(key)?.kept);
    entries.delete(key);
    if (entry.kept || entry.until > entry.askedAt) entries.set(key, entry);
    dropOne(entries, options);
    return entry;
  };
  return async (key, ageMaxMs = Number.POSITIVE_INFINITY) => {
    const now = options.now();
    const known = entries.get(key);
    const isFresh = known && now < known.until && now - known.askedAt < ageMaxMs;
    const same =
      reading.get(key) ?? (isFresh ? known : ask(key).finally(() => reading.delete(key)));
    if (same instanceof Promise) reading.set(key, same);
    const entry = await same;
    if (entry.error !== undefined || !entry.kept) throw entry.error;
    return entry.kept;
  };
}

async function asked<V>(
  { now, read, lifeMs, standsIn, failureLifeMs, onFailure }: CacheOptions<V>,
  key: string,
  last: Kept<V> | undefined,
): Promise<Entry<V>> {
  const lifeOf = (value: V): Millis => (typeof lifeMs === 'number' ? lifeMs : lifeMs(value));
  const askedAt = now();
  try {
    const value = await read(key, last?.value);
    return { kept: { value, readAt: askedAt }, askedAt, until: askedAt + lifeOf(value) };
  } catch (error) {
    const stays = last !== undefined && standsIn?.(error, askedAt - last.readAt) === true;
    onFailure?.(error, stays);
    const aloneMs = failureLifeMs?.(last === undefined, error) ?? (stays ? lifeOf(last.value) : 0);
    return {
      ...(last && { kept: last }),
      ...(!stays && { error }),
      ...{ askedAt, until: askedAt + aloneMs },
    };
  }
}

function dropOne<V>(
  entries: Map<string, Entry<V>>,
  { max = Number.POSITIVE_INFINITY, goesFirst }: CacheOptions<V>,
): void {
  if (entries.size <= max) return;
  const isFirst = ([, { kept }]: [string, Entry<V>]) => !kept || goesFirst?.(kept.value) === true;
  const [oldest] = entries.keys();
  const key = [...entries].find(isFirst)?.[0] ?? oldest;
  if (key !== undefined) entries.delete(key);
}
