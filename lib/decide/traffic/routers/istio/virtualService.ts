import type { IstioVirtualService } from '../../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../../model/faults.ts';
import { type KubernetesObject, refText } from '../../../../model/kinds.ts';
import type { Write } from '../../../../model/plan.ts';
import { nameOf } from '../../../../model/workload.ts';
import { changed, type Named, namespaceOf, objectFaults, objectOf } from '../../objects.ts';
import type { Carried, CarriedRoute, Routed, TrafficGoal } from '../../router.ts';
import { ruleHost } from './destinationRule.ts';
import { canaryShare, leadsOnlyToOwn, leadsTo, reweighted, type Sides } from './destinations.ts';
import { isForeign } from './hosts.ts';
import { type HttpRoute, isManaged, managedNames, managedRoutes } from './managedRoutes.ts';

// A VirtualService has routes in three lists, and the spec says which of them the rollout gives weights.
// argo v1.10.1 rollout/trafficrouting/istio/istio.go

/** What the spec says of a VirtualService. */
export type Entry = { named: Named<'VirtualService'>; path: string; given: IstioVirtualService };

type Route = HttpRoute & { match?: Match[] };
type Match = { port?: number; sniHosts?: string[] };
const lists = ['http', 'tls', 'tcp'] as const;
type List = (typeof lists)[number];

const field = 'spec.strategy.canary.trafficRouting.istio';

export function entriesOf({ rollout }: Pick<Routed, 'rollout'>): Entry[] {
  const { virtualService, virtualServices } =
    rollout.spec?.strategy?.canary?.trafficRouting?.istio ?? {};
  const one = virtualService ? [virtualService] : [];
  return (virtualServices ?? one).map((given, index) => {
    const path = virtualServices ? `${field}.virtualServices[${index}]` : `${field}.virtualService`;
    const ref = { kind: 'VirtualService', ...placeOf(given.name, namespaceOf(rollout)) } as const;
    return { path, given, named: { path: `${path}.name`, ref } };
  });
}

/** `NAME` or `NAME.NAMESPACE`. argo v1.10.1 utils/istio/istio.go GetVirtualServiceNamespaceName */
function placeOf(text: string, own: string): { namespace: string; name: string } {
  const parts = text.replace(/\.cluster\.local$/, '').split('.');
  const namespace = parts.length > 1 ? (parts.pop() ?? own) : own;
  return { namespace, name: parts.join('.') };
}

/** A host without a namespace is in that of its VirtualService. */
function sidesOf({ named }: Entry, routed: Routed): Sides {
  const { rollout, services } = routed;
  const rule = rollout.spec?.strategy?.canary?.trafficRouting?.istio?.destinationRule;
  const namespaces = { from: named.ref.namespace, own: namespaceOf(rollout) };
  return { ...namespaces, services, rule, ruleHost: ruleHost(routed), rollout: nameOf(rollout) };
}

/** Whether the weights of a route are the rollout's: of one that does not lead to both nobody knows whose. */
function isWeighted({ route = [] }: Route, sides: Sides): boolean {
  const isWhole = leadsTo('stable', route, sides) && leadsTo('canary', route, sides);
  return isWhole && (!isForeign(sides) || leadsOnlyToOwn(route, sides));
}

export function entryFaults(entry: Entry, routed: Routed): FieldError[] {
  const { path, ref } = entry.named;
  const found = objectOf(entry.named, routed.answers);
  if (!found) return objectFaults(entry.named, routed.answers);
  if (lists.every((list) => routesIn(found, list).length === 0)) {
    const message = `names the VirtualService ${ref.name}, which has no http, tls or tcp routes; add one`;
    return fieldError(path, message);
  }
  const sides = sidesOf(entry, routed);
  const ofLists = lists.flatMap((list) => {
    const { chosen, faults } = choose(list, found, entry, managedIn(routed, sides));
    const routes = routesIn(found, list);
    const incomplete = chosen.flatMap((place) => {
      const missing = (['stable', 'canary'] as const).filter(
        (side) => !leadsTo(side, routes[place]?.route ?? [], sides),
      );
      if (missing.length > 0 || isWeighted(routes[place] ?? {}, sides)) {
        return missing.map((side) => destinationFault(entry, `${list}[${place}]`, side, sides));
      }
      const message =
        `names the VirtualService ${ref.name} of the namespace ${sides.from}, whose route ` +
        `spec.${list}[${place}] also leads elsewhere than to the namespace ${sides.own}; ` +
        'let it lead there alone';
      return fieldError(path, message);
    });
    return [...faults, ...incomplete];
  });
  return [...ofLists, ...sharedFaults(entry, found, routed)];
}

