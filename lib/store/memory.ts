import { Conflict, Terminal } from '../errors.ts';
import type { DocumentKey, DocumentKind } from '../model/documents.ts';
import type { RolloutKey } from '../model/key.ts';
import type { LedgerEntry } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { Clock, Documents, Due, Page, Store } from '../world.ts';
import {
  documentItem,
  documentKey,
  documentsPartition,
  hasExpired,
  type Item,
  type ItemKey,
  ledgerItem,
  ledgerPartition,
  namespacePrefix,
  readDocument,
  readDue,
  readLedgerEntry,
  readRecord,
  readRecords,
  recordItem,
  recordKey,
  rolloutsPartition,
  versionOf,
} from './items.ts';

export type MemoryStoreOptions = {
  /** How long the due index lags behind the records. */
  indexLagMs?: Millis;
};

type PageOptions = { limit: number; cursor?: string };
type IndexChange = { at: Millis; id: string; item: Item | undefined };

/** Items by partition and sort key, as in the table. */
type Memory = {
  partitions: Map<string, Map<string, Item>>;
  /** The due index as readers see it now, and what they do not see yet, oldest first. */
  index: Map<string, Item>;
  pending: IndexChange[];
};

/** The store in memory, holding the table's very items, so that many simulations run quickly. */
export function memoryStore(clock: Clock, { indexLagMs = 0 }: MemoryStoreOptions = {}): Store {
  const memory: Memory = { partitions: new Map(), index: new Map(), pending: [] };
  const write = (key: ItemKey, item: Item | undefined): void => {
    put(memory, key, item);
    const now = clock.now();
    const id = `${key.pk.S} ${key.sk.S}`;
    memory.pending.push({ at: now + indexLagMs, id, item: item && indexed(item) });
    // Or whatever was written between two looks into the index would be kept.
    catchUp(memory, now);
  };
  return {
    load: async (key) => {
      const item = find(memory, recordKey(key));
      return item === undefined ? undefined : readRecord(item);
    },
    save: async (record) => {
      demandVersion(find(memory, recordKey(record.key)), record.version);
      const item = recordItem(record, record.version + 1);
      write(recordKey(record.key), item);
      return { ...record, version: record.version + 1 };
    },
    forget: async (key, version) => {
      const item = find(memory, recordKey(key));
      if (item === undefined) return;
      demandVersion(item, version);
      write(recordKey(key), undefined);
    },
    list: async (cluster, options) => listed(memory, cluster, options),
    due: async (before, limit) => {
      catchUp(memory, clock.now());
      return dueOf(memory, before, limit);
    },
    append: async (key, entry) => {
      const item = ledgerItem(key, entry);
      const itemKey = { pk: item.pk, sk: item.sk } as ItemKey;
      if (find(memory, itemKey) !== undefined) return false;
      put(memory, itemKey, item);
      return true;
    },
    ledger: async (key, options) => ledgerOf(memory, key, options),
    documents: documentsOf(memory, clock),
  };
}

function documentsOf(memory: Memory, clock: Clock): Documents {
  const stored = (key: DocumentKey): Item | undefined => {
    const item = find(memory, documentKey(key));
    return item === undefined || hasExpired(item, clock.now()) ? undefined : item;
  };
  return {
    get: async <K extends DocumentKind>(key: DocumentKey<K>) => {
      const item = stored(key);
      return item === undefined ? undefined : readDocument<K>(item);
    },
    put: async (document) => {
      demandVersion(stored(document), document.version);
      const version = document.version + 1;
      put(memory, documentKey(document), documentItem(document, version));
      return { ...structuredClone(document), version };
    },
    remove: async (key, version) => {
      const item = find(memory, documentKey(key));
      if (item === undefined) return;
      demandVersion(item, version);
      put(memory, documentKey(key), undefined);
    },
    list: async <K extends DocumentKind>(
      place: Omit<DocumentKey<K>, 'id'>,
      options: PageOptions,
    ) => {
      const all = sorted(memory, documentsPartition(place));
      const kept = all.filter(([, item]) => !hasExpired(item, clock.now()));
      return page(
        kept,
        (item) => readDocument<K>(item),
        options,
        (sk, last) => sk > last,
      );
    },
  };
}

/** As in the table's index: the body is not part of it. */
function indexed({ body: _, ...attributes }: Item): Item {
  return attributes;
}

function find({ partitions }: Memory, { pk, sk }: ItemKey): Item | undefined {
  return partitions.get(pk.S)?.get(sk.S);
}

function put({ partitions }: Memory, { pk, sk }: ItemKey, item: Item | undefined): void {
  const partition = partitions.get(pk.S) ?? new Map<string, Item>();
  partitions.set(pk.S, partition);
  if (item === undefined) partition.delete(sk.S);
  else partition.set(sk.S, item);
}

function demandVersion(item: Item | undefined, version: number): void {
  const stored = item === undefined ? 0 : versionOf(item);
  if (stored !== version) {
    throw new Conflict(`the record is at version ${stored}, not ${version}`);
  }
}

function listed(
  memory: Memory,
  cluster: string,
  { namespace, ...options }: PageOptions & { namespace?: string },
): Awaited<ReturnType<Store['list']>> {
  const prefix = namespace === undefined ? '' : namespacePrefix(namespace);
  if (options.cursor?.startsWith(prefix) === false) {
    throw new Terminal(`the cursor ${options.cursor} belongs to another list`);
  }
  const all = sorted(memory, rolloutsPartition(cluster)).filter(([sk]) => sk.startsWith(prefix));
  const { items, ...rest } = page(
    all,
    (item) => item,
    options,
    (sk, last) => sk > last,
  );
  return { ...readRecords(items), ...rest };
}

function ledgerOf(memory: Memory, key: RolloutKey, options: PageOptions): Page<LedgerEntry> {
  const newestFirst = sorted(memory, ledgerPartition(key)).reverse();
  return page(newestFirst, readLedgerEntry, options, (sk, last) => sk < last);
}

/** In the order of bytes, as DynamoDB sorts: keys are encoded, so they are ASCII. */
function sorted({ partitions }: Memory, pk: string): [string, Item][] {
  return [...(partitions.get(pk) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
}

function page<T>(
  entries: [string, Item][],
  read: (item: Item) => T,
  { limit, cursor }: PageOptions,
  isAfter: (sk: string, last: string) => boolean,
): Page<T> {
  // The item the cursor names may be gone; those behind it follow all the same.
  const rest = cursor === undefined ? entries : entries.filter(([sk]) => isAfter(sk, cursor));
  const kept = rest.slice(0, limit);
  const next = rest.length > limit ? kept.at(-1)?.[0] : undefined;
  const items = kept.map(([, item]) => read(item));
  return next === undefined ? { items } : { items, cursor: next };
}

/** Lets the due index show what was written longer ago than its lag. */
function catchUp(memory: Memory, now: Millis): void {
  const seen = memory.pending.findIndex(({ at }) => at > now);
  for (const { id, item } of memory.pending.splice(0, seen < 0 ? Infinity : seen)) {
    if (item?.dueAt === undefined) memory.index.delete(id);
    else memory.index.set(id, item);
  }
}

function dueOf({ index }: Memory, before: Millis, limit: number): Due[] {
  return [...index.values()]
    .map((item) => readDue(item))
    .filter(({ dueAt }) => dueAt < before)
    .sort((a, b) => a.dueAt - b.dueAt)
    .slice(0, limit);
}
