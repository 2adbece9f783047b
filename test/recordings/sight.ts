import type {
  AnalysisRun,
  Deployment,
  Experiment,
  Pod,
  ReplicaSet,
  Rollout,
  Service,
} from '../../lib/model/argo.generated.ts';
import {
  type Kind,
  type KubernetesObject,
  kindNames,
  rowOf,
  typeMetaOf,
} from '../../lib/model/kinds.ts';
import { hashLabel, revisionAnnotation } from '../../lib/model/names.ts';
import { type Millis, secondMs } from '../../lib/model/units.ts';
import { annotationOf, versionOf } from '../../lib/model/workload.ts';

/** Everything of a scenario's namespace that can be seen, in whatever cluster it is. */
export type Sight = {
  rollout?: Rollout | undefined;
  replicaSets: ReplicaSet[];
  services: Service[];
  deployments: Deployment[];
  pods: Pod[];
  /** The objects of routers. */
  routes: KubernetesObject[];
  analysisRuns?: AnalysisRun[];
  jobs?: KubernetesObject[];
  experiments?: Experiment[];
};

/** Those that the recordings keep. */
export const routeKinds: Kind[] = [
  'Ingress',
  'VirtualService',
  'DestinationRule',
  'TraefikService',
  'ApisixRoute',
  'Mapping',
  'TrafficSplit',
  'VirtualRouter',
  'VirtualNode',
];

/** By the API version where two groups have a kind of that name; kubectl takes it in lower case. */
export function kindOf({ apiVersion, kind = '' }: KubernetesObject): Kind {
  const found = kindNames.find((each) => {
    const { group } = rowOf(each);
    const isNamed = typeMetaOf(each).kind.toLowerCase() === kind.toLowerCase();
    return (
      isNamed &&
      (apiVersion === undefined || apiVersion.split('/').slice(0, -1)[0] === (group || undefined))
    );
  });
  if (!found) throw new Error(`${kind} of ${apiVersion} is not known here`);
  return found;
}

/** Changes whenever anything does that can be observed. */
export function versionsOf(sight: Sight): string {
  const { rollout, ...lists } = sight;
  return [rollout ?? {}, ...Object.values(lists).flat()].map(versionOf).join();
}

/** Whether all conditions of a `wait` hold, so long after it began. */
export function holdAll(sight: Sight, conditions: string, passedMs: Millis): boolean {
  return conditions.split(', ').every((each) => holds(sight, each, passedMs));
}

function holds(sight: Sight, condition: string, passedMs: Millis): boolean {
  const { metadata, status = {} } = sight.rollout ?? {};
  const isSeen = Number(status.observedGeneration) === metadata?.generation;
  const [word = '', value = ''] = condition.split(' ');
  switch (word) {
    case 'settled':
      return true;
    case 'seconds':
      return passedMs >= Number(value) * secondMs;
    case 'healthy':
    case 'paused':
    case 'degraded':
    case 'progressing':
      return isSeen && status.phase?.toLowerCase() === word;
    case 'step':
      return (status.currentStepIndex ?? 0) === Number(value);
    case 'gone':
      return sight.rollout === undefined;
    case 'revision':
      return isSeen && annotationOf(sight.rollout ?? {}, revisionAnnotation) === value;
    case 'aborted':
      return status.abort === true;
    case 'weight':
      return (status.canary?.weights?.canary?.weight ?? 0) === Number(value);
    case 'size':
    case 'available':
      return hasCount(sight, word, value);
    case 'runs':
      return hasPhases(sight.analysisRuns ?? [], condition.split(' ').slice(1));
    case 'experiments':
      return hasPhases(sight.experiments ?? [], condition.split(' ').slice(1));
    case 'measured':
      return hasMeasured(sight, value);
    default:
      throw new Error(`a scenario waits for ${condition}, which is not known here`);
  }
}

function hasCount({ replicaSets }: Sight, word: 'size' | 'available', value: string): boolean {
  const [tag, count] = value.split('=');
  const set = replicaSets.find(
    ({ spec }) => tagOf(spec?.template?.spec?.containers?.[0]?.image) === tag,
  );
  const actual = word === 'size' ? set?.spec?.replicas : (set?.status?.availableReplicas ?? 0);
  return set?.metadata?.labels?.[hashLabel] !== undefined && actual === Number(count);
}

/** `Running=1 all=2`: how many of a phase, and in all. One that nobody has taken up yet goes on. */
function hasPhases(all: { status?: { phase?: string } }[], counts: string[]): boolean {
  const phases = all.map(({ status }) => status?.phase || 'Running');
  return counts.every((each) => {
    const [phase, count] = each.split('=');
    const found = phases.filter((known) => phase === 'all' || known === phase).length;
    return found === Number(count);
  });
}

/** `METRIC=2`: so many measurements at least, of all runs together. */
function hasMeasured({ analysisRuns = [] }: Sight, text: string): boolean {
  const [name, count] = text.split('=');
  const results = analysisRuns.flatMap(({ status }) => status?.metricResults ?? []);
  const taken = results.filter((each) => each.name === name).map((each) => each.count ?? 0);
  return taken.reduce((all, each) => all + each, 0) >= Number(count);
}

/** The image's tag, by which scenarios name ReplicaSets and pods. */
export function tagOf(image: string | undefined): string {
  return image?.split(':')[1] ?? '';
}
