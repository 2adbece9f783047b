import { Terminal } from '../lib/errors.ts';
import type { Rollout, Service } from '../lib/model/argo.generated.ts';
import type { Kinds } from '../lib/model/kinds.ts';
import { typeMetaOf, type WorkloadKind, workloadKinds } from '../lib/model/kinds.ts';
import { serviceNames } from '../lib/model/reference.ts';
import type { SimulatedCluster } from '../lib/simulate/cluster.ts';
import { StartError } from './startError.ts';

/** What is applied, by kind, in the order of the files. */
export type Objects = {
  [K in 'Rollout' | 'Service' | (typeof templateKinds)[number] | WorkloadKind]: Kinds[K][];
};
export const templateKinds = ['AnalysisTemplate', 'ClusterAnalysisTemplate'] as const;

/** Does to a simulated cluster what `kubectl apply` does to a real one. */
export function applyObjects(cluster: SimulatedCluster, objects: Objects): void {
  try {
    for (const kind of ['Service', ...templateKinds, ...workloadKinds] as const) {
      for (const object of objects[kind]) cluster.apply(kind, object);
    }
    for (const rollout of objects.Rollout) {
      addFronts(cluster, rollout);
      addServices(cluster, rollout);
      cluster.apply('Rollout', rollout);
    }
  } catch (error) {
    if (!(error instanceof Terminal)) throw error;
    const hint =
      'An API server would refuse it too; `serin lint` says more of what a manifest needs.';
    throw new StartError('refused', error.message, hint);
  }
}

/** So are the Ingress of an ALB and the Service of an NLB. */
function addFronts({ read, apply }: SimulatedCluster, { metadata = {}, spec }: Rollout): void {
  const { namespace = 'default' } = metadata;
  const { trafficRouting, stableService } = spec?.strategy?.canary ?? {};
  const { alb, plugins } = trafficRouting ?? {};
  const path = {
    ...{ path: '/', pathType: 'Prefix' },
    backend: {
      service: { name: alb?.rootService || stableService, port: { name: 'use-annotation' } },
    },
  };
  for (const name of alb?.ingresses ?? (alb?.ingress ? [alb.ingress] : [])) {
    if (read.find('Ingress', namespace, name) !== undefined) continue;
    apply('Ingress', {
      ...typeMetaOf('Ingress'),
      metadata: { namespace, name },
      spec: { ingressClassName: 'alb', rules: [{ http: { paths: [path] } }] },
    });
  }
  const { service, port = 80 } = (plugins?.['serin/nlb'] ?? {}) as {
    service?: string;
    port?: number;
  };
  if (!service || read.find('Service', namespace, service) !== undefined) return;
  const selector = { ...spec?.selector?.matchLabels };
  apply('Service', {
    metadata: { namespace, name: service },
    spec: { type: 'LoadBalancer', selector, ports: [{ port }] },
  });
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
