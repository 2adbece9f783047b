import { describe, expect, it } from 'vitest';
import type { Document } from '../../lib/model/documents.ts';
import { keyText } from '../../lib/model/key.ts';
import type { LedgerEntry, LedgerKind, RolloutRecord } from '../../lib/model/record.ts';
import { withAttribution } from '../../lib/record/attribution.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { entriesIn } from '../../lib/record/outbox.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Store } from '../../lib/world.ts';
import { make, start } from '../make.ts';
import { handClock } from '../queue/world.ts';

const key = { cluster: 'prod', namespace: 'shop', name: 'web' };
const unknown = { name: 'unknown', proof: 'unknown' } as const;
const entry = (kind: LedgerKind, over: Partial<LedgerEntry> = {}): LedgerEntry => ({
  ...{ uid: 'uid-of-web', kind, resourceVersion: '200', at: start, actor: unknown },
  ...{ revision: 2, text: kind },
  ...over,
});
const before = { ...blankRecord(key), progress: make.progress({ observedAt: start - 60_000 }) };
const withEntries = (...entries: LedgerEntry[]): RolloutRecord => ({
  ...before,
  outbox: entries.map((ledger) => ({ ledger })),
});

async function stage(
  ...notices: [user: string, at: number, explains: LedgerKind[], uid?: string][]
) {
  const base = memoryStore(handClock(start));
  for (const [index, [user, at, explains, uid = 'uid-of-web']] of notices.entries()) {
    await base.documents.put({
      ...{ kind: 'notice', of: keyText(key), id: `${index}`, version: 0 },
      body: { key, uid, user, at, explains },
      expiresAt: start + 60_000,
    });
  }
  const reads = { count: 0 };
  const store: Store = {
    ...base,
    documents: {
      ...base.documents,
      list: async (place, options) => {
        reads.count += 1;
        return await base.documents.list(place, options);
      },
    },
  };
  const logged: string[] = [];
  const world = { store, log: (_level: string, message: string) => void logged.push(message) };
  const report = async (record: RolloutRecord): Promise<string[]> => {
    const reported = await withAttribution(world, record, before);
    await reported.useUp();
    return entriesIn(reported.record.outbox).map(({ actor }) => `${actor.name} ${actor.proof}`);
  };
  const left = async (): Promise<Document<'notice'>[]> =>
    (await base.documents.list({ kind: 'notice', of: keyText(key) }, { limit: 9 })).items;
  return { report, left, reads, world, logged };
}

describe('who is reported to have done it', () => {
  it('is the newest who fits, once; those before are overtaken', async () => {
    const { report, left } = await stage(
      ['ada', start - 9000, ['promoted']],
      ['bob', start - 5000, ['promoted']],
      ['eve', start - 1000, ['aborted']],
    );
    expect(await report(withEntries(entry('promoted')))).toEqual(['bob reported']);
    expect(await report(withEntries(entry('promoted')))).toEqual(['unknown unknown']);
    expect((await left()).map(({ body }: Document<'notice'>) => body.user)).toEqual(['eve']);
  });

  it('may have caused two transitions by one change, in two turns', async () => {
    const { report, left } = await stage(['ada', start - 1000, ['revision', 'scaled']]);
    expect(await report(withEntries(entry('scaled')))).toEqual(['ada reported']);
    expect(await report(withEntries(entry('revision')))).toEqual(['ada reported']);
    expect(await left()).toEqual([]);
  });

  it('is nobody of another rollout of that name, nor of long before the last look', async () => {
    const { report } = await stage(
      ['ada', start - 1000, ['aborted'], 'uid-of-an-older-web'],
      ['bob', start - 60_000 - 31_000, ['aborted']],
    );
    expect(await report(withEntries(entry('aborted')))).toEqual(['unknown unknown']);
  });

  it('changed the spec long before, where the status follows late', async () => {
    const { report } = await stage(['ada', start - 30 * 60_000, ['revision', 'restarted']]);
    const serin = { name: 'serin', proof: 'verified' } as const;
    const entries = [entry('revision'), entry('restarted', { actor: serin })];
    expect(await report(withEntries(...entries))).toEqual(['ada reported', 'ada reported']);
  });

  it('never takes the place of a command’s author, nor of Serin', async () => {
    const { report, left, reads } = await stage(['eve', start, ['promoted', 'step']]);
    const cid = { name: 'cid', proof: 'verified' } as const;
    const serin = { name: 'serin', proof: 'verified' } as const;
    const entries = [entry('promoted', { actor: cid }), entry('step', { actor: serin })];
    expect(await report(withEntries(...entries))).toEqual(['cid verified', 'serin verified']);
    expect(await left()).toHaveLength(1);
    expect(reads.count).toBe(0);
  });

  it('costs no read in a turn that tells of nobody', async () => {
    const { report, reads } = await stage(['ada', start, ['promoted']]);
    expect(await report(before)).toEqual([]);
    expect(reads.count).toBe(0);
    await report(withEntries(entry('promoted'), entry('scaled'), entry('aborted')));
    expect(reads.count).toBe(1);
  });

  it('stays unknown where the notices cannot be read: the entry is told all the same', async () => {
    const { report, world, logged } = await stage(['ada', start, ['promoted']]);
    world.store.documents.list = () => Promise.reject(new Error('throttled'));
    expect(await report(withEntries(entry('promoted')))).toEqual(['unknown unknown']);
    expect(logged).toEqual(['the notices could not be read']);
  });
});
