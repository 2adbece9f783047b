import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Conflict } from '../../lib/errors.ts';
import type { RolloutKey } from '../../lib/model/key.ts';
import type { LedgerEntry, RolloutRecord } from '../../lib/model/record.ts';
import type { Page, Store } from '../../lib/world.ts';
import { documentTests } from './documentContract.ts';
import { readAll } from './readAll.ts';
import { rowTests } from './rowContract.ts';

export const key: RolloutKey = { cluster: 'prod', namespace: 'shop', name: 'front-api' };

export function newRecord(over: Partial<RolloutRecord> = {}): RolloutRecord {
  return { key, version: 0, intents: [], polls: 0, ...over };
}

export function newEntry(over: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    uid: 'uid-1',
    kind: 'step',
    resourceVersion: '100',
    at: 1_700_000_000_000,
    actor: { name: 'ada', proof: 'verified' },
    revision: 2,
    text: 'step 1 of 3 done',
    ...over,
  };
}

type Make = () => Promise<{ store: Store; close: () => Promise<void> }>;

/** What the Store must do over every table: DynamoDB's, and the embedded one, in a folder and in memory. */
export function storeContract(name: string, make: Make): void {
  describe(`${name} keeps the contract of Store`, () => {
    let store: Store;
    let close: () => Promise<void>;

    beforeEach(async () => {
      ({ store, close } = await make());
    });
    afterEach(() => close());

    recordTests(() => store);
    listTests(() => store);
    rowTests(() => store);
    dueTests(() => store);
    ledgerTests(() => store);
    documentTests(() => store);
  });
}

const names = ({ items }: Page<RolloutRecord>) =>
  items.map((record) => `${record.key.namespace}/${record.key.name}`);

function recordTests(store: () => Store): void {
  describe('records', () => {
    it('knows nothing of an unknown key', async () => {
      await store().save(newRecord());
      expect(await store().load({ ...key, name: 'other' })).toBeUndefined();
      expect(await store().load({ ...key, namespace: 'other' })).toBeUndefined();
      expect(await store().load({ ...key, cluster: 'other' })).toBeUndefined();
    });

    it('answers what was saved, whole', async () => {
      const full = newRecord({
        dueAt: 5000,
        dueFor: 'the pause of step 2',
        queuedFor: 5000,
        polls: 3,
        lease: { by: 'process-1', until: 9000, again: true },
        conflictingController: { manager: 'rollouts-controller', seenAt: 1, times: 2, wroteAt: 1 },
        lastPatch: { digest: 'abc', times: 1 },
        intents: [
          {
            id: 'i-1',
            command: { verb: 'promote', full: true },
            actor: { name: 'ada ☕ "quoted" \\ \n', proof: 'verified' },
            bound: { uid: 'u', generation: 4, podHash: 'h', stepIndex: null, pauseStart: null },
            acceptedAt: 4000,
          },
        ],
      });
      await store().save(full);
      expect(await store().load(key)).toEqual({ ...full, version: 1 });
    });

    it('counts versions from 1 and answers the new one', async () => {
      const first = await store().save(newRecord());
      expect(first.version).toBe(1);
      const second = await store().save({ ...first, polls: 7 });
      expect(second).toEqual({ ...newRecord({ polls: 7 }), version: 2 });
      expect((await store().load(key))?.version).toBe(2);
    });

    it('refuses a second first write, and keeps the first', async () => {
      await store().save(newRecord({ polls: 1 }));
      await expect(store().save(newRecord({ polls: 2 }))).rejects.toThrow(Conflict);
      expect(await store().load(key)).toEqual(newRecord({ polls: 1, version: 1 }));
    });

    it('refuses a lost update, and keeps what the other wrote', async () => {
      const read = await store().save(newRecord());
      await store().save({ ...read, polls: 1 });
      await expect(store().save({ ...read, polls: 2 })).rejects.toThrow(Conflict);
      expect((await store().load(key))?.polls).toBe(1);
    });

    it('refuses a version that never was and an update of what is not there', async () => {
      await expect(store().save(newRecord({ version: 3 }))).rejects.toThrow(Conflict);
      expect(await store().load(key)).toBeUndefined();
      const read = await store().save(newRecord());
      await expect(store().save({ ...read, version: 9 })).rejects.toThrow(Conflict);
      expect((await store().load(key))?.version).toBe(1);
    });

    it('lets exactly one of many simultaneous writers through', async () => {
      const read = await store().save(newRecord());
      const writes = Array.from({ length: 8 }, (_, polls) => store().save({ ...read, polls }));
      const settled = await Promise.allSettled(writes);
      const won = settled.filter(({ status }) => status === 'fulfilled');
      expect(won).toHaveLength(1);
      expect((await store().load(key))?.version).toBe(2);
    });

    it('forgets in the version named only', async () => {
      const read = await store().save(newRecord());
      const now = await store().save({ ...read, dueAt: 10 });
      await expect(store().forget(key, read.version)).rejects.toThrow(Conflict);
      expect(await store().load(key)).toEqual(now);
      await store().forget(key, now.version);
      expect(await store().load(key)).toBeUndefined();
      expect((await store().list('prod', { limit: 10 })).items).toEqual([]);
      expect(await store().due(1000, 10)).toEqual([]);
    });

    it('forgets what is not there, and starts again at version 1 after forgetting', async () => {
      await expect(store().forget(key, 4)).resolves.toBeUndefined();
      await store().forget(key, (await store().save(newRecord({ polls: 5 }))).version);
      expect(await store().save(newRecord())).toEqual(newRecord({ version: 1 }));
    });

    it('hands out copies', async () => {
      const mine = newRecord();
      const saved = await store().save(mine);
      mine.polls = 99;
      saved.polls = 99;
      const loaded = await store().load(key);
      expect(loaded?.polls).toBe(0);
      if (loaded) loaded.intents.push({} as never);
      expect((await store().load(key))?.intents).toEqual([]);
    });

    it('keeps keys with odd characters apart', async () => {
      const odd: RolloutKey[] = [
        { cluster: 'a', namespace: 'b/c', name: 'd' },
        { cluster: 'a', namespace: 'b', name: 'c/d' },
        { cluster: 'a/b', namespace: 'c', name: 'd' },
        { cluster: 'a#b', namespace: 'c', name: 'd' },
        { cluster: 'a', namespace: 'b%2Fc', name: 'd' },
        { cluster: 'a', namespace: 'näme space', name: 'x.y-z_0~☕' },
      ];
      for (const [index, each] of odd.entries()) {
        await store().save(newRecord({ key: each, polls: index, dueAt: index }));
        await store().append(each, newEntry({ revision: index }));
      }
      for (const [index, each] of odd.entries()) {
        expect(await store().load(each)).toMatchObject({ key: each, polls: index });
        const { items } = await store().ledger(each, { limit: 10 });
        expect(items.map(({ revision }) => revision)).toEqual([index]);
      }
      expect((await store().due(1000, 100)).map((due) => due.key)).toEqual(odd);
      expect((await store().list('a', { namespace: 'b', limit: 10 })).items).toHaveLength(1);
    });
  });
}

