import { type AnyKey, keyText } from '../../lib/model/key.ts';
import type { AnyRecord } from '../../lib/model/record.ts';
import type { Millis } from '../../lib/model/units.ts';
import type { Clock, Due, Store } from '../../lib/world.ts';

/** The store with a due index that shows what was written only after a while, as DynamoDB's may. */
export function withIndexLag(store: Store, clock: Pick<Clock, 'now'>, lagMs: Millis): Store {
  const shown = new Map<string, Due>();
  const pending: { at: Millis; key: AnyKey; due: Due | undefined }[] = [];
  const note = (key: AnyKey, due: Due | undefined): void => {
    pending.push({ at: clock.now() + lagMs, key, due });
  };
  const catchUp = (): void => {
    const now = clock.now();
    const seen = pending.findIndex(({ at }) => at > now);
    for (const { key, due } of pending.splice(0, seen < 0 ? Infinity : seen)) {
      if (due === undefined) shown.delete(keyText(key));
      else shown.set(keyText(key), due);
    }
  };
  return {
    ...store,
    save: async (record) => {
      const saved = await store.save(record);
      note(saved.key, dueIn(saved));
      return saved;
    },
    forget: async (key, version) => {
      await store.forget(key, version);
      note(key, undefined);
    },
    due: async (before, limit) => {
      catchUp();
      return [...shown.values()]
        .filter(({ dueAt }) => dueAt < before)
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit);
    },
  };
}

function dueIn({ key, dueAt, queuedFor, version }: AnyRecord): Due | undefined {
  if (dueAt === undefined) return undefined;
  return { key, dueAt, version, ...(queuedFor === undefined ? {} : { queuedFor }) };
}
