import { Terminal } from '../../errors.ts';
import { selects } from '../../kubernetes/selectors.ts';
import type { ReplicaSet } from '../../model/argo.generated.ts';
import { encodeGo } from '../../model/encode.ts';
import { fieldsOf, type GoType, goType, isObjectType, isRecord } from '../../model/gotypes.ts';
import { type Kind, rowOf, typeMetaOf } from '../../model/kinds.ts';
import { withoutNulls } from '../../model/nulls.ts';
import { deepEqual } from '../../model/patch.ts';
import { checkStructure } from '../../model/structure.ts';
import { isDnsSubdomain } from '../../model/syntax.ts';
import { withCustomDefaults } from './customDefaults.ts';
import { withPodTemplateDefaults, withReplicaSetDefaults } from './defaults.ts';
import { admittedJob } from './jobs.ts';

// What the API server makes of an object before it stores it: unknown fields dropped, types
// checked, defaults filled in, and what is plainly invalid refused.

/** What every kind has in common. */
export type AnyObject = {
  kind?: string;
  apiVersion?: string;
  metadata?: { [field: string]: unknown };
  spec?: { [field: string]: unknown };
  status?: { [field: string]: unknown };
};

/** Where the definition of a Rollout takes anything. argo v1.10.1 manifests/crds/rollout-crd.yaml */
const leftOpen =
  /^spec\.template\.spec\.(volumes|\w+ontainers\[\d+\]\.resources\.(limits|requests))\b/;

/** The object as it would be stored. Rejects with Terminal what would be refused. */
export function admitted(kind: Kind, object: AnyObject, before?: AnyObject): AnyObject {
  const { apiVersion } = typeMetaOf(kind);
  if (kind === 'Job') return admittedJob({ ...object, ...typeMetaOf(kind) });
  if (!isObjectType(kind)) return { ...object, ...typeMetaOf(kind) };
  const pruned = { ...prune(kind, object), ...typeMetaOf(kind) };
  refuse(kind, object, [
    ...(object.kind !== undefined && object.kind !== kind ? [`kind: must be ${kind}`] : []),
    ...(object.apiVersion !== undefined && object.apiVersion !== apiVersion
      ? [`apiVersion: must be ${apiVersion}`]
      : []),
    ...checkStructure(kind, pruned)
      .filter(({ path }) => kind !== 'Rollout' || !leftOpen.test(path))
      .map(({ path, message }) => `${path}: ${message}`),
    ...nameFaults(pruned),
  ]);
  if (kind === 'ReplicaSet') return admittedReplicaSet(pruned, before);
  if (kind === 'Deployment')
    return reencoded(kind, withReplicaSetDefaults(pruned as ReplicaSet) as AnyObject);
  if (kind === 'PodTemplate') return reencoded(kind, withPodTemplateDefaults(pruned) as AnyObject);
  if (kind === 'Rollout') {
    // argo v1.10.1 manifests/crds/rollout-crd.yaml requires nothing else.
    refuse(kind, object, isRecord(pruned.spec) ? [] : ['spec: Required value']);
  }
  // The server stores a custom resource as it was written, but for nulls.
  if (rowOf(kind).group === rowOf('Rollout').group) return withCustomDefaults(withoutNulls(pruned));
  return reencoded(kind, pruned);
}

/** A status as it would be stored. */
export function admittedStatus(kind: Kind, object: AnyObject): AnyObject {
  if (object.status === undefined) return object;
  const status = prune(`${kind}Status`, object.status);
  const faults = checkStructure(`${kind}Status`, status);
  refuse(
    kind,
    object,
    faults.map(({ path, message }) => `status.${path}: ${message}`),
  );
  return { ...object, status };
}

function admittedReplicaSet(object: AnyObject, before: AnyObject | undefined): AnyObject {
  const set = withReplicaSetDefaults(object as ReplicaSet);
  refuse('ReplicaSet', object, replicaSetFaults(set, before as ReplicaSet | undefined));
  return withTemplateTime(reencoded('ReplicaSet', set as AnyObject) as ReplicaSet) as AnyObject;
}

