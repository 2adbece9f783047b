import type { DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { Millis } from '../model/units.ts';
import type { Page } from '../world.ts';
import type { Item } from './items.ts';

/** DynamoDB ends a page at 1 MB, so one call of ours may take several of its pages: at most these. */
const pagesMax = 20;

export type PageOptions = { limit: number; cursor?: string };

export type Table = {
  client: DynamoDBClient;
  name: string;
  now: () => Millis;
  /** Runs one operation, and turns what it throws into one of the four kinds of error. */
  attempt: <T>(operation: string, call: () => Promise<T>) => Promise<T>;
};

/** One page and the cursor after it, which is there only if something follows. */
export async function page<T>(
  table: Table,
  read: (item: Item) => T,
  limit: number,
  input: Partial<QueryCommandInput>,
): Promise<Page<T>> {
  const { items, more } = await query(table, limit + 1, input);
  const kept = items.slice(0, limit);
  const last = kept.at(-1)?.sk?.S;
  return {
    items: kept.map(read),
    ...((more || items.length > limit) && last !== undefined ? { cursor: last } : {}),
  };
}

/** Up to `limit` items, over as many of DynamoDB's pages as they take, and whether it ended early. */
export async function query(
  table: Table,
  limit: number,
  input: Partial<QueryCommandInput>,
): Promise<{ items: Item[]; more: boolean }> {
  const items: Item[] = [];
  let start = input.ExclusiveStartKey;
  for (let pages = 0; pages < pagesMax; pages++) {
    const asked = {
      ...input,
      TableName: table.name,
      Limit: limit - items.length,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    };
    const answer = await table.attempt('Query', () => table.client.send(new QueryCommand(asked)));
    items.push(...(answer.Items ?? []));
    start = answer.LastEvaluatedKey;
    if (start === undefined || items.length >= limit) return { items, more: false };
  }
  return { items, more: true };
}

export function partition(pk: string, prefix = ''): Partial<QueryCommandInput> {
  return {
    KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: {
      ':pk': { S: pk },
      ...(prefix === '' ? {} : { ':prefix': { S: prefix } }),
    },
  };
}

export function startAfter(pk: string, cursor: string | undefined): Partial<QueryCommandInput> {
  return cursor === undefined ? {} : { ExclusiveStartKey: { pk: { S: pk }, sk: { S: cursor } } };
}
