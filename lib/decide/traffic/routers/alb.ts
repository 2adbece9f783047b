import type { ALBTrafficRouting, Rollout, SetHeaderRoute } from '../../../model/argo.generated.ts';
import { goJson } from '../../../model/encode.ts';
import { type FieldError, fieldError } from '../../../model/faults.ts';
import type { KubernetesObject } from '../../../model/kinds.ts';
import type { Write } from '../../../model/plan.ts';
import { annotationOf, nameOf } from '../../../model/workload.ts';
import {
  changed,
  type Either,
  eitherFaults,
  hostnamesIn,
  type Named,
  namedBy,
  needOf,
  objectFaults,
  objectOf,
} from '../objects.ts';
import type {
  Carried,
  CarriedRoute,
  Destination,
  Fronted,
  Routed,
  Router,
  TrafficGoal,
} from '../router.ts';

// The AWS Load Balancer Controller takes the weights from an annotation that is named as the backend of a
// path, `actions.NAME`, and what a request must be like for it from `conditions.NAME`.
// argo v1.10.1 rollout/trafficrouting/alb/alb.go

type Rule = { http?: { paths?: Path[] } };
type Path = {
  path?: string;
  pathType?: string;
  backend?: { service?: { name?: string; port?: { name?: string } } };
};

const field = 'spec.strategy.canary.trafficRouting.alb';
/** By rollout, the annotations that are its own. argo v1.10.1 utils/ingress/ingress.go */
const managedAnnotation = 'rollouts.argoproj.io/managed-alb-annotations';
/** The port of a backend that is an annotation. */
const useAnnotation = 'use-annotation';

export const alb: Router = {
  name: 'alb',
  isUsed: (routing) => routing.alb !== undefined,
  can: ['additional', 'headerRoutes', 'pingPong'],
  prefersPingPong: true,
  needsServices: () => true,
  validate,
  needs: ({ rollout }) => ingressesOf(rollout).map(needOf),
  check: (routed) => ingressesOf(routed.rollout).flatMap((named) => ingressFaults(named, routed)),
  carries: (routed) =>
    ingressesOf(routed.rollout).flatMap((named): Carried[] => {
      const ingress = objectOf(named, routed.answers);
      const canary = ingress ? weightIn(ingress, routed) : [];
      const routes = ingress ? headerRoutesIn(ingress, routed.rollout) : [];
      return canary.length > 0 ? [{ ref: named.ref, canary, routes }] : [];
    }),
  loadBalancers: ({ rollout, answers }) =>
    ingressesOf(rollout).flatMap((named) => {
      const ingress = objectOf(named, answers);
      return ingress ? frontedBy(ingress, named, rollout) : [];
    }),
  desired: (routed, goal) =>
    ingressesOf(routed.rollout).flatMap((named) => {
      const ingress = objectOf(named, routed.answers);
      if (!ingress) return [];
      return changed('Ingress', ingress, routedTo(goal, ingress, routed));
    }),
  giveBack: (routed) =>
    ingressesOf(routed.rollout).flatMap((named): Write[] => {
      const ingress = objectOf(named, routed.answers);
      if (!ingress || !managedOn(ingress)?.has(nameOf(routed.rollout))) return [];
      return changed('Ingress', ingress, givenBack(ingress, routed));
    }),
};

function albOf({ spec }: Rollout): ALBTrafficRouting {
  return spec?.strategy?.canary?.trafficRouting?.alb ?? { servicePort: 0 };
}

function ingressFields(rollout: Rollout): Either {
  const { ingress, ingresses } = albOf(rollout);
  return { field, one: ['ingress', ingress], several: ['ingresses', ingresses] };
}

function ingressesOf(rollout: Rollout): Named<'Ingress'>[] {
  return namedBy('Ingress', ingressFields(rollout), rollout);
}

/** The backend of the paths whose requests are shared out. */
function rootOf(rollout: Rollout): string {
  return albOf(rollout).rootService || (rollout.spec?.strategy?.canary?.stableService ?? '');
}

