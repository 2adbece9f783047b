import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { clientSettings } from '../aws/aws.ts';
import type { Millis } from '../model/units.ts';
import type { Log, Store } from '../world.ts';
import { tableError } from './awsErrors.ts';
import { storeOn } from './store.ts';
import type { Attributes, Expression, Item, ItemKey, Query, Table } from './table.ts';

/** DynamoDB ends a page at 1 MB, so one query of ours may take several of its pages: at most these. */
const pagesMax = 20;

/** Region and credentials come from the environment unless they are named. */
export function dynamoClient(options: { region?: string; endpoint?: string } = {}): DynamoDBClient {
  return new DynamoDBClient({ ...clientSettings, ...options });
}

/** The store over one DynamoDB table. */
export function dynamoStore(options: {
  client: DynamoDBClient;
  table: string;
  log?: Log | undefined;
  now?: () => Millis;
}): Store {
  return storeOn(dynamoTable(options), options.now ?? Date.now);
}

function dynamoTable({
  client,
  table: TableName,
  log,
}: {
  client: DynamoDBClient;
  table: string;
  log?: Log | undefined;
}): Table {
  /** Runs one operation, and turns what it throws into one of the four kinds of error. */
  const attempt = async <T>(operation: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (thrown) {
      const error = tableError(thrown, TableName);
      log?.('warn', `${operation} failed`, { table: TableName, error });
      throw error;
    }
  };
  return {
    get: async (key) => {
      const input = { TableName, Key: marshalled(key), ConsistentRead: true };
      const { Item } = await attempt('GetItem', () => client.send(new GetItemCommand(input)));
      return Item === undefined ? undefined : unmarshalled(Item);
    },
    put: (item, condition) => {
      const input = { TableName, Item: marshalled(item), ...conditional(condition) };
      return attempt('PutItem', () => held(client.send(new PutItemCommand(input))));
    },
    remove: (key, condition) => {
      const input = { TableName, Key: marshalled(key), ...conditional(condition) };
      return attempt('DeleteItem', () => held(client.send(new DeleteItemCommand(input))));
    },
    query: (query) =>
      pages({ TableName, ...queryInput(query) }, (input) =>
        attempt('Query', () => client.send(new QueryCommand(input))),
      ),
  };
}

/** Whether the write's condition held. */
async function held(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Up to `Limit` items, over as many of DynamoDB's pages as they take. */
async function pages(
  input: QueryCommandInput & { Limit: number },
  send: (input: QueryCommandInput) => Promise<QueryCommandOutput>,
): ReturnType<Table['query']> {
  const items: Item[] = [];
  let start = input.ExclusiveStartKey;
  for (let count = 0; count < pagesMax; count++) {
    const Limit = input.Limit - items.length;
    const answer = await send({ ...input, Limit, ExclusiveStartKey: start });
    items.push(...(answer.Items ?? []).map(unmarshalled));
    start = answer.LastEvaluatedKey;
    if (start === undefined || items.length >= input.Limit) return { items, more: false };
  }
  return { items, more: true };
}

function queryInput({ key, index, after, afterKeys, backwards = false, limit }: Query) {
  const pk = key.values?.[':pk'] ?? '';
  return {
    KeyConditionExpression: key.text,
    ExpressionAttributeValues: marshalled(key.values ?? {}),
    ScanIndexForward: !backwards,
    Limit: limit,
    ...(after === undefined
      ? {}
      : { ExclusiveStartKey: marshalled({ pk, ...afterKeys, sk: after }) }),
    // An index cannot be read consistently.
    ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }),
  };
}

function conditional({ text, values }: Expression) {
  return {
    ConditionExpression: text,
    ...(values && { ExpressionAttributeValues: marshalled(values) }),
  };
}

export function marshalled(attributes: Attributes | ItemKey): Record<string, AttributeValue> {
  const entries = Object.entries(attributes).map(([name, value]) => [
    name,
    typeof value === 'number' ? { N: String(value) } : { S: value },
  ]);
  return Object.fromEntries(entries);
}

export function unmarshalled(attributes: Record<string, AttributeValue>): Item {
  const entries = Object.entries(attributes).map(([name, { N, S }]) => [
    name,
    N === undefined ? S : Number(N),
  ]);
  return Object.fromEntries(entries);
}
