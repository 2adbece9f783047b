import { namespaceOf } from '../lib/decide/traffic/objects.ts';
import { routersIn } from '../lib/decide/traffic/routed.ts';
import type { Routed } from '../lib/decide/traffic/router.ts';
import { parseSelector } from '../lib/kubernetes/selectors.ts';
import type { Rollout } from '../lib/model/argo.generated.ts';
import type { Kind, ObjectRef } from '../lib/model/kinds.ts';
import { rowOf, typeMetaOf } from '../lib/model/kinds.ts';
import { type Answers, answersIn, type ListRead } from '../lib/model/reads.ts';
import { nameOf } from '../lib/model/workload.ts';
import type { SimulatedCluster } from '../lib/simulate/cluster.ts';

// The objects of routers that a rollout names and its files lack are invented for a simulation, in the
// simplest form with which the router works.

/** At most that many rounds: what a router reads may depend on what it has read. */
const roundsMax = 4;

/** Creates what the routers of a rollout lack; answers what that is, for people. */
export function addStandIns({ read, apply }: SimulatedCluster, rollout: Rollout): string[] {
  const invented: string[] = [];
  const add = ({ kind, namespace, name }: ObjectRef, fields: object): void => {
    apply(kind, { ...typeMetaOf(kind), metadata: { namespace, name }, ...fields });
    const place = namespace === namespaceOf(rollout) ? '' : `${namespace}/`;
    invented.push(`${rowOf(kind).kind ?? kind} ${place}${name}`);
  };
  for (let round = 0; round < roundsMax; round += 1) {
    const count = invented.length;
    for (const { router, routed } of routersIn(rollout, answersOf(read))) {
      for (const { read: asked } of router.needs(routed)) {
        if (
          'list' in asked &&
          read.list(asked.list, asked.namespace, asked.selector).length === 0
        ) {
          addListed(asked, routed, add);
        }
        if (!('object' in asked)) continue;
        const { kind, namespace, name } = asked.object;
        if (name === '' || read.find(kind, namespace, name) !== undefined) continue;
        const spec = specOf[kind]?.({ ...routed, name, namespace });
        if (spec !== undefined) add(asked.object, { spec });
      }
    }
    if (invented.length === count) break;
  }
  return invented;
}

/** What the cluster has, asked for when a router looks at it. */
function answersOf(read: SimulatedCluster['read']): Answers {
  return {
    ...answersIn(new Map()),
    object: ({ kind, namespace, name }) => {
      const found = read.find(kind, namespace, name);
      return found === undefined ? { missing: true } : { ok: found };
    },
    list: ({ list, namespace, selector }) => ({ ok: read.list(list, namespace, selector) }),
  };
}

/** One that has the labels by which routes are chosen. */
function addListed(
  { list: kind, namespace, selector = '' }: ListRead,
  routed: Routed,
  add: (ref: ObjectRef, fields: object) => void,
): void {
  const { matchExpressions = [] } = parseSelector(selector);
  const labels = matchExpressions.flatMap(({ key, operator, values: [value = ''] = [] }) =>
    operator === 'In' || operator === 'Exists' ? [[key, value]] : [],
  );
  const name = nameOf(routed.rollout);
  const spec = specOf[kind]?.({ ...routed, name, namespace });
  const metadata = { namespace, name, labels: Object.fromEntries(labels) };
  if (spec !== undefined) add({ kind, namespace, name }, { metadata, spec });
}

type Wanted = Routed & { namespace: string; name: string };
type SpecOf = (wanted: Wanted) => object | undefined;

/** By kind. Undefined of an object that the rollout makes itself. */
const specOf: Partial<Record<Kind, SpecOf>> = {
  Ingress: ingressSpec,
  Mapping: ({ rollout, services, name }) => {
    const { mappings = [] } = routingOf(rollout).ambassador ?? {};
    return mappings.includes(name) ? { prefix: '/', service: services.stable } : undefined;
  },
  ApisixRoute: ({ rollout, services, name }) => {
    const { name: own, rules = [] } = routingOf(rollout).apisix?.route ?? {};
    if (name !== own) return undefined;
    const backends = sidesOf(services, 'serviceName', 100).map((each) => ({
      ...each,
      servicePort: 80,
    }));
    const names = rules.length > 0 ? rules : [name];
    return { http: names.map((rule) => ({ name: rule, match: { paths: ['/*'] }, backends })) };
  },
  AppMeshVirtualService: ({ name }) => ({
    provider: { virtualRouter: { virtualRouterRef: { name } } },
  }),
  VirtualRouter: virtualRouterSpec,
  VirtualNode: ({ rollout }) => ({
    podSelector: { matchLabels: { ...rollout.spec?.selector?.matchLabels } },
  }),
  HTTPRoute: routeSpec,
  GRPCRoute: routeSpec,
  TCPRoute: routeSpec,
  TLSRoute: routeSpec,
  VirtualService: virtualServiceSpec,
  DestinationRule: ({ rollout, services }) => {
    const { canarySubsetName = '', stableSubsetName = '' } =
      routingOf(rollout).istio?.destinationRule ?? {};
    const labels = { ...rollout.spec?.selector?.matchLabels };
    const subsets = [stableSubsetName, canarySubsetName].map((name) => ({ name, labels }));
    return { host: services.stable || nameOf(rollout), subsets };
  },
  Service: nlbSpec,
  TraefikService: ({ services }) => ({
    weighted: { services: sidesOf(services, 'name', 100).map((each) => ({ ...each, port: 80 })) },
  }),
};

