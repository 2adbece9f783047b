import type { AppMeshTrafficRouting, Rollout } from '../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../model/faults.ts';
import type { KubernetesObject } from '../../../model/kinds.ts';
import { hashLabel } from '../../../model/names.ts';
import type { Write } from '../../../model/plan.ts';
import {
  type Backend,
  canaryPart,
  isForeign,
  type Side,
  type Sides,
  sideOf,
  withWeight,
} from '../backends.ts';
import { changed, type Named, namespaceOf, needOf, objectFaults, objectOf } from '../objects.ts';
import type { Hashes, Routed, Router, TrafficGoal } from '../router.ts';

// A VirtualService of App Mesh has a VirtualRouter, whose routes part requests between two VirtualNodes, and
// each of these chooses the pods of a version. argo v1.10.1 rollout/trafficrouting/appmesh/appmesh.go

type ServiceSpec = { provider?: { virtualRouter?: { virtualRouterRef?: Ref } } };
type Ref = { name?: string; namespace?: string };
type Route = { name?: string; [rule: string]: unknown };
type RouteRule = { action?: { weightedTargets?: Target[] } };
type Target = { virtualNodeRef?: Ref; weight?: number };
type NodeSpec = { podSelector?: { matchLabels?: Record<string, string> } };

const field = 'spec.strategy.canary.trafficRouting.appMesh';
const ruleFields = ['httpRoute', 'tcpRoute', 'http2Route', 'grpcRoute'];
const sides: Side[] = ['canary', 'stable'];
/** What the VirtualNode of the canary chooses while there is no canary: no pods. */
const noCanary = 'canary-hash';

export const appMesh: Router = {
  name: 'appMesh',
  isUsed: (routing) => routing.appMesh !== undefined,
  can: [],
  needsServices: () => true,
  validate: ({ spec }) => {
    const mesh = spec?.strategy?.canary?.trafficRouting?.appMesh ?? {};
    return [
      ...(mesh.virtualService?.name
        ? []
        : fieldError(`${field}.virtualService.name`, 'must name a VirtualService')),
      ...sides.flatMap((side) =>
        nodeName(mesh, side) ? [] : fieldError(nodePath(side), 'must name a VirtualNode'),
      ),
    ];
  },
  needs: (routed) => [service(routed), ...routerOf(routed), ...nodesOf(routed)].map(needOf),
  check: (routed) => [
    ...routerFaults(routed),
    ...nodesOf(routed).flatMap((named) => objectFaults(named, routed.answers)),
  ],
  carries: (routed) => {
    const [router] = routerOf(routed);
    const canary = canaryWeights(routed);
    return router && canary.length > 0 ? [{ ref: router.ref, canary }] : [];
  },
  hashes,
  desired: (routed, goal) => [
    ...routerWrites(routed, { canary: goal.canary.weight, stable: goal.stable.weight }),
    ...nodeWrites(routed, goal),
  ],
  giveBack: (routed) => [
    ...routerWrites(routed, { canary: 0, stable: 100 }),
    ...nodesOf(routed).flatMap((named) => relabelled(named, routed, {})),
  ],
};

function meshOf({ spec }: Rollout): AppMeshTrafficRouting {
  return spec?.strategy?.canary?.trafficRouting?.appMesh ?? {};
}

function nodeName({ virtualNodeGroup }: AppMeshTrafficRouting, side: Side): string {
  return virtualNodeGroup?.[`${side}VirtualNodeRef`]?.name ?? '';
}

function nodePath(side: Side): string {
  return `${field}.virtualNodeGroup.${side}VirtualNodeRef.name`;
}

function service({ rollout }: Routed): Named<'AppMeshVirtualService'> {
  const { name = '' } = meshOf(rollout).virtualService ?? {};
  const ref = { kind: 'AppMeshVirtualService', namespace: namespaceOf(rollout), name } as const;
  return { path: `${field}.virtualService.name`, ref };
}

