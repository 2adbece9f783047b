import { describe, expect, it } from 'vitest';
import type { Pod } from '../../lib/model/argo.generated.ts';
import { type Lab, lab, namespace, replicaSet, start } from './manifests.ts';

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
const container = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0];

describe('pods that do badly', () => {
  it.each(['web:nonexistent', 'bad-web:v1'])('cannot pull %s', async (image) => {
    const lived = lab();
    await create(lived, { replicas: 1, image });
    await lived.pass(1000);
    expect(pods(lived)[0]?.status?.phase).toBe('Pending');
    expect(container(pods(lived)[0])?.state?.waiting?.reason).toBe('ErrImagePull');
    await lived.pass(3_600_000);
    expect(container(pods(lived)[0])?.state?.waiting?.reason).toBe('ImagePullBackOff');
    expect(statusOf(lived)).toMatchObject({ replicas: 1 });
    expect(statusOf(lived)?.readyReplicas).toBeUndefined();
  });

  it('crash again and again, ready in between', async () => {
    const lived = lab({ crashMs: 4000 });
    await create(lived, { replicas: 1, image: 'web:crash' });
    await lived.pass(1000);
    expect(statusOf(lived)?.readyReplicas).toBe(1);
    await lived.pass(4000);
    expect(container(pods(lived)[0])).toMatchObject({
      ready: false,
      restartCount: 1,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, startedAt: '2026-01-31T12:00:00Z' } },
    });
    expect(statusOf(lived)?.readyReplicas).toBeUndefined();
    expect(pods(lived)[0]?.status?.conditions).toMatchObject([
      { type: 'PodScheduled', lastTransitionTime: '2026-01-31T12:00:00Z' },
      { type: 'PodReadyToStartContainers', lastTransitionTime: '2026-01-31T12:00:00Z' },
      { type: 'Initialized', lastTransitionTime: '2026-01-31T12:00:00Z' },
      { type: 'ContainersReady', lastTransitionTime: '2026-01-31T12:00:04Z' },
      { type: 'Ready', lastTransitionTime: '2026-01-31T12:00:04Z' },
    ]);
    await lived.pass(10_000);
    expect(statusOf(lived)?.readyReplicas).toBe(1);
    await lived.pass(4000);
    expect(container(pods(lived)[0])?.restartCount).toBe(2);
    await lived.pass(600_000);
    expect(container(pods(lived)[0])?.restartCount).toBeGreaterThan(3);
    expect(container(pods(lived)[0])?.restartCount).toBeLessThan(9);
  });

  it('never become ready where that is asked for', async () => {
    const lived = lab({ failPods: true });
    await create(lived, { replicas: 2 });
    await lived.pass(60_000);
    expect(pods(lived).map((pod) => [pod.status?.phase, ready(pod)])).toEqual([
      ['Running', false],
      ['Running', false],
    ]);
  });

  it('can be those of one image only', async () => {
    const lived = lab();
    lived.failPods((pod) => pod.spec?.containers?.[0]?.image === 'web:v2');
    await create(lived, { name: 'web-1', image: 'web:v1' });
    await create(lived, { name: 'web-2', image: 'web:v2' });
    await lived.pass(60_000);
    expect(statusOf(lived, 'web-1')?.readyReplicas).toBe(3);
    expect(statusOf(lived, 'web-2')?.readyReplicas).toBeUndefined();
  });
});

