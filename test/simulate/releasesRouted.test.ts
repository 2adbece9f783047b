import { describe, expect, it } from 'vitest';
import type { CanaryStrategy, Pod } from '../../lib/model/argo.generated.ts';
import { scaleDownDeadlineAnnotation } from '../../lib/model/names.ts';
import { annotationOf, availableOf, nameOf } from '../../lib/model/workload.ts';
import { manifest } from '../faults/stage.ts';
import { openRouted, type Routed } from './routedStage.ts';

function expectSafe({ dog }: Routed): void {
  expect(dog.violations).toEqual([]);
}

async function paused(canary: CanaryStrategy = {}): Promise<Routed> {
  const release = await openRouted(canary);
  await release.image('web:v2');
  expect(release.where()).toMatch(/^Paused 1/);
  return release;
}

describe('a release whose requests a router sends', () => {
  it('goes by weights, and stays in the delay of 30 s for a way back', async () => {
    const release = await paused();
    expect(release.weight()).toBe(25);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 1 });
    expect([release.led('canary'), release.led('stable')]).toEqual(['web:v2', 'web:v1']);
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.weight()).toBe(50);
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.weight()).toBe(0);
    expect([release.led('canary'), release.led('stable')]).toEqual(['web:v2', 'web:v2']);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    await release.pass(30_000);
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expectSafe(release);
  });

  it('tells of a weight once that was observed', async () => {
    const release = await openRouted({});
    const seen: string[] = [];
    release.cluster.watch(({ kind }) => {
      const told = release.status().canary?.weights?.canary?.weight ?? 0;
      if (kind === 'Rollout' || kind === 'Ingress') seen.push(`${release.weight()}/${told}`);
    });
    await release.image('web:v2');
    expect([...new Set(seen)]).toEqual(['0/0', '25/0', '25/25']);
  });

  it('takes as many pods as a scale of the steps says, and none before nothing is sent', async () => {
    // The peer takes the pods first, and the weight only then.
    const steps = [
      { setWeight: 50 },
      { pause: {} },
      { setCanaryScale: { replicas: 0 } },
      { pause: {} },
    ];
    const release = await paused({ steps });
    const order: string[] = [];
    release.cluster.watch(({ kind }) => {
      if (kind === 'Ingress') order.push(`weight ${release.weight()}`);
      const size = release.setOf('web:v2')?.spec?.replicas;
      if (kind === 'ReplicaSet' && size === 0) order.push('no pods');
    });
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.where()).toBe('Paused 3/4');
    expect(order.slice(0, 2)).toEqual(['weight 0', 'no pods']);
    expect(release.status().canary?.weights?.canary?.weight).toBe(0);
    expectSafe(release);
  });

  it('lets the old version go at once where its delay is 0', async () => {
    const release = await paused({ scaleDownDelaySeconds: 0 });
    await release.after({ do: 'plugin', line: 'promote --full' });
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expectSafe(release);
  });

  it('keeps as many old versions as the limit says', async () => {
    const release = await paused({ scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 1 });
    await release.after({ do: 'plugin', line: 'promote --full' });
    await release.image('web:v3');
    await release.after({ do: 'plugin', line: 'promote --full' });
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.sizes()).toEqual({ 'web:v2': 4, 'web:v3': 4 });
    expectSafe(release);
  });

  it('takes a newer image in its middle, and the one between goes', async () => {
    const release = await paused();
    await release.image('web:v3');
    expect(release.where()).toBe('Paused 1/4');
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v3': 1 });
    expect(release.led('canary')).toBe('web:v3');
    expectSafe(release);
  });

  it('follows spec.replicas in its middle, down to none and up again', async () => {
    const release = await paused();
    await release.after({ do: 'scale', replicas: 8 });
    expect(release.sizes()).toEqual({ 'web:v1': 8, 'web:v2': 2 });
    await release.after({ do: 'scale', replicas: 0 });
    expect(release.sizes()).toEqual({});
    expect(release.where()).toBe('Paused 1/4');
    await release.after({ do: 'scale', replicas: 4 });
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 1 });
    expect(release.weight()).toBe(25);
    expectSafe(release);
  });

  it('has no pods at all where none are asked for, whatever a step says of the scale', async () => {
    const release = await paused({
      steps: [{ setCanaryScale: { replicas: 2 } }, { pause: {} }],
    });
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 2 });
    await release.after({ do: 'scale', replicas: 0 });
    expect(release.sizes()).toEqual({});
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.where()).toBe('Healthy 2/2');
    expectSafe(release);
  });

  it('sends nothing to pods that have gone, and takes its weight up again when they are back', async () => {
    const release = await paused();
    const isNew = (pod: Pod): boolean => pod.spec?.containers?.[0]?.image === 'web:v2';
    const replaced = async (): Promise<void> => {
      const pods = release.cluster.read.list('Pod', 'shop').filter(isNew);
      for (const pod of pods) release.remove('Pod', nameOf(pod));
      await release.pass(5000);
    };
    release.cluster.failPods(isNew);
    await replaced();
    expect(release.weight()).toBe(0);
    release.cluster.failPods(() => false);
    await replaced();
    expect(release.weight()).toBe(25);
    expect(release.where()).toBe('Paused 1/4');
    expectSafe(release);
  });
});

