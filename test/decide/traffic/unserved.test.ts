import { expect, it } from 'vitest';
import { routersOf } from '../../../lib/decide/traffic/routers.ts';
import type { RolloutTrafficRouting } from '../../../lib/model/argo.generated.ts';
import { type Kind, kindNames, rowOf } from '../../../lib/model/kinds.ts';
import { routerStage } from './stage.ts';

const gateway = (config: object): RolloutTrafficRouting => ({
  plugins: { 'argoproj-labs/gatewayAPI': config },
});
const meshed = { name: 'web' };
const virtualNodeGroup = { canaryVirtualNodeRef: meshed, stableVirtualNodeRef: meshed };

it.each<[string, Kind, RolloutTrafficRouting]>([
  ['names', 'VirtualService', { istio: { virtualService: { name: 'web' } } }],
  ['names', 'HTTPRoute', gateway({ httpRoute: 'web' })],
  ['names', 'TCPRoute', gateway({ tcpRoute: 'web' })],
  ['names', 'TraefikService', { traefik: { weightedTraefikServiceName: 'web' } }],
  ['names', 'ApisixRoute', { apisix: { route: { name: 'web' } } }],
  ['names', 'Mapping', { ambassador: { mappings: ['web'] } }],
  ['needs', 'TrafficSplit', { smi: {} }],
  [
    'names',
    'AppMeshVirtualService',
    { appMesh: { virtualService: { name: 'web' }, virtualNodeGroup } },
  ],
])('a spec that %s the %s web on a cluster without that kind is told so', (verb, kind, routing) => {
  const [router] = routersOf(routing);
  const stage = routerStage(router!, { routing, objects: [] });
  for (const each of kindNames) stage.serve(each, { unserved: true });
  const { group, plural, versions } = rowOf(kind);
  const faults = stage.check().map(({ message }) => message);
  const [first = ''] = faults;
  expect(first).toBe(
    `${verb} the ${rowOf(kind).kind ?? kind} web, whose kind this cluster does not serve ` +
      `(${plural}.${group} in version ${versions.join(' or ')}); install its ` +
      'CustomResourceDefinition in one of these versions, or use another router',
  );
  expect(stage.reach({ weight: kind === 'TrafficSplit' ? 0 : 20 })).toHaveLength(0);
});
