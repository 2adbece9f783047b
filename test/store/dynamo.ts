import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import type {
  DeleteItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshalled, unmarshalled } from '../../lib/store/dynamo.ts';
import { sqliteTable } from '../../lib/store/sqlite.ts';
import type { Attributes, Expression, Table } from '../../lib/store/table.ts';
import { fleetIndex } from '../../lib/store/tableDefinition.ts';

// A stand-in for DynamoDB that needs Node alone: as much of its protocol as Serin speaks, over the embedded
// table. That Amazon's own says the same is for test/aws to show.

type Answer = { statusCode: number; body: object };
type Condition = Pick<PutItemCommandInput, 'ConditionExpression' | 'ExpressionAttributeValues'>;
type Options = {
  name: string;
  /** How many items a page of a query has at most, as if they were large. */
  pageMax?: number;
};

/** Answers the operations on one table, which is made here. */
export function dynamo({ name, pageMax = Infinity }: Options) {
  const table = sqliteTable();
  const written = (isHeld: boolean): Answer =>
    isHeld ? ok({}) : refusal('ConditionalCheckFailedException');
  const operations: Record<string, (input: never) => Promise<Answer>> = {
    GetItem: async ({ Key = {} }: GetItemCommandInput) => {
      const item = await table.get(unmarshalled(Key));
      return ok(item === undefined ? {} : { Item: marshalled(item) });
    },
    PutItem: async ({ Item = {}, ...rest }: PutItemCommandInput) =>
      written(await table.put(unmarshalled(Item), condition(rest))),
    DeleteItem: async ({ Key = {}, ...rest }: DeleteItemCommandInput) =>
      written(await table.remove(unmarshalled(Key), condition(rest))),
    Query: (input: QueryCommandInput) => query(table, input, pageMax),
  };
  return async (operation: string, input: { TableName?: string }): Promise<Answer> => {
    if (input.TableName !== name) return refusal('ResourceNotFoundException');
    return (await operations[operation]?.(input as never)) ?? refusal('UnknownOperationException');
  };
}

/** The same behind a port. */
export function dynamoListener(options: Options): RequestListener {
  const answer = dynamo(options);
  return async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const { statusCode, body } = await answer(operation, JSON.parse(await text(request)));
    response.writeHead(statusCode, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(body));
  };
}

function condition({ ConditionExpression: text = '', ...rest }: Condition): Expression {
  return { text, values: valuesOf(rest) };
}

function valuesOf({ ExpressionAttributeValues = {} }: Condition): Attributes {
  return unmarshalled(ExpressionAttributeValues);
}

/** As DynamoDB, names a last key whenever the page is full, though nothing may follow. */
async function query(table: Table, input: QueryCommandInput, pageMax: number): Promise<Answer> {
  const { Limit = Infinity, IndexName, ScanIndexForward, ExclusiveStartKey } = input;
  const limit = Math.min(Limit, pageMax);
  const ofFleet = IndexName === fleetIndex ? ['fleet'] : [];
  const start = ExclusiveStartKey && unmarshalled(ExclusiveStartKey);
  // As DynamoDB, which wants all keys of an index and of its table.
  const lacks = start && ['pk', 'sk', ...ofFleet].some((name) => start[name] === undefined);
  if (lacks) return refusal('ValidationException');
  const { items } = await table.query({
    key: { text: input.KeyConditionExpression ?? '', values: valuesOf(input) },
    ...(IndexName === undefined ? {} : { index: IndexName as 'due' | 'fleet' }),
    ...(start && { after: start.sk }),
    backwards: ScanIndexForward === false,
    limit,
  });
  const last = items.length === limit ? items.at(-1) : undefined;
  const { pk = '', sk = '', fleet = '' }: Attributes = last ?? {};
  const lastKey = { pk, sk, ...(ofFleet.length > 0 && { fleet }) };
  return ok({
    Items: items.map(marshalled),
    ...(last && { LastEvaluatedKey: marshalled(lastKey) }),
  });
}

function ok(body: object): Answer {
  return { statusCode: 200, body };
}

function refusal(type: string): Answer {
  const __type = `com.amazonaws.dynamodb.v20120810#${type}`;
  return { statusCode: 400, body: { __type, message: type } };
}
