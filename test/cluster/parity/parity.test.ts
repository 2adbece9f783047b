import { beforeAll, describe, expect, it } from 'vitest';
import { installRouterDefinitions } from '../routerDefinitions.ts';
import { withControlPlane } from '../stage.ts';
import { compareAll } from './compareAll.ts';
import { parityScenarios } from './scenarios.ts';

const plane = withControlPlane();

beforeAll(async () => {
  await installRouterDefinitions(plane());
});

// All of them take twice the time: `npm run test:parity` plays them. Here it is every second one in the order
// of the files, in which those of a kind stand together.
const played = parityScenarios().filter((_, index) => index % 2 === 0);

describe('Serin beside Argo', () => {
  it('looks the same to whoever watches, but for what is meant', async () => {
    const done = await compareAll(plane(), played, ({ scenario, before }) => {
      const fields = before.map(({ at, field, argo }) => `${at}, ${field}: ${argo}`);
      if (before.length > 0)
        process.stderr.write(`${scenario}: Argo was played again, ${fields.join('; ')}\n`);
    });
    const unmeant = done.filter((each) => each.unmeant.length > 0);
    expect(unmeant.map(({ scenario, unmeant: found }) => ({ scenario, found }))).toEqual([]);
    expect(done.length).toBeGreaterThanOrEqual(70);
  }, 900_000);
});
