import type { IstioDestinationRule, ObjectMeta } from '../../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../../model/faults.ts';
import type { KubernetesObject } from '../../../../model/kinds.ts';
import { hashLabel, managedByAnnotation } from '../../../../model/names.ts';
import type { Write } from '../../../../model/plan.ts';
import { annotationOf, nameOf } from '../../../../model/workload.ts';
import { changed, type Named, namespaceOf, objectFaults, objectOf } from '../../objects.ts';
import type { Hashes, Routed, TrafficGoal } from '../../router.ts';
import { type Host, hostOf } from './hosts.ts';

// A DestinationRule has for each version a subset, whose labels choose its pods.
// argo v1.10.1 rollout/trafficrouting/istio/istio.go UpdateHash

type DestinationRule = KubernetesObject & {
  metadata?: ObjectMeta;
  spec?: { host?: string; subsets?: Subset[] };
};
type Subset = { name?: string; labels?: Record<string, string>; [field: string]: unknown };

const field = 'spec.strategy.canary.trafficRouting.istio.destinationRule';

function ruleOf({ rollout }: Pick<Routed, 'rollout'>): IstioDestinationRule | undefined {
  return rollout.spec?.strategy?.canary?.trafficRouting?.istio?.destinationRule;
}

export function namedRules(routed: Pick<Routed, 'rollout'>): Named<'DestinationRule'>[] {
  const rule = ruleOf(routed);
  if (!rule) return [];
  const namespace = namespaceOf(routed.rollout);
  return [{ path: `${field}.name`, ref: { kind: 'DestinationRule', namespace, name: rule.name } }];
}

/** The host whose subsets the rule has; undefined where that is not one Service, or is not known. */
export function ruleHost(routed: Routed): Host | undefined {
  return namedRules(routed)
    .flatMap((named) => {
      const found: DestinationRule | undefined = objectOf(named, routed.answers);
      const { host } = found?.spec ?? {};
      return host && !host.includes('*') ? [hostOf(host, named.ref.namespace)] : [];
    })
    .at(0);
}

export function validateRule({ canarySubsetName, stableSubsetName }: IstioDestinationRule) {
  return canarySubsetName === stableSubsetName
    ? fieldError(`${field}.canarySubsetName`, 'must be another subset than stableSubsetName')
    : [];
}

export function ruleFaults(routed: Routed): FieldError[] {
  return namedRules(routed).flatMap((named) => {
    const found = objectOf(named, routed.answers);
    if (!found) return objectFaults(named, routed.answers);
    const own = nameOf(routed.rollout);
    const owner = annotationOf(found, managedByAnnotation) ?? own;
    const { name } = named.ref;
    if (owner !== own) {
      const message =
        `names the DestinationRule ${name}, which belongs to the rollout ${owner}; ` +
        `name another, or remove its annotation ${managedByAnnotation}`;
      return fieldError(named.path, message);
    }
    const names = subsetsOf(found).map((subset) => subset.name);
    return (['stableSubsetName', 'canarySubsetName'] as const).flatMap((key) => {
      const subset = ruleOf(routed)?.[key];
      const message = `names the subset ${subset}, which the DestinationRule ${name} does not have; add it`;
      return names.includes(subset) ? [] : fieldError(`${field}.${key}`, message);
    });
  });
}

export function ruleHashes(routed: Routed): Hashes {
  const rule = ruleOf(routed);
  const subsets = namedRules(routed).flatMap((named) => {
    const found = objectOf(named, routed.answers);
    return found ? subsetsOf(found) : [];
  });
  const hashOf = (name: string | undefined) =>
    subsets.find((subset) => subset.name === name)?.labels?.[hashLabel];
  const canary = hashOf(rule?.canarySubsetName);
  const stable = hashOf(rule?.stableSubsetName);
  return { ...(canary && { canary }), ...(stable && { stable }) };
}

export function ruleWrites(routed: Routed, goal: TrafficGoal): Write[] {
  const mark = { [managedByAnnotation]: nameOf(routed.rollout) };
  return rewritten(routed, (found) => ({
    annotations: { ...found.metadata?.annotations, ...mark },
    subsets: subsetsAfter(subsetsOf(found), goal, routed),
  }));
}

/** Neither mark nor hash is left. argo v1.10.1 rollout/trafficrouting/istio/controller.go */
export function ruleGivenBack(routed: Routed): Write[] {
  const none = { service: '', weight: 0, hash: '' };
  const goal = { total: 100, canary: none, stable: none, additional: [], routes: [] };
  return rewritten(routed, (found) => {
    const own = nameOf(routed.rollout);
    const { [managedByAnnotation]: owner = own, ...annotations } =
      found.metadata?.annotations ?? {};
    if (owner !== own) return undefined;
    return { annotations, subsets: subsetsAfter(subsetsOf(found), goal, routed) };
  });
}

type Changes = { annotations: Record<string, string>; subsets: Subset[] };

function rewritten(
  routed: Routed,
  change: (found: KubernetesObject) => Changes | undefined,
): Write[] {
  return namedRules(routed).flatMap((named) => {
    const found: DestinationRule | undefined = objectOf(named, routed.answers);
    const changes = found && change(found);
    if (!changes) return [];
    const { annotations, subsets } = changes;
    return changed('DestinationRule', found, {
      ...found,
      metadata: { ...found.metadata, annotations },
      ...(Array.isArray(found.spec?.subsets) && { spec: { ...found.spec, subsets } }),
    });
  });
}

function subsetsOf({ spec }: KubernetesObject): Subset[] {
  const { subsets } = (spec ?? {}) as { subsets?: Subset[] };
  return Array.isArray(subsets) ? subsets : [];
}

function subsetsAfter(subsets: Subset[], goal: TrafficGoal, routed: Routed): Subset[] {
  const rule = ruleOf(routed);
  const experiments = goal.additional.filter(({ hash }) => hash !== '');
  const after = subsets.flatMap((subset) => {
    if (subset.name === rule?.canarySubsetName) return [labelled(subset, goal.canary.hash)];
    if (subset.name === rule?.stableSubsetName) return [labelled(subset, goal.stable.hash)];
    const experiment = experiments.find(({ service }) => service === subset.name);
    if (experiment) return [labelled(subset, experiment.hash)];
    return isOfExperiment(subset) && !isKept(subset, rule) ? [] : [subset];
  });
  const added = experiments
    .filter(({ service }) => subsets.every(({ name }) => name !== service))
    .map(({ service, hash }) => ({ name: service, labels: { [hashLabel]: hash } }));
  return [...after, ...added];
}

function labelled(subset: Subset, hash: string): Subset {
  const { labels, ...rest } = subset;
  if (hash !== '') return { ...rest, labels: { ...labels, [hashLabel]: hash } };
  const { [hashLabel]: _, ...others } = labels ?? {};
  return Object.keys(others).length > 0 ? { ...rest, labels: others } : rest;
}

function isKept({ name = '' }: Subset, rule: IstioDestinationRule | undefined): boolean {
  return rule?.additionalSubsetNames?.includes(name) ?? false;
}

/** One that is nothing but a name for a version: nobody else writes such. */
function isOfExperiment({ name: _, labels = {}, ...rest }: Subset): boolean {
  const others = [...Object.keys(labels).filter((key) => key !== hashLabel), ...Object.keys(rest)];
  return labels[hashLabel] !== undefined && others.length === 0;
}
