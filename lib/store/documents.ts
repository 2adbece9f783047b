import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Document, DocumentKey, DocumentKind } from '../model/documents.ts';
import type { Documents, Page } from '../world.ts';
import {
  documentItem,
  documentKey,
  documentsPartition,
  hasExpired,
  readDocument,
} from './items.ts';
import { page, partition, startAfter, type Table } from './query.ts';

/** The documents of the table. */
export function dynamoDocuments(table: Table): Documents {
  return {
    get: (key) => get(table, key),
    put: (document) => put(table, document),
    remove: (key, version) => remove(table, key, version),
    list: (place, options) => list(table, place, options),
  };
}

async function get<K extends DocumentKind>(
  table: Table,
  key: DocumentKey<K>,
): Promise<Document<K> | undefined> {
  const input = { TableName: table.name, Key: documentKey(key), ConsistentRead: true };
  const { Item } = await table.attempt('GetItem', () =>
    table.client.send(new GetItemCommand(input)),
  );
  return Item === undefined || hasExpired(Item, table.now()) ? undefined : readDocument<K>(Item);
}

async function put<K extends DocumentKind>(
  table: Table,
  document: Document<K>,
): Promise<Document<K>> {
  const version = document.version + 1;
  const input: PutItemCommandInput = {
    TableName: table.name,
    Item: documentItem(document, version),
    ...condition(table, document.version),
  };
  await table.attempt('PutItem', () => table.client.send(new PutItemCommand(input)));
  return { ...document, version };
}

function condition(table: Table, version: number): Partial<PutItemCommandInput> {
  const now = { N: String(table.now()) };
  return version === 0
    ? {
        ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :now',
        ExpressionAttributeValues: { ':now': now },
      }
    : {
        ConditionExpression:
          'version = :read AND (attribute_not_exists(expiresAt) OR expiresAt > :now)',
        ExpressionAttributeValues: { ':read': { N: String(version) }, ':now': now },
      };
}

async function remove(table: Table, key: DocumentKey, version: number): Promise<void> {
  const input = {
    TableName: table.name,
    Key: documentKey(key),
    ConditionExpression: 'attribute_not_exists(pk) OR version = :read',
    ExpressionAttributeValues: { ':read': { N: String(version) } },
  };
  await table.attempt('DeleteItem', () => table.client.send(new DeleteItemCommand(input)));
}

async function list<K extends DocumentKind>(
  table: Table,
  place: Omit<DocumentKey<K>, 'id'>,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<Page<Document<K>>> {
  const pk = documentsPartition(place);
  const read = (item: Parameters<typeof readDocument>[0]) => ({
    isOver: hasExpired(item, table.now()),
    document: readDocument<K>(item),
  });
  const found = await page(table, read, limit, {
    ...partition(pk),
    ...startAfter(pk, cursor),
    ConsistentRead: true,
  });
  return {
    ...(found.cursor === undefined ? {} : { cursor: found.cursor }),
    items: found.items.filter(({ isOver }) => !isOver).map(({ document }) => document),
  };
}
