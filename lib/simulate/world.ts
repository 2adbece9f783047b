import { NotFound, Terminal, Transient } from '../errors.ts';
import type { Inquiry, InquiryAnswer } from '../model/inquiry.ts';
import { type Key, keyText } from '../model/key.ts';
import { rowOf } from '../model/kinds.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import { concerned } from '../queue/keys.ts';
import { managersOf } from '../queue/managers.ts';
import { reachMs } from '../queue/queue.ts';
import { memoryStore } from '../store/embedded.ts';
import {
  type Count,
  type InvokeAnswer,
  type InvokeRequest,
  type Log,
  type QueueMessage,
  type Store,
  unmeasured,
  type Wakes,
  type World,
} from '../world.ts';
import type { TaskClock } from './clock.ts';
import { type ClusterOptions, type SimulatedCluster, simulatedCluster } from './cluster.ts';
import { type MetricServer, metricServer } from './metrics/server.ts';
import { randomFrom } from './random.ts';

export type WorldOptions = {
  clock: TaskClock;
  seed: number;
  /** By name; `local` alone if nothing is said. */
  clusters?: Record<string, ClusterOptions>;
  store?: Store;
  log?: Log;
  count?: Count;
  instanceId?: string;
  /** What measurements reach; a simulated server of metrics, if absent. */
  http?: World['http'];
  secrets?: World['secrets'];
  /** Nobody is told of anything, if absent. */
  messages?: World['messages'];
  /** From a change in a cluster to the wake it causes. */
  doorbellMs?: Millis;
  /** How long a message whose delivery failed stays hidden. */
  visibilityMs?: Millis;
  /** How often a message is delivered before it goes to the dead letters. */
  receivesMax?: number;
};

/** What runs on the world: Serin. The world it is handed is one process's. */
export type Consumer = {
  deliver: (message: QueueMessage, world: World) => Promise<void>;
  invoke?: (request: InvokeRequest, world: World) => Promise<InvokeAnswer>;
  inquire?: (inquiry: Inquiry, world: World) => Promise<InquiryAnswer>;
  /** Runs every minute. */
  sweep?: (world: World) => Promise<void>;
  /** Where the doorbell sends its wakes, if not straight to the queue. */
  wakes?: Wakes;
};

type Failure = { at: Millis; message?: QueueMessage; error: unknown };

export type SimulatedWorld = {
  world: World;
  /** The only cluster, or the first. */
  cluster: SimulatedCluster;
  clusters: ReadonlyMap<string, SimulatedCluster>;
  /** At `http://metrics/`: what it answers stands in the address. */
  metrics: MetricServer;
  /** Starts to deliver. */
  connect: (consumer: Consumer) => void;
  /** The world as one more process sees it, with an id of its own. */
  process: () => World;
  /** Deliveries, sweeps and notices that failed. */
  failures: readonly Failure[];
  /** Messages given up. */
  deadLetters: readonly QueueMessage[];
};

type Queue = Wakes & { consume: (deliver: (message: QueueMessage) => Promise<void>) => void };

/** A World in one process: simulated clusters, a store, and a queue that calls the consumer. */
export function simulatedWorld(options: WorldOptions): SimulatedWorld {
  const { clock, seed, store = memoryStore(clock), log = () => {}, instanceId = '' } = options;
  const random = randomFrom(seed);
  const named = Object.entries(options.clusters ?? { local: {} }).map(
    ([name, clusterOptions]) =>
      [name, simulatedCluster({ clock, seed: random.below(2 ** 31), ...clusterOptions })] as const,
  );
  const clusters = new Map(named);
  const [first] = clusters.values();
  if (first === undefined) throw new Error('a simulated world needs a cluster');
  const failures: Failure[] = [];
  const deadLetters: QueueMessage[] = [];
  const queue = simulatedQueue(options, { failures, deadLetters });
  const connected: { consumer?: Consumer } = {};

  const clusterOf = (name: string): SimulatedCluster => {
    const cluster = clusters.get(name);
    if (cluster === undefined) throw new NotFound(`no cluster is registered as ${name}`);
    return cluster;
  };
  const metrics = metricServer(clock);
  const world: World = {
    clock,
    endsAt: Number.POSITIVE_INFINITY,
    cluster: async (name) => clusterOf(name).cluster,
    aws: async (name) => clusterOf(name).aws,
    http: options.http ?? (async () => metrics.http),
    secrets: options.secrets ?? unmeasured.secrets,
    clusters: async () =>
      [...clusters].map(([name, { cluster }]) => ({ name, doorbell: cluster.doorbell })),
    store,
    wakes: { send: queue.send },
    ...(options.messages && { messages: options.messages }),
    log,
    count: options.count ?? (() => {}),
    processId: `simulated-${clock.now()}`,
    instanceId,
    invoke: async (request) => {
      const invoke = connected.consumer?.invoke;
      if (invoke === undefined) throw new Transient('nothing is connected that reconciles');
      return await invoke(request, process());
    },
    inquire: async (inquiry) => {
      const ask = connected.consumer?.inquire;
      if (ask === undefined) throw new Transient('nothing is connected that reconciles');
      return await ask(inquiry, process());
    },
  };
  let processes = 0;
  const process = (): World => {
    processes += 1;
    return { ...world, processId: `${world.processId}-${processes}` };
  };
  const connect = (consumer: Consumer): void => {
    connected.consumer = consumer;
    queue.consume((message) => consumer.deliver(message, process()));
    const { sweep } = consumer;
    if (sweep !== undefined) everyMinute(clock, failures, () => sweep(process()));
  };
  for (const [name, cluster] of clusters) {
    if (!cluster.cluster.doorbell) continue;
    ringDoorbell(cluster, name, {
      clock,
      store,
      delayMs: options.doorbellMs ?? doorbellMs,
      failures,
      wakes: { send: (...call) => (connected.consumer?.wakes ?? queue).send(...call) },
    });
  }
  return { world, cluster: first, clusters, metrics, connect, process, failures, deadLetters };
}

