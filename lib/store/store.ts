import { Terminal } from '../errors.ts';
import type { AnyKey, Key } from '../model/key.ts';
import type { DeliveryRecord } from '../model/notification.ts';
import type { AnyRecord, LedgerEntry, RecordOf } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { Due, Page, Store } from '../world.ts';
import { documentsOn } from './documents.ts';
import {
  fleetKeys,
  ledgerItem,
  ledgerPartition,
  namespacePrefix,
  readDue,
  readLedgerEntry,
  readRecord,
  readRecords,
  readRows,
  recordItem,
  recordKey,
  recordsPartition,
} from './items.ts';
import {
  isNew,
  isVersion,
  type PageOptions,
  page,
  partition,
  partitionOf,
  remove,
  writtenByOther,
} from './query.ts';
import type { Table } from './table.ts';
import { dueIndex, dueShards, fleetIndex } from './tableDefinition.ts';

/** The store over a table. All that is kept goes through here, whatever keeps it. */
export function storeOn(table: Table, now: () => Millis): Store {
  return {
    load: async <K extends AnyKey>(key: K) => {
      const item = await table.get(recordKey(key));
      return item === undefined ? undefined : readRecord<RecordOf<K>>(item);
    },
    save: (record) => save(table, record),
    forget: (key, version) => remove(table, recordKey(key), version),
    list: (cluster, options) => list(table, cluster, options),
    rows: (cluster, options) => rows(table, cluster, options),
    due: (before, limit) => due(table, before, limit),
    append: (key, entry) => table.put(ledgerItem(key, entry), isNew),
    ledger: (key, options) => ledger(table, key, options),
    deliveries: async (cluster, { limit, cursor }) => {
      const key = partition(recordsPartition({ cluster, kind: 'Delivery' }));
      const { items, ...rest } = await page(table, { key, after: cursor, limit });
      return { items: items.map((item) => readRecord<DeliveryRecord>(item)), ...rest };
    },
    documents: documentsOn(table, now),
  };
}

async function save<R extends AnyRecord>(table: Table, record: R): Promise<R> {
  const version = record.version + 1;
  const condition = record.version === 0 ? isNew : isVersion(record.version);
  if (!(await table.put(recordItem(record, version), condition))) throw writtenByOther();
  return { ...record, version };
}

type ListOptions = PageOptions & { namespace?: string };

async function list(
  table: Table,
  cluster: string,
  { limit, ...options }: ListOptions,
): ReturnType<Store['list']> {
  const { prefix, cursor } = begin(options);
  const key = partition(recordsPartition({ cluster }), prefix);
  const { items, ...rest } = await page(table, { key, after: cursor, limit });
  return { ...readRecords(items), ...rest };
}

/** From an index, which costs a small part of what the records cost, and may be some seconds behind. */
async function rows(
  table: Table,
  cluster: string,
  { limit, ...options }: ListOptions,
): ReturnType<Store['rows']> {
  const { prefix, cursor } = begin(options);
  const afterKeys = fleetKeys(cluster);
  const key = partitionOf('fleet', afterKeys.fleet, prefix);
  const index = fleetIndex;
  const { items, ...rest } = await page(table, { index, key, after: cursor, afterKeys, limit });
  return { ...readRows(items), ...rest };
}

/** What the sort keys begin with, and behind which of them it goes on. */
function begin({ namespace, cursor }: Omit<ListOptions, 'limit'>) {
  const prefix = namespace === undefined ? '' : namespacePrefix(namespace);
  if (cursor !== undefined && !cursor.startsWith(prefix)) {
    throw new Terminal(`the cursor ${cursor} belongs to another list: start again without one`);
  }
  return { prefix, cursor };
}

async function ledger(
  table: Table,
  key: Key,
  { limit, cursor }: PageOptions,
): Promise<Page<LedgerEntry>> {
  const newestFirst = { key: partition(ledgerPartition(key)), backwards: true };
  const { items, ...rest } = await page(table, { ...newestFirst, after: cursor, limit });
  return { items: items.map(readLedgerEntry), ...rest };
}

async function due(table: Table, before: Millis, limit: number): Promise<Due[]> {
  const text = 'dueShard = :shard AND dueAt < :before';
  const shards = await Promise.all(
    dueShards.map((shard) => {
      const key = { text, values: { ':shard': shard, ':before': before } };
      return table.query({ index: dueIndex, key, limit });
    }),
  );
  return shards
    .flatMap(({ items }) => items.map(readDue))
    .sort((a, b) => a.dueAt - b.dueAt)
    .slice(0, limit);
}
