import type { Rollout } from '../../../../model/argo.generated.ts';
import type { KubernetesObject } from '../../../../model/kinds.ts';
import { nameOf } from '../../../../model/workload.ts';
import {
  type Backend,
  haveBoth,
  isInOwn,
  type Side,
  type Sides,
  sideOf,
  withWeight,
} from '../../backends.ts';
import { namespaceOf } from '../../objects.ts';
import type { TrafficGoal } from '../../router.ts';

// The rules of a Gateway API route, and the weights of their backends.

export type Rule = {
  name?: string;
  matches?: Match[];
  filters?: Filter[];
  backendRefs?: BackendRef[];
};
export type Match = {
  path?: { type?: string; value?: string };
  /** Of a GRPCRoute it has a service and a method. */
  method?: unknown;
  headers?: HeaderMatch[];
};
export type HeaderMatch = { type?: string; name?: string; value?: string };
export type Filter = {
  type?: string;
  requestMirror?: { backendRef?: BackendRef; percent?: number };
};
export type BackendRef = Backend & { group?: string; kind?: string; port?: number };

export function rulesOf({ spec }: KubernetesObject): Rule[] {
  const { rules } = (spec ?? {}) as { rules?: Rule[] };
  return Array.isArray(rules) ? rules : [];
}

export function backendOf(rule: Rule, side: Side, sides: Sides): BackendRef | undefined {
  return rule.backendRefs?.find((ref) => sideOf(ref, sides) === side);
}

/** Only such a rule has weights: with one backend for all requests, a weight of 0 would refuse them. */
export function leadsToBoth(rule: Rule, sides: Sides): boolean {
  return haveBoth(rule.backendRefs ?? [], sides);
}

export function weighted(rule: Rule, sides: Sides, goal: TrafficGoal): Rule {
  const { backendRefs = [] } = rule;
  const kept = backendRefs.flatMap((ref) => {
    const side = sideOf(ref, sides);
    if (side) return [withWeight(ref, goal[side].weight)];
    if (!isInOwn(ref, sides)) return [ref];
    const experiment = goal.additional.find(({ service }) => service === ref.name);
    if (experiment) return [withWeight(ref, experiment.weight)];
    return isOfExperiment(ref.name ?? '', sides.rollout) ? [] : [ref];
  });
  const added = goal.additional
    .filter(({ service }) =>
      backendRefs.every((ref) => ref.name !== service || !isInOwn(ref, sides)),
    )
    .map(({ service, weight }) => ({ ...experimentBackend(rule, sides), name: service, weight }));
  return { ...rule, backendRefs: [...kept, ...added] };
}

/**
 * The Service of an experiment's template has the ports of its containers.
 * argo v1.10.1 experiments/experiment.go createTemplateService
 */
function experimentBackend(rule: Rule, sides: Sides): BackendRef {
  const { rollout } = sides;
  const containers = rollout.spec?.template?.spec?.containers ?? [];
  const ports = containers.flatMap((container) => container.ports ?? []);
  const chosen = ports.find(({ name }) => name === 'http') ?? ports[0];
  const port = chosen?.containerPort ?? backendOf(rule, 'canary', sides)?.port;
  return { namespace: namespaceOf(rollout), ...(port !== undefined && { port }) };
}

/**
 * Whether a Service is that of an experiment, which goes with it: its name was told by the status or is in
 * a step, or it is one that an experiment of a step gives: ROLLOUT-HASH-REVISION-STEP-TEMPLATE.
 * argo v1.10.1 rollout/experiment.go
 */
function isOfExperiment(service: string, rollout: Rollout): boolean {
  const told = rollout.status?.canary?.weights?.additional ?? [];
  const steps = rollout.spec?.strategy?.canary?.steps ?? [];
  const templates = steps.flatMap(({ experiment }) => experiment?.templates ?? []);
  const prefix = `${nameOf(rollout)}-`;
  return (
    told.some(({ serviceName }) => serviceName === service) ||
    templates.some((template) => template.service?.name === service) ||
    (service.startsWith(prefix) &&
      /^[0-9a-z]+-\d+-\d+(?:-\d+)?-./.test(service.slice(prefix.length)))
  );
}
