import { isIP } from 'node:net';
import type {
  Affinity,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSecurityContext,
  PodSpec,
  PodTemplateSpec,
  Sysctl,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { isDnsSubdomain, isLabelValue } from '../../lib/model/syntax.ts';
import { containersFaults } from './containerRules.ts';
import { osFaults } from './osRules.ts';
import { podAnnotationsFaults, profilesFaults } from './profileRules.ts';
import { claimFaults } from './resourceRules.ts';
import {
  annotationsFaults,
  atLeast,
  between,
  each,
  expressionFaults,
  ids,
  keyFaults,
  labelsFaults,
  named,
  selectorFaults,
  shown,
  valueFaults,
  wrongIf,
} from './rules.ts';
import { volumeFaults } from './volumeRules.ts';

// What the API server refuses in the template of a ReplicaSet, beyond types and markers, whatever the
// cluster's feature gates are. k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go

/** What the rules of a strategy say too, such as that there are containers, is left to them. */
export function templateFaults({ metadata, spec }: PodTemplateSpec, path: string): FieldError[] {
  return [
    ...labelsFaults(metadata?.labels, `${path}.metadata.labels`),
    ...annotationsFaults(metadata?.annotations, `${path}.metadata.annotations`),
    ...podAnnotationsFaults(metadata?.annotations, `${path}.metadata.annotations`, spec),
    ...(spec ? podFaults(spec, `${path}.spec`) : []),
  ];
}

function podFaults(spec: PodSpec, path: string): FieldError[] {
  const { ephemeralContainers = [], shareProcessNamespace, hostPID, runtimeClassName } = spec;
  return [
    ...osFaults(spec, path),
    ...each(spec.resourceClaims, `${path}.resourceClaims`, claimFaults),
    ...containersFaults(spec, path),
    ...wrongIf(
      ephemeralContainers.length > 0,
      `${path}.ephemeralContainers`,
      'can not be in a template, only added to a pod that runs',
    ),
    ...wrongIf(
      spec.activeDeadlineSeconds !== undefined,
      `${path}.activeDeadlineSeconds`,
      'can not be in the template of a ReplicaSet, whose pods run until they are replaced',
    ),
    ...wrongIf(
      shareProcessNamespace === true && hostPID === true,
      `${path}.shareProcessNamespace`,
      'and hostPID must not both be true',
    ),
    ...each(spec.volumes, `${path}.volumes`, volumeFaults),
    ...named(spec.serviceAccountName, `${path}.serviceAccountName`, 'subdomain'),
    ...named(spec.nodeName, `${path}.nodeName`, 'subdomain'),
    ...named(spec.priorityClassName, `${path}.priorityClassName`, 'subdomain'),
    ...named(runtimeClassName, `${path}.runtimeClassName`, 'subdomain'),
    ...wrongIf(runtimeClassName === '', `${path}.runtimeClassName`, 'is empty'),
    ...named(spec.hostname, `${path}.hostname`, 'label'),
    ...named(spec.subdomain, `${path}.subdomain`, 'label'),
    ...labelsFaults(spec.nodeSelector, `${path}.nodeSelector`),
    ...each(spec.readinessGates, `${path}.readinessGates`, ({ conditionType = '' }, at) =>
      keyFaults(conditionType, `${at}.conditionType`),
    ),
    ...each(spec.schedulingGates, `${path}.schedulingGates`, ({ name }, at) =>
      name ? keyFaults(name, `${at}.name`) : [],
    ),
    ...dnsFaults(spec, path),
    ...hostAliasesFaults(spec, path),
    ...securityFaults(spec.securityContext, `${path}.securityContext`),
    ...affinityFaults(spec.affinity, `${path}.affinity`),
    ...each(spec.tolerations, `${path}.tolerations`, tolerationFaults),
    ...each(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`, spreadFaults),
  ];
}

const nameserversMax = 3;
const searchesMax = 32;
const searchesLengthMax = 2048;

function dnsFaults({ dnsPolicy, dnsConfig }: PodSpec, path: string): FieldError[] {
  const { nameservers = [], searches = [] } = dnsConfig ?? {};
  const at = `${path}.dnsConfig.nameservers`;
  return [
    ...wrongIf(
      dnsPolicy === 'None' && nameservers.length === 0,
      at,
      'is needed with dnsPolicy: None',
    ),
    ...wrongIf(nameservers.length > nameserversMax, at, `must be at most ${nameserversMax}`),
    ...each(nameservers, at, ipFaults),
    ...wrongIf(
      searches.length > searchesMax,
      `${path}.dnsConfig.searches`,
      `must be at most ${searchesMax}`,
    ),
    ...wrongIf(
      searches.join(' ').length > searchesLengthMax,
      `${path}.dnsConfig.searches`,
      `must be at most ${searchesLengthMax} letters together`,
    ),
    ...each(dnsConfig?.options, `${path}.dnsConfig.options`, ({ name }, optionAt) =>
      wrongIf(!name, `${optionAt}.name`, 'is missing'),
    ),
    ...each(searches, `${path}.dnsConfig.searches`, (domain, searchAt) =>
      wrongIf(
        // An underscore may stand there, and so may a dot alone or at the end.
        domain !== '.' && !isDnsSubdomain(domain.replace(/\.$/, '').replaceAll('_', 'a')),
        searchAt,
        `must be a domain, not ${shown(domain)}`,
      ),
    ),
  ];
}

function hostAliasesFaults({ hostAliases }: PodSpec, path: string): FieldError[] {
  return each(hostAliases, `${path}.hostAliases`, ({ ip, hostnames }, at) => [
    ...(ip ? ipFaults(ip, `${at}.ip`) : []),
    ...each(hostnames, `${at}.hostnames`, (name, nameAt) =>
      wrongIf(!isDnsSubdomain(name), nameAt, `must be the name of a host, not ${shown(name)}`),
    ),
  ]);
}

function ipFaults(address: string, path: string): FieldError[] {
  return wrongIf(isIP(address) === 0, path, `must be an IP address, not ${shown(address)}`);
}

function securityFaults(context: PodSecurityContext | undefined, path: string): FieldError[] {
  return [
    ...between(context?.runAsUser, `${path}.runAsUser`, ids),
    ...between(context?.runAsGroup, `${path}.runAsGroup`, ids),
    ...between(context?.fsGroup, `${path}.fsGroup`, ids),
    ...each(context?.supplementalGroups, `${path}.supplementalGroups`, (group, at) =>
      between(group, at, ids),
    ),
    ...profilesFaults(context, path),
    ...sysctlsFaults(context?.sysctls ?? [], `${path}.sysctls`),
  ];
}

const sysctl = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;

function sysctlsFaults(sysctls: Sysctl[], path: string): FieldError[] {
  const names = sysctls.map(({ name }) => name);
  return each(sysctls, path, ({ name }, at, index) => [
    ...wrongIf(
      Boolean(name) && (name.length > 253 || !sysctl.test(name)),
      `${at}.name`,
      `must be a name of a sysctl, not ${shown(name)}`,
    ),
    ...wrongIf(names.indexOf(name) < index, `${at}.name`, `is given already: ${shown(name)}`),
  ]);
}

const weights = [1, 100] as const;
const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

function affinityFaults(affinity: Affinity | undefined, path: string): FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {};
  const terms = nodeAffinity?.[required]?.nodeSelectorTerms;
  const termsPath = `${path}.nodeAffinity.${required}.nodeSelectorTerms`;
  return [
    ...wrongIf(terms?.length === 0, termsPath, 'must name at least one term'),
    ...each(terms, termsPath, (term, at) => [
      ...nodeTermFaults(term, at),
      // Values of what is only preferred are let through.
      ...each(term.matchExpressions, `${at}.matchExpressions`, ({ values }, expressionAt) =>
        each(values, `${expressionAt}.values`, valueFaults),
      ),
    ]),
    ...each(nodeAffinity?.[preferred], `${path}.nodeAffinity.${preferred}`, (term, at) => [
      ...between(term.weight, `${at}.weight`, weights),
      ...nodeTermFaults(term.preference ?? {}, `${at}.preference`),
    ]),
    ...podTermsFaults(podAffinity, `${path}.podAffinity`),
    ...podTermsFaults(podAntiAffinity, `${path}.podAntiAffinity`),
  ];
}

function nodeTermFaults(
  { matchExpressions, matchFields }: NodeSelectorTerm,
  path: string,
): FieldError[] {
  const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];
  return [
    ...each(matchExpressions, `${path}.matchExpressions`, (expression, at) =>
      expressionFaults(expression, at, operators),
    ),
    ...each(matchFields, `${path}.matchFields`, ({ key, operator, values = [] }, at) => [
      ...wrongIf(Boolean(key) && key !== 'metadata.name', `${at}.key`, 'must be metadata.name'),
      ...wrongIf(!['In', 'NotIn'].includes(operator), `${at}.operator`, 'must be In or NotIn'),
      ...wrongIf(values.length !== 1, `${at}.values`, 'must be one name'),
      ...each(values, `${at}.values`, (name, nameAt) => [
        ...named(name, nameAt, 'subdomain'),
        ...wrongIf(name === '', nameAt, 'is empty'),
      ]),
    ]),
  ];
}

type PodTerms = { [required]?: PodAffinityTerm[]; [preferred]?: WeightedPodAffinityTerm[] };

function podTermsFaults(terms: PodTerms | undefined, path: string): FieldError[] {
  return [
    ...each(terms?.[required], `${path}.${required}`, podTermFaults),
    ...each(terms?.[preferred], `${path}.${preferred}`, ({ weight, podAffinityTerm }, at) => [
      ...between(weight, `${at}.weight`, weights),
      ...(podAffinityTerm ? podTermFaults(podAffinityTerm, `${at}.podAffinityTerm`) : []),
    ]),
  ];
}

function podTermFaults(term: PodAffinityTerm, path: string): FieldError[] {
  return [
    ...(term.topologyKey ? keyFaults(term.topologyKey, `${path}.topologyKey`) : []),
    ...selectorFaults(term.labelSelector, `${path}.labelSelector`),
    ...selectorFaults(term.namespaceSelector, `${path}.namespaceSelector`),
    ...each(term.namespaces, `${path}.namespaces`, (name, at) => named(name, at, 'label')),
    ...labelKeysFaults(term, 'matchLabelKeys', path),
    ...labelKeysFaults(term, 'mismatchLabelKeys', path),
    ...each(term.matchLabelKeys, `${path}.matchLabelKeys`, (key, at) => {
      const isBoth = term.mismatchLabelKeys?.includes(key) === true;
      return wrongIf(isBoth, at, `is among mismatchLabelKeys too: ${shown(key)}`);
    }),
  ];
}

type Keyed = Pick<PodAffinityTerm, 'labelSelector' | 'matchLabelKeys' | 'mismatchLabelKeys'>;

/** Keys of labels whose values are the pod's own. */
function labelKeysFaults(
  term: Keyed,
  field: 'matchLabelKeys' | 'mismatchLabelKeys',
  path: string,
): FieldError[] {
  const keys = term[field] ?? [];
  const at = `${path}.${field}`;
  if (keys.length > 0 && !term.labelSelector)
    return wrongIf(true, at, 'works only with a labelSelector');
  return each(keys, at, (key, keyAt) => keyFaults(key, keyAt));
}

function tolerationFaults(toleration: Toleration, path: string): FieldError[] {
  const { key, operator = '', value, effect, tolerationSeconds } = toleration;
  return [
    ...(key ? keyFaults(key, `${path}.key`) : []),
    ...wrongIf(
      !key && operator !== 'Exists',
      `${path}.operator`,
      'must be Exists where there is no key',
    ),
    ...wrongIf(
      operator === 'Exists' && Boolean(value),
      `${path}.value`,
      'must be empty for Exists',
    ),
    ...wrongIf(
      !isLabelValue(value ?? '') && operator !== 'Exists',
      `${path}.value`,
      `must be a value of a label, not ${shown(value)}`,
    ),
    ...wrongIf(
      tolerationSeconds !== undefined && effect !== 'NoExecute',
      `${path}.effect`,
      'must be NoExecute with tolerationSeconds',
    ),
  ];
}

function spreadFaults(constraint: TopologySpreadConstraint, path: string): FieldError[] {
  const { maxSkew, minDomains, whenUnsatisfiable, labelSelector } = constraint;
  return [
    ...between(maxSkew, `${path}.maxSkew`, atLeast(1)),
    ...between(minDomains, `${path}.minDomains`, atLeast(1)),
    ...wrongIf(
      minDomains !== undefined &&
        Boolean(whenUnsatisfiable) &&
        whenUnsatisfiable !== 'DoNotSchedule',
      `${path}.minDomains`,
      'works only with whenUnsatisfiable: DoNotSchedule',
    ),
    ...selectorFaults(labelSelector, `${path}.labelSelector`),
    ...labelKeysFaults(constraint, 'matchLabelKeys', path),
  ];
}
