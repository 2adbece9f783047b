import type {
  Deployment,
  Pod,
  PodTemplateSpec,
  ReplicaSet,
  Rollout,
  Service,
} from '../../lib/model/argo.generated.ts';
import type { RolloutKey } from '../../lib/model/key.ts';
import { type KubernetesObject, rowOf } from '../../lib/model/kinds.ts';
import { fieldManager } from '../../lib/model/names.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import { type Millis, secondMs } from '../../lib/model/units.ts';
import { isControlledBy, nameOf, podHashOf, uidOf } from '../../lib/model/workload.ts';
import type { SimulatedCluster } from '../../lib/simulate/cluster.ts';
import type { Clock, Cluster, Store, World } from '../../lib/world.ts';
import { type AnalysisWatch, watchAnalyses } from './analyses.ts';
import { type CommandWatch, watchCommands } from './commands.ts';
import { type DelayWatch, watchDelays } from './delays.ts';
import { below } from './effects.ts';
import { type ExperimentWatch, watchExperiments } from './experiments.ts';
import { type FaultyWatch, noting, watchFaulty } from './faulty.ts';
import { type RestartWatch, watchRestarts } from './restarts.ts';
import { type ServiceWatch, watchServices } from './services.ts';
import { type SizeWatch, watchSizes } from './sizes.ts';
import { type StepWatch, watchSteps } from './steps.ts';
import { isStatusOnly, summary } from './summary.ts';
import { cutting, type ToldWatch, watchTold } from './told.ts';
import { leadsTo, type TrafficWatch, watchTraffic } from './traffic.ts';
import { type WorkloadWatch, watchWorkload } from './workload.ts';

// Watches everything that is written, to the cluster and to the table, and everything a process reads
// before it writes. What must never happen is told here, whatever the faults.

/** What one turn of a process has read, to judge its writes by. */
export type Turn = {
  at: Millis;
  rollout?: Rollout;
  sets?: ReplicaSet[];
  pods?: Pod[];
  /** That of the workload the rollout refers to. */
  template?: PodTemplateSpec;
  workload?: Deployment;
  /** Objects of routers, by kind and name. */
  routes?: Map<string, KubernetesObject>;
  evicted: number;
  /** The process it is a turn of: what one was answered another may not know. */
  process: object;
  /** One of its writes was refused: it is decided anew. */
  isCutShort?: boolean;
  /** Names it asked for that do not exist. */
  lacks?: string[];
};

/** A write of Serin's to the rollout, by whatever process. */
export type RolloutWrite = {
  before: Rollout;
  after: Rollout;
  turn: Turn;
  patch: MergePatch;
  isStatus: boolean;
  condition: string | undefined;
};

export type Violation = { property: string; detail: string; at: Millis };

export type Context = {
  clock: Clock;
  key: RolloutKey;
  cluster: SimulatedCluster;
  /** At a time that is past, where that is when it happened. */
  fail: (property: string, detail: string, at?: Millis) => void;
  note: (text: string) => void;
  /** The rollout's ReplicaSets as they are now. */
  sets: () => ReplicaSet[];
  live: () => Rollout | undefined;
  /** The item in the table. */
  memory: { record?: RolloutRecord };
};

export type Watchdog = Context & {
  violations: Violation[];
  trace: string[];
  steps: StepWatch;
  commands: CommandWatch;
  sizes: SizeWatch;
  restarts: RestartWatch;
  faulty: FaultyWatch;
  traffic: TrafficWatch;
  workload: WorkloadWatch;
  services: ServiceWatch;
  told: ToldWatch;
  delays: DelayWatch;
  analyses: AnalysisWatch;
  experiments: ExperimentWatch;
  /** Every request of Serin's to the cluster and the table so far; writes apart. */
  requests: { reads: number; writes: number; saves: number; loads: number };
  writtenAt: Millis[];
  lastStoreFaultAt: Millis;
  /** While it is down every call to the table fails. */
  outage: { isDown: boolean };
  /** A policy of the cluster: nobody may change metadata of pods, nor of those to come. */
  policy: { forbidsMetadata: boolean };
  /** The world a process gets, its reads remembered and its writes checked as it makes them. */
  above: (world: World) => World;
  /** The world under the faults, where only what has an effect arrives. */
  below: (world: World) => World;
};

export function watchdog(clock: Clock, key: RolloutKey, cluster: SimulatedCluster): Watchdog {
  const violations: Violation[] = [];
  const trace: string[] = [];
  const start = clock.now();
  const note = (text: string): void => {
    trace.push(`${((clock.now() - start) / secondMs).toFixed(3)} ${text}`);
  };
  const fail: Context['fail'] = (property, detail, at = clock.now()) => {
    violations.push({ property, detail, at });
    note(`VIOLATION ${property}: ${detail}`);
  };
  const live = () => cluster.read.find('Rollout', key.namespace, key.name);
  const sets = () => {
    const uid = uidOf(live() ?? {});
    return cluster.read.list('ReplicaSet', key.namespace).filter((set) => isControlledBy(set, uid));
  };
  const context: Context = { clock, key, cluster, fail, note, sets, live, memory: {} };
  const steps = watchSteps(context);
  const commands = watchCommands(context, steps);
  const sizes = watchSizes(context);
  const dog: Watchdog = {
    ...context,
    violations,
    trace,
    steps,
    commands,
    sizes,
    restarts: watchRestarts(context),
    faulty: watchFaulty(context),
    traffic: watchTraffic(context, steps),
    workload: watchWorkload(context, steps.features),
    services: watchServices(context, steps.features),
    told: watchTold(context, () => dog.lastStoreFaultAt),
    delays: watchDelays(context),
    analyses: watchAnalyses(context),
    experiments: watchExperiments(context),
    requests: { reads: 0, writes: 0, saves: 0, loads: 0 },
    writtenAt: [],
    lastStoreFaultAt: Number.NEGATIVE_INFINITY,
    outage: { isDown: false },
    policy: { forbidsMetadata: false },
    above: (world) => above(dog, turns, world),
    below: (world) => below(dog, turns, world),
  };
  const turns = new WeakMap<object, Turn>();
  listen(dog);
  return dog;
}

