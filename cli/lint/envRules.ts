import type {
  EnvFromSource,
  EnvVar,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { canonicalQuantity } from '../../lib/model/quantity.ts';
import { exactlyOne, keyFaults, named, oneOf, shown, wrongIf } from './rules.ts';

// What the API server refuses in the variables of a container, beyond types and markers.
// k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go

export function envFaults({ name, value, valueFrom }: EnvVar, path: string): FieldError[] {
  const sources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'];
  return [
    ...envNameFaults(name, `${path}.name`),
    ...(valueFrom
      ? [
          ...exactlyOne(valueFrom, `${path}.valueFrom`, { of: sources, what: 'source' }),
          ...wrongIf(Boolean(value), `${path}.valueFrom`, 'and value must not both be given'),
          ...fieldRefFaults(valueFrom.fieldRef, `${path}.valueFrom.fieldRef`),
          ...amountFaults(valueFrom.resourceFieldRef, `${path}.valueFrom.resourceFieldRef`),
          ...dataKeyFaults(valueFrom.configMapKeyRef, `${path}.valueFrom.configMapKeyRef`),
          ...dataKeyFaults(valueFrom.secretKeyRef, `${path}.valueFrom.secretKeyRef`),
        ]
      : []),
  ];
}

/** What a cluster takes whose names of variables are the freest. */
function envNameFaults(name: string | undefined, path: string): FieldError[] {
  const isWrong = Boolean(name) && !/^[ -<>-~]+$/.test(name ?? '');
  return wrongIf(isWrong, path, `must be printable ASCII without =, not ${shown(name)}`);
}

const containerPaths = [
  /^metadata\.(name|namespace|uid|(labels|annotations)\['.*'\])$/,
  /^(spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/,
];

/** A field of the pod, of those that can stand there. */
export function fieldRefFaults(
  { apiVersion, fieldPath = '' }: Partial<ObjectFieldSelector> = {},
  path: string,
  known: readonly RegExp[] = containerPaths,
): FieldError[] {
  const key = /^metadata\.(?:labels|annotations)\['(.*)'\]$/.exec(fieldPath)?.[1];
  // An upper-case domain is let through in annotations alone.
  const judged = fieldPath.startsWith('metadata.annotations') ? key?.toLowerCase() : key;
  return [
    ...oneOf(apiVersion || undefined, `${path}.apiVersion`, ['v1']),
    ...(key === undefined ? [] : keyFaults(key, `${path}.fieldPath`, judged)),
    ...wrongIf(
      fieldPath !== '' && !known.some((each) => each.test(fieldPath)),
      `${path}.fieldPath`,
      `is no field of the pod that can stand here: ${shown(fieldPath)}`,
    ),
  ];
}

const bytes = ['1', ...['k', 'M', 'G', 'T', 'P', 'E'].flatMap((unit) => [`1${unit}`, `1${unit}i`])];

/** Which amount of a container's resources is meant, and in what. */
export function amountFaults(
  { resource = '', divisor = '0' }: Partial<ResourceFieldSelector> = {},
  path: string,
): FieldError[] {
  const amount = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/;
  const units = resource.endsWith('.cpu') ? ['1m', '1'] : bytes;
  const unit = canonicalQuantity(divisor) ?? '0';
  return [
    ...wrongIf(
      resource !== '' && !amount.test(resource),
      `${path}.resource`,
      `must be limits.cpu, requests.memory or the like, not ${shown(resource)}`,
    ),
    ...wrongIf(
      unit !== '0' && !units.includes(unit),
      `${path}.divisor`,
      `must be one of ${units.join(', ')}, not ${divisor}`,
    ),
  ];
}

function dataKeyFaults(
  reference: { name?: string; key?: string } | undefined,
  path: string,
): FieldError[] {
  if (reference === undefined) return [];
  const { name, key } = reference;
  const isKey = !key || (key.length <= 253 && /^[\w.-]+$/.test(key) && !/^\.(\.|$)/.test(key));
  return [
    ...wrongIf(!name, `${path}.name`, 'is missing'),
    ...named(name, `${path}.name`, 'subdomain'),
    ...wrongIf(!isKey, `${path}.key`, `must be letters, digits, -, _ and ., not ${shown(key)}`),
  ];
}

export function envFromFaults({ prefix, ...source }: EnvFromSource, path: string): FieldError[] {
  const { configMapRef, secretRef } = source;
  return [
    ...envNameFaults(prefix, `${path}.prefix`),
    ...exactlyOne(source, path, { of: ['configMapRef', 'secretRef'], what: 'source' }),
    ...sourceFaults(configMapRef, `${path}.configMapRef.name`),
    ...sourceFaults(secretRef, `${path}.secretRef.name`),
  ];
}

function sourceFaults(reference: { name?: string } | undefined, path: string): FieldError[] {
  const isMissing = reference !== undefined && !reference.name;
  return [...wrongIf(isMissing, path, 'is missing'), ...named(reference?.name, path, 'subdomain')];
}
