import type {
  HeaderRoutingMatch,
  Rollout,
  ApisixRoute as Route,
  SetHeaderRoute,
} from '../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../model/faults.ts';
import type { KubernetesObject } from '../../../model/kinds.ts';
import type { Write } from '../../../model/plan.ts';
import { type Backend, canaryPart, haveBoth, type Side, sideOf } from '../backends.ts';
import { changed, type Named, namespaceOf, needOf, objectFaults, objectOf } from '../objects.ts';
import { created, ownObject, ownObjectFaults, removed } from '../owned.ts';
import { prefixPattern } from '../prefix.ts';
import type { CarriedRoute, Routed, Router, TrafficGoal } from '../router.ts';

// Rules of an ApisixRoute have backends with weights. A header route is an ApisixRoute of its own, whose
// rules come before those that it copies. argo v1.10.1 rollout/trafficrouting/apisix/apisix.go

type Spec = { http?: Rule[]; [field: string]: unknown };
type Rule = {
  name?: string;
  priority?: number;
  match?: { exprs?: object[]; [field: string]: unknown };
  backends?: RuleBackend[];
  [field: string]: unknown;
};
type RuleBackend = { serviceName?: string; weight?: number; [field: string]: unknown };

const field = 'spec.strategy.canary.trafficRouting.apisix.route';
/** APISIX takes an absent weight for this. */
const defaultWeight = 100;

export const apisix: Router = {
  name: 'apisix',
  isUsed: (routing) => routing.apisix !== undefined,
  can: ['headerRoutes'],
  needsServices: () => true,
  validate: (rollout) => [...routeNameFaults(rollout), ...clashes(rollout)],
  needs: (routed) => [mainRoute(routed), ...headerRoutes(routed)].map(needOf),
  check: (routed) => [
    ...mainFaults(routed),
    ...headerRoutes(routed)
      .filter(({ ref }) => isOfHeaders(ref.name, routed.rollout))
      .flatMap((named) => ownObjectFaults(named, routed)),
  ],
  carries: (routed) => {
    const canary = weightedRules(routed).map(({ backends = [] }) =>
      canaryPart(backends.map(backendOf), routed),
    );
    const routes = headerRoutes(routed)
      .filter((named) => ownObject(named, routed))
      .map(({ ref }): CarriedRoute => ({ name: ref.name, sends: 'header' }));
    return canary.length > 0 ? [{ ref: mainRoute(routed).ref, canary, routes }] : [];
  },
  desired: (routed, goal) => [
    ...weightWrites(routed, { canary: goal.canary.weight, stable: goal.stable.weight }),
    ...headerWrites(routed, goal),
  ],
  giveBack: (routed) => [
    ...weightWrites(routed, { canary: 0, stable: 100 }),
    ...headerRoutes(routed).flatMap((named) => removed(named, routed)),
  ],
};

function routeOf({ spec }: Rollout): Partial<Route> {
  return spec?.strategy?.canary?.trafficRouting?.apisix?.route ?? {};
}

/** The rules whose weights are set: one with the name of the route, where none are listed. */
function ruleNames(rollout: Rollout): { path: string; name: string }[] {
  const { name = '', rules = [] } = routeOf(rollout);
  if (rules.length === 0) return [{ path: `${field}.name`, name }];
  return rules.map((rule, index) => ({ path: `${field}.rules[${index}]`, name: rule }));
}

function mainRoute({ rollout }: Routed): Named<'ApisixRoute'> {
  const { name = '' } = routeOf(rollout);
  return { path: `${field}.name`, ref: { ...placeOf(rollout), name } };
}

function placeOf(rollout: Rollout): { kind: 'ApisixRoute'; namespace: string } {
  return { kind: 'ApisixRoute', namespace: namespaceOf(rollout) };
}

/** Those that there may be. */
function headerRoutes({ rollout }: Routed): Named<'ApisixRoute'>[] {
  const { managedRoutes = [] } = rollout.spec?.strategy?.canary?.trafficRouting ?? {};
  return managedRoutes.map(({ name }, index) => ({
    path: `spec.strategy.canary.trafficRouting.managedRoutes[${index}].name`,
    ref: { ...placeOf(rollout), name },
  }));
}

function isOfHeaders(name: string, { spec }: Rollout): boolean {
  const steps = spec?.strategy?.canary?.steps ?? [];
  return steps.some(({ setHeaderRoute }) => setHeaderRoute?.name === name);
}

function routeNameFaults(rollout: Rollout): FieldError[] {
  return routeOf(rollout).name ? [] : fieldError(`${field}.name`, 'must name an ApisixRoute');
}

function clashes(rollout: Rollout): FieldError[] {
  const { name } = routeOf(rollout);
  const { managedRoutes = [] } = rollout.spec?.strategy?.canary?.trafficRouting ?? {};
  return managedRoutes.flatMap((route, index) => {
    const path = `spec.strategy.canary.trafficRouting.managedRoutes[${index}].name`;
    const message = `must not be ${name}, the ApisixRoute whose weights are set; give it another`;
    return route.name === name ? fieldError(path, message) : [];
  });
}