function listTests(store: () => Store): void {
  describe('lists', () => {
    const fleet = ['blog/api', 'blog/web', 'shop/a', 'shop/b', 'shop/c', 'shop-eu/a', 'z/z'];

    beforeEach(async () => {
      for (const text of [...fleet].reverse()) {
        const [namespace = '', name = ''] = text.split('/');
        await store().save(newRecord({ key: { cluster: 'prod', namespace, name } }));
      }
      await store().save(newRecord({ key: { cluster: 'prod-2', namespace: 'shop', name: 'a' } }));
      await store().append({ ...key, name: 'a' }, newEntry());
    });

    it('a cluster, and no other', async () => {
      const page = await store().list('prod', { limit: 100 });
      expect(names(page).sort()).toEqual([...fleet].sort());
      expect(page.cursor).toBeUndefined();
      expect(names(await store().list('nowhere', { limit: 100 }))).toEqual([]);
    });

    it('a namespace, in order, without one whose name begins alike', async () => {
      const page = await store().list('prod', { namespace: 'shop', limit: 100 });
      expect(names(page)).toEqual(['shop/a', 'shop/b', 'shop/c']);
    });

    it('page by page, each once, the last without a cursor', async () => {
      const { items, pages } = await readAll((cursor) =>
        store().list('prod', { limit: 3, ...(cursor === undefined ? {} : { cursor }) }),
      );
      expect(names({ items }).sort()).toEqual([...fleet].sort());
      expect(pages).toEqual([3, 3, 1]);
    });

    it('page by page within a namespace, with no empty page at the end', async () => {
      const { items, pages } = await readAll((cursor) =>
        store().list('prod', {
          namespace: 'shop',
          limit: 1,
          ...(cursor === undefined ? {} : { cursor }),
        }),
      );
      expect(names({ items })).toEqual(['shop/a', 'shop/b', 'shop/c']);
      expect(pages).toEqual([1, 1, 1]);
    });

    it('refuses a cursor of another namespace', async () => {
      const other = { namespace: 'shop', limit: 1, cursor: 'blog/api' };
      await expect(store().list('prod', other)).rejects.toThrow(/belongs to another list/);
    });

    it('goes on after a cursor whose item is gone', async () => {
      const first = await store().list('prod', { namespace: 'shop', limit: 1 });
      await store().forget({ cluster: 'prod', namespace: 'shop', name: 'a' }, 1);
      const cursor = first.cursor ?? '';
      const rest = await store().list('prod', { namespace: 'shop', limit: 5, cursor });
      expect(names(rest)).toEqual(['shop/b', 'shop/c']);
    });
  });
}