function listen(dog: Watchdog): void {
  dog.cluster.watch((change) => {
    const { type, kind, object, writer } = change;
    if (kind === 'Event' && type !== 'DELETED') dog.told.put(object);
    if (kind === 'Pod' || kind === 'Event') return;
    dog.note(`${writer.manager} ${type} ${kind} ${nameOf(object)} ${summary(change)}`);
    if (kind === 'Rollout') {
      const isOurs = writer.manager === fieldManager;
      if (type === 'ADDED') dog.steps.begin(object);
      if (type === 'MODIFIED' && change.before !== undefined) {
        dog.steps.count(change.before, object, isOurs);
        if (!isOurs) dog.steps.byOthers(change.before, object);
        if (!isOurs) dog.commands.byOthers();
        if (!isOurs) dog.told.byOthers();
      }
    }
    if (kind === 'Deployment' && writer.manager !== fieldManager && !isStatusOnly(change)) {
      dog.commands.byOthers();
    }
    dog.delays.changed(change);
    dog.workload.changed(change);
    dog.traffic.changed(change);
    if (kind === 'ReplicaSet') {
      dog.sizes.changed(change);
      if (type === 'DELETED') dog.steps.setGone(object);
    }
  });
}

export type Turns = WeakMap<object, Turn>;

/** What a process asks for, before anything goes wrong on the way. */
function above(dog: Watchdog, turns: Turns, world: World): World {
  const process = {};
  const holder: { turn: Turn } = { turn: { at: dog.clock.now(), evicted: 0, process } };
  const noteFault = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      dog.lastStoreFaultAt = dog.clock.now();
      throw error;
    }
  };
  const store: Store = {
    ...world.store,
    load: (key) => {
      holder.turn = { at: dog.clock.now(), evicted: 0, process };
      return noteFault(world.store.load(key));
    },
    save: async (record) => {
      const { turn } = holder;
      const saved = await noteFault(world.store.save(record));
      dog.workload.saved(turn);
      return saved;
    },
    append: (key, entry) => noteFault(world.store.append(key, entry)),
  };
  return {
    ...world,
    store,
    cluster: async (name) => askedOf(dog, turns, holder, await world.cluster(name)),
  };
}

function askedOf(dog: Watchdog, turns: Turns, holder: { turn: Turn }, cluster: Cluster): Cluster {
  return {
    ...cluster,
    get: async (ref) => {
      const { turn } = holder;
      const object = await cluster.get(ref).catch(noting(turn, ref.name));
      if (ref.kind === 'Rollout') turn.rollout = object as Rollout;
      if (rowOf(ref.kind).ofRouters) {
        turn.routes ??= new Map();
        turn.routes.set(`${ref.kind} ${ref.name}`, object as KubernetesObject);
      }
      if (ref.kind === 'Deployment') {
        turn.workload = object as Deployment;
        turn.template = turn.workload.spec?.template ?? {};
      }
      return object;
    },
    list: async (kind, namespace, selector) => {
      const { turn } = holder;
      const found = await cluster.list(kind, namespace, selector);
      const uid = uidOf(turn.rollout ?? {});
      if (kind === 'ReplicaSet') {
        const own = (found as ReplicaSet[]).filter((set) => isControlledBy(set, uid));
        turn.sets = [...(turn.sets ?? []), ...own];
      }
      if (kind === 'Pod') turn.pods = found as Pod[];
      return found;
    },
    patch: (ref, patch, options) => {
      const isConditional = ref.resourceVersion !== undefined && ref.resourceVersion !== '';
      if (!isConditional) dog.fail('conditional writes', `patch of ${ref.kind} ${ref.name}`);
      turns.set(ref, holder.turn);
      if (ref.kind === 'Service') dog.faulty.moves(holder.turn, leadsTo(patch as Service));
      return cutting(holder.turn, cluster.patch(ref, patch, options));
    },
    create: (kind, object, options) => {
      if (!options?.dryRun) dog.faulty.moves(holder.turn, podHashOf(object as ReplicaSet));
      turns.set(object, holder.turn);
      return cutting(holder.turn, cluster.create(kind, object, options));
    },
    remove: (ref) => {
      if (!ref.resourceVersion) dog.fail('conditional writes', `delete of ${ref.name}`);
      return cutting(holder.turn, cluster.remove(ref));
    },
    evict: (ref) => {
      dog.restarts.evicts(holder.turn, ref.uid);
      return cutting(holder.turn, cluster.evict(ref));
    },
  };
}
