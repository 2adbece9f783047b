import { describe, expect, it } from 'vitest';
import type { Pod } from '../../lib/model/argo.generated.ts';
import { type Lab, lab, namespace, replicaSet } from './manifests.ts';

const set = { namespace, name: 'web-1' };
const create = (lived: Lab, options: Parameters<typeof replicaSet>[0] = {}) =>
  lived.cluster.create('ReplicaSet', replicaSet(options));
const scale = (lived: Lab, replicas: number) =>
  lived.cluster.patch(
    { kind: 'ReplicaSet', ...set },
    { spec: { replicas } },
    { subresource: 'scale' },
  );
const statusOf = (lived: Lab, name = 'web-1') => lived.read.get('ReplicaSet', 'shop', name).status;
const pods = (lived: Lab) => lived.read.list('Pod', 'shop');
const living = (lived: Lab) => pods(lived).filter((pod) => !pod.metadata?.deletionTimestamp);
const namesOf = (list: Pod[]) => list.map((pod) => pod.metadata!.name!);
const ready = (pod: Pod) =>
  pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';

describe('a ReplicaSet', () => {
  it('gets its pods at once, and has them ready when they have taken their time', async () => {
    const lived = lab();
    await create(lived);
    await lived.pass(30);
    expect(statusOf(lived)).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 3,
      observedGeneration: 1,
    });
    expect(pods(lived).map((pod) => pod.status?.phase)).toEqual(['Pending', 'Pending', 'Pending']);
    await lived.pass(529);
    expect(pods(lived).filter(ready)).toEqual([]);
    await lived.pass(41);
    expect(pods(lived).filter(ready)).toHaveLength(3);
    expect(statusOf(lived)).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      observedGeneration: 1,
    });
  });

  it('makes pods of its template that belong to it', async () => {
    const lived = lab();
    const { metadata } = await create(lived, { replicas: 1 });
    await lived.pass(1000);
    const [pod] = pods(lived);
    expect(pod?.metadata).toMatchObject({
      name: expect.stringMatching(/^web-1-[bcdfghjklmnpqrstvwxz2456789]{5}$/),
      labels: replicaSet().spec?.template?.metadata?.labels,
      annotations: { team: 'a' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: metadata?.uid },
      ],
    });
    expect(pod?.spec).toMatchObject({ containers: [{ image: 'web:v1' }], restartPolicy: 'Always' });
  });

  it('says which generation it has observed', async () => {
    const lived = lab();
    await create(lived);
    await lived.pass(1000);
    await scale(lived, 2);
    expect(statusOf(lived)).toMatchObject({ observedGeneration: 1, replicas: 3 });
    await lived.pass(1000);
    expect(statusOf(lived)).toMatchObject({ observedGeneration: 2, replicas: 2 });
  });

  it('counts a pod as available after minReadySeconds', async () => {
    const lived = lab();
    await create(lived, { replicas: 1, minReadySeconds: 8 });
    await lived.pass(7990);
    expect(statusOf(lived)).toMatchObject({ readyReplicas: 1 });
    expect(statusOf(lived)?.availableReplicas).toBeUndefined();
    // It became ready within the second that began at the start.
    await lived.pass(20);
    expect(statusOf(lived)).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
  });

  it('replaces a pod somebody deleted', async () => {
    const lived = lab();
    await create(lived);
    await lived.pass(1000);
    const [victim = ''] = namesOf(pods(lived));
    lived.deleteObject('Pod', 'shop', victim);
    await lived.pass(50);
    expect(living(lived)).toHaveLength(3);
    expect(namesOf(living(lived))).not.toContain(victim);
  });

  it('leaves the pods of others alone', async () => {
    const lived = lab();
    await create(lived);
    const { spec } = replicaSet().spec!.template!;
    const labels = replicaSet().metadata!.labels!;
    await lived.cluster.create('Pod', {
      metadata: { namespace, name: 'mine', labels },
      spec: spec!,
    });
    await lived.pass(1000);
    expect(statusOf(lived)?.replicas).toBe(3);
    await scale(lived, 0);
    await lived.pass(1000);
    expect(namesOf(pods(lived))).toEqual(['mine']);
  });

  it('goes to zero, and leaves zero counts out', async () => {
    const lived = lab();
    await create(lived);
    await lived.pass(1000);
    await scale(lived, 0);
    await lived.pass(1000);
    expect(pods(lived)).toEqual([]);
    expect(statusOf(lived)).toEqual({ replicas: 0, observedGeneration: 2 });
  });
});

