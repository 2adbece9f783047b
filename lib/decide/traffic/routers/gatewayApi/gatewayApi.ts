import type { Rollout } from '../../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../../model/faults.ts';
import type { KubernetesObject } from '../../../../model/kinds.ts';
import type { Write } from '../../../../model/plan.ts';
import { type ListRead, type Need, okOf } from '../../../../model/reads.ts';
import { nameOf } from '../../../../model/workload.ts';
import { selectorText } from '../../../release/selector.ts';
import { canaryPart, isForeign, isInOwn, type Sides } from '../../backends.ts';
import {
  changed,
  type Named,
  namespaceOf,
  needOf,
  objectFaults,
  objectOf,
  unread,
  unserved,
} from '../../objects.ts';
import type { Carried, Routed, Router, TrafficGoal } from '../../router.ts';
import { managedBy, managedIn, withManaged } from './managedRules.ts';
import { leadsToBoth, type Rule, rulesOf } from './rules.ts';
import {
  isUsed,
  type RouteKind,
  type RouteSetting,
  type SelectorSetting,
  settingsFaults,
  settingsOf,
} from './settings.ts';

// Routes of the Gateway API, which many gateways carry out, name their backends with weights. Argo Rollouts
// leaves them to a plugin: argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi 0.15.

export const gatewayApi: Router = {
  name: 'plugins["argoproj-labs/gatewayAPI"]',
  isUsed,
  can: ['additional', 'headerRoutes', 'mirrorRoutes', 'pingPong', 'totalWeight'],
  needsServices: () => true,
  validate: (rollout) => [...settingsFaults(rollout), ...methodFaults(rollout)],
  needs: (routed) => [...listNeeds(routed), ...routesOf(routed).map(({ named }) => needOf(named))],
  check: (routed) => {
    const routes = routesOf(routed);
    return [
      ...selectorFaults(routed, routes),
      ...routes.flatMap((route) => routeFaults(route, routed)),
    ];
  },
  carries: (routed) =>
    routesOf(routed).flatMap((route): Carried[] => {
      const { ref } = route.named;
      const found = objectOf(route.named, routed.answers);
      const rules = found ? splitRules(found, route, routed) : [];
      if (!found || rules.length === 0) return [];
      const canary = rules.map(({ backendRefs = [] }) =>
        canaryPart(backendRefs, sidesIn(route, routed)),
      );
      return [{ ref, canary, routes: managedIn(rulesOf(found), contextOf(route, routed)) }];
    }),
  desired: (routed, goal) => routesOf(routed).flatMap((route) => routeWrites(route, routed, goal)),
  giveBack: (routed) => {
    const { canary, stable } = routed.services;
    const none = { total: 100, additional: [], routes: [] };
    const goal = {
      ...none,
      canary: { service: canary, weight: 0, hash: '' },
      stable: { service: stable, weight: 100, hash: '' },
    };
    return routesOf(routed).flatMap((route) => routeWrites(route, routed, goal));
  },
};

/** Named, or found by labels: each once. */
type Route = { named: Named<RouteKind>; hasHeaderRoutes: boolean };

function routesOf(routed: Routed): Route[] {
  const { namespace, routes, selectors } = settingsOf(routed.rollout);
  const found = selectors.flatMap((selected): RouteSetting[] => {
    const { path, kind } = selected;
    const objects = okOf(routed.answers.list(listOf(selected, routed.rollout))) ?? [];
    return objects.map((object) => ({ path, kind, name: nameOf(object), hasHeaderRoutes: false }));
  });
  const all = [...routes, ...found];
  const isSame = (one: RouteSetting, { kind, name }: RouteSetting) =>
    one.kind === kind && one.name === name;
  return all.flatMap((route, index) => {
    const same = all.filter((other) => isSame(other, route));
    if (same[0] !== all[index]) return [];
    const { path, kind, name } = route;
    const hasHeaderRoutes = same.some((other) => other.hasHeaderRoutes);
    return [{ named: { path, ref: { kind, namespace, name } }, hasHeaderRoutes }];
  });
}

function listOf({ kind, selector }: SelectorSetting, rollout: Rollout): ListRead<RouteKind> {
  const { namespace } = settingsOf(rollout);
  return { list: kind, namespace, selector: selectorText(selector) };
}

function listNeeds({ rollout }: Routed): Need[] {
  return settingsOf(rollout).selectors.map((selected) => ({
    read: listOf(selected, rollout),
    bears: 'all',
  }));
}

function selectorFaults({ rollout, answers }: Routed, routes: Route[]): FieldError[] {
  const { selectors } = settingsOf(rollout);
  const faults = selectors.flatMap((selected) => {
    const answer = answers.list(listOf(selected, rollout));
    if (!answer || 'ok' in answer) return [];
    const why = 'failed' in answer ? `which ${unread(answer)}` : unserved(selected.kind);
    return fieldError(selected.path, `chooses ${selected.kind}s, ${why}`);
  });
  const [first] = selectors;
  if (faults.length > 0 || routes.length > 0 || !first) return faults;
  return fieldError(first.path, `chooses no ${first.kind}; give one these labels, or name it`);
}

