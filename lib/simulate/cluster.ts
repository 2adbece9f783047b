import { loadBalancersOf } from '../elb/regions.ts';
import type { Rollout } from '../model/argo.generated.ts';
import type { Kind, Kinds } from '../model/kinds.ts';
import { fieldManager } from '../model/names.ts';
import { diffMergePatch, mergePatches } from '../model/patch.ts';
import type { MergePatch } from '../model/plan.ts';
import type { Millis } from '../model/units.ts';
import { type Aws, type Cluster, type MetricAws, unaskedMetrics } from '../world.ts';
import { type DisruptionBudget, evictPod } from './apiServer/eviction.ts';
import { frozenCopy } from './apiServer/frozen.ts';
import type { Writer } from './apiServer/managedFields.ts';
import { type Listener, type Objects, objectStore } from './apiServer/objects.ts';
import type { TaskClock } from './clock.ts';
import { countDeployments } from './controllers/deployments.ts';
import { collectGarbage } from './controllers/garbageCollector.ts';
import { controlJobs, type ExitCode } from './controllers/jobs.ts';
import { type Kubelet, type PodTimes, podTimes, runPods } from './controllers/pods.ts';
import { controlReplicaSets } from './controllers/replicaSets.ts';
import { randomFrom } from './random.ts';
import {
  controlLoadBalancers,
  type LoadBalancers,
  type LoadBalancerTimes,
  loadBalancerTimes,
  noLoadBalancers,
} from './traffic/controller.ts';
import { type ElbFaults, noElbFaults, simulatedElb } from './traffic/elb.ts';

export type ClusterOptions = {
  /** Whether changes are announced. What announces them is the world's, see world.ts here. */
  doorbell?: boolean;
  /** How long each call takes, half before and half after its effect. */
  latencyMs?: Millis;
  /** How long controllers take to notice a change. */
  controllerMs?: Millis;
  /** No pod ever becomes ready. For some pods only: `failPods` of what comes back. */
  failPods?: boolean;
  /** A load balancer controller is there, which takes so long. Without it nothing has a load balancer. */
  loadBalancers?: Partial<LoadBalancerTimes>;
  /** What CloudWatch and functions say; nothing if absent. */
  metrics?: MetricAws;
  /** How the pods of Jobs end; as their commands say, if absent. */
  exitCode?: ExitCode;
} & Partial<PodTimes>;

/** A cluster in memory: an API server, the controllers a rollout rests on, and a kubelet. */
export type SimulatedCluster = Kubelet & {
  /** The API server as Serin sees it. */
  cluster: Cluster;
  /** What AWS says of its load balancers. */
  aws: Aws;
  /** They themselves, as keyOf of traffic/controller.ts names them. */
  loadBalancers: LoadBalancers['all'];
  watchLoadBalancers: LoadBalancers['watch'];
  /** From now on that often AWS throttles and lies. */
  failAws: (faults: ElbFaults) => void;
  /** The same API server as somebody else sees it; writes carry that field manager. */
  as: (manager: string) => Cluster;
  watch: (listener: Listener) => () => void;
  /** What is stored now, read at once. Nothing of it can be changed. */
  read: Pick<Objects, 'get' | 'find' | 'list'>;
  addDisruptionBudget: (budget: DisruptionBudget) => void;
  /** An admission webhook that objects to writes: what it answers is what whoever writes gets. */
  denyWrites: (webhook: Webhook) => void;
} & User;

type Webhook = (kind: Kind, name: string) => Error | undefined;

/** What a person does with kubectl, at once. */
type User = {
  /** Creates the object, or makes it as the manifest says: what left the manifest goes. */
  apply: <K extends Kind>(kind: K, manifest: Kinds[K], manager?: string) => Kinds[K];
  deleteObject: (kind: Kind, namespace: string, name: string) => void;
  scale: (namespace: string, name: string, replicas: number) => Rollout;
  /** Patches a rollout's status, as the plugin's promote and abort do. */
  patchStatus: (namespace: string, name: string, patch: MergePatch, manager?: string) => Rollout;
};

const controllerMs = 10;

