import { describe, expect, it } from 'vitest';
import { Terminal, Transient } from '../../lib/errors.ts';
import { settingsKey } from '../../lib/model/documents.ts';
import { settingsReader } from '../../lib/settings/load.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Documents } from '../../lib/world.ts';

const minuteMs = 60_000;

function stage() {
  let now = 1_800_000_000_000;
  const clock = { now: () => now, sleepUntil: async () => {} };
  const { documents } = memoryStore(clock);
  const logged: string[] = [];
  const table: { reads: number; error?: Error | undefined } = { reads: 0 };
  const get: Documents['get'] = async (key) => {
    table.reads += 1;
    if (table.error !== undefined) throw table.error;
    return documents.get(key);
  };
  const read = settingsReader({
    documents: { ...documents, get },
    clock,
    log: (level, message, fields) => {
      logged.push(`${level} ${message} ${(fields as { error: Error }).error.message}`);
    },
  });
  const apply = async (text: string) => {
    const version = (await documents.get(settingsKey))?.version ?? 0;
    const body = { text, hooks: '[]', appliedAt: now, appliedBy: 'test' };
    await documents.put({ ...settingsKey, version, body });
  };
  return {
    ...{ read, apply, logged, table },
    policies: async () => (await read()).settings.policies,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('the settings in use', () => {
  it('are empty before any were applied', async () => {
    const { read } = stage();
    expect(await read()).toEqual({
      version: 0,
      settings: {
        issuers: [],
        policies: '',
        hooks: [],
        clusters: {},
        metrics: { hosts: [] },
        messages: [],
      },
    });
  });

  it('are read once a minute, however many ask', async () => {
    const { apply, policies, table, pass } = stage();
    await apply('policies: one');
    expect(await Promise.all([policies(), policies(), policies()])).toEqual(['one', 'one', 'one']);
    await apply('policies: two');
    pass(minuteMs - 1);
    expect([await policies(), table.reads]).toEqual(['one', 1]);
    pass(1);
    expect([await policies(), table.reads]).toEqual(['two', 2]);
  });

  it('hold for a quarter of an hour while the table does not answer, and not longer', async () => {
    const { apply, policies, table, pass, logged } = stage();
    await apply('policies: one');
    await policies();
    table.error = new Transient('the table did not answer');
    pass(14 * minuteMs);
    expect(await policies()).toBe('one');
    expect(logged).toEqual([
      'warn the settings could not be read: the last ones hold the table did not answer',
    ]);
    // A table that is dead is not asked for every call.
    await policies();
    expect(table.reads).toBe(2);
    pass(minuteMs);
    await expect(policies()).rejects.toThrow('the table did not answer');
    table.error = undefined;
    pass(6000);
    expect(await policies()).toBe('one');
  });

  it('that were never read let nobody in', async () => {
    const { policies, table } = stage();
    table.error = new Transient('the table did not answer');
    await expect(policies()).rejects.toThrow(Transient);
  });

  it.each([
    ['of a newer Serin', new Terminal('the item was written by a newer Serin'), undefined],
    ['with a field this one does not know', undefined, 'policies: two\nwaves: []'],
    ['damaged', undefined, 'policies: [\n'],
    [
      'that would let strangers in',
      undefined,
      'issuers: [{name: a, issuer: "https://gitlab.com"}]',
    ],
  ])('%s let nobody in, at once, and the log says why', async (_name, error, text) => {
    const { apply, policies, table, pass, logged } = stage();
    await apply('policies: one');
    expect(await policies()).toBe('one');
    table.error = error;
    if (text !== undefined) await apply(text);
    pass(minuteMs);
    await expect(policies()).rejects.toThrow(Terminal);
    await expect(policies()).rejects.toThrow(Terminal);
    expect(table.reads).toBe(2);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(
      /^error nobody is let in: .* (?:newer Serin$|not understood: line \d: .*apply them again)/,
    );
    table.error = undefined;
    await apply('policies: three');
    pass(6000);
    expect(await policies()).toBe('three');
  });
});