/** A route of a step stands before all others, and there are some whose requests are not the rollout's. */
function sharedFaults(entry: Entry, found: KubernetesObject, routed: Routed): FieldError[] {
  const { path, ref } = entry.named;
  const { steps = [] } = routed.rollout.spec?.strategy?.canary ?? {};
  const isAsked = steps.some(({ setHeaderRoute, setMirrorRoute }) =>
    Boolean(setHeaderRoute ?? setMirrorRoute),
  );
  const sides = sidesOf(entry, routed);
  if (!isAsked || !isShared(found, sides)) return [];
  const message =
    `names the VirtualService ${ref.name} of the namespace ${sides.from}, of which not all http routes ` +
    `lead to the namespace ${sides.own} alone; name one of which all do, or remove the steps that set ` +
    'routes, since those would take requests of the others';
  return fieldError(path, message);
}

function isShared(found: KubernetesObject, sides: Sides): boolean {
  const routes = routesIn(found, 'http');
  return isForeign(sides) && !routes.every(({ route = [] }) => leadsOnlyToOwn(route, sides));
}

type IsManaged = (route: Route) => boolean;

function managedIn({ rollout }: Routed, sides: Sides): IsManaged {
  const names = managedNames(rollout);
  return (route) => isManaged(route, names, sides);
}

function destinationFault(
  { named }: Entry,
  route: string,
  side: 'canary' | 'stable',
  sides: Sides,
): FieldError {
  const { services, rule, ruleHost: host } = sides;
  const subset = side === 'canary' ? rule?.canarySubsetName : rule?.stableSubsetName;
  const rest = isForeign(sides) ? `.${sides.own}.svc.cluster.local` : '';
  const ofHost = host
    ? ` of the host ${host.service}${host.namespace && `.${host.namespace}`}`
    : '';
  const wanted = rule ? `of the subset ${subset}${ofHost}` : `of the host ${services[side]}${rest}`;
  const message =
    `names the VirtualService ${named.ref.name}, whose route spec.${route} has no destination ${wanted}; ` +
    'add it, with a weight';
  return { path: named.path, message };
}

function routesIn({ spec }: KubernetesObject, list: List): Route[] {
  const routes = ((spec ?? {}) as Partial<Record<List, Route[]>>)[list];
  return Array.isArray(routes) ? routes : [];
}

/** The routes of a list whose weights are set, by place: those that the spec names, or the only one. */
function choose(
  list: List,
  found: KubernetesObject,
  { given, path, named }: Entry,
  isManaged: IsManaged,
): { chosen: number[]; faults: FieldError[] } {
  const routes = routesIn(found, list);
  const wanted = wantedIn(given, list);
  if (routes.length === 0) return { chosen: [], faults: [] };
  if (wanted.length === 0) {
    const own = placesOf(routes, (route) => !isManaged(route));
    if (own.length === 1) return { chosen: own, faults: [] };
    const message =
      `names the VirtualService ${named.ref.name}, which has ${own.length} ${list} routes besides ` +
      `those of steps; name those that lead to the rollout in ${fieldOf[list]}`;
    return { chosen: [], faults: fieldError(named.path, message) };
  }
  const places = wanted.map((find) => find(routes));
  const message = `names a route that the VirtualService ${named.ref.name} does not have; add it there`;
  return {
    chosen: [...new Set(places.flat())],
    faults: places.flatMap((matching, index) =>
      matching.length > 0 ? [] : fieldError(`${path}.${fieldOf[list]}[${index}]`, message),
    ),
  };
}

const fieldOf = { http: 'routes', tls: 'tlsRoutes', tcp: 'tcpRoutes' } as const;