/** argo v1.10.1 pkg/apis/rollouts/validation/validation.go */
function validate(rollout: Rollout): FieldError[] {
  const { servicePort, stickinessConfig, rootService } = albOf(rollout);
  const { pingPong, trafficRouting, steps = [] } = rollout.spec?.strategy?.canary ?? {};
  const faults = eitherFaults(ingressFields(rollout), 'the Ingress whose requests are shared out');
  if (servicePort < 1 || servicePort > 65535) {
    const message = `must be a port of the Services, between 1 and 65535, not ${servicePort}`;
    faults.push(...fieldError(`${field}.servicePort`, message));
  }
  const { enabled, durationSeconds = 0 } = stickinessConfig ?? {};
  if (enabled && (durationSeconds < 1 || durationSeconds > 604800)) {
    const message = `must be between 1 and 604800 (7 days), not ${durationSeconds}`;
    faults.push(...fieldError(`${field}.stickinessConfig.durationSeconds`, message));
  }
  if (pingPong && !rootService) {
    const message =
      'is missing; with pingPong, name the Service that the paths of the Ingress lead to';
    faults.push(...fieldError(`${field}.rootService`, message));
  }
  const clashing = (trafficRouting?.managedRoutes ?? []).flatMap(({ name }, index) => {
    const path = `spec.strategy.canary.trafficRouting.managedRoutes[${index}].name`;
    const message = `must not be ${name}, which paths of the Ingress lead to; give the route another`;
    return name === rootOf(rollout) ? fieldError(path, message) : [];
  });
  const inexact = steps.flatMap(({ setHeaderRoute }, index) =>
    (setHeaderRoute?.match ?? []).flatMap(({ headerValue = {} }, place) => {
      const path = `spec.strategy.canary.steps[${index}].setHeaderRoute.match[${place}].headerValue`;
      // That it has just one form is for the kind of step to say.
      const { exact, prefix, regex } = headerValue;
      const message = 'must be given by exact, in which * and ? stand for any characters';
      return exact || Boolean(prefix) === Boolean(regex) ? [] : fieldError(path, message);
    }),
  );
  return [...faults, ...clashing, ...inexact];
}

function ingressFaults(named: Named<'Ingress'>, { rollout, answers }: Routed): FieldError[] {
  const ingress = objectOf(named, answers);
  if (!ingress) return objectFaults(named, answers);
  const root = rootOf(rollout);
  const is = `names the Ingress ${named.ref.name}`;
  if (!rulesOf(ingress).some((rule) => leadsTo(rule, root))) {
    const message = `${is}, of which no rule leads to the Service ${root}; give it a path with that backend`;
    return fieldError(named.path, message);
  }
  if (managedOn(ingress)) return [];
  const message = `${is}, whose annotation ${managedAnnotation} cannot be read; remove it`;
  return fieldError(named.path, message);
}

function rulesOf({ spec }: KubernetesObject): Rule[] {
  const { rules = [] } = (spec ?? {}) as { rules?: Rule[] };
  return rules;
}

function leadsTo({ http }: Rule, name: string): boolean {
  return (http?.paths ?? []).some(({ backend }) => backend?.service?.name === name);
}

/** Undefined where the annotation is not what Argo and Serin write. */
function managedOn(ingress: KubernetesObject): Map<string, string[]> | undefined {
  const value = parsed(annotationOf(ingress, managedAnnotation) || '{}');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).map(([name, keys]) => [name, keys ?? []] as const);
  const isSound = entries.every(
    ([, keys]) => Array.isArray(keys) && keys.every((key) => typeof key === 'string'),
  );
  return isSound ? new Map(entries) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function keyOf(rollout: Rollout, kind: 'actions' | 'conditions', name: string): string {
  const prefix = albOf(rollout).annotationPrefix || 'alb.ingress.kubernetes.io';
  return `${prefix}/${kind}.${name}`;
}

