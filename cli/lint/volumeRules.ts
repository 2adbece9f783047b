import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  PersistentVolumeClaimTemplate,
  Volume,
  VolumeProjection,
} from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { quantityNanos } from '../../lib/model/quantity.ts';
import { amountFaults, fieldRefFaults } from './envRules.ts';
import {
  annotationsFaults,
  between,
  each,
  exactlyOne,
  labelsFaults,
  named,
  pathWithinFaults,
  shown,
  stepsBack,
  wrongIf,
} from './rules.ts';

// What the API server refuses in a volume, beyond types and markers.
// k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go

/** Up to 0777, which YAML 1.1 reads as 511. */
const modes = [0, 0o777] as const;

export function volumeFaults({ name, ...sources }: Volume, path: string): FieldError[] {
  const { hostPath, nfs, persistentVolumeClaim: claim, emptyDir, secret, configMap } = sources;
  const { downwardAPI, projected, ephemeral } = sources;
  const { sizeLimit = 0 } = emptyDir ?? {};
  return [
    ...named(name, `${path}.name`, 'label'),
    // Without any, the API server makes it an emptyDir.
    ...exactlyOne(sources, path, { of: Object.keys(sources), what: 'source', none: false }),
    ...backstepFaults(hostPath?.path, `${path}.hostPath.path`),
    ...wrongIf(
      Boolean(nfs?.path) && !nfs?.path.startsWith('/'),
      `${path}.nfs.path`,
      `must begin with /, not ${shown(nfs?.path)}`,
    ),
    ...named(claim?.claimName, `${path}.persistentVolumeClaim.claimName`, 'subdomain'),
    ...wrongIf(
      (quantityNanos(sizeLimit) ?? 0n) < 0n,
      `${path}.emptyDir.sizeLimit`,
      `must be 0 or more, not ${sizeLimit}`,
    ),
    ...(secret
      ? [
          ...wrongIf(!secret.secretName, `${path}.secret.secretName`, 'is missing'),
          ...filesFaults(secret, `${path}.secret`),
        ]
      : []),
    ...(configMap ? namedFilesFaults(configMap, `${path}.configMap`) : []),
    ...downwardFaults(downwardAPI, `${path}.downwardAPI`),
    ...between(projected?.defaultMode, `${path}.projected.defaultMode`, modes),
    ...each(projected?.sources, `${path}.projected.sources`, projectionFaults),
    ...samePathFaults(projected?.sources, `${path}.projected.sources`),
    ...(ephemeral
      ? claimFaults(ephemeral.volumeClaimTemplate, `${path}.ephemeral.volumeClaimTemplate`)
      : []),
  ];
}

function claimFaults(
  template: PersistentVolumeClaimTemplate | undefined,
  path: string,
): FieldError[] {
  if (template === undefined) return wrongIf(true, path, 'is missing');
  const { labels, annotations, ...more } = template.metadata ?? {};
  const { accessModes = [], resources, storageClassName } = template.spec ?? {};
  const storage = resources?.requests?.storage;
  const storagePath = `${path}.spec.resources.requests[storage]`;
  const modesPath = `${path}.spec.accessModes`;
  return [
    ...labelsFaults(labels, `${path}.metadata.labels`),
    ...annotationsFaults(annotations, `${path}.metadata.annotations`),
    ...Object.keys(more).flatMap((field) =>
      wrongIf(true, `${path}.metadata.${field}`, 'can not be given to a claim made for a pod'),
    ),
    ...wrongIf(accessModes.length === 0, modesPath, 'must name at least one'),
    ...wrongIf(
      accessModes.includes('ReadWriteOncePod') && new Set(accessModes).size > 1,
      modesPath,
      'must not name others beside ReadWriteOncePod',
    ),
    ...wrongIf(storage === undefined, storagePath, 'is missing'),
    ...wrongIf(
      storage !== undefined && (quantityNanos(storage) ?? 1n) <= 0n,
      storagePath,
      `must be more than 0, not ${storage}`,
    ),
    ...named(storageClassName, `${path}.spec.storageClassName`, 'subdomain'),
  ];
}

