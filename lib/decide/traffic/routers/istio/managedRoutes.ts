import type {
  Rollout,
  RouteMatch,
  SetHeaderRoute,
  SetMirrorRoute,
  StringMatch,
} from '../../../../model/argo.generated.ts';
import { deepEqual } from '../../../../model/patch.ts';
import type { ManagedRoute } from '../../router.ts';
import {
  leadsOnlyToOwn,
  type RouteDestination,
  type Sides,
  sideOf,
  type Target,
} from './destinations.ts';
import { isForeign } from './hosts.ts';

// The routes that steps put before all others. argo v1.10.1 rollout/trafficrouting/istio/istio.go

export type HttpRoute = {
  name?: string;
  route?: RouteDestination[];
  mirror?: Target;
  [field: string]: unknown;
};

/** The names that a rollout has for its own routes: whatever has one of them is made and removed by it. */
export function managedNames({ spec }: Rollout): Set<string> {
  const { trafficRouting, steps = [] } = spec?.strategy?.canary ?? {};
  const ofSteps = steps.flatMap(({ setHeaderRoute, setMirrorRoute }) => [
    setHeaderRoute?.name ?? '',
    setMirrorRoute?.name ?? '',
  ]);
  const listed = trafficRouting?.managedRoutes?.map(({ name }) => name) ?? [];
  return new Set([...listed, ...ofSteps].filter((name) => name !== ''));
}

/**
 * Whether a route is one of those. In a VirtualService of another namespace its name alone does not say so,
 * since whoever writes the rollout chooses it.
 */
export function isManaged(
  { name = '', route = [], mirror }: HttpRoute,
  names: ReadonlySet<string>,
  sides: Sides,
): boolean {
  if (!names.has(name) || !isForeign(sides)) return names.has(name);
  const targets = [...route, ...(mirror ? [{ destination: mirror }] : [])];
  return route.length > 0 && leadsOnlyToOwn(targets, sides);
}

/**
 * The routes as they are to be, of `there` those that are it already. `weighted` are the destinations of the
 * route whose weights are set.
 */
export function managedRoutes(
  wanted: ManagedRoute[],
  there: HttpRoute[],
  weighted: RouteDestination[],
  sides: Sides,
): HttpRoute[] {
  const canary = targetOf(weighted, sides);
  return wanted.map((each) => {
    const route =
      'header' in each
        ? headerRoute(each.name, each.header, canary)
        : mirrorRoute(each.name, each.mirror, canary, weighted);
    return there.find((found) => deepEqual(plain(found), plain(route))) ?? route;
  });
}

/** As the route to the canary has it; the port may be told by another of its destinations. */
function targetOf(weighted: RouteDestination[], sides: Sides): Target {
  const canary = weighted.find((each) => sideOf(each, sides) === 'canary')?.destination ?? {};
  const port = canary.port ?? weighted[0]?.destination?.port;
  return { ...targetFields(canary), ...(port && { port }) };
}

function targetFields({ host, subset, port }: Target): Target {
  return { ...(host && { host }), ...(subset && { subset }), ...(port && { port }) };
}

function headerRoute(name: string, { match = [] }: SetHeaderRoute, canary: Target): HttpRoute {
  return {
    name,
    match: match.map(({ headerName, headerValue = {} }) => ({
      headers: { [headerName]: given(headerValue) },
    })),
    route: [{ destination: canary, weight: 100 }],
  };
}

function mirrorRoute(
  name: string,
  { match = [], percentage = 100 }: SetMirrorRoute,
  canary: Target,
  weighted: RouteDestination[],
): HttpRoute {
  return {
    name,
    match: match.map(matchOf),
    route: weighted.map(({ destination = {}, weight = 0 }) => ({
      destination: targetFields(destination),
      ...(weight > 0 && { weight }),
    })),
    mirror: canary,
    mirrorPercentage: { value: percentage },
  };
}

function matchOf({ method, path, headers }: RouteMatch): object {
  const named = Object.entries(headers ?? {}).map(([name, value]) => [name, given(value)]);
  return {
    ...(method && { method: given(method) }),
    ...(path && { uri: given(path) }),
    ...(named.length > 0 && { headers: Object.fromEntries(named) }),
  };
}

function given(match: StringMatch): StringMatch {
  return Object.fromEntries(Object.entries(match).filter(([, text]) => text !== ''));
}

/** An absent weight is 0. */
function plain(route: HttpRoute): HttpRoute {
  return {
    ...route,
    route: route.route?.map((each) => ({ ...each, weight: each.weight ?? 0 })) ?? [],
  };
}