function mainFaults(routed: Routed): FieldError[] {
  const named = mainRoute(routed);
  const found = objectOf(named, routed.answers);
  if (!found) return objectFaults(named, routed.answers);
  const { canary, stable } = routed.services;
  return ruleNames(routed.rollout).flatMap(({ path, name }) => {
    const rule = rulesOf(found).find((each) => each.name === name);
    if (!rule) {
      const message =
        `names the rule ${name}, which the ApisixRoute ${named.ref.name} does not have; ` +
        'add it to its spec.http, or name another';
      return fieldError(path, message);
    }
    if (haveBoth((rule.backends ?? []).map(backendOf), routed)) return [];
    const message =
      `names the rule ${name} of the ApisixRoute ${named.ref.name}, whose backends are not both ` +
      `${stable} and ${canary}; add what is missing`;
    return fieldError(path, message);
  });
}

function rulesOf({ spec }: KubernetesObject): Rule[] {
  const { http } = (spec ?? {}) as Spec;
  return Array.isArray(http) ? http : [];
}

function backendOf({ serviceName = '', weight = defaultWeight }: RuleBackend): Backend {
  return { name: serviceName, weight };
}

function weightedRules(routed: Routed): Rule[] {
  const found = objectOf(mainRoute(routed), routed.answers);
  const names = ruleNames(routed.rollout).map(({ name }) => name);
  return found ? rulesOf(found).filter((rule) => names.includes(rule.name ?? '')) : [];
}

function weightWrites(routed: Routed, weights: Record<Side, number>): Write[] {
  const found = objectOf(mainRoute(routed), routed.answers);
  if (!found) return [];
  const own = weightedRules(routed);
  const http = rulesOf(found).map((rule) =>
    own.includes(rule) && rule.backends
      ? { ...rule, backends: rule.backends.map((each) => reweighted(each, routed, weights)) }
      : rule,
  );
  if (http.length === 0) return [];
  const spec = { ...(found.spec as object), http };
  return changed('ApisixRoute', found, { ...found, spec });
}

function reweighted(
  backend: RuleBackend,
  routed: Routed,
  weights: Record<Side, number>,
): RuleBackend {
  const side = sideOf(backendOf(backend), routed);
  if (!side || backendOf(backend).weight === weights[side]) return backend;
  return { ...backend, weight: weights[side] };
}

function headerWrites(routed: Routed, { routes }: TrafficGoal): Write[] {
  const main = objectOf(mainRoute(routed), routed.answers);
  return headerRoutes(routed).flatMap((named) => {
    if (ownObjectFaults(named, routed).length > 0) return [];
    const wanted = routes.find(({ name }) => name === named.ref.name);
    if (!main || !wanted || !('header' in wanted)) return removed(named, routed);
    const spec = headerSpec(main, wanted.header, routed);
    const annotations = ownAnnotations(main);
    const found = ownObject(named, routed);
    if (!found) return [created(named, { ...(annotations && { annotations }), spec }, routed)];
    return changed('ApisixRoute', found, {
      ...found,
      metadata: {
        ...found.metadata,
        ...(annotations && {
          annotations: { ...found.metadata?.annotations, ...annotations },
        }),
      },
      spec,
    });
  });
}

/** Those that APISIX reads. What others have put there to know their objects by stays theirs. */
function ownAnnotations({ metadata }: KubernetesObject): Record<string, string> | undefined {
  const read = Object.entries(metadata?.annotations ?? {}).filter(
    ([key]) => key === 'kubernetes.io/ingress.class' || key.startsWith('k8s.apisix.apache.org/'),
  );
  return read.length > 0 ? Object.fromEntries(read) : undefined;
}

/** All rules, of which those with weights have the canary alone, for requests with the headers. */
function headerSpec(main: KubernetesObject, header: SetHeaderRoute, routed: Routed): Spec {
  const { http: _, stream: __, ...spec } = (main.spec ?? {}) as Spec;
  const own = weightedRules(routed).map(({ name }) => name);
  const http = rulesOf(main).map((rule) => {
    if (!own.includes(rule.name)) return rule;
    const { match, priority = 0, backends = [] } = rule;
    const exprs = [...(match?.exprs ?? []), ...(header.match ?? []).flatMap(expressions)];
    const toCanary = backends
      .filter((backend) => sideOf(backendOf(backend), routed) === 'canary')
      .map((backend) => ({ ...backend, weight: 100 }));
    return {
      ...rule,
      match: { ...match, exprs },
      priority: priority + 1,
      backends: toCanary,
    };
  });
  return { ...spec, http };
}

/** A request has to be as all of them say. */
function expressions({ headerName, headerValue = {} }: HeaderRoutingMatch): object[] {
  const { exact, regex, prefix } = headerValue;
  const expression = (op: string, value: string) => ({
    subject: { scope: 'Header', name: headerName },
    ...{ op, value },
  });
  return [
    ...(exact ? [expression('Equal', exact)] : []),
    ...(regex ? [expression('RegexMatch', regex)] : []),
    ...(prefix ? [expression('RegexMatch', prefixPattern(prefix))] : []),
  ];
}
