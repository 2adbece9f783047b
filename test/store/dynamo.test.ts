import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Conflict, Terminal, Transient } from '../../lib/errors.ts';
import { dynamoClient, dynamoStore } from '../../lib/store/dynamo.ts';
import { key, newEntry, newRecord, storeContract } from './contract.ts';
import { dynamoListener } from './dynamo.ts';
import { readAll } from './readAll.ts';

async function served(pageMax?: number) {
  const server = createServer(dynamoListener({ name: 'serin', ...(pageMax && { pageMax }) }));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const client = clientAt(port);
  const close = async () => {
    client.destroy();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { store: dynamoStore({ client, table: 'serin' }), client, close };
}

function clientAt(port: number) {
  process.env.AWS_ACCESS_KEY_ID ??= 'test';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
  return dynamoClient({ region: 'eu-west-1', endpoint: `http://127.0.0.1:${port}` });
}

storeContract('the DynamoDB table', () => served());

it('a query goes on where DynamoDB ends a page early', async () => {
  const { store, close } = await served(2);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
    await store.save(newRecord({ key: { ...key, name } }));
    await store.append(key, newEntry({ resourceVersion: name }));
  }
  const { items, pages } = await readAll((cursor) =>
    store.list('prod', { limit: 6, ...(cursor === undefined ? {} : { cursor }) }),
  );
  expect(items.map((record) => record.key.name).join('')).toBe('abcdefg');
  expect(pages).toEqual([6, 1]);
  const { items: entries } = await store.ledger(key, { limit: 10 });
  expect(entries.map(({ resourceVersion }) => resourceVersion).join('')).toBe('gfedcba');
  await close();
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

  const storeAt = (port: number) => dynamoStore({ client: clientAt(port), table: 'serin-prod' });

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
    const { store, client, close } = await served();
    await store.save(newRecord());
    const logged: string[] = [];
    const loud = (table: string) =>
      dynamoStore({ client, table, log: (level, text) => logged.push(`${level} ${text}`) });
    await expect(loud('serin').save(newRecord())).rejects.toThrow(Conflict);
    expect(logged).toEqual([]);
    await expect(loud('elsewhere').load(key)).rejects.toThrow(/there is no table elsewhere/);
    expect(logged).toEqual(['warn GetItem failed']);
    await close();
  });
});
