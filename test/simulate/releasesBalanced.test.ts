import { expect, it } from 'vitest';
import { isBalanced } from '../faults/isBalanced.ts';
import { runSeed } from '../faults/seed.ts';

it('no pod leaves with traffic and none is sent to what is not healthy, by seed', async () => {
  const seeds = Array.from({ length: 40 }, (_, seed) => seed).filter(isBalanced);
  for (const seed of seeds) {
    const { violation } = await runSeed(seed);
    expect({ seed, violation }).toEqual({ seed, violation: undefined });
  }
}, 120_000);
