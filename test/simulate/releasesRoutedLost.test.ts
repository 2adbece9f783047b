import { expect, it } from 'vitest';
import { fieldManager, pauseReasons } from '../../lib/model/names.ts';
import { nameOf } from '../../lib/model/workload.ts';
import { templateOf } from '../faults/scenario.ts';
import { ingressSpec, openRouted, type Routed, weightAnnotation } from './routedStage.ts';

// Of a canary with a router: what has no pods any more, or is to lose them, gets no requests.

function weights(release: Routed): (string | undefined)[] {
  const found = ['web', 'other'].map((name) => release.find('Ingress', `web-${name}-canary`));
  return found.map((each) => each?.metadata?.annotations?.[weightAnnotation]);
}

it('a stable version that was deleted gets no more, whatever weight its objects differ by', async () => {
  const release = await openRouted(
    { trafficRouting: { nginx: { stableIngresses: ['web', 'other'] } } },
    {
      objects: [
        ['Ingress', 'web', ingressSpec],
        ['Ingress', 'other', ingressSpec],
      ],
    },
  );
  await release.image('web:v2');
  expect(weights(release)).toEqual(['25', '25']);
  const seen = new Set<string>();
  const stop = release.cluster.watch(({ kind, object, writer }) => {
    if (kind !== 'Rollout' || writer.manager !== fieldManager) return;
    const { pauseConditions = [] } = object.status ?? {};
    if (!pauseConditions.some(({ reason }) => reason === pauseReasons.stableLost)) return;
    stop();
    release.cluster.watch(() => seen.add(weights(release).join(' ')));
    const annotations = { [weightAnnotation]: '0' };
    queueMicrotask(async () => {
      await release.edit('Ingress', 'web-other-canary', { metadata: { annotations } });
      await release.edit('Rollout', 'web', { spec: { template: templateOf('web:bad') } });
    });
  });
  await release.after({ do: 'deleteSet', role: 'stable' }, 30_000);
  expect(release.led('canary')).toBe('web:v2');
  expect([...seen]).toEqual(['100 0', '100 100']);
  expect(release.dog.violations).toEqual([]);
});

it('a version keeps its pods that comes back while the canary’s side still gets everything', async () => {
  const release = await openRouted({ steps: [{ setWeight: 25 }] }, { spec: { replicas: 6 } });
  const stop = release.cluster.watch(({ kind, before, object }) => {
    if (kind !== 'Rollout') return;
    const { stableRS } = before?.status ?? {};
    if (!stableRS || stableRS === object.status?.stableRS) return;
    stop();
    const spec = { template: templateOf('web:v1') };
    queueMicrotask(() => void release.edit('Rollout', 'web', { spec }));
  });
  let least = Number.POSITIVE_INFINITY;
  release.cluster.watch(() => {
    if (release.led('canary') !== 'web:v1' || release.weight() !== 100) return;
    least = Math.min(least, release.setOf('web:v1')?.spec?.replicas ?? 0);
  });
  await release.image('web:v2', 60_000);
  expect(release.where()).toBe('Healthy 1/1');
  expect(release.sizes()).toEqual({ 'web:v1': 6 });
  expect(least).toBe(6);
  expect(release.dog.violations).toEqual([]);
});

it('what crashes keeps what it gets while nobody else serves, until a newer image does', async () => {
  const release = await openRouted({}, {});
  await release.image('web:crash', 4000);
  expect(release.weight()).toBe(25);
  await release.after({ do: 'deleteSet', role: 'stable' }, 5000);
  const up = () => release.status().availableReplicas ?? 0;
  for (let second = 0; up() > 0 && second < 600; second += 1) await release.pass(1000);
  expect([up(), release.weight(), release.led('canary')]).toEqual([0, 100, 'web:crash']);
  const seen = new Set<string>();
  release.cluster.watch(() => seen.add(`${release.weight()} % to ${release.led('canary')}`));
  await release.image('web:v3', 120_000);
  expect([...seen]).toEqual(['100 % to web:crash', '100 % to web:v3', '0 % to web:v3']);
  expect(release.where()).toBe('Healthy 4/4');
  expect(release.dog.violations).toEqual([]);
});

it('the stable version has all pods that spec.replicas asks for while the canary has none', async () => {
  const destinations = ['stable', 'canary'].map((host) => ({ destination: { host } }));
  const spec = {
    http: [{ name: 'main', route: destinations.map((each) => ({ ...each, weight: 50 })) }],
  };
  const release = await openRouted(
    {
      trafficRouting: { istio: { virtualService: { name: 'web', routes: ['main'] } } },
      dynamicStableScale: true,
      steps: [{ setWeight: 0 }, { pause: {} }],
    },
    { objects: [['VirtualService', 'web', { spec }]] },
  );
  await release.image('web:v2', 30_000);
  expect(release.sizes()).toEqual({ 'web:v1': 4 });
  // All is to go to the new version, but what is wrong elsewhere keeps it from getting its pods; and where
  // requests go cannot be seen.
  release.remove('VirtualService', 'web');
  const canary = { canaryService: 'nowhere', steps: [{ setWeight: 100 }, { pause: {} }] };
  await release.edit('Rollout', 'web', { spec: { strategy: { canary } } });
  await release.after({ do: 'scale', replicas: 6 }, 30_000);
  expect(release.status().message).toMatch(/^InvalidSpec/);
  expect(release.sizes()).toEqual({ 'web:v1': 6 });
});

it('the canary’s side is led back once all stable pods are there that made room for it', async () => {
  const release = await openRouted({ dynamicStableScale: true });
  await release.image('web:v2');
  expect(release.sizes()).toEqual({ 'web:v1': 3, 'web:v2': 1 });
  const whole: number[] = [];
  release.cluster.watch(({ kind, object, writer }) => {
    if (kind !== 'Service' || nameOf(object) !== 'canary' || writer.manager !== fieldManager)
      return;
    whole.push(release.setOf('web:v1')?.status?.availableReplicas ?? 0);
  });
  await release.image('web:v1', 60_000);
  expect(whole).toEqual([4]);
  expect(release.sizes()).toEqual({ 'web:v1': 4 });
  expect(release.dog.violations).toEqual([]);
});
