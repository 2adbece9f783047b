import { expect, it } from 'vitest';
import { routeLines } from '../../cli/get/routes.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { key } from '../faults/stage.ts';
import { openRouted, type Routed, virtualService, webIngress } from './routedStage.ts';
import { openVerified } from './verifiedStage.ts';

// What `serin get --routes` shows, and the API: what each object of a router has.

async function viewOf({ simulated }: Routed): Promise<RolloutView> {
  const { view } = (await simulated.world.store.load(key)) ?? {};
  if (!view) throw new Error('there is no view');
  return view;
}

async function shown(release: Routed): Promise<string> {
  return ['', ...routeLines(await viewOf(release)), ''].join('\n');
}

const istio = { virtualService: { name: 'web', routes: ['main'] } };
const match = [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }];

it('the weights and the routes of steps of each router', async () => {
  const release = await openRouted(
    {
      trafficRouting: {
        istio,
        nginx: { stableIngress: 'web' },
        managedRoutes: [{ name: 'beta' }, { name: 'copy' }],
      },
      steps: [
        { setWeight: 25 },
        { setHeaderRoute: { name: 'beta', match } },
        { setMirrorRoute: { name: 'copy', match: [{ path: { prefix: '/' } }], percentage: 50 } },
        { pause: {} },
      ],
    },
    { objects: [...webIngress, ...virtualService('stable', 'canary')] },
  );
  await release.image('web:v2', 20_000);
  // A mirrored route has the weights of the one that it is made of.
  expect(await shown(release)).toBe(`
ROUTER  OBJECT                  CANARY  STABLE  ROUTES OF STEPS               VERIFIED
istio   VirtualService/web      25      75      beta (header), copy (mirror)  -
nginx   Ingress/web-web-canary  25      75      -                             -
`);
});

it('a weight that several routes of an object have, once', async () => {
  const trafficRouting = { istio: { virtualService: { name: 'web', routes: ['main', 'other'] } } };
  const [[kind, name, { spec }]] = virtualService('stable', 'canary') as [
    [Parameters<Routed['put']>[0], string, { spec: { http: object[] } }],
  ];
  const http = [...spec.http, { ...spec.http[0], name: 'other' }];
  const release = await openRouted(
    { trafficRouting },
    { objects: [[kind, name, { spec: { ...spec, http } }]] },
  );
  await release.image('web:v2', 20_000);
  expect((await viewOf(release)).routes).toEqual([
    {
      ...{ router: 'istio', kind: 'VirtualService', namespace: 'shop', name: 'web' },
      ...{ weights: [{ canary: 25, stable: 75 }], total: 100, managed: [] },
    },
  ]);
});

it('whether the load balancer does what the object says', async () => {
  const release = await openVerified({}, { delayMs: 10_000 });
  await release.image('web:v2', 0);
  const seen = new Set<string>();
  for (let second = 0; second < 60; second += 1) {
    const [route] = (await viewOf(release)).routes ?? [];
    seen.add(`${route?.weights[0]?.canary} ${route?.verified}`);
    await release.pass(1000);
  }
  expect([...seen]).toEqual(['0 undefined', '0 true', '25 false', '25 true']);
  expect(await shown(release)).toBe(`
ROUTER  OBJECT       CANARY  STABLE  ROUTES OF STEPS  VERIFIED
alb     Ingress/web  25      75      -                yes
`);
});

it('nothing of a canary without a router', async () => {
  const release = await openRouted({ trafficRouting: null as never });
  expect((await viewOf(release)).routes).toBeUndefined();
  expect(routeLines(await viewOf(release))).toEqual(['No router sends its requests.']);
});
