import { randomUUID } from 'node:crypto';
import { DescribeTimeToLiveCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conflict, Terminal } from '../../lib/errors.ts';
import { dynamoClient, dynamoStore } from '../../lib/store/dynamo.ts';
import { key, newEntry, newRecord, storeContract } from '../store/contract.ts';
import { readAll } from '../store/readAll.ts';
import { makeTable, region, type Service, startDynamo } from './services.ts';

// What `npm test` holds the embedded table to, held against Amazon's own.

let local: Service;
let client: DynamoDBClient;
beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  local = await startDynamo();
  client = dynamoClient({ region, endpoint: local.endpoint });
});
afterAll(() => local.stop());

async function newStore() {
  const table = await makeTable(local, `serin-${randomUUID()}`);
  return { table, store: dynamoStore({ client, table }) };
}

storeContract('the table on DynamoDB Local', async () => ({
  ...(await newStore()),
  close: async () => {},
}));

describe('DynamoDB', () => {
  it('takes the time to live by the attribute that documents carry', async () => {
    const { table } = await newStore();
    const { TimeToLiveDescription } = await client.send(
      new DescribeTimeToLiveCommand({ TableName: table }),
    );
    expect(TimeToLiveDescription).toEqual({
      AttributeName: 'expiresAtSeconds',
      TimeToLiveStatus: 'ENABLED',
    });
  });

  it('refuses an item over 400 KB, and what was there stays', async () => {
    const { store } = await newStore();
    const saved = await store.save(newRecord());
    await expect(store.save({ ...saved, dueFor: 'x'.repeat(410_000) })).rejects.toThrow(Terminal);
    expect(await store.load(key)).toEqual(saved);
  });

  it('finds items over several of its 1 MB pages', async () => {
    const { store } = await newStore();
    const big = 'x'.repeat(300_000);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
      await store.save(newRecord({ key: { ...key, name }, dueFor: big }));
      await store.append(key, newEntry({ resourceVersion: name, text: big }));
    }
    const { items, pages } = await readAll((cursor) =>
      store.list('prod', { limit: 6, ...(cursor === undefined ? {} : { cursor }) }),
    );
    expect(items.map((record) => record.key.name).join('')).toBe('abcdefg');
    expect(pages).toEqual([6, 1]);
    expect((await store.ledger(key, { limit: 10 })).items).toHaveLength(7);
  });

  it('lets one of twenty writers through that race for a first write', async () => {
    const { store } = await newStore();
    const race = Array.from({ length: 20 }, (_, polls) => store.save(newRecord({ polls })));
    const settled = await Promise.allSettled(race);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const lost = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(lost.every((reason) => reason instanceof Conflict)).toBe(true);
  });
});
