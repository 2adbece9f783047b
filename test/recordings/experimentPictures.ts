import type { Experiment, ReplicaSet, TemplateSpec } from '../../lib/model/argo.generated.ts';
import { scaleDownDeadlineAnnotation } from '../../lib/model/names.ts';
import {
  availableOf,
  desiredOf,
  imagesOf,
  isControlledBy,
  nameOf,
  podHashOf,
  readyOf,
  uidOf,
} from '../../lib/model/workload.ts';
import { withoutEmpty } from './runPictures.ts';
import type { Observation } from './scenarios.ts';
import { type Sight, tagOf } from './sight.ts';

type Picture = NonNullable<Observation['status']>;

export function isOfExperiment({ metadata }: ReplicaSet): boolean {
  return (metadata?.ownerReferences ?? []).some(({ kind }) => kind === 'Experiment');
}

/** What the recordings keep of Experiments, masked as they are but for hashes. Undefined without any. */
export function experimentPictures({
  experiments = [],
  replicaSets,
}: Pick<Sight, 'experiments' | 'replicaSets'>):
  | { seen: { experiments: Record<string, Picture> }; hashes: [label: string, hash: string][] }
  | undefined {
  if (experiments.length === 0) return undefined;
  const sets = replicaSets
    .filter(isOfExperiment)
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const hashes = sets.map((set): [string, string] => [
    `x-${set.metadata?.annotations?.['experiment.argoproj.io/template-name']}`,
    podHashOf(set),
  ]);
  const pictures = experiments.map((each): [string, Picture] => [
    nameOf(each),
    experimentPicture(
      each,
      sets.filter((set) => isControlledBy(set, uidOf(each))),
    ),
  ]);
  // Two templates may be the same: then the last one gives it its name.
  const byHash = new Map(hashes.map(([label, hash]) => [hash, label]));
  return {
    seen: { experiments: Object.fromEntries(pictures) },
    hashes: [...byHash].map(([hash, label]) => [label, hash]),
  };
}

function experimentPicture(
  { metadata = {}, spec, status }: Experiment,
  sets: ReplicaSet[],
): Picture {
  const { labels, annotations, ownerReferences = [] } = metadata;
  const { templates = [], analyses = [], ...rest } = spec ?? {};
  const { templateStatuses = [], analysisRuns = [], conditions = [], ...said } = status ?? {};
  const owners = ownerReferences.map(({ kind, name }) => `${kind} ${name}`);
  return {
    labels,
    annotations,
    ...(owners.length > 0 && { owners }),
    spec: withoutEmpty({
      ...rest,
      templates: byName(templates.map(templatePicture)),
      ...(analyses.length > 0 && { analyses: byName(analyses) }),
    }),
    status: {
      ...said,
      ...(said.availableAt && { availableAt: '<time>' }),
      conditions: Object.fromEntries(
        conditions.map(({ type, status: is, reason, message }) => [
          type,
          { status: is, reason, message },
        ]),
      ),
      templateStatuses: byName(
        templateStatuses.map((each) => ({
          ...each,
          ...(each.lastTransitionTime && { lastTransitionTime: '<time>' }),
        })),
      ),
      ...(analysisRuns.length > 0 && { analysisRuns: byName(analysisRuns) }),
    },
    replicaSets: Object.fromEntries(sets.map((set) => [nameOf(set), setPicture(set)])),
  };
}

function byName<T extends { name: string }>(list: T[]): Record<string, T> {
  return Object.fromEntries(list.map((each) => [each.name, each]));
}

function templatePicture({ template, ...rest }: TemplateSpec) {
  const { labels, annotations } = template?.metadata ?? {};
  return { ...rest, template: { images: imagesOf(template), metadata: { labels, annotations } } };
}

function setPicture(set: ReplicaSet): Picture {
  const { metadata = {}, spec = {} } = set;
  const { annotations = {}, labels, ownerReferences = [] } = metadata;
  const isKept = annotations[scaleDownDeadlineAnnotation] !== undefined;
  return {
    annotations: { ...annotations, ...(isKept && { [scaleDownDeadlineAnnotation]: '<time>' }) },
    available: availableOf(set),
    desired: desiredOf(set),
    image: tagOf(imagesOf(spec.template)[0]),
    labels,
    owners: ownerReferences.map(({ kind, name }) => `${kind} ${name}`),
    podLabels: spec.template?.metadata?.labels,
    ready: readyOf(set),
    selector: spec.selector?.matchLabels,
  };
}