/** None as long as the VirtualService is not known, and where it has none. */
function routerOf(routed: Routed): Named<'VirtualRouter'>[] {
  const { path, ref } = service(routed);
  const found = objectOf(service(routed), routed.answers);
  const { name, namespace } =
    ((found?.spec ?? {}) as ServiceSpec).provider?.virtualRouter?.virtualRouterRef ?? {};
  const place = { kind: 'VirtualRouter', namespace: namespace || ref.namespace } as const;
  return name ? [{ path, ref: { ...place, name } }] : [];
}

function node(side: Side, { rollout }: Routed): Named<'VirtualNode'> {
  const ref = { kind: 'VirtualNode', namespace: namespaceOf(rollout) } as const;
  return { path: nodePath(side), ref: { ...ref, name: nodeName(meshOf(rollout), side) } };
}

function nodesOf(routed: Routed): Named<'VirtualNode'>[] {
  return sides.map((side) => node(side, routed));
}

/** argo v1.10.1 pkg/apis/rollouts/validation/validation_references.go ValidateAppMeshVirtualRouter */
function routerFaults(routed: Routed): FieldError[] {
  const named = service(routed);
  const is = `names the VirtualService ${named.ref.name}`;
  if (!objectOf(named, routed.answers)) return objectFaults(named, routed.answers);
  const [router] = routerOf(routed);
  if (!router) return fieldError(named.path, `${is}, which has no VirtualRouter; give it one`);
  const found = objectOf(router, routed.answers);
  if (!found) {
    return objectFaults(router, routed.answers).map(({ path, message }) => ({
      ...{ path, message: `${is}, which ${message}` },
    }));
  }
  const what = `${is}, whose VirtualRouter ${router.ref.name}`;
  const routes = routesOf(found);
  if (routes.length === 0) return fieldError(named.path, `${what} has no routes; add one`);
  const listed = meshOf(routed.rollout).virtualService?.routes ?? [];
  const missing = listed.flatMap((name, index) => {
    const path = `${field}.virtualService.routes[${index}]`;
    const message = `names a route that the VirtualRouter ${router.ref.name} does not have; add it there`;
    return routes.some((route) => route.name === name) ? [] : fieldError(path, message);
  });
  const asSides = nodesAsSides(routed);
  const { canary, stable } = asSides.services;
  const [whose, how] = isForeign(asSides)
    ? [` of the namespace ${named.ref.namespace}`, ', with that namespace']
    : ['', ''];
  const incomplete = weightedRoutes(routed).flatMap((route) => {
    const found = targetsOf(route).map((target) => sideOf(backendOf(target), asSides));
    const message =
      `${what} has a route ${route.name} whose weightedTargets are not just the VirtualNodes ` +
      `${stable} and ${canary}${whose}; give it these two${how}`;
    const isWhole = found.length === 2 && sides.every((side) => found.includes(side));
    return isWhole ? [] : fieldError(named.path, message);
  });
  return [...missing, ...incomplete];
}

function routesOf({ spec }: KubernetesObject): Route[] {
  const { routes } = (spec ?? {}) as { routes?: Route[] };
  return Array.isArray(routes) ? routes : [];
}

/** Those that are listed; all where none are. */
function weightedRoutes(routed: Routed): Route[] {
  const [router] = routerOf(routed);
  const found = router && objectOf(router, routed.answers);
  const { routes: listed = [] } = meshOf(routed.rollout).virtualService ?? {};
  const routes = found ? routesOf(found) : [];
  return routes.filter(({ name = '' }) => listed.length === 0 || listed.includes(name));
}

function canaryWeights(routed: Routed): number[] {
  return weightedRoutes(routed).map((route) =>
    canaryPart(targetsOf(route).map(backendOf), nodesAsSides(routed)),
  );
}