/** The part of 100 that the action gives the canary; nothing where there is no such action. */
function weightIn(ingress: KubernetesObject, { rollout, services }: Routed): number[] {
  const action = parsed(annotationOf(ingress, keyOf(rollout, 'actions', rootOf(rollout))) ?? '');
  const groups = given(given(action, 'forwardConfig'), 'targetGroups');
  if (!Array.isArray(groups)) return [];
  const weights = groups.map((group) => ({
    isCanary: given(group, 'serviceName') === services.canary,
    weight: Number(given(group, 'weight') ?? 1) || 0,
  }));
  const sum = (list: typeof weights) => list.reduce((all, { weight }) => all + weight, 0);
  const weight = sum(weights.filter(({ isCanary }) => isCanary));
  const total = sum(weights);
  return [total > 0 ? Math.max(weight, Math.ceil((weight * 100) / total)) : 0];
}

/** By the tag `NAMESPACE/INGRESS-SERVICE:PORT`. argo v1.10.1 utils/aws/aws.go BuildTargetGroupResourceID */
function frontedBy(
  ingress: KubernetesObject,
  { ref }: Named<'Ingress'>,
  rollout: Rollout,
): Fronted {
  const { namespace, name } = ref;
  const port = albOf(rollout).servicePort;
  return {
    ...{ ref, label: `Ingress ${name}`, tag: 'ingress.k8s.aws/resource' },
    version: ingress.metadata?.resourceVersion ?? '',
    hostnames: hostnamesIn(ingress),
    port,
    resource: (service) => `${namespace}/${name}-${service}:${port}`,
  };
}

