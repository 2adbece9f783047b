import { describe, expect, it } from 'vitest';
import { fromTime } from '../../lib/model/units.ts';
import { nameOf } from '../../lib/model/workload.ts';
import { resync } from '../../lib/reconcile/resync.ts';
import { deliver } from '../../lib/reconcile.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { rollout } from '../simulate/manifests.ts';

/** A cluster whose doorbell reaches nobody. */
async function unheard() {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const made = simulatedWorld({ clock, seed: 1 });
  made.connect({
    deliver: (message, world) => deliver(world, message),
    wakes: { send: async () => {} },
  });
  const pass = (ms: number) => clock.run({ until: clock.now() + ms, eventsMax: 10_000 });
  const recorded = async () => (await made.world.store.list('local', { limit: 10 })).items;
  return { ...made, pass, recorded };
}

describe('resync', () => {
  it('finds a rollout that no notice told of, and leaves a known one alone', async () => {
    const { world, cluster, pass, recorded } = await unheard();
    cluster.apply('Rollout', rollout());
    await pass(1000);
    expect(await recorded()).toEqual([]);
    expect(await resync(world, 'local')).toBe(1);
    await pass(5 * 60_000);
    expect((await recorded())[0]?.progress?.phase).toBe('Healthy');
    expect(await resync(world, 'local')).toBe(0);
  });

  it('finds a rollout that was changed, and one that was deleted', async () => {
    const { world, cluster, pass, recorded } = await unheard();
    const made = cluster.apply('Rollout', rollout());
    await resync(world, 'local');
    await pass(5 * 60_000);
    const { namespace = '', name = '' } = made.metadata ?? {};
    cluster.scale(namespace, name, 5);
    expect(await resync(world, 'local')).toBe(1);
    await pass(5 * 60_000);
    expect((await recorded())[0]?.view?.replicas.available).toBe(5);
    cluster.deleteObject('Rollout', namespace, name);
    expect(await resync(world, 'local')).toBe(1);
    await pass(1000);
    expect(await recorded()).toEqual([]);
  });

  it('finds a rollout whose pods went away, though it is itself as it was', async () => {
    const { world, cluster, pass, recorded } = await unheard();
    cluster.apply('Rollout', rollout());
    await resync(world, 'local');
    await pass(5 * 60_000);
    const [set] = cluster.read.list('ReplicaSet', '');
    cluster.deleteObject('ReplicaSet', set?.metadata?.namespace ?? '', nameOf(set ?? {}));
    await pass(1000);
    expect(cluster.read.list('Pod', '')).toEqual([]);
    expect(await resync(world, 'local')).toBe(1);
    await pass(5 * 60_000);
    expect((await recorded())[0]?.view?.replicas).toMatchObject({ available: 3 });
    expect(await resync(world, 'local')).toBe(0);
  });

  it("leaves another instance's rollouts alone", async () => {
    const { world, cluster } = await unheard();
    const labels = { 'argo-rollouts.argoproj.io/controller-instance-id': 'blue' };
    const plain = rollout();
    cluster.apply('Rollout', { ...plain, metadata: { ...plain.metadata, labels } });
    expect(await resync(world, 'local')).toBe(0);
  });

  it('finds a rollout whose workload was changed', async () => {
    const { world, cluster, pass, recorded } = await unheard();
    const { spec: { template, selector, ...spec } = {}, metadata } = rollout();
    const deployment = { metadata: { namespace: metadata?.namespace ?? '', name: 'source' } };
    cluster.apply('Deployment', {
      ...deployment,
      spec: { template: template ?? {}, selector: selector ?? {} },
    });
    const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'source' };
    cluster.apply('Rollout', { metadata: metadata ?? {}, spec: { ...spec, workloadRef } });
    await resync(world, 'local');
    await pass(5 * 60_000);
    expect((await recorded())[0]?.progress?.phase).toBe('Healthy');
    expect(await resync(world, 'local')).toBe(0);
    const containers = [{ name: 'web', image: 'web:new' }];
    const target = { namespace: deployment.metadata.namespace, name: 'source' };
    await cluster
      .as('kubectl')
      .patch({ kind: 'Deployment', ...target }, { spec: { template: { spec: { containers } } } });
    expect(await resync(world, 'local')).toBe(1);
  });
});