function ruleOf(route: Route): { key: string; rule: RouteRule } | undefined {
  const key = ruleFields.find((each) => route[each] !== undefined);
  return key === undefined ? undefined : { key, rule: route[key] as RouteRule };
}

function targetsOf(route: Route): Target[] {
  return ruleOf(route)?.rule.action?.weightedTargets ?? [];
}

function backendOf({ virtualNodeRef = {}, weight = 0 }: Target): Backend {
  return { ...virtualNodeRef, weight };
}

/** VirtualNodes stand where other routers have Services, without a namespace in that of their router. */
function nodesAsSides(routed: Routed): Sides {
  const { rollout } = routed;
  const mesh = meshOf(rollout);
  const [router] = routerOf(routed);
  return {
    rollout,
    ...(router && { from: router.ref.namespace }),
    services: { canary: nodeName(mesh, 'canary'), stable: nodeName(mesh, 'stable') },
  };
}

function routerWrites(routed: Routed, weights: Record<Side, number>): Write[] {
  const [router] = routerOf(routed);
  const found = router && objectOf(router, routed.answers);
  if (!found) return [];
  const own = weightedRoutes(routed);
  const routes = routesOf(found).map((route) => {
    const { key, rule } = ruleOf(route) ?? {};
    if (!own.includes(route) || key === undefined) return route;
    const weightedTargets = targetsOf(route).map((target) => {
      const side = sideOf(backendOf(target), nodesAsSides(routed));
      return side ? withWeight(target, weights[side]) : target;
    });
    return { ...route, [key]: { ...rule, action: { ...rule?.action, weightedTargets } } };
  });
  if (routes.length === 0) return [];
  const spec = { ...(found.spec as object), routes };
  return changed('VirtualRouter', found, { ...found, spec });
}

function labelsOf({ spec }: KubernetesObject): Record<string, string> {
  return ((spec ?? {}) as NodeSpec).podSelector?.matchLabels ?? {};
}

/** Without a hash a VirtualNode chooses pods of any version. */
function hashes(routed: Routed): Hashes {
  const found = sides.flatMap((side) => {
    const object = objectOf(node(side, routed), routed.answers);
    return object ? [[side, labelsOf(object)[hashLabel] ?? '']] : [];
  });
  return Object.fromEntries(found);
}

function nodeWrites(routed: Routed, goal: TrafficGoal): Write[] {
  const wanted = { canary: canaryHash(routed, goal), stable: goal.stable.hash };
  // With no hash wanted, the one that is there stays.
  return sides.flatMap((side) =>
    wanted[side] === ''
      ? []
      : relabelled(node(side, routed), routed, { [hashLabel]: wanted[side] }),
  );
}

/**
 * Two VirtualNodes must not choose the same pods, since a pod becomes part of one when it is made. So an idle
 * canary has its pods from their beginning, and none while there is no canary.
 */
function canaryHash(routed: Routed, { canary, stable }: TrafficGoal): string {
  const isIdle = [canary.weight, ...canaryWeights(routed)].every((weight) => weight === 0);
  if (!isIdle) return canary.hash === stable.hash ? '' : canary.hash;
  const { currentPodHash = '' } = routed.rollout.status ?? {};
  return currentPodHash === stable.hash || currentPodHash === '' ? noCanary : currentPodHash;
}

/** The VirtualNode with this hash among its labels, or with none. */
function relabelled(
  named: Named<'VirtualNode'>,
  { answers }: Routed,
  hash: Record<string, string>,
): Write[] {
  const found = objectOf(named, answers);
  if (!found || labelsOf(found)[hashLabel] === hash[hashLabel]) return [];
  const { [hashLabel]: _, ...others } = labelsOf(found);
  const { podSelector, ...spec } = (found.spec ?? {}) as NodeSpec;
  const matchLabels = { ...others, ...hash };
  return changed('VirtualNode', found, {
    ...found,
    spec: { ...spec, podSelector: { ...podSelector, matchLabels } },
  });
}
