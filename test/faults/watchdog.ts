import { Terminal, Transient } from '../../lib/errors.ts';
import type {
  Deployment,
  Pod,
  PodTemplateSpec,
  ReplicaSet,
  Rollout,
  Service,
} from '../../lib/model/argo.generated.ts';
import type { RolloutKey } from '../../lib/model/key.ts';
import { type Kind, type KubernetesObject, rowOf } from '../../lib/model/kinds.ts';
import { fieldManager } from '../../lib/model/names.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import { type Millis, secondMs } from '../../lib/model/units.ts';
import { isControlledBy, nameOf, podHashOf, uidOf, versionOf } from '../../lib/model/workload.ts';
import type { SimulatedCluster } from '../../lib/simulate/cluster.ts';
import type { Clock, Cluster, Store, World } from '../../lib/world.ts';
import { type CommandWatch, watchCommands } from './commands.ts';
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
  fail: (property: string, detail: string) => void;
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

const busyMax = 400;
const busyMs = 60 * secondMs;

export function watchdog(clock: Clock, key: RolloutKey, cluster: SimulatedCluster): Watchdog {
  const violations: Violation[] = [];
  const trace: string[] = [];
  const start = clock.now();
  const note = (text: string): void => {
    trace.push(`${((clock.now() - start) / secondMs).toFixed(3)} ${text}`);
  };
  const fail = (property: string, detail: string): void => {
    violations.push({ property, detail, at: clock.now() });
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
    dog.workload.changed(change);
    dog.traffic.changed(change);
    if (kind === 'ReplicaSet') {
      dog.sizes.changed(change);
      if (type === 'DELETED') dog.steps.setGone(object);
    }
  });
}

type Turns = WeakMap<object, Turn>;

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

/** What arrives and has an effect. */
function below(dog: Watchdog, turns: Turns, world: World): World {
  const { requests } = dog;
  const demandTable = (): void => {
    if (dog.outage.isDown) throw new Transient('the table is down');
  };
  const store: Store = {
    ...world.store,
    load: async (key) => {
      demandTable();
      requests.loads += 1;
      return await world.store.load(key);
    },
    save: async (record) => {
      demandTable();
      requests.saves += 1;
      const saved = await world.store.save(record);
      dog.commands.saved(saved);
      dog.told.saved(saved);
      return saved;
    },
    forget: async (key, version) => {
      demandTable();
      await world.store.forget(key, version);
      dog.commands.forgotten();
    },
    due: async (before, limit) => {
      demandTable();
      return await world.store.due(before, limit);
    },
    append: async (key, entry) => {
      demandTable();
      const isNew = await world.store.append(key, entry);
      if (isNew) dog.note(`ledger ${entry.kind} ${entry.actor.name}: ${entry.text}`);
      if (isNew) dog.commands.appended(entry);
      return isNew;
    },
  };
  return {
    ...world,
    store,
    cluster: async (name) => effectsOf(dog, turns, await world.cluster(name)),
  };
}

function changesMetadata(kind: Kind, { spec }: MergePatch): boolean {
  const { template } = (spec ?? {}) as { template?: { metadata?: object } };
  return kind === 'Pod' || (kind === 'ReplicaSet' && template?.metadata !== undefined);
}

function effectsOf(dog: Watchdog, turns: Turns, cluster: Cluster): Cluster {
  const { requests } = dog;
  const wrote = (): void => {
    requests.writes += 1;
    dog.writtenAt.push(dog.clock.now());
    while ((dog.writtenAt[0] ?? 0) < dog.clock.now() - busyMs) dog.writtenAt.shift();
    if (dog.writtenAt.length === busyMax) {
      dog.fail('no hot loop', `${busyMax} writes within a minute`);
    }
  };
  const read = <T>(call: Promise<T>): Promise<T> => {
    requests.reads += 1;
    return call;
  };
  return {
    ...cluster,
    get: (ref) => read(cluster.get(ref)),
    // What is listed of all namespaces is the cluster's, not the rollout's.
    list: (kind, namespace, selector) =>
      namespace === ''
        ? cluster.list(kind, namespace, selector)
        : read(cluster.list(kind, namespace, selector)),
    create: async (kind, object, options) => {
      if (options?.dryRun) requests.reads += 1;
      else wrote();
      const after = await cluster.create(kind, object, options);
      const turn = turns.get(object);
      if (turn && rowOf(kind).ofRouters) dog.traffic.sent(turn, versionOf(after));
      return after;
    },
    patch: async (ref, patch, options) => {
      wrote();
      const { kind, namespace, name } = ref;
      if (dog.policy.forbidsMetadata && changesMetadata(kind, patch)) {
        throw new Terminal(`admission webhook denied the request: ${kind}: a policy forbids it`);
      }
      const before = dog.cluster.read.find(kind, namespace, name);
      const after = await cluster.patch(ref, patch, options);
      const turn = turns.get(ref);
      if (turn === undefined || before === undefined) return after;
      if (rowOf(kind).ofRouters) dog.traffic.sent(turn, versionOf(after));
      if (kind === 'Service') {
        dog.traffic.sent(turn, versionOf(after));
        dog.traffic.switched(turn, before as Service, after as Service);
        dog.services.switched(turn, before as Service, after as Service);
      }
      if (kind === 'Deployment') {
        dog.workload.resized(turn, before as Deployment, after as Deployment);
        dog.commands.wroteTemplate(patch);
      }
      if (kind === 'ReplicaSet') {
        dog.sizes.judge(turn, versionOf(after));
        dog.traffic.resized(turn, before as ReplicaSet, after as ReplicaSet);
        dog.services.resized(turn, before as ReplicaSet, after as ReplicaSet);
      }
      if (kind === 'Rollout') {
        const write: RolloutWrite = {
          ...{ before: before as Rollout, turn, patch },
          after: after as Rollout,
          isStatus: options?.subresource === 'status',
          condition: ref.resourceVersion,
        };
        if (dog.commands.wrote(write) || !write.isStatus) return after;
        dog.traffic.wrote(write);
        dog.steps.byUs(write);
        dog.restarts.byUs(write);
        dog.told.byUs(write);
        dog.faulty.byUs(write);
      }
      return after;
    },
    remove: (ref) => {
      wrote();
      return cluster.remove(ref);
    },
    evict: (ref) => {
      wrote();
      return cluster.evict(ref);
    },
  };
}
