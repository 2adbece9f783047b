import { beforeAll, describe, expect, it } from 'vitest';
import { installRouterDefinitions } from '../routerDefinitions.ts';
import { withControlPlane } from '../stage.ts';
import { compareAll } from './compareAll.ts';

const plane = withControlPlane();

beforeAll(async () => {
  await installRouterDefinitions(plane());
});

describe('Serin beside Argo', () => {
  it('looks the same to whoever watches, but for what is meant', async () => {
    const done = await compareAll(plane(), {}, ({ scenario, again }) => {
      if (again) process.stderr.write(`${scenario}: Argo collided with its own ReplicaSet\n`);
    });
    const unmeant = done.filter((each) => each.unmeant.length > 0);
    expect(unmeant.map(({ scenario, unmeant: found }) => ({ scenario, found }))).toEqual([]);
    expect(done.length).toBeGreaterThanOrEqual(60);
  }, 900_000);
});
