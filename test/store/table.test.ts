import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, it } from 'vitest';
import { Conflict, Terminal, Transient } from '../../lib/errors.ts';
import { dynamoClient } from '../../lib/store/client.ts';
import { embeddedStore, embeddedTable } from '../../lib/store/embedded.ts';
import { dynamoStore } from '../../lib/store/table.ts';
import { key, newEntry, newRecord, storeContract } from './contract.ts';
import { readAll } from './readAll.ts';

storeContract('the DynamoDB table on the embedded engine', () => embeddedStore());

describe('items in the table', () => {
  const schemaOf = async (client: DynamoDBClient, schema: string | undefined) => {
    const Key = { pk: { S: 'rollouts#prod' }, sk: { S: 'shop/front-api' } };
    const { Item } = await client.send(new GetItemCommand({ TableName: embeddedTable, Key }));
    const { schema: _, ...rest } = Item ?? {};
    const changed = schema === undefined ? rest : { ...rest, schema: { N: schema } };
    await client.send(
      new PutItemCommand({ TableName: embeddedTable, Item: { ...changed, ...Key } }),
    );
    return Item;
  };

  it('carry their schema, and what conditions and indexes need, as attributes', async () => {
    const { store, client, close } = await embeddedStore();
    await store.save(newRecord({ dueAt: 1000, queuedFor: 900 }));
    const item = await schemaOf(client, '1');
    expect(item).toMatchObject({
      schema: { N: '1' },
      version: { N: '1' },
      dueAt: { N: '1000' },
      queuedFor: { N: '900' },
    });
    expect(Object.keys(item ?? {}).sort()).toEqual(
      ['body', 'dueAt', 'dueShard', 'pk', 'queuedFor', 'schema', 'sk', 'version'].sort(),
    );
    await close();
  });

  it('of a newer schema are refused and left alone', async () => {
    const { store, client, close } = await embeddedStore();
    await store.save(newRecord());
    await schemaOf(client, '2');
    await expect(store.load(key)).rejects.toThrow(Terminal);
    await expect(store.load(key)).rejects.toThrow(/written by a newer Serin.*upgrade this Serin/);
    expect((await schemaOf(client, '2'))?.schema).toEqual({ N: '2' });
    await close();
  });

  it('that cannot be read hide no other', async () => {
    const { store, client, close } = await embeddedStore();
    await store.save(newRecord());
    await schemaOf(client, '99');
    await store.save(newRecord({ key: { ...key, name: 'zebra' } }));
    const { items, unreadable } = await store.list('prod', { limit: 5 });
    expect(items.map((each) => each.key.name)).toEqual(['zebra']);
    const reason = expect.stringMatching(/written by a newer Serin.*upgrade this Serin/);
    expect(unreadable).toEqual([{ key, reason }]);
    await close();
  });

  it('without a schema, or of one that never was, are called damaged', async () => {
    const { store, client, close } = await embeddedStore();
    await store.save(newRecord());
    await schemaOf(client, undefined);
    await expect(store.load(key)).rejects.toThrow(/has no schema: restore it from a backup/);
    await schemaOf(client, '0');
    await expect(store.load(key)).rejects.toThrow(/schema 0, which never was/);
    await close();
  });

  it('are found over several of the 1 MB pages of DynamoDB', async () => {
    const { store, close } = await embeddedStore();
    const big = 'x'.repeat(300_000);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
      await store.save(newRecord({ key: { ...key, name }, dueFor: big }));
      await store.append(key, newEntry({ kind: 'step', resourceVersion: name, text: big }));
    }
    const { items, pages } = await readAll((cursor) =>
      store.list('prod', { limit: 6, ...(cursor === undefined ? {} : { cursor }) }),
    );
    expect(items.map((record) => record.key.name).join('')).toBe('abcdefg');
    expect(pages).toEqual([6, 1]);
    expect((await store.ledger(key, { limit: 10 })).items).toHaveLength(7);
    await close();
  });

  it('over 400 KB are refused, and what was there stays', async () => {
    const { store, close } = await embeddedStore();
    const saved = await store.save(newRecord());
    const tooBig = { ...saved, dueFor: 'x'.repeat(410_000) };
    await expect(store.save(tooBig)).rejects.toThrow(/Item size has exceeded the maximum/);
    await expect(store.save(tooBig)).rejects.toThrow(Terminal);
    expect(await store.load(key)).toEqual(saved);
    await close();
  });

  it('a cursor of another namespace is refused', async () => {
    const { store, close } = await embeddedStore();
    const other = { namespace: 'shop', limit: 1, cursor: 'blog/api' };
    await expect(store.list('prod', other)).rejects.toThrow(/belongs to another list/);
    await close();
  });
});