function dueTests(store: () => Store): void {
  describe('what is due', () => {
    const saveDue = (name: string, over: Partial<RolloutRecord>) =>
      store().save(newRecord({ key: { ...key, name }, ...over }));
    const dueNames = async (before: number, limit = 100) =>
      (await store().due(before, limit)).map((due) => due.key.name);

    it('comes soonest first, over all clusters, up to and without the limit of time', async () => {
      await saveDue('late', { dueAt: 3000 });
      await saveDue('never', {});
      await saveDue('soon', { dueAt: 1000 });
      await store().save(
        newRecord({ key: { ...key, cluster: 'other', name: 'mid' }, dueAt: 2000 }),
      );
      expect(await dueNames(3000)).toEqual(['soon', 'mid']);
      expect(await dueNames(3001)).toEqual(['soon', 'mid', 'late']);
      expect(await dueNames(1000)).toEqual([]);
    });

    it('says what a sweep needs', async () => {
      await saveDue('a', { dueAt: 1000 });
      await store().save({ ...(await saveDue('b', { dueAt: 1500 })), queuedFor: 1400 });
      expect(await store().due(9000, 10)).toEqual([
        { key: { ...key, name: 'a' }, dueAt: 1000, version: 1 },
        { key: { ...key, name: 'b' }, dueAt: 1500, queuedFor: 1400, version: 2 },
      ]);
    });

    it('is cut off at the limit, keeping the soonest', async () => {
      const times = [17, 4, 11, 1, 8, 20, 14, 2, 9, 5, 19, 3];
      for (const time of times) await saveDue(`at-${time}`, { dueAt: time });
      expect(await dueNames(1000, 5)).toEqual(['at-1', 'at-2', 'at-3', 'at-4', 'at-5']);
      expect(await dueNames(1000, 100)).toHaveLength(times.length);
    });

    it('moves with dueAt, and goes away with it', async () => {
      const first = await saveDue('a', { dueAt: 1000, queuedFor: 1000 });
      const moved = await store().save({ ...first, dueAt: 5000 });
      expect(await dueNames(2000)).toEqual([]);
      expect(await store().due(9000, 9)).toMatchObject([{ dueAt: 5000, version: 2 }]);
      const { dueAt: _, ...rest } = moved;
      const rested = await store().save(rest);
      expect(await dueNames(1e15)).toEqual([]);
      expect(await store().load(moved.key)).toEqual(rested);
      expect(rested).not.toHaveProperty('dueAt');
      await store().save({ ...rested, dueAt: 7000 });
      expect(await dueNames(9000)).toEqual(['a']);
    });

    it('is sorted as numbers are', async () => {
      for (const time of [900, 1_700_000_000_000, 10_000, 99.5]) {
        await saveDue(`at-${time}`, { dueAt: time });
      }
      expect(await dueNames(2e12)).toEqual(['at-99.5', 'at-900', 'at-10000', 'at-1700000000000']);
    });

    it('is not changed by a write that was refused', async () => {
      await saveDue('a', { dueAt: 1000 });
      await expect(saveDue('a', { dueAt: 2000 })).rejects.toThrow(Conflict);
      expect(await store().due(9000, 9)).toMatchObject([{ dueAt: 1000, version: 1 }]);
    });
  });
}

