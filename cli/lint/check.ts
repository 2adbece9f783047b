import { unsupported, validate } from '../../lib/decide/guards/validate.ts';
import { roleFaults } from '../../lib/decide/release/roleFaults.ts';
import type { ObjectMeta, Rollout } from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { isRecord } from '../../lib/model/gotypes.ts';
import { checkMarkers } from '../../lib/model/markers.ts';
import { rolloutApiVersion } from '../../lib/model/names.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { besides, checkStructure, soundPart } from '../../lib/model/structure.ts';
import { templateFaults } from './podRules.ts';
import { podAnnotationsFaults } from './profileRules.ts';
import { sizeFaults } from './replicaSets.ts';
import { annotationsFaults, each, labelsFaults, named, wrongIf } from './rules.ts';

/**
 * Everything that is wrong with a Rollout: its types, what the definition asks, the rules of the strategy,
 * and what the API server will ask of its ReplicaSets. What has a wrong type is left out of the rest.
 */
export function faultsOf(value: object): FieldError[] {
  const plain = withoutNulls(value);
  const nulls = nullFaults(value, '');
  const structure = [...nulls, ...besides(checkStructure('Rollout', plain), nulls)];
  const { status: _, ...rollout } = soundPart('Rollout', plain) as Rollout;
  const { metadata, spec = {} } = rollout;
  const own = [...metadataFaults(metadata), ...strategyFaults(spec)];
  const rules = [
    ...identityFaults(rollout),
    ...own,
    ...validate(rollout),
    ...besides([...roleFaults(rollout), ...sizeFaults(rollout)], own),
    ...(spec.template && !spec.workloadRef ? templateFaults(spec.template, 'spec.template') : []),
    ...unsupportedFaults(rollout),
  ];
  const told = new Set(rules.map(({ path }) => path));
  const markers = checkMarkers('Rollout', rollout).filter(({ path }) => !told.has(path));
  return [...structure, ...besides([...rules, ...markers], structure)];
}

/** In the place of a field a null is nothing; as an item of a list it is none. */
function nullFaults(value: unknown, path: string): FieldError[] {
  if (Array.isArray(value)) {
    return each(value, path, (item, at) =>
      item === null ? wrongIf(true, at, 'is empty; remove it') : nullFaults(item, at),
    );
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    // What a plugin is configured with is its own.
    /^plugins?$/.test(name) ? [] : nullFaults(inner, path === '' ? name : `${path}.${name}`),
  );
}

function unsupportedFaults(rollout: Rollout): FieldError[] {
  const path = unsupported(rollout);
  if (path === undefined) return [];
  return [{ path, message: 'is right, but this version of Serin does not carry it out yet' }];
}

function identityFaults({ apiVersion, metadata }: Rollout): FieldError[] {
  const isNamed = metadata?.name || metadata?.generateName;
  return [
    ...wrongIf(apiVersion !== rolloutApiVersion, 'apiVersion', `must be ${rolloutApiVersion}`),
    ...wrongIf(!isNamed, 'metadata.name', 'is missing'),
  ];
}

/** A ReplicaSet has its rollout's name, a hyphen, and a hash of up to ten letters. */
const nameMax = 253 - 1 - 10;

function metadataFaults({
  name,
  generateName,
  namespace,
  labels,
  annotations,
}: ObjectMeta = {}): FieldError[] {
  const length = name?.length ?? 0;
  const path = 'metadata.name';
  const tooLong = `must be at most ${nameMax} letters, to which its ReplicaSets add a hash, not ${length}`;
  return [
    ...(length > nameMax ? wrongIf(true, path, tooLong) : named(name, path, 'subdomain')),
    // What is made of it ends with letters.
    ...named(generateName && `${generateName}x`, 'metadata.generateName', 'subdomain'),
    ...named(namespace, 'metadata.namespace', 'label'),
    ...labelsFaults(labels, 'metadata.labels'),
    ...annotationsFaults(annotations, 'metadata.annotations'),
  ];
}

const services = ['canaryService', 'stableService', 'activeService', 'previewService'] as const;
const roles = ['canaryMetadata', 'stableMetadata', 'activeMetadata', 'previewMetadata'] as const;

type Parts = Partial<Record<(typeof services)[number], string>> &
  Partial<Record<(typeof roles)[number], Pick<ObjectMeta, 'labels' | 'annotations'>>>;

/** Names no Service can have, and metadata no pod can have. */
function strategyFaults({
  strategy,
  workloadRef,
  template,
}: NonNullable<Rollout['spec']>): FieldError[] {
  const own = Object.entries({ canary: strategy?.canary, blueGreen: strategy?.blueGreen });
  return [
    ...own.flatMap(([name, parts]: [string, Parts | undefined]) => [
      ...services.flatMap((field) =>
        named(parts?.[field], `spec.strategy.${name}.${field}`, 'label'),
      ),
      ...roles.flatMap((field) => {
        const path = `spec.strategy.${name}.${field}`;
        const { labels, annotations } = parts?.[field] ?? {};
        return [
          ...labelsFaults(labels, `${path}.labels`),
          ...annotationsFaults(annotations, `${path}.annotations`),
          ...podAnnotationsFaults(annotations, `${path}.annotations`, template?.spec),
        ];
      }),
    ]),
    ...named(workloadRef?.name, 'spec.workloadRef.name', 'subdomain'),
  ];
}