describe('a step with a smaller weight', () => {
  it('takes the weight first, and then the pods that are left over', async () => {
    const steps = [{ setWeight: 75 }, { pause: {} }, { setWeight: 25 }, { pause: {} }];
    const release = await paused({ steps });
    const order: string[] = [];
    release.cluster.watch(({ kind }) => {
      if (kind === 'Ingress') order.push(`weight ${release.weight()}`);
      const size = release.setOf('web:v2')?.spec?.replicas;
      if (kind === 'ReplicaSet' && size === 1) order.push('one pod');
    });
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.where()).toBe('Paused 3/4');
    expect(order.slice(0, 2)).toEqual(['weight 25', 'one pod']);
    expectSafe(release);
  });

  it('has the stable pods before it, where these follow the traffic and the canary is scaled', async () => {
    const release = await paused({
      dynamicStableScale: true,
      steps: [
        { setCanaryScale: { weight: 50 } },
        { pause: {} },
        { setWeight: 75 },
        { pause: {} },
        { setWeight: 25 },
        { pause: {} },
      ],
    });
    await release.after({ do: 'plugin', line: 'promote' });
    expect([release.weight(), release.sizes()]).toEqual([75, { 'web:v1': 2, 'web:v2': 2 }]);
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.where()).toBe('Paused 5/6');
    expect([release.weight(), release.sizes()]).toEqual([25, { 'web:v1': 3, 'web:v2': 2 }]);
    expectSafe(release);
  });

  it('is another thing than a scale: that is taken at its word', async () => {
    const scale = { setCanaryScale: { weight: 25 } };
    const release = await paused({
      steps: [{ setWeight: 75 }, { pause: {} }, scale, { pause: {} }],
    });
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.where()).toBe('Paused 3/4');
    expect(release.weight()).toBe(75);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 1 });
    expectSafe(release);
  });

  it('waits for a pod of the stable version, were it the only one', async () => {
    const steps = [{ setWeight: 75 }, { pause: {} }, { setWeight: 10 }, { pause: {} }];
    const release = await openRouted({ steps }, { spec: { replicas: 1 } });
    await release.image('web:v2');
    const isOld = (pod: Pod): boolean => pod.spec?.containers?.[0]?.image === 'web:v1';
    const replaced = async (): Promise<void> => {
      const pods = release.cluster.read.list('Pod', 'shop').filter(isOld);
      for (const pod of pods) release.remove('Pod', nameOf(pod));
      await release.pass(5000);
    };
    release.cluster.failPods(isOld);
    await replaced();
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.weight()).toBe(75);
    release.cluster.failPods(() => false);
    await replaced();
    expect(release.weight()).toBe(10);
    expect(release.where()).toBe('Paused 3/4');
    expectSafe(release);
  });
});

describe('an abort', () => {
  it('sends everything back, and keeps the aborted version for a while', async () => {
    const release = await paused({ abortScaleDownDelaySeconds: 20 });
    await release.after({ do: 'plugin', line: 'abort' });
    expect(release.weight()).toBe(0);
    expect(release.led('canary')).toBe('web:v1');
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 1 });
    await release.pass(20_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });

  it('keeps the aborted version for good where its delay is 0', async () => {
    const release = await paused({ abortScaleDownDelaySeconds: 0 });
    await release.after({ do: 'plugin', line: 'abort' }, 120_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 1 });
    expect(release.weight()).toBe(0);
    expectSafe(release);
  });

  // argo-rollouts 3078: the peer's canary Service goes back and forth a thousand times.
  it('leads the canary Service back once, and nothing flaps', async () => {
    const release = await paused();
    let writes = 0;
    release.cluster.watch(({ kind }) => {
      if (kind === 'Service' || kind === 'Ingress') writes += 1;
    });
    await release.after({ do: 'plugin', line: 'abort' }, 60_000);
    expect(writes).toBe(2);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });

  it('is taken back by a retry, from the first step', async () => {
    const release = await paused();
    await release.after({ do: 'plugin', line: 'abort' });
    await release.after({ do: 'plugin', line: 'retry' });
    expect(release.where()).toBe('Paused 1/4');
    expect(release.weight()).toBe(25);
    const canary = release.setOf('web:v2') ?? {};
    expect(annotationOf(canary, scaleDownDeadlineAnnotation)).toBeUndefined();
    expectSafe(release);
  });
});

