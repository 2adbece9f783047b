import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { Conflict, Terminal } from '../errors.ts';
import type { RolloutKey } from '../model/key.ts';
import type { LedgerEntry, RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { Due, Log, Page, Store } from '../world.ts';
import { tableError } from './awsErrors.ts';
import { dynamoDocuments } from './documents.ts';
import {
  ledgerItem,
  ledgerPartition,
  namespacePrefix,
  readDue,
  readLedgerEntry,
  readRecord,
  readRecords,
  recordItem,
  recordKey,
  rolloutsPartition,
} from './items.ts';
import { type PageOptions, page, partition, query, startAfter, type Table } from './query.ts';
import { dueIndex, dueShards } from './tableDefinition.ts';

/** The store over one DynamoDB table, or over the embedded engine, which speaks the same protocol. */
export function dynamoStore(options: {
  client: DynamoDBClient;
  table: string;
  log?: Log | undefined;
  now?: () => Millis;
}): Store {
  const { client, table: name, log, now = Date.now } = options;
  const attempt: Table['attempt'] = async (operation, call) => {
    try {
      return await call();
    } catch (thrown) {
      const error = tableError(thrown, name);
      if (!(error instanceof Conflict))
        log?.('warn', `${operation} failed`, { table: name, error });
      throw error;
    }
  };
  const table: Table = { client, name, now, attempt };
  return {
    load: (key) => load(table, key),
    save: (record) => save(table, record),
    forget: (key, version) => forget(table, key, version),
    list: (cluster, listOptions) => list(table, cluster, listOptions),
    due: (before, limit) => due(table, before, limit),
    append: (key, entry) => append(table, key, entry),
    ledger: (key, ledgerOptions) => ledger(table, key, ledgerOptions),
    documents: dynamoDocuments(table),
  };
}

async function load(table: Table, key: RolloutKey): Promise<RolloutRecord | undefined> {
  const input = { TableName: table.name, Key: recordKey(key), ConsistentRead: true };
  const { Item } = await table.attempt('GetItem', () =>
    table.client.send(new GetItemCommand(input)),
  );
  return Item === undefined ? undefined : readRecord(Item);
}

async function save(table: Table, record: RolloutRecord): Promise<RolloutRecord> {
  const version = record.version + 1;
  const isNew = record.version === 0;
  const input = {
    TableName: table.name,
    Item: recordItem(record, version),
    ConditionExpression: isNew ? 'attribute_not_exists(pk)' : 'version = :read',
    ...(isNew ? {} : { ExpressionAttributeValues: { ':read': { N: String(record.version) } } }),
  };
  await table.attempt('PutItem', () => table.client.send(new PutItemCommand(input)));
  return { ...record, version };
}

async function forget(table: Table, key: RolloutKey, version: number): Promise<void> {
  const input = {
    TableName: table.name,
    Key: recordKey(key),
    // An item that is not there is forgotten already: the SDK may have sent the delete twice.
    ConditionExpression: 'attribute_not_exists(pk) OR version = :read',
    ExpressionAttributeValues: { ':read': { N: String(version) } },
  };
  await table.attempt('DeleteItem', () => table.client.send(new DeleteItemCommand(input)));
}

async function list(
  table: Table,
  cluster: string,
  { namespace, limit, cursor }: PageOptions & { namespace?: string },
): ReturnType<Store['list']> {
  const prefix = namespace === undefined ? '' : namespacePrefix(namespace);
  if (cursor !== undefined && !cursor.startsWith(prefix)) {
    throw new Terminal(`the cursor ${cursor} belongs to another list: start again without one`);
  }
  const { items, ...rest } = await page(table, (item) => item, limit, {
    ...partition(rolloutsPartition(cluster), prefix),
    ...startAfter(rolloutsPartition(cluster), cursor),
  });
  return { ...readRecords(items), ...rest };
}

async function ledger(
  table: Table,
  key: RolloutKey,
  { limit, cursor }: PageOptions,
): Promise<Page<LedgerEntry>> {
  return page(table, readLedgerEntry, limit, {
    ...partition(ledgerPartition(key)),
    ...startAfter(ledgerPartition(key), cursor),
    ScanIndexForward: false,
    ConsistentRead: true,
  });
}

async function append(table: Table, key: RolloutKey, entry: LedgerEntry): Promise<boolean> {
  const input = {
    TableName: table.name,
    Item: ledgerItem(key, entry),
    ConditionExpression: 'attribute_not_exists(pk)',
  };
  try {
    await table.attempt('PutItem', () => table.client.send(new PutItemCommand(input)));
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    throw error;
  }
}

async function due(table: Table, before: Millis, limit: number): Promise<Due[]> {
  const shards = await Promise.all(
    dueShards.map((shard) =>
      query(table, limit, {
        IndexName: dueIndex,
        KeyConditionExpression: 'dueShard = :shard AND dueAt < :before',
        ExpressionAttributeValues: { ':shard': { S: shard }, ':before': { N: String(before) } },
      }),
    ),
  );
  return shards
    .flatMap(({ items }) => items.map(readDue))
    .sort((a, b) => a.dueAt - b.dueAt)
    .slice(0, limit);
}
