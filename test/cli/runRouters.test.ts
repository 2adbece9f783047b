import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { CanaryStrategy } from '../../lib/model/argo.generated.ts';
import { type Kind, typeMetaOf } from '../../lib/model/kinds.ts';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { scaledClock } from '../../lib/simulate/clock.ts';
import { simulatedCluster } from '../../lib/simulate/cluster.ts';
import { serve } from '../kubernetes/serve.ts';
import { servingVersions, type Versions } from '../kubernetes/servingVersions.ts';
import { web } from './adoptStage.ts';
import { runOn } from './runStage.ts';

// `serin run` on a cluster that has routers' objects of its own versions.

const namespace = 'shop';

async function running(served: Versions) {
  const clock = scaledClock(1);
  onTestFinished(() => clock.stop());
  const pods = { bindMs: 20, readyMs: 100, jitterMs: 0, terminationMs: 100 };
  const sim = simulatedCluster({ clock, seed: 1, ...pods });
  const asked: string[] = [];
  const { server, close } = await serve(restListener(servingVersions(restApi(sim), served, asked)));
  onTestFinished(close);
  const logged = await runOn(server);
  const put = (kind: Kind, name: string, fields: object) => {
    const object = { ...typeMetaOf(kind), metadata: { name, namespace }, ...fields };
    sim.apply(kind, object as never);
  };
  for (const name of ['canary', 'stable'])
    put('Service', name, { spec: { selector: { app: 'web' } } });
  const release = (canary: CanaryStrategy) =>
    sim.apply(
      'Rollout',
      web('web', {
        strategy: { canary: { canaryService: 'canary', stableService: 'stable', ...canary } },
      }),
    );
  const status = () => sim.read.find('Rollout', namespace, 'web')?.status;
  const invalid = () => status()?.conditions?.find(({ type }) => type === 'InvalidSpec')?.message;
  return { sim, served, asked, logged, put, release, status, invalid };
}

const route = (canary: number) => ({
  name: 'primary',
  route: [
    { destination: { host: 'stable' }, weight: 100 - canary },
    { destination: { host: 'canary' }, weight: canary },
  ],
});
const istio = { istio: { virtualService: { name: 'web' } } };
const soon = { timeout: 15_000 };

it('sets the weights of a VirtualService of an older version, once the cluster serves it', {
  timeout: 90_000,
}, async () => {
  const { sim, served, put, release, status, invalid } = await running({ VirtualService: [] });
  const steps = [{ setWeight: 20 }, { pause: {} }];
  release({ trafficRouting: istio, steps });
  await expect
    .poll(invalid, soon)
    .toMatch(/names the VirtualService web, whose kind this cluster does not serve .*install its/);
  served.VirtualService = ['v1beta1'];
  put('VirtualService', 'web', { spec: { http: [route(90)] } });
  const weight = () => {
    const { spec } = sim.read.get('VirtualService', namespace, 'web');
    return (spec as { http: ReturnType<typeof route>[] }).http[0]?.route[1]?.weight;
  };
  await expect.poll(weight, { timeout: 30_000 }).toBe(0);
  await expect.poll(() => status()?.phase, soon).toBe('Healthy');
  expect(invalid()).toBeUndefined();
});

it('puts a managed object right at once where somebody edits or removes it', {
  timeout: 90_000,
}, async () => {
  const { sim, asked, put, release, status } = await running({ VirtualService: ['v1beta1'] });
  put('VirtualService', 'web', { spec: { http: [route(0)] } });
  put('Ingress', 'web', {
    spec: { rules: [{ http: { paths: [{ backend: { service: { name: 'stable' } } }] } }] },
  });
  const watches = () => asked.filter((line) => line.startsWith('GET /apis/networking'));
  expect(watches()).toEqual([]);
  const trafficRouting = { ...istio, nginx: { stableIngress: 'web' } };
  release({ trafficRouting, steps: [{ setWeight: 20 }, { pause: {} }] });
  await expect.poll(() => status()?.phase, soon).toBe('Healthy');
  const ref = { kind: 'VirtualService', namespace, name: 'web' } as const;
  const weight = () => {
    const { spec } = sim.read.get(ref.kind, namespace, 'web');
    return (spec as { http: ReturnType<typeof route>[] }).http[0]?.route[1]?.weight;
  };
  // Then nothing else wakes the rollout, but for the look that it gets once a minute.
  for (let before = -1; before !== asked.length; ) {
    before = asked.length;
    await delay(2000);
  }
  await sim.as('kubectl-edit').patch(ref, { spec: { http: [route(90)] } });
  await expect.poll(weight, { timeout: 5000 }).toBe(0);
  const canary = () => sim.read.find('Ingress', namespace, 'web-web-canary');
  expect(canary()).toBeDefined();
  sim.deleteObject('Ingress', namespace, 'web-web-canary');
  expect(canary()).toBeUndefined();
  await expect.poll(canary, { timeout: 5000 }).toBeDefined();
  expect(watches().filter((line) => /httproutes|destinationrules/.test(line))).toEqual([]);
});
