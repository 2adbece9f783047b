import { expect, it } from 'vitest';
import { Conflict, NotFound } from '../../lib/errors.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedCluster } from '../../lib/simulate/cluster.ts';
import { shadowCluster } from '../../lib/simulate/shadow.ts';
import { namespace, pod, replicaSet, rollout, version } from '../kubernetes/objects.ts';

function shadowed() {
  const clock = virtualClock(Date.parse('2026-01-31T12:00:00Z'));
  const sim = simulatedCluster({ clock, seed: 1 });
  sim.apply('Rollout', rollout('web'));
  sim.apply('ReplicaSet', replicaSet('web'));
  sim.apply('Pod', pod('web'));
  return { sim, ...shadowCluster(sim.cluster, clock.now()) };
}

it('finds its own writes done, and leaves the cluster as it is', async () => {
  const { sim, cluster, touched } = shadowed();
  const all = (['Rollout', 'ReplicaSet', 'Pod'] as const).map((kind) => sim.read.list(kind, ''));
  const before = structuredClone(all);
  const target = { namespace, name: 'web' };
  const status = { status: { phase: 'Healthy' }, spec: { replicas: 9 } };
  const patched = await cluster.patch({ kind: 'Rollout', ...target }, status, {
    subresource: 'status',
  });
  expect(patched).toMatchObject({ status: { phase: 'Healthy' }, metadata: { generation: 1 } });
  expect(patched.spec).toEqual(sim.read.get('Rollout', namespace, 'web').spec);
  expect((await cluster.list('Rollout', ''))[0]?.status?.phase).toBe('Healthy');
  const sized = await cluster.patch({ kind: 'ReplicaSet', ...target }, { spec: { replicas: 7 } });
  expect(sized).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 7 } });

  await cluster.create('ReplicaSet', replicaSet('new'));
  const sets = await cluster.list('ReplicaSet', namespace);
  expect(sets.map(({ metadata, spec }) => [metadata?.name, spec?.replicas])).toEqual([
    ['web', 7],
    ['new', replicaSet('new').spec?.replicas],
  ]);
  expect(await cluster.list('ReplicaSet', 'elsewhere')).toEqual([]);
  expect(await cluster.list('ReplicaSet', namespace, 'app=nobody')).toEqual([]);

  expect(await cluster.evict({ kind: 'Pod', namespace, name: 'web', uid: 'uid' })).toBe(false);
  await expect(cluster.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(NotFound);
  await cluster.remove({ kind: 'ReplicaSet', ...target, uid: 'uid' });
  expect((await cluster.list('ReplicaSet', namespace)).length).toBe(1);

  expect(touched().map(({ kind, before: old, after }) => [kind, !!old, !!after])).toEqual([
    ['Rollout', true, true],
    ['ReplicaSet', true, false],
    ['ReplicaSet', false, true],
    ['Pod', true, false],
  ]);
  const now = (['Rollout', 'ReplicaSet', 'Pod'] as const).map((kind) => sim.read.list(kind, ''));
  expect(now).toEqual(before);
});

it('refuses what the API server would refuse, and keeps no dry run and no Event', async () => {
  const { sim, cluster, touched } = shadowed();
  const target = { namespace, name: 'web', resourceVersion: '1' };
  await expect(cluster.patch({ kind: 'Rollout', ...target }, {})).rejects.toThrow(Conflict);
  await expect(cluster.create('ReplicaSet', replicaSet('web'))).rejects.toThrow(Conflict);
  const tried = await cluster.create('ReplicaSet', replicaSet('new'), { dryRun: true });
  expect(tried.spec?.template?.spec).toMatchObject({ restartPolicy: 'Always' });
  await cluster.create('Event', { metadata: { namespace, name: 'e' } } as never);
  expect(touched()).toEqual([]);
  const fresh = version(sim.read.get('Rollout', namespace, 'web'));
  const first = { ...target, resourceVersion: fresh };
  await cluster.patch({ kind: 'Rollout', ...first }, { metadata: { annotations: { a: 'b' } } });
  await expect(cluster.patch({ kind: 'Rollout', ...first }, {})).rejects.toThrow(Conflict);
});
