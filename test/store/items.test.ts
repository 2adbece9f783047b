import { describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import { documentKey, readRecord, recordItem, recordKey } from '../../lib/store/items.ts';
import { sqliteTable } from '../../lib/store/sqlite.ts';
import { storeOn } from '../../lib/store/store.ts';
import { key, newEntry, newRecord } from './contract.ts';
import schema1 from './itemOfSchema1.json' with { type: 'json' };

it('carry their schema, and what conditions and indexes need, as attributes', () => {
  const item = recordItem(newRecord({ dueAt: 1000, queuedFor: 900 }), 1);
  expect(item).toMatchObject({ schema: 2, version: 1, dueAt: 1000, queuedFor: 900 });
  const names = ['body', 'dueAt', 'dueShard', 'pk', 'queuedFor', 'schema', 'sk', 'version'];
  expect(Object.keys(item).sort()).toEqual(names);
});

describe('an item in the table', () => {
  /** A store with the record in an item of that schema. */
  const storeWith = async (schema: number | undefined) => {
    const table = sqliteTable();
    const { schema: _, ...item } = recordItem(newRecord(), 1);
    const changed = schema === undefined ? item : { ...item, schema };
    await table.put(changed, { text: 'attribute_not_exists(pk)' });
    return { table, store: storeOn(table, Date.now) };
  };

  it('of a newer schema is refused and left alone', async () => {
    const { table, store } = await storeWith(3);
    await expect(store.load(key)).rejects.toThrow(Terminal);
    await expect(store.load(key)).rejects.toThrow(/written by a newer Serin.*upgrade this Serin/);
    expect(await table.get(recordKey(key))).toMatchObject({ schema: 3 });
  });

  it('that cannot be read hides no other', async () => {
    const { store } = await storeWith(99);
    await store.save(newRecord({ key: { ...key, name: 'zebra' } }));
    const { items, unreadable } = await store.list('prod', { limit: 5 });
    expect(items.map((each) => each.key.name)).toEqual(['zebra']);
    const reason = expect.stringMatching(/written by a newer Serin.*upgrade this Serin/);
    expect(unreadable).toEqual([{ key, reason }]);
  });

  it('without a schema, or of one that never was, is called damaged', async () => {
    const without = (await storeWith(undefined)).store;
    await expect(without.load(key)).rejects.toThrow(/has no schema: restore it from a backup/);
    const { store } = await storeWith(0);
    await expect(store.load(key)).rejects.toThrow(/schema 0, which never was/);
  });
});

// During a deploy both versions of the functions run: the new one reads what the old one wrote.

describe('an item of an older schema', () => {
  const { body, ...attributes } = schema1;
  const read = () => readRecord<RolloutRecord>({ ...attributes, body: JSON.stringify(body) });

  it('is the same record, and keeps its version', () => {
    const { pending, services, workloadRef, claim, rival, ...rest } = body;
    const { namespace } = body.key;
    const { version, dueAt, queuedFor } = attributes;
    expect(read()).toEqual({
      ...{ ...rest, version, dueAt, queuedFor },
      outbox: pending.map((ledger) => ({ ledger })),
      ...{ lease: claim, conflictingController: rival },
      // No older Serin had a list of the fleet.
      isUnlisted: true,
      managed: [
        ...services.map((name) => ({ kind: 'Service', namespace, name })),
        { ...workloadRef, namespace },
      ],
    });
  });

  it('is written in the present one', () => {
    const { isUnlisted: _, ...record } = read();
    const item = recordItem(read(), 11);
    expect(item.schema).toBe(2);
    expect(readRecord(item)).toEqual({ ...record, version: 11 });
  });
});

describe('items of two kinds', () => {
  const run = { ...key, kind: 'AnalysisRun' } as const;
  const storeOfKinds = () => storeOn(sqliteTable(), Date.now);

  it('of one name are kept apart', async () => {
    const store = storeOfKinds();
    await store.save(newRecord({ dueAt: 2000, polls: 1 }));
    await store.save({ key: run, version: 0, intents: [], polls: 2, dueAt: 1000 });
    expect(await store.load(key)).toMatchObject({ key, polls: 1 });
    expect(await store.load(run)).toMatchObject({ key: run, polls: 2 });
    expect((await store.due(5000, 9)).map((due) => due.key)).toEqual([run, key]);
    await store.append(run, newEntry());
    expect((await store.ledger(key, { limit: 9 })).items).toEqual([]);
    await store.forget(run, 1);
    expect(await store.load(key)).toMatchObject({ polls: 1 });
  });

  it('are not listed among rollouts', async () => {
    const store = storeOfKinds();
    await store.save({ key: run, version: 0, intents: [], polls: 0 });
    await store.save(newRecord());
    const { items, unreadable } = await store.list(key.cluster, { limit: 9 });
    expect([items.map((each) => each.key), unreadable]).toEqual([[key], []]);
  });
});

it('a cluster of schema 1 is read in the words of today', async () => {
  const table = sqliteTable();
  const { documents } = storeOn(table, Date.now);
  const doorbell = { rings: true, enforce: true, secrets: [] };
  const body = JSON.stringify({ name: 'prod', doorbell });
  const { pk, sk } = documentKey({ kind: 'cluster', id: 'prod' });
  await table.put({ pk, sk, schema: 1, version: 3, body }, { text: 'attribute_not_exists(pk)' });
  expect(await documents.get({ kind: 'cluster', id: 'prod' })).toMatchObject({
    version: 3,
    body: { name: 'prod', doorbell: { webhookEnabled: true, enforce: true, secrets: [] } },
  });
});
