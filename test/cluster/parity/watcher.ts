import { contextOf } from '../../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../../lib/kubernetes/kubernetes.ts';
import { type ObjectCache, objectCache } from '../../../lib/kubernetes/objectCache.ts';
import type { ObjectMeta, Rollout } from '../../../lib/model/argo.generated.ts';
import type { Kind, Kinds } from '../../../lib/model/kinds.ts';
import { hashLabel } from '../../../lib/model/names.ts';
import { routeKinds, type Sight } from '../../recordings/sight.ts';
import type { ControlPlane } from '../controlPlane.ts';

/** Sees everything in all namespaces as it happens, without asking again and again. */
export type Watcher = {
  sightOf: (namespace: string) => Sight;
  /** The phases and steps a rollout has been through. */
  passed: (namespace: string) => string[];
  stop: () => void;
};

const kinds: readonly Kind[] = [
  ...(['Rollout', 'ReplicaSet', 'Service', 'Pod', 'Deployment'] as const),
  ...(['AnalysisRun', 'Job', 'Experiment'] as const),
  ...routeKinds,
];

export async function watchAll({ kubeconfig }: ControlPlane): Promise<Watcher> {
  const stop = new AbortController();
  const { signIn } = contextOf(kubeconfig);
  const cluster = kubernetesCluster({ signIn, doorbell: true, userAgent: 'parity' });
  const shelves = Object.fromEntries(kinds.map((kind) => [kind, objectCache()])) as unknown as {
    [K in Kind]: ObjectCache<Kinds[K]>;
  };
  const passed = new Map<string, string[]>();
  for (const kind of kinds) {
    const known = shelves[kind] as ObjectCache<object>;
    const put = (object: object): void => {
      if (known.isNews(object)) known.put(object);
      if (kind === 'Rollout') note(passed, object);
    };
    await cluster.watch(
      kind,
      { namespace: '' },
      {
        found: (items) => items.forEach(put),
        complete: () => {},
        change: (type, object) => {
          const { namespace = '', name = '', uid = '' } = object.metadata ?? {};
          if (type === 'DELETED') known.drop(namespace, name, uid);
          else put(object);
        },
        trouble: (error) => process.stderr.write(`${error.message}\n`),
      },
      stop.signal,
    );
  }
  return {
    sightOf: (namespace) => ({
      rollout: shelves.Rollout.list(namespace)[0],
      // Those of a Deployment are its own controller's.
      replicaSets: shelves.ReplicaSet.list(namespace).filter(isOfRollout),
      services: shelves.Service.list(namespace),
      deployments: shelves.Deployment.list(namespace),
      // A pod that is about to go is no longer part of the picture.
      pods: shelves.Pod.list(namespace)
        .filter(isOfRollout)
        .filter((pod) => !pod.metadata?.deletionTimestamp),
      routes: routeKinds.flatMap((kind) => shelves[kind].list(namespace)),
      analysisRuns: shelves.AnalysisRun.list(namespace),
      jobs: shelves.Job.list(namespace),
      experiments: shelves.Experiment.list(namespace),
    }),
    passed: (namespace) => [...(passed.get(namespace) ?? [])],
    stop: () => stop.abort(),
  };
}

function isOfRollout({ metadata }: { metadata?: ObjectMeta }): boolean {
  return metadata?.labels?.[hashLabel] !== undefined;
}

/** Where it has come to. What is in between, while pods come and go, is each controller's own. */
function note(passed: Map<string, string[]>, { metadata, status }: Rollout): void {
  const { phase, currentStepIndex = '-', currentPodHash } = status ?? {};
  // Without a hash the controller has only just begun to fill it in.
  if (!phase || !currentPodHash || phase === 'Progressing') return;
  const seen = passed.get(metadata?.namespace ?? '') ?? [];
  const now = `${phase} ${currentStepIndex}`;
  if (seen.at(-1) !== now) seen.push(now);
  passed.set(metadata?.namespace ?? '', seen);
}