function ledgerTests(store: () => Store): void {
  describe('the ledger', () => {
    const versions = async () =>
      (await store().ledger(key, { limit: 100 })).items.map((entry) => entry.resourceVersion);

    it('takes an entry once under uid, kind and resourceVersion', async () => {
      expect(await store().append(key, newEntry({ text: 'first' }))).toBe(true);
      expect(await store().append(key, newEntry({ text: 'second', at: 5 }))).toBe(false);
      expect((await store().ledger(key, { limit: 9 })).items).toEqual([
        newEntry({ text: 'first' }),
      ]);
      expect(await store().append(key, newEntry({ kind: 'promoted' }))).toBe(true);
      expect(await store().append(key, newEntry({ uid: 'uid-2' }))).toBe(true);
      expect(await store().append(key, newEntry({ resourceVersion: '101' }))).toBe(true);
      expect(await store().append({ ...key, name: 'other' }, newEntry())).toBe(true);
      expect((await store().ledger(key, { limit: 9 })).items).toHaveLength(4);
    });

    it('takes one of several simultaneous equals', async () => {
      const puts = Array.from({ length: 6 }, () => store().append(key, newEntry()));
      expect((await Promise.all(puts)).filter(Boolean)).toHaveLength(1);
    });

    it('answers an entry whole', async () => {
      const entry = newEntry({
        kind: 'resumed',
        reason: 'looks good ☕',
        merged: true,
        pause: { askedMs: 60_000, keptMs: 60_412 },
      });
      await store().append(key, entry);
      expect((await store().ledger(key, { limit: 1 })).items).toEqual([entry]);
    });

    it('is read newest first, by number and not by spelling', async () => {
      for (const resourceVersion of ['99', '1000', '18446744073709551615', '9', '100']) {
        await store().append(key, newEntry({ resourceVersion }));
      }
      expect(await versions()).toEqual(['18446744073709551615', '1000', '100', '99', '9']);
    });

    it('keeps the order of rollouts of one name, whose versions begin anew', async () => {
      const [first, second] = [1_700_000_000_000, 1_700_000_900_000];
      // What was stored before the time of creation was known comes before all else.
      await store().append(key, newEntry({ resourceVersion: '500', uid: 'old' }));
      await store().append(key, newEntry({ resourceVersion: '2', uid: 'b', createdAt: second }));
      await store().append(key, newEntry({ resourceVersion: '400', createdAt: first }));
      await store().append(key, newEntry({ resourceVersion: '3', createdAt: first }));
      expect(await versions()).toEqual(['2', '400', '3', '500']);
      expect(await store().append(key, newEntry({ resourceVersion: '3', createdAt: first }))).toBe(
        false,
      );
    });

    it('puts commands that wrote nothing behind what their version tells, as they came', async () => {
      const told = async (text: string, over: Partial<LedgerEntry>) =>
        store().append(key, newEntry({ text, createdAt: 1_700_000_000_000, ...over }));
      const command = (intentId: string, acceptedAt: number) =>
        told(intentId, { kind: 'command', intentId, acceptedAt });
      await command('a-third', 1_700_000_300_000);
      await command('z-first', 1_700_000_100_000);
      await told('completed', { kind: 'completed' });
      await told('promote', { kind: 'command', intentId: 'zz' });
      await command('m-second', 1_700_000_200_000);
      await told('later', { resourceVersion: '101' });
      expect(await command('z-first', 1_700_000_100_000)).toBe(false);
      const { items } = await store().ledger(key, { limit: 9 });
      const texts = ['later', 'a-third', 'm-second', 'z-first', 'completed', 'promote'];
      expect(items.map(({ text }) => text)).toEqual(texts);
    });

    it('takes versions that are not numbers, once each', async () => {
      for (const resourceVersion of ['etcd-7', 'a/b#c', '12', 'etcd-7']) {
        await store().append(key, newEntry({ resourceVersion }));
      }
      expect((await versions()).sort()).toEqual(['12', 'a/b#c', 'etcd-7']);
    });

    it('comes page by page, each entry once', async () => {
      const all = Array.from({ length: 7 }, (_, index) => String(95 + index));
      for (const resourceVersion of all) await store().append(key, newEntry({ resourceVersion }));
      const { items, pages } = await readAll((cursor) =>
        store().ledger(key, { limit: 3, ...(cursor === undefined ? {} : { cursor }) }),
      );
      expect(items.map((entry) => entry.resourceVersion)).toEqual([...all].reverse());
      expect(pages).toEqual([3, 3, 1]);
    });

    it('stays when its rollout is forgotten', async () => {
      const { version } = await store().save(newRecord());
      await store().append(key, newEntry());
      await store().forget(key, version);
      expect(await versions()).toEqual(['100']);
    });

    it('of an unknown rollout is empty', async () => {
      expect(await store().ledger(key, { limit: 5 })).toEqual({ items: [] });
    });
  });
}