function routingOf({ spec }: Rollout) {
  return spec?.strategy?.canary?.trafficRouting ?? {};
}

/** All requests go to the stable side. */
function sidesOf({ stable, canary }: Routed['services'], field: string, total: number) {
  return [
    { [field]: stable, weight: total },
    { [field]: canary, weight: 0 },
  ];
}

function ingressSpec({ rollout, services, name }: Wanted): object | undefined {
  const { alb, nginx } = routingOf(rollout);
  const { ingress, ingresses = [] } = alb ?? {};
  const { stableIngress, stableIngresses = [] } = nginx ?? {};
  const rule = (service: object) => [
    { http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service } }] } },
  ];
  if (ingress === name || ingresses.includes(name)) {
    const stable = rollout.spec?.strategy?.canary?.stableService ?? '';
    const root = { name: alb?.rootService || stable, port: { name: 'use-annotation' } };
    return { ingressClassName: 'alb', rules: rule(root) };
  }
  if (stableIngress !== name && !stableIngresses.includes(name)) return undefined;
  return {
    ingressClassName: 'nginx',
    rules: rule({ name: services.stable, port: { number: 80 } }),
  };
}

function virtualRouterSpec({ rollout }: Wanted): object {
  const { virtualService, virtualNodeGroup } = routingOf(rollout).appMesh ?? {};
  const { canaryVirtualNodeRef: canary, stableVirtualNodeRef: stable } = virtualNodeGroup ?? {};
  const weightedTargets = [
    { virtualNodeRef: { name: stable?.name }, weight: 100 },
    { virtualNodeRef: { name: canary?.name }, weight: 0 },
  ];
  const { routes: named = [] } = virtualService ?? {};
  const names = named.length > 0 ? named : ['main'];
  const httpRoute = { match: { prefix: '/' }, action: { weightedTargets } };
  return { routes: names.map((name) => ({ name, httpRoute })) };
}

function routeSpec({ rollout, services, namespace }: Wanted): object {
  const { maxTrafficWeight = 100 } = routingOf(rollout);
  const own = namespaceOf(rollout);
  const place = namespace === own ? {} : { namespace: own };
  const sides = sidesOf(services, 'name', maxTrafficWeight);
  return { rules: [{ backendRefs: sides.map((side) => ({ ...side, ...place, port: 80 })) }] };
}

/** A route of each kind and name that the spec asks for; one of http where it asks for none. */
function virtualServiceSpec({ rollout, services, name, namespace }: Wanted): object {
  const { virtualService, virtualServices, destinationRule } = routingOf(rollout).istio ?? {};
  const all = virtualServices ?? (virtualService ? [virtualService] : []);
  const names = [name, `${name}.${namespace}`, `${name}.${namespace}.cluster.local`];
  const {
    routes = [],
    tlsRoutes = [],
    tcpRoutes = [],
  } = all.find((each) => names.includes(each.name)) ?? {};
  const host = nameOf(rollout);
  const own = namespaceOf(rollout);
  // A name alone is that of a Service beside the object.
  const hostOf = (service: string) => (namespace === own ? service : `${service}.${own}`);
  const { stableSubsetName, canarySubsetName } = destinationRule ?? {};
  // Subsets are those of one host, which the DestinationRule is for.
  const shared = hostOf(services.stable || host);
  const route = [
    {
      destination: destinationRule
        ? { host: shared, subset: stableSubsetName }
        : { host: hostOf(services.stable) },
      weight: 100,
    },
    {
      destination: destinationRule
        ? { host: shared, subset: canarySubsetName }
        : { host: hostOf(services.canary) },
      weight: 0,
    },
  ];
  const isOther = tlsRoutes.length + tcpRoutes.length > 0;
  const http =
    routes.length === 0 && !isOther
      ? [{ name: 'main', route }]
      : routes.map((each) => ({ name: each, route }));
  const tls = tlsRoutes.map(({ port, sniHosts }) => ({ match: [{ port, sniHosts }], route }));
  const tcp = tcpRoutes.map(({ port }) => ({ match: [{ port }], route }));
  return { hosts: [host], http, tls, tcp };
}

function nlbSpec({ rollout, name }: Wanted): object | undefined {
  const { service, port = 80 } = (routingOf(rollout).plugins?.['serin/nlb'] ?? {}) as {
    service?: string;
    port?: number;
  };
  if (service !== name) return undefined;
  const selector = { ...rollout.spec?.selector?.matchLabels };
  return { type: 'LoadBalancer', selector, ports: [{ port }] };
}