/** Servers up to 1.33 write this null, which merge patches and comparisons must get along with. */
function withTemplateTime(set: ReplicaSet): ReplicaSet {
  const template = set.spec?.template ?? {};
  const metadata = { creationTimestamp: null as unknown as string, ...template.metadata };
  return { ...set, spec: { ...set.spec, template: { ...template, metadata } } };
}

/** Kubernetes decodes its own types and encodes them again: equal amounts get equal texts. */
function reencoded(kind: Kind, object: AnyObject): AnyObject {
  const encoded: AnyObject = JSON.parse(encodeGo(kind, object));
  return encoded;
}

function replicaSetFaults(set: ReplicaSet, before: ReplicaSet | undefined): string[] {
  const { selector, template, replicas = 1, minReadySeconds = 0 } = set.spec ?? {};
  const faults: string[] = [];
  const containers = template?.spec?.containers ?? [];
  if (replicas < 0) faults.push('spec.replicas: must be greater than or equal to 0');
  if (minReadySeconds < 0) faults.push('spec.minReadySeconds: must be greater than or equal to 0');
  if (before !== undefined && !deepEqual(before.spec?.selector, selector)) {
    faults.push('spec.selector: field is immutable');
  }
  if (selector === undefined || deepEqual(selector, {}))
    faults.push('spec.selector: Required value');
  else if (!selects(selector, template?.metadata?.labels ?? {})) {
    faults.push('spec.template.metadata.labels: `selector` does not match template `labels`');
  }
  if (template?.spec?.restartPolicy !== 'Always') {
    faults.push('spec.template.spec.restartPolicy: Unsupported value: supported values: "Always"');
  }
  if (containers.length === 0) faults.push('spec.template.spec.containers: Required value');
  for (const [index, { name, image }] of containers.entries()) {
    const path = `spec.template.spec.containers[${index}]`;
    if (!name) faults.push(`${path}.name: Required value`);
    else if (containers.findIndex((other) => other.name === name) < index) {
      faults.push(`${path}.name: Duplicate value: "${name}"`);
    }
    if (!image) faults.push(`${path}.image: Required value`);
  }
  return faults;
}

function nameFaults(object: AnyObject): string[] {
  const { name } = object.metadata ?? {};
  if (typeof name !== 'string' || name === '') return ['metadata.name: Required value'];
  return isDnsSubdomain(name)
    ? []
    : [`metadata.name: Invalid value: "${name}": a lowercase RFC 1123 name`];
}

function refuse(kind: Kind, object: AnyObject, faults: string[]): void {
  if (faults.length === 0) return;
  const name = String(object.metadata?.name ?? '');
  const text = faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
  const { group } = rowOf(kind);
  const what = group === '' ? kind : `${kind}.${group}`;
  throw new Terminal(`${what} "${name}" is invalid: ${text}`);
}

/** Without fields the type does not have, and without nulls, as a CRD's schema has it. */
function prune<T extends object>(typeName: string, value: T): T {
  return pruned(goType(typeName), value) as T;
}

function pruned(type: GoType, value: unknown): unknown {
  switch (type.kind) {
    case 'pointer':
      return pruned(type.of, value);
    case 'slice':
      return Array.isArray(value) ? value.map((item) => pruned(type.of, item)) : value;
    case 'map':
      return isRecord(value) ? mapEntries(value, (item) => pruned(type.of, item)) : value;
    case 'struct': {
      if (!isRecord(value)) return value;
      const known = fieldsOf(type.name)
        .filter(({ name }) => value[name] !== undefined && value[name] !== null)
        .map(({ name, type: fieldType }) => [name, pruned(fieldType, value[name])]);
      return Object.fromEntries(known);
    }
    case 'scalar':
      return value;
  }
}

function mapEntries(
  object: Record<string, unknown>,
  change: (value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([field, value]) => [field, change(value)]));
}