/** For each route that the spec names, how it is found. */
function wantedIn(given: IstioVirtualService, list: List): ((routes: Route[]) => number[])[] {
  if (list === 'http') {
    return (given.routes ?? []).map(
      (name) => (routes) => placesOf(routes, (route) => route.name === name).slice(0, 1),
    );
  }
  if (list === 'tcp') {
    return (given.tcpRoutes ?? []).map(
      ({ port = 0 }) =>
        (routes) =>
          placesOf(routes, (route) => isAtPort(route, port)),
    );
  }
  return (given.tlsRoutes ?? []).map(
    ({ port = 0, sniHosts = [] }) =>
      (routes) =>
        placesOf(routes, (route) => isAtPort(route, port) && isOfHosts(route, sniHosts)),
  );
}

function placesOf(routes: Route[], is: (route: Route) => boolean): number[] {
  return routes.flatMap((route, place) => (is(route) ? [place] : []));
}

/** Whether all its matches are of that port; 0 is no port. */
function isAtPort({ match = [] }: Route, port: number): boolean {
  const ports = match.length > 0 ? match.map((each) => each.port ?? 0) : [0];
  return ports.every((each) => each === port);
}

/** Whether its matches together are of just those hosts. */
function isOfHosts({ match = [] }: Route, hosts: string[]): boolean {
  const names = new Set(match.flatMap(({ sniHosts = [] }) => sniHosts));
  return hosts.length === names.size && hosts.every((name) => names.has(name));
}

export function entryCarries(entry: Entry, routed: Routed): Carried[] {
  const found = objectOf(entry.named, routed.answers);
  if (!found) return [];
  const sides = sidesOf(entry, routed);
  const isManaged = managedIn(routed, sides);
  const chosen = lists.flatMap((list) => {
    const routes = routesIn(found, list);
    const { chosen } = choose(list, found, entry, isManaged);
    return routes.filter((_, place) => chosen.includes(place));
  });
  const mirrors = routesIn(found, 'http').filter(
    (route) => route.mirror !== undefined && isManaged(route),
  );
  const all = [...chosen, ...mirrors];
  if (all.length === 0) return [];
  const canary = all.map(({ route = [] }) => canaryShare(route, sides));
  const routes = routesIn(found, 'http')
    .filter(isManaged)
    .map(({ name = '', mirror }): CarriedRoute => ({ name, sends: mirror ? 'mirror' : 'header' }));
  return [{ ref: entry.named.ref, canary, routes }];
}

/** One for each object, whose routes several entries of the spec may name. */
export function virtualServiceWrites(routed: Routed, goal: TrafficGoal): Write[] {
  const entries = entriesOf(routed);
  const byObject = new Map<string, Entry[]>();
  for (const entry of entries) {
    const id = refText(entry.named.ref);
    byObject.set(id, [...(byObject.get(id) ?? []), entry]);
  }
  return [...byObject.values()].flatMap((own) => {
    const [first] = own;
    const found = first && objectOf(first.named, routed.answers);
    if (!found) return [];
    return changed(
      'VirtualService',
      found,
      routedTo(goal, found, own, sidesOf(first, routed), routed),
    );
  });
}

function routedTo(
  goal: TrafficGoal,
  found: KubernetesObject,
  entries: Entry[],
  sides: Sides,
  routed: Routed,
): KubernetesObject {
  const isManaged = managedIn(routed, sides);
  const routesAfter = (list: List): Route[] => {
    const chosen = entries.flatMap((entry) => choose(list, found, entry, isManaged).chosen);
    const after = routesIn(found, list).map((route, place) =>
      chosen.includes(place) && isWeighted(route, sides)
        ? { ...route, route: reweighted(route.route ?? [], sides, goal) }
        : route,
    );
    const own = after.filter((route) => !isManaged(route));
    const first = chosen[0] === undefined || isShared(found, sides) ? undefined : after[chosen[0]];
    if (list !== 'http') return after;
    return [...(first ? managedRoutes(goal.routes, after, first.route ?? [], sides) : []), ...own];
  };
  const filled = lists.filter((list) => routesIn(found, list).length > 0);
  const spec = Object.fromEntries(filled.map((list) => [list, routesAfter(list)]));
  return filled.length > 0 ? { ...found, spec: { ...(found.spec as object), ...spec } } : found;
}

/** Whether it has routes before which one of a step can stand. */
export function takesRoutes({ named }: Entry, { answers }: Routed): boolean {
  const found = objectOf(named, answers);
  return !found || routesIn(found, 'http').length > 0;
}