describe('pods that take longer', () => {
  const gated = { readinessGates: [{ conditionType: 'example.org/in-target-group' }] };

  it('wait for their readiness gates: for some, then for all, later ones too', async () => {
    const lived = lab();
    await create(lived, { pod: gated });
    await lived.pass(60_000);
    expect(pods(lived).map((pod) => pod.status?.phase)).toEqual(['Running', 'Running', 'Running']);
    expect(statusOf(lived)?.readyReplicas).toBeUndefined();
    lived.admit('app=web', 1);
    await scale(lived, 4);
    await lived.pass(1000);
    expect(statusOf(lived)?.readyReplicas).toBe(1);
    lived.admit('app=web');
    await lived.pass(50);
    expect(statusOf(lived)?.readyReplicas).toBe(4);
    await scale(lived, 5);
    await lived.pass(1000);
    expect(statusOf(lived)?.readyReplicas).toBe(5);
  });

  it('keep the time since when a condition holds', async () => {
    const lived = lab();
    await create(lived, { replicas: 1, pod: gated });
    await lived.pass(9000);
    lived.admit('');
    const times = Object.fromEntries(
      (pods(lived)[0]?.status?.conditions ?? []).map(({ type, lastTransitionTime }) => [
        type,
        lastTransitionTime,
      ]),
    );
    expect(times).toMatchObject({
      Initialized: '2026-01-31T12:00:00Z',
      ContainersReady: '2026-01-31T12:00:00Z',
      Ready: '2026-01-31T12:00:09Z',
    });
  });

  it('are not taken for an earlier pod of their name', async () => {
    const lived = lab({ bindMs: 1000 });
    const pod = {
      metadata: { namespace, name: 'mine' },
      spec: { containers: [{ name: 'web', image: 'web:v1' }] },
    };
    await lived.cluster.create('Pod', pod);
    await lived.pass(500);
    lived.deleteObject('Pod', 'shop', 'mine');
    await lived.cluster.create('Pod', pod);
    await lived.pass(999);
    expect(pods(lived)[0]?.spec?.nodeName).toBeUndefined();
    await lived.pass(1);
    expect(pods(lived)[0]?.spec?.nodeName).toBeDefined();
  });

  it('stay held if others are admitted', async () => {
    const lived = lab();
    await create(lived, { pod: gated });
    lived.admit('app=other');
    lived.admit(({ spec }) => spec?.containers?.[0]?.image === 'web:v2');
    await lived.pass(60_000);
    expect(statusOf(lived)?.readyReplicas).toBeUndefined();
  });

  it('wait for the initial delay of their probe', async () => {
    const lived = lab();
    const readinessProbe = { tcpSocket: { port: 80 }, initialDelaySeconds: 20 };
    const pod = { containers: [{ name: 'web', image: 'web:v1', readinessProbe }] };
    await create(lived, { replicas: 1, pod });
    await lived.pass(20_000);
    expect(pods(lived)[0]?.status?.phase).toBe('Running');
    expect(statusOf(lived)?.readyReplicas).toBeUndefined();
    await lived.pass(1000);
    expect(statusOf(lived)?.readyReplicas).toBe(1);
  });

  it('differ from each other by seed', async () => {
    const lived = lab({ jitterMs: 5000 });
    await create(lived, { replicas: 6 });
    const counts = new Set<number>();
    lived.watch(({ kind, object }) => {
      if (kind === 'ReplicaSet') counts.add(object.status?.readyReplicas ?? 0);
    });
    await lived.pass(11_000);
    expect(statusOf(lived)?.readyReplicas).toBe(6);
    expect(counts.size).toBeGreaterThan(3);
  });
});

describe('evicting', () => {
  const evict = async (lived: Lab) => {
    const pod = living(lived).find(ready) ?? living(lived)[0];
    return await lived.cluster.evict({
      kind: 'Pod',
      namespace: 'shop',
      name: pod?.metadata?.name ?? '',
      uid: pod?.metadata?.uid ?? '',
    });
  };

  it('deletes a pod gracefully', async () => {
    const lived = lab();
    await create(lived);
    await lived.pass(1000);
    expect(await evict(lived)).toBe(true);
    expect(living(lived)).toHaveLength(2);
    await lived.pass(2000);
    expect(living(lived).filter(ready)).toHaveLength(3);
  });

  it('is refused, and harmless, where a budget forbids it, until there are enough again', async () => {
    const lived = lab();
    await create(lived);
    await lived.pass(1000);
    lived.addDisruptionBudget({ namespace, selector: 'app=web', minAvailable: 2 });
    expect(await evict(lived)).toBe(true);
    expect(await evict(lived)).toBe(false);
    expect(living(lived)).toHaveLength(2);
    await lived.pass(2000);
    expect(await evict(lived)).toBe(true);
  });

  it('is not held up by a budget for others, nor for a pod that is pending', async () => {
    const lived = lab();
    lived.addDisruptionBudget({ namespace, selector: 'app=other', minAvailable: 9 });
    lived.addDisruptionBudget({ namespace: 'other', selector: '', minAvailable: 9 });
    await create(lived);
    await lived.pass(1000);
    expect(await evict(lived)).toBe(true);
    lived.addDisruptionBudget({ namespace, selector: 'app=web', minAvailable: 9 });
    await lived.pass(100);
    const young = living(lived).find((pod) => pod.status?.phase === 'Pending')?.metadata;
    expect(
      await lived.cluster.evict({
        kind: 'Pod',
        namespace: 'shop',
        name: young?.name ?? '',
        uid: young?.uid ?? '',
      }),
    ).toBe(true);
  });

  it('is refused for another pod of that name', async () => {
    const lived = lab();
    await create(lived);
    await lived.pass(1000);
    const [name = ''] = namesOf(pods(lived));
    await expect(
      lived.cluster.evict({ kind: 'Pod', namespace: 'shop', name, uid: 'other' }),
    ).rejects.toThrow('uid');
    expect(living(lived)).toHaveLength(3);
  });
});

describe('time', () => {
  it('has whole seconds in every object', async () => {
    const lived = lab({ crashMs: 1234 });
    await create(lived, { image: 'web:crash' });
    await lived.pass(5678);
    const text = JSON.stringify([pods(lived), lived.read.list('ReplicaSet', '')]);
    const times = text.match(/2026-01-31T[^"]*/g) ?? [];
    expect(times.length).toBeGreaterThan(10);
    expect(times.filter((time) => !/^2026-01-31T12:00:0\dZ$/.test(time))).toEqual([]);
    expect(lived.clock.now()).toBe(start + 5678);
  });
});
