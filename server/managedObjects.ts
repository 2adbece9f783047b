import type { RolloutKey } from '../lib/model/key.ts';
import { keyText } from '../lib/model/key.ts';
import { type Kind, type ObjectRef, refText } from '../lib/model/kinds.ts';
import type { RolloutRecord } from '../lib/model/record.ts';
import type { Change } from '../lib/queue/keys.ts';
import { itself } from '../lib/queue/keys.ts';
import type { Store } from '../lib/world.ts';

const pageSize = 500;

/**
 * Which rollouts manage an object, as their records name them: what routers look at is not all named in a
 * spec. Kept in memory, since every change of a watched object asks for it.
 */
export async function managedObjects(table: Store, cluster: string) {
  const refsOf = new Map<string, string[]>();
  const managers = new Map<string, Map<string, RolloutKey>>();
  const note = (key: RolloutKey, managed: ObjectRef[]): void => {
    const id = keyText(key);
    const [before = [], refs] = [refsOf.get(id), managed.map(refText)];
    // Most writes change nothing of it.
    if (before.join() === refs.join()) return;
    for (const ref of before) managers.get(ref)?.delete(id);
    for (const ref of refs) managers.set(ref, (managers.get(ref) ?? new Map()).set(id, key));
    for (const ref of before) if (managers.get(ref)?.size === 0) managers.delete(ref);
    refsOf.set(id, refs);
  };
  for (let at = {}; ; ) {
    const { items, cursor } = await table.list(cluster, { limit: pageSize, ...at });
    for (const { key, managed = [] } of items) note(key, managed);
    if (cursor === undefined) break;
    at = { cursor };
  }
  const store: Store = {
    ...table,
    save: async (record) => {
      const saved = await table.save(record);
      const { key, managed = [] } = saved as RolloutRecord;
      if (key.kind === undefined) note(key, managed);
      return saved;
    },
    forget: async (key, version) => {
      await table.forget(key, version);
      if (key.kind === undefined) note(key as RolloutKey, []);
    },
  };
  return {
    /** The table, whose writes are taken note of. */
    store,
    managersOf: (change: Change): RolloutKey[] => {
      if (itself(change, cluster) !== 'referrers') return [];
      const { namespace = 'default', name = '' } = change.object.metadata ?? {};
      const ref = refText({ kind: change.kind as Kind, namespace, name });
      return [...(managers.get(ref)?.values() ?? [])];
    },
  };
}
