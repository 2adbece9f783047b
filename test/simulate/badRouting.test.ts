import { expect, it } from 'vitest';
import type { CanaryStep, CanaryStrategy } from '../../lib/model/argo.generated.ts';
import type { Kind } from '../../lib/model/kinds.ts';
import { key } from '../faults/stage.ts';
import { openRouted, virtualService, webIngress } from './routedStage.ts';

// A routing that cannot be carried out is told with its path and the remedy, and nothing is written.

const routing = 'spec.strategy.canary.trafficRouting';
const header: CanaryStep = {
  setHeaderRoute: { name: 'beta', match: [{ headerName: 'X-Try', headerValue: { exact: '1' } }] },
};
const istio = { virtualService: { name: 'web' } };
const web = virtualService('stable', 'canary');
const unnamed = {
  spec: {
    http: [1, 2].map(() => ({
      route: [{ destination: { host: 'stable' } }, { destination: { host: 'canary' } }],
    })),
  },
};
const backendRefs = [
  { name: 'stable', port: 80 },
  { name: 'other', port: 80 },
];
const gateway = (config: object) => ({ plugins: { 'argoproj-labs/gatewayAPI': config } });

type Objects = [kind: Kind, name: string, fields: object][];

it.each<[string, CanaryStrategy, Objects, string]>([
  [
    'a route that is not managed',
    { trafficRouting: { istio, managedRoutes: [{ name: 'alpha' }] }, steps: [header] },
    web,
    `steps[0].setHeaderRoute.name must be one of ${routing}.managedRoutes, which names alpha; not beta`,
  ],
  [
    'a header route without a Service',
    {
      ...{ canaryService: '', steps: [header] },
      trafficRouting: { istio, managedRoutes: [{ name: 'beta' }] },
    },
    web,
    'canaryService is missing: istio sends requests to it',
  ],
  [
    'weights without a stable Service',
    { stableService: '', trafficRouting: { nginx: { stableIngress: 'web' } } },
    webIngress,
    'stableService is missing: nginx sends requests to it',
  ],
  [
    'one Ingress and several',
    { trafficRouting: { nginx: { stableIngress: 'web', stableIngresses: ['web'] } } },
    webIngress,
    'trafficRouting.nginx must name stableIngress or stableIngresses, not both; remove one',
  ],
  [
    'a VirtualService with two routes without a name',
    { trafficRouting: { istio } },
    [['VirtualService', 'web', unnamed]],
    'trafficRouting.istio.virtualService',
  ],
  [
    'an ALB Ingress without a rule of the root Service',
    { trafficRouting: { alb: { ingress: 'web', rootService: 'root', servicePort: 80 } } },
    webIngress,
    'trafficRouting.alb.ingress names the Ingress web, of which no rule leads to the Service root; ' +
      'give it a path with that backend',
  ],
  [
    'an HTTPRoute whose rules name not both Services',
    { trafficRouting: gateway({ httpRoute: 'web' }) },
    [['HTTPRoute', 'web', { spec: { rules: [{ backendRefs }] } }]],
    'trafficRouting.plugins[argoproj-labs/gatewayAPI].httpRoute names the HTTPRoute web, of which ' +
      'no rule leads to both stable and canary; give one of its rules the two Services as backendRefs',
  ],
  [
    'a step that is more than the whole',
    {
      trafficRouting: { nginx: { stableIngress: 'web' }, maxTrafficWeight: 50 },
      steps: [{ setWeight: 60 }],
    },
    webIngress,
    'steps[0].setWeight must be between 0 and 50, not 60',
  ],
])('%s', async (_, canary, objects, fault) => {
  const release = await openRouted(canary, { objects });
  const { namespace } = key;
  const { status } = release.cluster.read.get('Rollout', namespace, key.name);
  expect(status?.phase).toBe('Degraded');
  expect(status?.message).toContain(fault);
  expect(release.dog.sets()).toEqual([]);
  for (const [kind, name, fields] of objects) {
    expect(release.find(kind, name)).toMatchObject(fields);
    expect(release.find(kind, name)?.metadata?.annotations).toBeUndefined();
    expect(release.cluster.read.list(kind, namespace)).toHaveLength(1);
  }
});
