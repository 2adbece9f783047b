import { contextOf } from '../../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster, type WatchedCluster } from '../../../lib/kubernetes/kubernetes.ts';
import type {
  CanaryStep,
  CanaryStrategy,
  ReplicaSet,
  Rollout,
} from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { instanceIdLabel } from '../../../lib/model/names.ts';
import { nameOf } from '../../../lib/model/workload.ts';
import type { ControlPlane } from '../controlPlane.ts';
import { type Running, until } from '../processes.ts';
import { apply, newNamespace } from '../stage.ts';

/** A controller to be measured. */
export type Subject = {
  name: string;
  instanceId: string;
  agent: string;
  start: (plane: ControlPlane) => Promise<Running>;
};

/** What is seen of rollouts, ReplicaSets and Ingresses, and when. */
export type Seen = {
  at: number;
  rollout?: Rollout;
  set?: ReplicaSet;
  ingress?: KubernetesObject;
};

export type Bench = {
  plane: ControlPlane;
  cluster: WatchedCluster;
  subject: Subject;
  seen: Seen[];
};

/** Watches everything while the task runs. */
export async function withBench<T>(
  plane: ControlPlane,
  subject: Subject,
  task: (bench: Bench) => Promise<T>,
): Promise<T> {
  const { signIn } = contextOf(plane.kubeconfig);
  const cluster = kubernetesCluster({ signIn, doorbell: true, userAgent: 'bench' });
  const stop = new AbortController();
  const seen: Seen[] = [];
  const keep = (entry: Omit<Seen, 'at'>) => seen.push({ at: Date.now(), ...entry });
  const trouble = (error: Error) => process.stderr.write(`${error.message}\n`);
  const all = { namespace: '' };
  const ignored = { found: () => {}, complete: () => {} };
  await cluster.watch(
    'Rollout',
    all,
    { ...ignored, change: (_, rollout) => keep({ rollout }), trouble },
    stop.signal,
  );
  await cluster.watch(
    'ReplicaSet',
    all,
    { ...ignored, change: (_, set) => keep({ set }), trouble },
    stop.signal,
  );
  await cluster.watch(
    'Ingress',
    all,
    { ...ignored, change: (_, ingress) => keep({ ingress }), trouble },
    stop.signal,
  );
  try {
    return await task({ plane, cluster, subject, seen });
  } finally {
    stop.abort();
  }
}

/** What a rollout of that name has beside its steps, and the objects that it needs, of its metadata. */
export type Extra = {
  canary: (name: string) => CanaryStrategy;
  objects: (rollout: { name: string; namespace: string; labels: Labels }) => object[];
};

/** Argo's controller with an instance id sees no templates without it. */
type Labels = Record<string, string>;

/** So many rollouts, of so many pods each. */
type Fleet = { count: number; replicas?: number; steps: CanaryStep[]; extra?: Extra };

function labelsOf({ subject }: Bench): Labels {
  return { [instanceIdLabel]: subject.instanceId };
}

function manifests(
  bench: Bench,
  namespace: string,
  { count, replicas = 3, steps, extra }: Fleet,
): Rollout[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `web-${index}`;
    const labels = { app: name };
    return {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name, namespace, labels: labelsOf(bench) },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'web', image: 'web:v1' }] },
        },
        strategy: { canary: { steps, ...extra?.canary(name) } },
      },
    };
  });
}

/** Applies rollouts and waits until all are healthy. */
export async function deploy(bench: Bench, what: string, fleet: Fleet): Promise<string> {
  const namespace = await newNamespace(bench.plane, `${what}-${bench.subject.instanceId}`);
  const rollouts = manifests(bench, namespace, fleet);
  const { extra } = fleet;
  const labels = labelsOf(bench);
  const objects = rollouts.flatMap(
    (each) => extra?.objects({ name: nameOf(each), namespace, labels }) ?? [],
  );
  await apply(bench.plane, ...objects, ...rollouts);
  await allReach(bench, namespace, fleet.count, ({ status }) => status?.phase === 'Healthy');
  return namespace;
}

export async function allReach(
  { cluster, subject }: Bench,
  namespace: string,
  count: number,
  isThere: (rollout: Rollout) => boolean,
): Promise<void> {
  const areThere = async (): Promise<boolean> => {
    const rollouts = await cluster.list('Rollout', namespace);
    return rollouts.filter((rollout) => isCurrent(rollout) && isThere(rollout)).length === count;
  };
  await until(`${count} of ${subject.name}`, areThere, { withinMs: 300_000, everyMs: 250 });
}

function isCurrent({ status, metadata }: Rollout): boolean {
  return status?.observedGeneration === String(metadata?.generation);
}

export const image = {
  spec: { template: { spec: { containers: [{ name: 'web', image: 'web:v2' }] } } },
};

export async function release({ cluster }: Bench, namespace: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `web-${index}`);
  const patch = (name: string) => cluster.patch({ kind: 'Rollout', namespace, name }, image);
  for (let from = 0; from < count; from += 20) {
    await Promise.all(names.slice(from, from + 20).map(patch));
  }
}

export async function remove({ plane }: Bench, namespace: string): Promise<void> {
  await plane.kubectl(['delete', 'namespace', namespace, '--timeout=180s']);
}