export function simulatedCluster({
  clock,
  seed,
  ...options
}: ClusterOptions & { clock: TaskClock; seed: number }): SimulatedCluster {
  const random = randomFrom(seed);
  const objects = objectStore(clock, random.fork('names'));
  const budgets: DisruptionBudget[] = [];
  const webhooks: Webhook[] = [];
  const delayMs = options.controllerMs ?? controllerMs;
  controlReplicaSets(clock, objects, delayMs);
  collectGarbage(clock, objects, delayMs);
  controlJobs(clock, objects, delayMs, options.exitCode);
  const times = { ...podTimes, ...options };
  countDeployments(clock, objects, {
    controllerMs: delayMs,
    readyMs: times.bindMs + times.readyMs,
  });
  const kubelet = runPods(clock, objects, random.fork('pods'), times);
  if (options.failPods) kubelet.failPods(() => true);
  const lb = {
    random: random.fork('load balancers'),
    times: { ...loadBalancerTimes, ...options.loadBalancers },
  };
  const balancers = options.loadBalancers
    ? controlLoadBalancers(clock, objects, lb)
    : noLoadBalancers;
  const aws = { faults: noElbFaults };
  const elb = simulatedElb(balancers.all, {
    ...{ clock, random: random.fork('aws') },
    faults: () => aws.faults,
  });

  const by = (writer: Writer): Cluster =>
    apiServer(objects, {
      writer,
      budgets,
      webhooks,
      doorbell: options.doorbell ?? true,
      pass: passing(clock, options.latencyMs ?? 0),
    });
  return {
    cluster: by({ manager: fieldManager, isSerin: true }),
    aws: { ...loadBalancersOf(async () => elb, { clock }), ...(options.metrics ?? unaskedMetrics) },
    loadBalancers: balancers.all,
    watchLoadBalancers: balancers.watch,
    failAws: (faults) => {
      aws.faults = faults;
    },
    as: (manager) => by({ manager }),
    watch: objects.watch,
    read: objects,
    ...kubelet,
    addDisruptionBudget: (budget) => budgets.push(budget),
    denyWrites: (webhook) => webhooks.splice(0, webhooks.length, webhook),
    ...userOf(objects),
  };
}

/** A call's way there or back. */
function passing(clock: TaskClock, latencyMs: Millis): () => Promise<void> {
  return async () => {
    if (latencyMs > 0) await clock.sleepUntil(clock.now() + Math.round(latencyMs / 2));
  };
}

type Client = {
  writer: Writer;
  budgets: readonly DisruptionBudget[];
  webhooks: readonly Webhook[];
  doorbell: boolean;
  pass: () => Promise<void>;
};

function apiServer(
  objects: Objects,
  { writer, budgets, webhooks, doorbell, pass }: Client,
): Cluster {
  const call = async <T>(effect: () => T): Promise<T> => {
    await pass();
    const answer = effect();
    await pass();
    return answer;
  };
  const demand = (kind: Kind, name = ''): void => {
    const denial = webhooks.map((webhook) => webhook(kind, name)).find((each) => each);
    if (denial) throw denial;
  };
  return {
    doorbell,
    get: ({ kind, namespace, name }) => call(() => objects.get(kind, namespace, name)),
    list: (kind, namespace, selector) => call(() => objects.list(kind, namespace, selector)),
    create: (kind, object, { dryRun = false } = {}) => {
      // What is sent is what it is now, whatever the caller does with it while it travels.
      const sent = frozenCopy(object);
      return call(() => {
        demand(kind, object.metadata?.name);
        return objects.create(kind, sent, { writer, dryRun });
      });
    },
    patch: ({ kind, ...target }, patch, options = {}) => {
      const sent = frozenCopy(patch);
      return call(() => {
        demand(kind, target.name);
        return objects.patch(kind, target, sent, { writer, ...options });
      });
    },
    remove: ({ kind, ...target }) =>
      call(() => {
        demand(kind, target.name);
        objects.remove(kind, target, writer);
      }),
    evict: ({ namespace, name, uid }) =>
      call(() => evictPod(objects, budgets, { namespace, name, uid }, writer)),
  };
}

function userOf(objects: Objects): User {
  const applied = new Map<string, object>();
  objects.watch(({ type, object }) => {
    if (type === 'DELETED') applied.delete(object.metadata?.uid ?? '');
  });
  return {
    apply: (kind, manifest, manager = 'kubectl-client-side-apply') => {
      const writer = { manager };
      const { namespace = 'default', name = '' } = manifest.metadata ?? {};
      const live = objects.find(kind, namespace, name);
      const last = applied.get(live?.metadata?.uid ?? '') ?? {};
      const patch = mergePatches(diffMergePatch(last, manifest) ?? {}, { ...manifest });
      const object =
        live === undefined
          ? objects.create(kind, manifest, { writer })
          : objects.patch(kind, { namespace, name }, patch, { writer });
      applied.set(object.metadata?.uid ?? '', frozenCopy(manifest));
      return object;
    },
    deleteObject: (kind, namespace, name) =>
      objects.remove(kind, { namespace, name }, { manager: 'kubectl' }),
    scale: (namespace, name, replicas) => {
      const options = { writer: { manager: 'kubectl' }, subresource: 'scale' } as const;
      return objects.patch('Rollout', { namespace, name }, { spec: { replicas } }, options);
    },
    patchStatus: (namespace, name, status, manager = 'kubectl-argo-rollouts') => {
      const options = { writer: { manager }, subresource: 'status' } as const;
      return objects.patch('Rollout', { namespace, name }, { status }, options);
    },
  };
}