function routeFaults(route: Route, routed: Routed): FieldError[] {
  const { named } = route;
  const found = objectOf(named, routed.answers);
  if (!found) return objectFaults(named, routed.answers);
  if (splitRules(found, route, routed).length > 0) return sharedFaults(route, found, routed);
  const { canary, stable } = routed.services;
  const { kind, namespace, name } = named.ref;
  const [where, whose, how] = isForeign(sidesIn(route, routed))
    ? [
        ` of the namespace ${namespace}`,
        ` of the namespace ${namespaceOf(routed.rollout)}`,
        ' with that namespace',
      ]
    : ['', '', ''];
  const message =
    `names the ${kind} ${name}${where}, of which no rule leads to both ${stable} and ` +
    `${canary}${whose}; give one of its rules the two Services as backendRefs${how}`;
  return fieldError(named.path, message);
}

/** A rule of a step asks for more than the one it is made of, and may so take requests of yet another. */
function sharedFaults(route: Route, found: KubernetesObject, routed: Routed): FieldError[] {
  const { steps = [] } = routed.rollout.spec?.strategy?.canary ?? {};
  const isAsked = steps.some(
    ({ setHeaderRoute, setMirrorRoute }) =>
      (setHeaderRoute && takesHeaders(route)) ||
      (setMirrorRoute && takesMirrors(route.named.ref.kind)),
  );
  const sides = sidesIn(route, routed);
  if (!isAsked || !isShared(found, sides)) return [];
  const { path, ref } = route.named;
  const message =
    `names the ${ref.kind} ${ref.name} of the namespace ${ref.namespace}, of which not all rules ` +
    `lead to the namespace ${namespaceOf(routed.rollout)} alone; name one of which all do, or remove ` +
    'the steps that set routes, since those could take requests of the others';
  return fieldError(path, message);
}

function isShared(found: KubernetesObject, sides: Sides): boolean {
  const leadsToOwn = ({ backendRefs = [] }: Rule): boolean =>
    backendRefs.length > 0 && backendRefs.every((ref) => isInOwn(ref, sides));
  return isForeign(sides) && !rulesOf(found).every(leadsToOwn);
}

/** A backend without a namespace is in that of its route. */
function sidesIn({ named }: Route, { rollout, services }: Routed): Sides {
  return { rollout, services, from: named.ref.namespace };
}

function contextOf(route: Route, routed: Routed): Sides & { kind: RouteKind } {
  return { ...sidesIn(route, routed), kind: route.named.ref.kind };
}

/** The rules whose weights are set. */
function splitRules(found: KubernetesObject, route: Route, routed: Routed): Rule[] {
  const rules = rulesOf(found);
  const context = contextOf(route, routed);
  const isManaged = managedBy(rules, context);
  return rules.filter((rule) => leadsToBoth(rule, context) && !isManaged(rule));
}

function routeWrites(route: Route, routed: Routed, goal: TrafficGoal): Write[] {
  const { kind } = route.named.ref;
  const found = objectOf(route.named, routed.answers);
  if (!found) return [];
  const context = contextOf(route, routed);
  if (isForeign(context) && splitRules(found, route, routed).length === 0) return [];
  const asked = isShared(found, context) ? [] : goal.routes;
  const wanted = asked.filter((each) =>
    'mirror' in each ? takesMirrors(kind) : takesHeaders(route),
  );
  const rules = withManaged(rulesOf(found), goal, wanted, context);
  const isPlain = [goal.canary, ...goal.additional].every(({ weight }) => weight === 0);
  const labels = labelsOf(found, context, isPlain && wanted.length === 0);
  return changed(kind, found, {
    ...found,
    metadata: { ...found.metadata, ...(labels && { labels }) },
    ...(rules.length > 0 && { spec: { ...(found.spec as object), rules } }),
  });
}

function takesHeaders({ named, hasHeaderRoutes }: Route): boolean {
  return hasHeaderRoutes && takesMirrors(named.ref.kind);
}

function takesMirrors(kind: RouteKind): boolean {
  return kind === 'HTTPRoute' || kind === 'GRPCRoute';
}

/**
 * A label tells GitOps controllers that the route is not as its manifest has it. One that a route of another
 * namespace has of its own stays.
 */
function labelsOf(
  { metadata = {} }: KubernetesObject,
  sides: Sides,
  isPlain: boolean,
): Record<string, string> | undefined {
  const { label } = settingsOf(sides.rollout);
  if (!label) return metadata.labels;
  const present = metadata.labels?.[label.key] ?? label.value;
  if (isForeign(sides) && present !== label.value) return metadata.labels;
  if (!isPlain) return { ...metadata.labels, [label.key]: label.value };
  const { [label.key]: before, ...others } = metadata.labels ?? {};
  return before === undefined ? metadata.labels : others;
}

/** An HTTPRoute has methods by name only. */
function methodFaults({ spec }: Rollout): FieldError[] {
  return (spec?.strategy?.canary?.steps ?? []).flatMap(({ setMirrorRoute }, step) =>
    (setMirrorRoute?.match ?? []).flatMap(({ method }, index) => {
      const path = `spec.strategy.canary.steps[${step}].setMirrorRoute.match[${index}].method`;
      const isFaulty = method !== undefined && !method.exact;
      return isFaulty ? fieldError(path, 'must be exact: a route has no part of a method') : [];
    }),
  );
}