describe('with dynamicStableScale', () => {
  const steps = [{ setWeight: 50 }, { pause: {} }, { setWeight: 100 }, { pause: {} }];
  const dynamic = { dynamicStableScale: true, steps };

  /** That the stable side never gets more than its pods can take. */
  function watchShare(release: Routed): { worst: () => number } {
    let worst = 0;
    release.cluster.watch(() => {
      const stable = release.setOf('web:v1');
      const share = 100 - (release.weight() ?? 0);
      const room = stable ? (100 * availableOf(stable)) / 4 : 0;
      if (release.status().abort) worst = Math.max(worst, share - room);
    });
    return { worst: () => worst };
  }

  async function atEnd(canary: CanaryStrategy = {}): Promise<Routed> {
    const release = await paused({ ...dynamic, ...canary });
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.where()).toBe('Paused 3/4');
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    return release;
  }

  // argo-rollouts 3372 and 3888: everything at once to pods that are not there yet.
  it('goes back as gradually as the stable pods come', async () => {
    const release = await atEnd();
    const share = watchShare(release);
    await release.after({ do: 'plugin', line: 'abort' }, 20_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expect(release.weight()).toBe(0);
    expect(share.worst()).toBe(0);
    expectSafe(release);
  });

  // The peer stops at half the way for ever.
  it('comes to the end of an abort also where the aborted version is kept for a while', async () => {
    const release = await atEnd({ abortScaleDownDelaySeconds: 3 });
    await release.after({ do: 'plugin', line: 'abort' }, 30_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expect(release.weight()).toBe(0);
    expectSafe(release);
  });

  it('is not healthy on the way back before the stable pods are there', async () => {
    const release = await atEnd();
    const early: number[] = [];
    release.cluster.watch(({ kind }) => {
      const stable = release.setOf('web:v1');
      const isHealthy = release.status().phase === 'Healthy';
      if (kind === 'Rollout' && isHealthy && stable) early.push(availableOf(stable));
    });
    await release.image('web:v1', 20_000);
    expect(release.where()).toBe('Healthy 4/4');
    expect(Math.min(...early)).toBe(4);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });

  it('takes a newer image at full weight, and moves no traffic before that has pods', async () => {
    const release = await atEnd();
    await release.image('web:v3', 20_000);
    expect(release.where()).toBe('Paused 1/4');
    expect(release.weight()).toBe(50);
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v3': 2 });
    expectSafe(release);
  });

  it('is promoted in full as its pods come', async () => {
    const release = await paused(dynamic);
    await release.after({ do: 'plugin', line: 'promote --full' }, 20_000);
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expectSafe(release);
  });
});

it('a first deployment is Healthy once its Ingress has an action, not before', async () => {
  const backend = { service: { name: 'root', port: { name: 'use-annotation' } } };
  const paths = [{ path: '/*', pathType: 'ImplementationSpecific', backend }];
  const release = await openRouted(
    {
      trafficRouting: { alb: { ingress: 'web', rootService: 'root', servicePort: 80 } },
      pingPong: { pingService: 'ping', pongService: 'pong' },
    },
    {
      services: ['ping', 'pong', 'root'],
      objects: [
        ['Ingress', 'web', { spec: { ingressClassName: 'alb', rules: [{ http: { paths } }] } }],
      ],
      isEmpty: true,
    },
  );
  const actions: (string | undefined)[] = [];
  release.cluster.watch(({ kind, object }) => {
    if (kind !== 'Rollout' || object.status?.phase !== 'Healthy') return;
    const { annotations = {} } = release.find('Ingress', 'web')?.metadata ?? {};
    actions.push(annotations['alb.ingress.kubernetes.io/actions.root']);
  });
  release.cluster.apply('Rollout', manifest(release.scenario));
  await release.pass(20_000);
  expect(release.where()).toBe('Healthy 4/4');
  expect(actions.length).toBeGreaterThan(0);
  for (const action of actions) expect(action).toMatch(/"Weight":100/);
});
