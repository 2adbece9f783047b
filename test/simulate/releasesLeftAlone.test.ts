import { describe, expect, it } from 'vitest';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import { instanceIdLabel } from '../../lib/model/names.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { look } from '../../lib/reconcile/answer.ts';
import { key, manifest, target } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

const steps = [{ setWeight: 50 }, { pause: {} }];
const routed: RolloutSpec = {
  strategy: {
    canary: {
      steps,
      canaryService: 'a',
      stableService: 'b',
      trafficRouting: { plugins: { 'acme/mesh': {} } },
    },
  },
};
const field = 'spec.strategy.canary.trafficRouting.plugins["acme/mesh"]';

function events({ cluster }: Release) {
  return cluster.read
    .list('Event', target.namespace)
    .map(({ reason, count, message, type }) => ({ reason, count, message, type }));
}

/** Another controller writes the status, as the one that drives such a rollout does. */
async function drive({ cluster, pass }: Release, times: number): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    const patch = { phase: 'Healthy', observedGeneration: '1', replicas: time };
    cluster.patchStatus(target.namespace, target.name, patch, 'rollouts-controller');
    await pass(20_000);
  }
}

describe('a rollout that asks for what Serin does not carry out yet', () => {
  it('is said to be left alone in an Event, once, however often it is looked at', async () => {
    const release = await openRelease(routed);
    await drive(release, 5);
    await release.pass(10 * minuteMs);
    expect(events(release)).toEqual([
      {
        reason: 'RolloutLeftAlone',
        count: 1,
        type: 'Warning',
        message: expect.stringContaining(field),
      },
    ]);
    expect(release.dog.violations).toEqual([]);
  });

  it('is marked for whoever lists it or looks at it', async () => {
    const release = await openRelease(routed);
    await drive(release, 1);
    const { world } = release.simulated;
    const marked = { mark: 'leftAlone', text: expect.stringContaining(field) };
    expect((await world.store.load(key))?.view?.reasons).toMatchObject([marked]);
    expect((await look(world, key)).reasons).toMatchObject([marked]);
  });

  it('is driven once it does not ask for it, and told of anew when it does again', async () => {
    const release = await openRelease(routed);
    const strategy = (trafficRouting: object | null) => ({
      spec: { strategy: { canary: { trafficRouting } } },
    });
    const as = release.cluster.as('kubectl-edit');
    // Without its Services it would be faulty.
    const services = {
      spec: { strategy: { canary: { canaryService: null, stableService: null } } },
    };
    await as.patch({ kind: 'Rollout', ...target }, services);
    await as.patch({ kind: 'Rollout', ...target }, strategy(null));
    await release.pass(10_000);
    expect(release.where()).toBe('Healthy 2/2');
    const { world } = release.simulated;
    expect((await world.store.load(key))?.view?.reasons).toEqual([]);
    await as.patch({ kind: 'Rollout', ...target }, strategy({ plugins: { 'acme/mesh': {} } }));
    await release.pass(10_000);
    const told = events(release).filter(({ reason }) => reason === 'RolloutLeftAlone');
    expect(told.map(({ count }) => count)).toEqual([2]);
  });

  it('of another instance is marked too, and has no Event of ours', async () => {
    const release = await openRelease({}, { isEmpty: true });
    const { metadata, ...rest } = manifest(release.scenario);
    const labels = { ...metadata?.labels, [instanceIdLabel]: 'theirs' };
    release.cluster.apply('Rollout', { ...rest, metadata: { ...metadata, labels } });
    await release.pass(minuteMs);
    const { reasons } = await look(release.simulated.world, key);
    expect(reasons).toMatchObject([{ mark: 'leftAlone', text: 'It belongs to instance theirs.' }]);
    expect(events(release)).toEqual([]);
  });
});
