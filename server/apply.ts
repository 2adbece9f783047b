import { Terminal } from '../lib/errors.ts';
import type { Rollout, Service } from '../lib/model/argo.generated.ts';
import {
  type Kind,
  type Kinds,
  type KubernetesObject,
  type WorkloadKind,
  workloadKinds,
} from '../lib/model/kinds.ts';
import { serviceNames } from '../lib/model/reference.ts';
import type { SimulatedCluster } from '../lib/simulate/cluster.ts';
import { addStandIns } from './standIns.ts';
import { StartError } from './startError.ts';

/** What is applied, by kind, in the order of the files. */
export type Objects = {
  [K in 'Rollout' | 'Service' | (typeof templateKinds)[number] | WorkloadKind]: Kinds[K][];
} & {
  /** What routers read, of any kind. */
  ofRouters: RouterObject[];
};
export type RouterObject = { kind: Kind; object: KubernetesObject };
export const templateKinds = ['AnalysisTemplate', 'ClusterAnalysisTemplate'] as const;

/**
 * Does to a simulated cluster what `kubectl apply` does to a real one. Answers which objects of routers were
 * invented, as the rollouts name them and there are none, as KIND NAME.
 */
export function applyObjects(cluster: SimulatedCluster, objects: Objects): string[] {
  const invented: string[] = [];
  try {
    for (const kind of ['Service', ...templateKinds, ...workloadKinds] as const) {
      for (const object of objects[kind]) cluster.apply(kind, object);
    }
    for (const { kind, object } of objects.ofRouters) cluster.apply(kind, object);
    for (const rollout of objects.Rollout) {
      invented.push(...addStandIns(cluster, rollout));
      addServices(cluster, rollout);
      cluster.apply('Rollout', rollout);
    }
  } catch (error) {
    if (!(error instanceof Terminal)) throw error;
    const hint =
      'An API server would refuse it too; `serin lint` says more of what a manifest needs.';
    throw new StartError('refused', error.message, hint);
  }
  return invented;
}

/** The Services a rollout names are often in another file; they are taken to be there. */
function addServices(cluster: SimulatedCluster, rollout: Rollout): void {
  const namespace = rollout.metadata?.namespace ?? 'default';
  for (const name of serviceNames(rollout)) {
    if (cluster.read.find('Service', namespace, name) !== undefined) continue;
    const service: Service = {
      metadata: { namespace, name },
      spec: { selector: { ...rollout.spec?.selector?.matchLabels } },
    };
    cluster.apply('Service', service);
  }
}
