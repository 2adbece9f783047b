import type {
  AnalysisRun,
  ObjectMeta,
  ReplicaSet,
  RolloutStatus,
} from '../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../lib/model/kinds.ts';
import {
  ephemeralMetadataAnnotation,
  scaleDownDeadlineAnnotation,
  workloadGenerationAnnotation,
} from '../../lib/model/names.ts';
import {
  availableOf,
  desiredOf,
  isControlledBy,
  nameOf,
  podHashOf,
  readyOf,
  revisionOf,
  uidOf,
} from '../../lib/model/workload.ts';
import { experimentPictures, isOfExperiment } from './experimentPictures.ts';
import { runPictures } from './runPictures.ts';
import type { Observation } from './scenarios.ts';
import { type Sight, tagOf } from './sight.ts';

type Picture = NonNullable<Observation['status']>;

type Looked = Pick<Observation, 'wait' | 'reached'> & {
  /** The uids of the pods that the observation before this one has seen. */
  before: Set<string>;
  namespace: string;
  /** The address of the scenario at the server of metrics. */
  metrics: string;
};

/** What the recordings keep of a cluster, masked as they are, with the plugin's tree. */
export function picture(
  sight: Sight,
  tree: string,
  { wait, reached, before, namespace, metrics }: Looked,
): Observation {
  const { rollout } = sight;
  const runs = runPictures(sight, { metrics, namespace });
  const trials = experimentPictures(sight);
  if (!rollout) {
    const services = trials && servicesPicture(sight);
    const seen = { ...trials?.seen, ...runs, ...(services && { services }) };
    return { wait, reached, ...masked(seen, trials?.hashes ?? []), hashes: {} };
  }
  const { metadata = {}, spec = {}, status = {} } = rollout;
  const sets = sight.replicaSets.filter((set) => !isOfExperiment(set));
  const hashes: Record<string, string> = Object.fromEntries(
    sets.map((set) => [`r${revisionOf(set)}`, podHashOf(set)]),
  );
  if (status.currentStepHash) hashes.steps = status.currentStepHash;
  const seen = {
    status: statusPicture(status, metadata),
    rollout: { annotations: metadata.annotations, replicas: spec.replicas, paused: spec.paused },
    replicaSets: Object.fromEntries(
      sets.map((set) => [`r${revisionOf(set)}`, replicaSetPicture(sight, set, { status, before })]),
    ),
    services: servicesPicture(sight),
    deployments: Object.fromEntries(
      sight.deployments.map(({ metadata: meta, spec: own }) => [
        meta?.name,
        { replicas: own?.replicas },
      ]),
    ),
    routes: Object.fromEntries(sight.routes.map(routePicture)),
    ...(trials?.seen ?? { get: treePicture(withoutUids(tree, sight)) }),
  };
  const all = [...Object.entries(hashes), ...(trials?.hashes ?? [])];
  return { wait, reached, ...masked({ ...seen, ...runs }, all), hashes };
}

/** Of runs, after which their Jobs are named. */
function withoutUids(tree: string, { analysisRuns = [] }: Sight): string {
  const mask = (text: string, run: AnalysisRun): string =>
    text.replaceAll(uidOf(run), `<uid of ${nameOf(run)}>`);
  return analysisRuns.reduce(mask, tree);
}

/** Of those that belong to somebody also that, and their ports. */
function servicesPicture({ services }: Sight): Record<string, Picture> {
  const pictures = services.map(({ metadata = {}, spec = {} }): [string, Picture] => {
    const { annotations, ownerReferences = [] } = metadata;
    const owners = ownerReferences.map(({ kind, name }) => `${kind} ${name}`);
    const { selector, ports } = spec;
    return [
      metadata.name ?? '',
      { annotations, selector, ...(owners.length > 0 && { owners, ports }) },
    ];
  });
  return Object.fromEntries(pictures);
}

function masked<T>(value: T, hashes: [label: string, hash: string][]): T {
  let text = JSON.stringify(value);
  for (const [label, hash] of hashes) text = text.replaceAll(hash, `<${label}>`);
  return JSON.parse(text);
}

