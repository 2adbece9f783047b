import { expect, it } from 'vitest';
import { forgetOldest } from '../../lib/model/forget.ts';

it('lets go of what was put in first', () => {
  const known = new Map(['a', 'b', 'c'].map((key) => [key, 1]));
  forgetOldest(known, 3);
  expect([...known.keys()]).toEqual(['a', 'b', 'c']);
  forgetOldest(known, 1);
  expect([...known.keys()]).toEqual(['c']);
  const set = new Set(['a', 'b']);
  forgetOldest(set, 0);
  expect([...set]).toEqual([]);
});
