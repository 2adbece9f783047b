import type { LabelSelector } from '../model/argo.generated.ts';
import { own } from '../model/own.ts';
import { type Labels, selects } from './selectors.ts';

type Labelled = { labels: Labels };

export type ByLabel<E> = {
  get: (name: string) => E | undefined;
  set: (name: string, entry: E) => void;
  delete: (name: string) => void;
  select: (selector: LabelSelector) => E[];
};

/**
 * What a namespace holds, by name, and by each label that was asked for: every turn of a rollout selects its
 * own ReplicaSets among those of all.
 */
export function byLabel<E extends Labelled>(): ByLabel<E> {
  const entries = new Map<string, E>();
  /** By label and value, the names. */
  const indexes = new Map<string, Map<string, Set<string>>>();
  const addTo = (key: string, name: string, { labels }: E): void => {
    const value = own(labels, key);
    const index = indexes.get(key);
    if (value === undefined || index === undefined) return;
    const names = index.get(value) ?? new Set();
    index.set(value, names.add(name));
  };
  const takeFrom = (key: string, name: string, { labels }: E): void => {
    const index = indexes.get(key);
    const names = index?.get(own(labels, key) ?? '');
    names?.delete(name);
    if (names?.size === 0) index?.delete(own(labels, key) ?? '');
  };
  const indexOf = (key: string): Map<string, Set<string>> => {
    const found = indexes.get(key) ?? new Map();
    if (indexes.has(key)) return found;
    indexes.set(key, found);
    for (const [name, entry] of entries) addTo(key, name, entry);
    return found;
  };
  const remove = (name: string): void => {
    const entry = entries.get(name);
    entries.delete(name);
    if (entry) for (const key of indexes.keys()) takeFrom(key, name, entry);
  };
  return {
    get: (name) => entries.get(name),
    set: (name, entry) => {
      remove(name);
      entries.set(name, entry);
      for (const key of indexes.keys()) addTo(key, name, entry);
    },
    delete: remove,
    select: (selector) => {
      const named = equalities(selector).map(([key, value]) => indexOf(key).get(value));
      const [fewest] = named.toSorted((a, b) => (a?.size ?? 0) - (b?.size ?? 0));
      const names = named.length === 0 ? entries.keys() : (fewest ?? []);
      return [...names].flatMap((name) => {
        const entry = entries.get(name);
        return entry && selects(selector, entry.labels) ? [entry] : [];
      });
    },
  };
}

/** The labels of which it wants one value. */
function equalities({ matchExpressions = [] }: LabelSelector): [string, string][] {
  return matchExpressions.flatMap(({ key, operator, values = [] }) => {
    const [value] = values;
    return operator === 'In' && values.length === 1 && value !== undefined ? [[key, value]] : [];
  });
}