describe('pods on their way out', () => {
  it('count for nothing while they are still there', async () => {
    const lived = lab({ terminationMs: 5000 });
    await create(lived);
    await lived.pass(1000);
    await scale(lived, 1);
    await lived.pass(1000);
    expect(pods(lived)).toHaveLength(3);
    expect(living(lived)).toHaveLength(1);
    expect(statusOf(lived)).toMatchObject({ replicas: 1, readyReplicas: 1, availableReplicas: 1 });
    await lived.pass(4500);
    expect(pods(lived)).toHaveLength(1);
  });

  it('have until their grace is over', async () => {
    const lived = lab({ terminationMs: 5000 });
    await create(lived, { replicas: 1, pod: { terminationGracePeriodSeconds: 7 } });
    await lived.pass(1000);
    lived.deleteObject('Pod', 'shop', namesOf(pods(lived))[0]!);
    expect(pods(lived)[0]?.metadata).toMatchObject({
      deletionTimestamp: '2026-01-31T12:00:08Z',
      deletionGracePeriodSeconds: 7,
    });
  });

  it('go at once if no node has them yet', async () => {
    const lived = lab({ bindMs: 5000 });
    await create(lived, { replicas: 1 });
    await lived.pass(1000);
    await scale(lived, 0);
    await lived.pass(20);
    expect(pods(lived)).toEqual([]);
  });
});

describe('scaling down takes', () => {
  // All within one second and over several seeds, so that neither age nor name decides.
  it.each([1, 2, 3, 4])('pods without a node first (seed %i)', async (seed) => {
    const lived = lab({ seed, bindMs: 100, readyMs: 60_000 });
    await create(lived, { replicas: 1 });
    await lived.pass(200);
    const kept = namesOf(pods(lived));
    await scale(lived, 4);
    await lived.pass(50);
    await scale(lived, 1);
    await lived.pass(50);
    expect(namesOf(living(lived))).toEqual(kept);
  });

  it.each([1, 2, 3, 4])('pending pods before running ones (seed %i)', async (seed) => {
    const lived = lab({ seed, readyMs: 200, failPods: true });
    await create(lived, { replicas: 1 });
    await lived.pass(300);
    const kept = namesOf(pods(lived));
    await scale(lived, 4);
    await lived.pass(100);
    await scale(lived, 1);
    await lived.pass(100);
    expect(namesOf(living(lived))).toEqual(kept);
  });

  it('pods that are not ready before ready ones, even if older', async () => {
    const lived = lab();
    lived.failPods(() => true);
    await create(lived, { replicas: 2 });
    await lived.pass(2000);
    const stuck = namesOf(pods(lived));
    lived.failPods(() => false);
    await scale(lived, 4);
    await lived.pass(2000);
    await scale(lived, 2);
    await lived.pass(2000);
    expect(living(lived).filter(ready)).toHaveLength(2);
    expect(namesOf(living(lived)).some((name) => stuck.includes(name))).toBe(false);
  });

  it.each([1, 2, 3])('those ready for the shortest time (seed %i)', async (seed) => {
    const lived = lab({ seed });
    await create(lived, { pod: { readinessGates: [{ conditionType: 'a.example/b' }] } });
    await lived.pass(2000);
    const last = namesOf(pods(lived))[1]!;
    lived.admit((pod) => pod.metadata?.name !== last);
    await lived.pass(2000);
    lived.admit('');
    await scale(lived, 2);
    await lived.pass(2000);
    expect(namesOf(living(lived))).toHaveLength(2);
    expect(namesOf(living(lived))).not.toContain(last);
  });

  it.each([1, 2, 3])('the youngest of those that are alike (seed %i)', async (seed) => {
    const lived = lab({ seed, failPods: true });
    await create(lived, { replicas: 2 });
    await lived.pass(5000);
    const kept = namesOf(pods(lived));
    await scale(lived, 5);
    await lived.pass(5000);
    await scale(lived, 2);
    await lived.pass(1000);
    expect(namesOf(living(lived))).toEqual(kept);
  });
});