const doorbellMs = 200;
const visibilityMs = 30 * secondMs;
const receivesMax = 5;
/** A message's way through the queue. */
const transitMs = 20;

type Outcomes = { failures: Failure[]; deadLetters: QueueMessage[] };

/** A standard SQS queue: whole seconds of delay, and what failed comes again for a while. */
function simulatedQueue(options: WorldOptions, { failures, deadLetters }: Outcomes): Queue {
  const { clock } = options;
  /** What arrived before anybody consumed. */
  const early: QueueMessage[] = [];
  let deliver: ((message: QueueMessage) => Promise<void>) | undefined;

  const receive = async (message: QueueMessage, times: number): Promise<void> => {
    if (deliver === undefined) {
      early.push(message);
      return;
    }
    try {
      await deliver(message);
    } catch (error) {
      failures.push({ at: clock.now(), message, error });
      if (times >= (options.receivesMax ?? receivesMax)) deadLetters.push(message);
      else {
        const at = clock.now() + (options.visibilityMs ?? visibilityMs);
        clock.schedule(at, () => receive(message, times + 1));
      }
    }
  };
  return {
    send: async (message, delayMs) => {
      if (!(delayMs <= reachMs)) throw new Terminal(`a delay of ${delayMs} ms is too long`);
      const wholeMs = Math.max(0, Math.ceil(delayMs / secondMs)) * secondMs;
      const sent = structuredClone(message);
      clock.schedule(clock.now() + wholeMs + transitMs, () => receive(sent, 1));
    },
    consume: (next) => {
      deliver = next;
      for (const message of early.splice(0)) clock.schedule(clock.now(), () => receive(message, 1));
    },
  };
}

function everyMinute(clock: TaskClock, failures: Failure[], task: () => Promise<void>): void {
  clock.schedule(clock.now() + minuteMs, async () => {
    everyMinute(clock, failures, task);
    try {
      await task();
    } catch (error) {
      failures.push({ at: clock.now(), error });
    }
  });
}

type Doorbell = {
  clock: TaskClock;
  delayMs: Millis;
  wakes: Wakes;
  store: Store;
  failures: Failure[];
};

/** Wakes a rollout for every change that can matter to it and is not Serin's own. */
function ringDoorbell(cluster: SimulatedCluster, name: string, doorbell: Doorbell): void {
  const { clock, delayMs, wakes, store, failures } = doorbell;
  const ringing = new Set<string>();
  const ring = (key: Key): void => {
    const text = keyText(key);
    if (ringing.has(text)) return;
    ringing.add(text);
    clock.schedule(clock.now() + delayMs, async () => {
      ringing.delete(text);
      // A notice that is lost is not repeated: the due index makes up for it.
      await wakes.send({ key }, 0).catch((error) => failures.push({ at: clock.now(), error }));
    });
  };
  cluster.watch((change) => {
    // A webhook is not told of Services: those a rollout waits for are looked at again now and then.
    if (change.writer.isSerin || change.kind === 'Service') return;
    const rollouts = cluster.read.list('Rollout', change.object.metadata?.namespace ?? '');
    for (const key of concerned(change, name, rollouts)) ring(key);
    if (rowOf(change.kind).ofRouters) {
      clock.schedule(clock.now(), async () => {
        for (const key of await managersOf(store, name, change)) ring(key);
      });
    }
  });
}