function backstepFaults(value: string | undefined, path: string): FieldError[] {
  return wrongIf(stepsBack(value), path, `must not contain .., not ${shown(value)}`);
}

/** Of a file in a volume. What begins with two dots is the kubelet's own. */
function filePathFaults(value: string | undefined, path: string): FieldError[] {
  const isReserved = value?.startsWith('..') === true && !stepsBack(value);
  return [
    ...pathWithinFaults(value, path),
    ...wrongIf(isReserved, path, `must not begin with .., not ${shown(value)}`),
  ];
}

type Files = { defaultMode?: number; items?: KeyToPath[] };

function namedFilesFaults(files: Files & { name?: string }, path: string): FieldError[] {
  return [...wrongIf(!files.name, `${path}.name`, 'is missing'), ...filesFaults(files, path)];
}

function filesFaults({ defaultMode, items }: Files, path: string): FieldError[] {
  return [
    ...between(defaultMode, `${path}.defaultMode`, modes),
    ...each(items, `${path}.items`, (item, at) => [
      ...between(item.mode, `${at}.mode`, modes),
      ...filePathFaults(item.path, `${at}.path`),
    ]),
  ];
}

type Downward = { defaultMode?: number; items?: DownwardAPIVolumeFile[] };

function downwardFaults(downward: Downward | undefined, path: string): FieldError[] {
  return [
    ...between(downward?.defaultMode, `${path}.defaultMode`, modes),
    ...each(downward?.items, `${path}.items`, (item, at) => [
      ...exactlyOne(item, at, { of: ['fieldRef', 'resourceFieldRef'], what: 'source' }),
      ...fieldRefFaults(item.fieldRef, `${at}.fieldRef`, downwardPaths),
      ...amountFaults(item.resourceFieldRef, `${at}.resourceFieldRef`),
      ...wrongIf(
        item.resourceFieldRef !== undefined && !item.resourceFieldRef.containerName,
        `${at}.resourceFieldRef.containerName`,
        'is missing',
      ),
      ...between(item.mode, `${at}.mode`, modes),
      ...filePathFaults(item.path, `${at}.path`),
    ]),
  ];
}

/** In a file, all labels or annotations can stand; of the pod's place nothing does. */
const downwardPaths = [
  /^metadata\.(name|namespace|uid|labels|annotations|(labels|annotations)\['.*'\])$/,
];

function projectionFaults(source: VolumeProjection, path: string): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken: token } = source;
  const sources = Object.keys(source);
  return [
    ...exactlyOne(source, path, { of: sources, what: 'source', none: false }),
    ...(secret ? namedFilesFaults(secret, `${path}.secret`) : []),
    ...(configMap ? namedFilesFaults(configMap, `${path}.configMap`) : []),
    ...downwardFaults(downwardAPI, `${path}.downwardAPI`),
    ...filePathFaults(token?.path, `${path}.serviceAccountToken.path`),
    ...between(token?.expirationSeconds, `${path}.serviceAccountToken.expirationSeconds`, [
      600,
      2 ** 32,
    ]),
  ];
}

/** Two sources cannot make one file. */
function samePathFaults(sources: VolumeProjection[] | undefined, path: string): FieldError[] {
  const taken = new Set<string>();
  return each(sources, path, (source, at) =>
    (['secret', 'configMap', 'downwardAPI'] as const).flatMap((kind) =>
      each<{ path: string }>(source[kind]?.items, `${at}.${kind}.items`, (item, itemAt) => {
        const isTaken = taken.has(item.path);
        taken.add(item.path);
        return wrongIf(
          isTaken,
          `${itemAt}.path`,
          `is the path of another file too: ${shown(item.path)}`,
        );
      }),
    ),
  );
}
