import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { runBalanced } from '../faults/balanced.ts';
import { balancerSabotages } from '../faults/sabotageBalancers.ts';

const run = promisify(execFile);
const program = new URL('../faults/balanced.ts', import.meta.url).pathname;

it('no pod leaves with traffic and none is sent to what is not healthy, by seed', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    expect({ seed, found: await runBalanced(seed) }).toEqual({ seed, found: [] });
  }
}, 300_000);

it.each(balancerSabotages.map(({ name }, index) => ({ name, index })))(
  'it would be found if $name',
  async ({ index }) => {
    const { stdout } = await run(process.execPath, [program, '--bug', String(index)]);
    expect(stdout).toMatch(/^seed \d+: /);
  },
  300_000,
);
