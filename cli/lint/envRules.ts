import type { Fault } from '../../lib/decide/release/validate.ts';
import type { EnvFromSource, EnvVar } from '../../lib/model/argo.generated.ts';
import { exactlyOne, named, shown, wrongIf } from './rules.ts';

// What the API server refuses in the variables of a container, beyond types and markers.
// k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go

export function envFaults({ name, value, valueFrom }: EnvVar, path: string): Fault[] {
  const sources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'];
  return [
    ...envNameFaults(name, `${path}.name`),
    ...(valueFrom
      ? [
          ...exactlyOne(valueFrom, `${path}.valueFrom`, { of: sources, what: 'source' }),
          ...wrongIf(Boolean(value), `${path}.valueFrom`, 'and value must not both be given'),
          ...fieldRefFaults(valueFrom.fieldRef?.fieldPath, `${path}.valueFrom.fieldRef.fieldPath`),
          ...amountFaults(
            valueFrom.resourceFieldRef?.resource,
            `${path}.valueFrom.resourceFieldRef.resource`,
          ),
          ...dataKeyFaults(valueFrom.configMapKeyRef, `${path}.valueFrom.configMapKeyRef`),
          ...dataKeyFaults(valueFrom.secretKeyRef, `${path}.valueFrom.secretKeyRef`),
        ]
      : []),
  ];
}

/** What a cluster takes whose names of variables are the freest. */
function envNameFaults(name: string | undefined, path: string): Fault[] {
  const isWrong = Boolean(name) && !/^[ -<>-~]+$/.test(name ?? '');
  return wrongIf(isWrong, path, `must be printable ASCII without =, not ${shown(name)}`);
}

const containerPaths = [
  /^metadata\.(name|namespace|uid|(labels|annotations)\['.*'\])$/,
  /^(spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/,
];

/** A field of the pod, of those that can stand there. */
export function fieldRefFaults(
  value: string | undefined,
  path: string,
  known: readonly RegExp[] = containerPaths,
): Fault[] {
  const isWrong = Boolean(value) && !known.some((each) => each.test(value ?? ''));
  return wrongIf(isWrong, path, `is no field of the pod that can stand here: ${shown(value)}`);
}

/** Which amount of a container's resources is meant. */
export function amountFaults(value: string | undefined, path: string): Fault[] {
  const amount = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/;
  const example = 'limits.cpu, requests.memory or the like';
  return wrongIf(
    Boolean(value) && !amount.test(value ?? ''),
    path,
    `must be ${example}, not ${shown(value)}`,
  );
}

function dataKeyFaults(
  reference: { name?: string; key?: string } | undefined,
  path: string,
): Fault[] {
  if (reference === undefined) return [];
  const { name, key } = reference;
  const isKey = !key || (key.length <= 253 && /^[\w.-]+$/.test(key) && !/^\.(\.|$)/.test(key));
  return [
    ...wrongIf(!name, `${path}.name`, 'is missing'),
    ...named(name, `${path}.name`, 'subdomain'),
    ...wrongIf(!isKey, `${path}.key`, `must be letters, digits, -, _ and ., not ${shown(key)}`),
  ];
}

export function envFromFaults({ prefix, ...source }: EnvFromSource, path: string): Fault[] {
  const { configMapRef, secretRef } = source;
  return [
    ...envNameFaults(prefix, `${path}.prefix`),
    ...exactlyOne(source, path, { of: ['configMapRef', 'secretRef'], what: 'source' }),
    ...sourceFaults(configMapRef, `${path}.configMapRef.name`),
    ...sourceFaults(secretRef, `${path}.secretRef.name`),
  ];
}

function sourceFaults(reference: { name?: string } | undefined, path: string): Fault[] {
  const isMissing = reference !== undefined && !reference.name;
  return [...wrongIf(isMissing, path, 'is missing'), ...named(reference?.name, path, 'subdomain')];
}
