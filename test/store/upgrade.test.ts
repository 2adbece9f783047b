import { expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import { readRecord, recordItem } from '../../lib/store/items.ts';
import { newRecord } from './contract.ts';

// During a deploy both versions of the functions run: the new one reads what the old one wrote.

it('an item of an older schema is upgraded step by step, and keeps its version', () => {
  const older = { ...recordItem(newRecord({ polls: 3 }), 7), schema: { N: '-1' } };
  const upgrades = {
    [-1]: (body: object) => ({ ...body, polls: 4 }),
    0: (body: object) => ({ ...body, dueFor: 'upgraded' }),
  };
  expect(readRecord(older, upgrades)).toEqual(
    newRecord({ version: 7, polls: 4, dueFor: 'upgraded' }),
  );
});

it('one that no upgrade leads on from is refused with what to do', () => {
  const older = { ...recordItem(newRecord(), 7), schema: { N: '-1' } };
  const read = () => readRecord(older, { [-1]: (body) => body });
  expect(read).toThrow(Terminal);
  expect(read).toThrow(/restore it from a backup/);
});