describe('errors of DynamoDB', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  /** A table that answers everything so, or nothing at all. Counts what it is asked. */
  const tableThat = async (answer?: { status: number; type: string; message?: string }) => {
    const asked: string[] = [];
    server = createServer((request, response) => {
      asked.push(String(request.headers['x-amz-target']));
      request.resume();
      if (answer === undefined) return;
      const { status, type, message = 'because' } = answer;
      const __type = `com.amazonaws.dynamodb.v20120810#${type}`;
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type, message }));
    });
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    return { store: storeAt(port), asked, port };
  };

  const storeAt = (port: number) => {
    process.env.AWS_ACCESS_KEY_ID ??= 'test';
    process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
    const client = dynamoClient({ region: 'eu-west-1', endpoint: `http://127.0.0.1:${port}` });
    return dynamoStore({ client, table: 'serin-prod' });
  };

  it.each([
    [400, 'ConditionalCheckFailedException', Conflict, /somebody else/],
    [400, 'ProvisionedThroughputExceededException', Transient, /serin-prod did not answer/],
    [400, 'ThrottlingException', Transient, /did not answer: ThrottlingException/],
    [400, 'RequestLimitExceeded', Transient, /did not answer/],
    [500, 'InternalServerError', Transient, /did not answer/],
    [503, 'Whatever', Transient, /did not answer/],
    [400, 'AccessDeniedException', Terminal, /grant this role dynamodb:GetItem, PutItem/],
    [400, 'ResourceNotFoundException', Terminal, /there is no table serin-prod.*create it/],
    [400, 'ValidationException', Terminal, /refused the request: ValidationException: because/],
    [400, 'UnrecognizedClientException', Terminal, /needs valid AWS credentials/],
    [400, 'ExpiredTokenException', Terminal, /needs valid AWS credentials/],
  ])('%i %s', async (status, type, kind, message) => {
    const { store } = await tableThat({ status, type });
    const failed = store.save(newRecord());
    await expect(failed).rejects.toThrow(kind);
    await expect(failed).rejects.toThrow(message);
  });

  it('a refused condition means the ledger entry was there, any other error does not', async () => {
    const known = await tableThat({ status: 400, type: 'ConditionalCheckFailedException' });
    expect(await known.store.append(key, newEntry())).toBe(false);
    server?.close();
    const down = await tableThat({ status: 500, type: 'InternalServerError' });
    await expect(down.store.append(key, newEntry())).rejects.toThrow(Transient);
  });

  it('what passes is tried twice, what does not once', async () => {
    const down = await tableThat({ status: 500, type: 'InternalServerError' });
    await down.store.load(key).catch(() => undefined);
    expect(down.asked).toHaveLength(2);
    server?.close();
    const refused = await tableThat({ status: 400, type: 'AccessDeniedException' });
    await refused.store.load(key).catch(() => undefined);
    expect(refused.asked).toHaveLength(1);
  });

  it('a table that never answers is given up within two seconds and a half', async () => {
    const { store, asked } = await tableThat();
    const started = performance.now();
    await expect(store.load(key)).rejects.toThrow(Transient);
    expect(performance.now() - started).toBeLessThan(2500);
    expect(asked).toHaveLength(2);
  });

  it('a port where nobody listens', async () => {
    const { port } = await tableThat();
    await new Promise((done) => server?.close(done));
    const started = performance.now();
    await expect(storeAt(port).save(newRecord())).rejects.toThrow(/ECONNREFUSED/);
    await expect(storeAt(port).due(1, 1)).rejects.toThrow(Transient);
    expect(performance.now() - started).toBeLessThan(2500);
  });

  it('a failure is logged with its operation, a lost race is not', async () => {
    const { store, client, close } = await embeddedStore();
    await store.save(newRecord());
    const logged: string[] = [];
    const loud = (table: string) =>
      dynamoStore({ client, table, log: (level, text) => logged.push(`${level} ${text}`) });
    await expect(loud(embeddedTable).save(newRecord())).rejects.toThrow(Conflict);
    expect(logged).toEqual([]);
    await expect(loud('elsewhere').load(key)).rejects.toThrow(/there is no table elsewhere/);
    expect(logged).toEqual(['warn GetItem failed']);
    await close();
  });
});
