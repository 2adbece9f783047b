import { expect, it } from 'vitest';
import { type CacheOptions, cache } from '../lib/cache.ts';

function stage(options: Partial<CacheOptions<string>> = {}) {
  let now = 1_000;
  let error: Error | undefined;
  const reads: string[] = [];
  const get = cache<string>({
    now: () => now,
    lifeMs: 100,
    read: async (key) => {
      reads.push(key);
      await Promise.resolve();
      if (error) throw error;
      return `${key} of ${now}`;
    },
    ...options,
  });
  return {
    reads,
    get: async (key: string, ageMaxMs?: number) => (await get(key, ageMaxMs)).value,
    pass: (ms: number) => {
      now += ms;
    },
    fail: (text?: string) => {
      error = text === undefined ? undefined : new Error(text);
    },
  };
}

it('asks once for all who want the same at once, and again when its life is over', async () => {
  const { get, reads, pass } = stage();
  expect(await Promise.all([get('a'), get('a'), get('b')])).toEqual([
    'a of 1000',
    'a of 1000',
    'b of 1000',
  ]);
  pass(99);
  expect(await get('a')).toBe('a of 1000');
  pass(1);
  expect([await get('a'), reads]).toEqual(['a of 1100', ['a', 'b', 'a']]);
});

it('asks again for who wants it fresher', async () => {
  const { get, pass } = stage();
  await get('a');
  pass(10);
  expect([await get('a', 11), await get('a', 10)]).toEqual(['a of 1000', 'a of 1010']);
});

it('does not keep a failure', async () => {
  const { get, fail } = stage();
  fail('down');
  await expect(get('a')).rejects.toThrow('down');
  fail();
  expect(await get('a')).toBe('a of 1000');
});

it('keeps a failure as long as it is said to be kept', async () => {
  const { get, fail, pass } = stage({ failureLifeMs: (isFirst) => (isFirst ? 5 : 50) });
  fail('down');
  await expect(get('a')).rejects.toThrow('down');
  fail();
  pass(4);
  await expect(get('a')).rejects.toThrow('down');
  pass(1);
  expect(await get('a')).toBe('a of 1005');
});

it('gives the last answer while it may stand in for a failure', async () => {
  const { get, fail, pass } = stage({
    standsIn: (_, ageMs) => ageMs < 250,
    failureLifeMs: () => 0,
  });
  await get('a');
  fail('down');
  pass(200);
  expect(await get('a')).toBe('a of 1000');
  pass(50);
  await expect(get('a')).rejects.toThrow('down');
  fail();
  expect(await get('a')).toBe('a of 1250');
});

it('forgets first what may go first, then what was read longest ago', async () => {
  const { get, reads } = stage({ max: 2, goesFirst: (value) => value.startsWith('stranger') });
  for (const key of ['a', 'stranger', 'b']) await get(key);
  await get('a');
  expect(reads).toEqual(['a', 'stranger', 'b']);
  await get('c');
  await get('b');
  expect(reads).toEqual(['a', 'stranger', 'b', 'c']);
  await get('a');
  expect(reads).toEqual(['a', 'stranger', 'b', 'c', 'a']);
});