/** Conditions by type without their times, pauses by reason. */
function statusPicture(status: RolloutStatus, metadata: ObjectMeta): Picture {
  const { conditions = [], pauseConditions = [], abortedAt, restartedAt, ...more } = status;
  // Argo v1.10.1 has no duration yet.
  const { workloadObservedGeneration: workloadGeneration, duration: _, ...rest } = more;
  return {
    ...rest,
    conditions: Object.fromEntries(
      conditions.map((each) => [each.type, { status: each.status, reason: each.reason }]),
    ),
    pauseConditions: pauseConditions.map(({ reason }) => reason),
    observedGeneration:
      status.observedGeneration === String(metadata.generation ?? 0)
        ? 'current'
        : status.observedGeneration,
    ...(workloadGeneration && {
      workloadObservedGeneration:
        workloadGeneration === metadata.annotations?.[workloadGenerationAnnotation]
          ? 'current'
          : workloadGeneration,
    }),
    ...(abortedAt && { abortedAt: '<time>' }),
    ...(restartedAt && { restartedAt: '<time>' }),
  };
}

function replicaSetPicture(
  { rollout, pods: all }: Sight,
  set: ReplicaSet,
  { status, before }: { status: RolloutStatus; before: Set<string> },
): Picture {
  const { metadata = {}, spec = {} } = set;
  const hash = podHashOf(set);
  const {
    [ephemeralMetadataAnnotation]: injected,
    [scaleDownDeadlineAnnotation]: deadline,
    ...annotations
  } = metadata.annotations ?? {};
  const pods = all.filter((pod) => isControlledBy(pod, uidOf(set)));
  const podMetadata = pods.map((pod) => JSON.stringify(metadataPicture(pod.metadata)));
  return {
    annotations: {
      ...annotations,
      ...(deadline && { [scaleDownDeadlineAnnotation]: '<time>' }),
      ...(injected && { [ephemeralMetadataAnnotation]: JSON.parse(injected) }),
    },
    available: availableOf(set),
    desired: desiredOf(set),
    image: tagOf(spec.template?.spec?.containers?.[0]?.image),
    labels: metadata.labels,
    minReadySeconds: spec.minReadySeconds,
    named: metadata.name === `${nameOf(rollout ?? {})}-${hash}` ? 'rollout-hash' : metadata.name,
    newPods: pods.filter((pod) => !before.has(uidOf(pod))).length,
    podMetadata: [...new Set(podMetadata)].sort().map((text) => JSON.parse(text)),
    ready: readyOf(set),
    roles: [
      ...(hash === status.stableRS ? ['stable'] : []),
      ...(hash === status.currentPodHash ? ['current'] : []),
      ...(hash === status.blueGreen?.activeSelector ? ['active'] : []),
      ...(hash === status.blueGreen?.previewSelector ? ['preview'] : []),
    ],
    selector: spec.selector?.matchLabels,
    template: metadataPicture(spec.template?.metadata),
  };
}

/** An annotation that holds JSON is kept as what that says. */
function routePicture({ kind, metadata = {}, spec }: KubernetesObject): [string, Picture] {
  const { annotations, ownerReferences = [], name } = metadata;
  const read = Object.entries(annotations ?? {}).map(([key, text]) => [key, saidIn(text)]);
  // Of Ingresses the recordings do not tell whose they are.
  const owners =
    kind === 'Ingress' ? [] : ownerReferences.map((each) => `${each.kind} ${each.name}`);
  return [
    `${kind} ${name}`,
    {
      ...(annotations && { annotations: Object.fromEntries(read) }),
      ...(owners.length > 0 && { owners }),
      spec,
    },
  ];
}

function saidIn(text: string): unknown {
  return /^[[{]/.test(text) ? JSON.parse(text) : text;
}

function metadataPicture({ labels, annotations }: ObjectMeta = {}): object {
  return {
    ...(annotations && { annotations: sorted(annotations) }),
    ...(labels && { labels: sorted(labels) }),
  };
}

function sorted(entries: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const ageColumn = /\| (?:\d+[smhdy])+(?= \||$)/;

/** The tree as recorded: columns parted by bars, ages and random names masked. */
function treePicture(tree: string): string[] {
  return tree.split('\n').map((line) => {
    const parted = line.trimEnd().replaceAll(/ {2,}/g, ' | ');
    if (/^Namespace:/.test(parted)) return 'Namespace: | <ns>';
    const aged = parted.replace(ageColumn, '| <age>');
    return aged
      .replace(/^.*□ (\S+)-\w{5}(?= )/, '·□ $1-<pod>')
      .replace(/delay:\S+/, 'delay:<time>')
      .replace(/⚠ (?:ErrImagePull|ImagePullBackOff)/, '⚠ <no image>');
  });
}