/** A field of an action, which both `TargetGroups` and `targetGroups` name. */
function given(value: unknown, name: string): unknown {
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return fields.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/** What an Ingress is to have of the rollout: `owns` nothing once it is given back. */
type Wanted = { groups: Destination[]; headers: Header[]; owns: boolean };
type Header = { name: string; header: SetHeaderRoute };

function routedTo(goal: TrafficGoal, ingress: KubernetesObject, routed: Routed): KubernetesObject {
  const { canary, stable } = routed.services;
  const groups = [
    { ...goal.canary, service: canary },
    ...goal.additional,
    { ...goal.stable, service: stable },
  ];
  const headers = goal.routes.flatMap((route) => ('header' in route ? [route] : []));
  return rewritten(ingress, routed, { groups, headers, owns: true });
}

/** The paths need their action still, and with it the stable Service alone. */
function givenBack(ingress: KubernetesObject, routed: Routed): KubernetesObject {
  const groups = [{ service: routed.services.stable, weight: 100, hash: '' }];
  return rewritten(ingress, routed, { groups, headers: [], owns: false });
}

function rewritten(ingress: KubernetesObject, routed: Routed, wanted: Wanted): KubernetesObject {
  const { rollout } = routed;
  const root = rootOf(rollout);
  const managed = managedOn(ingress) ?? new Map<string, string[]>();
  const own = managed.get(nameOf(rollout)) ?? [];
  const names = routeNames(rollout, own);
  const values = new Map([
    [keyOf(rollout, 'actions', root), forward(rollout, wanted.groups)],
    ...wanted.headers.flatMap((each) => headerValues(each, routed)),
  ]);
  const ofRoutes = [
    ...own.filter((key) => names.includes(routeIn(key) ?? '')),
    ...names.flatMap((name) => [
      keyOf(rollout, 'actions', name),
      keyOf(rollout, 'conditions', name),
    ]),
  ];
  const gone = new Set(ofRoutes.filter((key) => !values.has(key)));
  const keys = [...new Set([...own, ...values.keys()])].filter((key) => !gone.has(key));
  if (wanted.owns) managed.set(nameOf(rollout), keys);
  else managed.delete(nameOf(rollout));
  const { [managedAnnotation]: _, ...others } = ingress.metadata?.annotations ?? {};
  const kept = Object.entries(others).filter(([key]) => !gone.has(key));
  const annotations = {
    ...Object.fromEntries([...kept, ...values]),
    ...(managed.size > 0 && { [managedAnnotation]: managedText(managed) }),
  };
  const rules = rulesOf(ingress).map((rule) => rerouted(rule, names, wanted.headers, root));
  return {
    ...ingress,
    metadata: { ...ingress.metadata, annotations },
    ...(rules.length > 0 && { spec: { ...(ingress.spec as object), rules } }),
  };
}

/** The routes of steps: those of the spec, and those that the Ingress has from a spec before. */
function routeNames(rollout: Rollout, own: string[]): string[] {
  const listed = rollout.spec?.strategy?.canary?.trafficRouting?.managedRoutes ?? [];
  const former = own.flatMap((key) => (key.includes('/conditions.') ? (routeIn(key) ?? []) : []));
  const names = [...listed.map(({ name }) => name), ...former];
  return [...new Set(names)].filter((name) => name !== rootOf(rollout));
}

function headerRoutesIn(ingress: KubernetesObject, rollout: Rollout): CarriedRoute[] {
  const own = managedOn(ingress)?.get(nameOf(rollout)) ?? [];
  return routeNames(rollout, own)
    .filter((name) => annotationOf(ingress, keyOf(rollout, 'conditions', name)) !== undefined)
    .map((name) => ({ name, sends: 'header' }));
}

function routeIn(key: string): string | undefined {
  return /\/(?:actions|conditions)\.(.+)$/.exec(key)?.[1];
}

/** As Go writes a map: in the order of its keys. */
function managedText(managed: Map<string, string[]>): string {
  const entries = [...managed].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, keys]) => `${goJson(name)}:${goJson(keys)}`).join(',')}}`;
}

function forward(rollout: Rollout, groups: Destination[]): string {
  const { servicePort, stickinessConfig } = albOf(rollout);
  const stickiness = stickinessConfig?.enabled && {
    TargetGroupStickinessConfig: {
      Enabled: true,
      DurationSeconds: stickinessConfig.durationSeconds,
    },
  };
  const targetGroups = groups.map(({ service, weight }) => ({
    ServiceName: service,
    ServicePort: String(servicePort),
    Weight: weight,
  }));
  return goJson({ Type: 'forward', ForwardConfig: { TargetGroups: targetGroups, ...stickiness } });
}

/** All requests that are as the conditions say go to the canary. */
function headerValues(
  { name, header: { match = [] } }: Header,
  { rollout, services }: Routed,
): [string, string][] {
  const values = new Map<string, string[]>();
  for (const { headerName, headerValue } of match) {
    values.set(headerName, [...(values.get(headerName) ?? []), headerValue?.exact ?? '']);
  }
  const conditions = [...values].map(([httpHeaderName, exact]) => ({
    field: 'http-header',
    httpHeaderConfig: { httpHeaderName, values: exact },
  }));
  const groups = [{ service: services.canary, weight: 100, hash: '' }];
  return [
    [keyOf(rollout, 'actions', name), forward(rollout, groups)],
    [keyOf(rollout, 'conditions', name), goJson(conditions)],
  ];
}

/** A rule that leads to the root has a path for each route of a step before all others; no other rule has. */
function rerouted(rule: Rule, names: string[], headers: Header[], root: string): Rule {
  const paths = rule.http?.paths;
  if (!paths) return rule;
  const ofRoutes = paths.filter(({ backend }) => {
    const { name = '', port } = backend?.service ?? {};
    return names.includes(name) && port?.name === useAnnotation;
  });
  const own = paths.filter((path) => !ofRoutes.includes(path));
  const wanted = leadsTo(rule, root) ? headers : [];
  const routes = wanted.map(
    ({ name }) =>
      ofRoutes.find(({ backend }) => backend?.service?.name === name) ?? {
        path: '/*',
        pathType: 'ImplementationSpecific',
        backend: { service: { name, port: { name: useAnnotation } } },
      },
  );
  return { ...rule, http: { ...rule.http, paths: [...routes, ...own] } };
}
