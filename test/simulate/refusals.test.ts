import { describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import { fromTime } from '../../lib/model/units.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { World } from '../../lib/world.ts';
import { rollout } from './manifests.ts';
import { meddled } from './meddled.ts';

const why = 'patch replicasets.apps: 403; allow the verb "patch"';

describe('a write that is refused for good', () => {
  it('is told in the status and by explain, and goes on once it is allowed', async () => {
    const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
    const counted: string[] = [];
    const count = (metric: string) => counted.push(metric);
    const made = simulatedWorld({ clock, seed: 1, count });
    let isAllowed = true;
    made.connect({
      deliver: (message, world) => deliver(isAllowed ? world : refusing(world), message),
    });
    const { metadata } = made.cluster.apply('Rollout', rollout());
    const { namespace = '', name = '' } = metadata ?? {};
    const live = () => made.cluster.read.get('Rollout', namespace, name).status ?? {};
    const pass = (ms: number) => clock.run({ until: clock.now() + ms, eventsMax: 10_000 });

    await pass(10_000);
    isAllowed = false;
    made.cluster.scale(namespace, name, 5);
    await pass(10_000);
    const failure = live().conditions?.find(({ type }) => type === 'ReplicaFailure');
    expect(failure).toMatchObject({ status: 'True', reason: 'WriteRefused', message: why });
    const [record] = (await made.world.store.list('local', { limit: 1 })).items;
    expect(record?.view?.reasons[0]?.text).toContain(why);
    // Now and then it is tried again, and nothing goes to the dead letters.
    await pass(10 * 60_000);
    expect(made.deadLetters).toEqual([]);
    expect(counted).toContain('rollout_write_refusals_total');
    expect(counted).toContain('rollout_reconcile');

    isAllowed = true;
    await pass(2 * 60_000);
    expect(live().phase).toBe('Healthy');
    expect(live().conditions?.map(({ type }) => type)).not.toContain('ReplicaFailure');
  });
});

function refusing(world: World): World {
  return meddled(world, (cluster) => ({
    ...cluster,
    patch: async (ref, ...rest) => {
      if (ref.kind === 'ReplicaSet') throw new Terminal(why);
      return await cluster.patch(ref, ...rest);
    },
  }));
}
