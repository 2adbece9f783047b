import { Conflict, NotFound, Transient, Unreachable } from '../../errors.ts';
import type { Kind } from '../../model/kinds.ts';
import type { Millis } from '../../model/units.ts';
import { minuteMs, secondMs } from '../../model/units.ts';
import { reachMs } from '../../queue/queue.ts';
import type { Clock, Cluster, Store, Wakes, World } from '../../world.ts';
import { randomFrom } from '../random.ts';

/** What can go wrong, each with the probability that one call meets it. */
export type Rates = Record<FaultName, number>;
export type FaultName = (typeof faultNames)[number];

const faultNames = [
  /** The API server answers 409, 429 or 5xx, and nothing was done. */
  'conflict',
  'throttled',
  'serverError',
  /** The API server gives no answer, as long as it is away. */
  'unreachable',
  /** The write was applied, and its answer lost. */
  'answerLost',
  /** The process ends before or after an effect. */
  'killedBefore',
  'killedAfter',
  'storeThrottled',
  'storeAnswerLost',
  /** The table cannot be reached for a while, by anybody. */
  'storeDown',
  'wakeRefused',
  'wakeLost',
  'wakeDoubled',
  /** A late wake is also out of order. */
  'wakeLate',
  /** Another controller writes to the status of a rollout that was just read. */
  'rivalWrote',
] as const;

/** The longest that what takes time takes. */
type Spans = { latencyMs: Millis; storeDownMs: Millis; wakeLateMs: Millis };

export const faultRates: Rates = {
  conflict: 0.02,
  throttled: 0.01,
  serverError: 0.01,
  unreachable: 0,
  answerLost: 0.02,
  killedBefore: 0.01,
  killedAfter: 0.01,
  storeThrottled: 0.01,
  storeAnswerLost: 0.02,
  storeDown: 0.001,
  wakeRefused: 0.01,
  wakeLost: 0.05,
  wakeDoubled: 0.05,
  wakeLate: 0.05,
  rivalWrote: 0,
};
const faultSpans: Spans = {
  latencyMs: 300,
  storeDownMs: 2 * minuteMs,
  wakeLateMs: 90 * secondMs,
};

/** The end of a process: nothing of it goes on, not even its error handling. */
export class Killed extends Error {
  override name = 'Killed';
}

export type FaultOptions = {
  seed: number;
  rates: Partial<Rates>;
  spans?: Partial<Spans>;
  /** The API server as the rival controller sees it. */
  rival?: (cluster: string) => Cluster;
  /** Breaks the world further, as a bug in Serin would. */
  sabotage?: (world: World) => World;
};

export type Faults = {
  /**
   * Runs the task as a process of its own, on the world where things go wrong. Where the process is
   * killed, the task stops for good at that effect, and this rejects with Killed.
   */
  process: <T>(task: (world: World) => Promise<T>) => Promise<T>;
  /** The queue as the doorbell sees it. */
  wakes: Wakes;
  /** Every fault and every effect, in order: the same for the same seed. */
  trace: readonly string[];
  counts: Readonly<Record<FaultName, number>>;
  /** From now on nothing goes wrong any more. */
  calm: () => void;
  /** For so long no call to a cluster is answered. Others reach it, and its notices come. */
  away: (spanMs: Millis) => void;
};

type Process = { id: string; dead: boolean; die: (error: Killed) => void };
type Call<T> = { label: string; faults: readonly FaultName[]; effect: () => Promise<T> };
type Perform = <T>(process: Process, call: Call<T>) => Promise<T>;
type Chaos = {
  world: World;
  perform: Perform;
  strike: (process: Process, label: string, names: readonly FaultName[]) => FaultName | undefined;
  delayMs: (span: keyof Spans) => Millis;
  options: FaultOptions;
};

const calls = ['throttled', 'serverError'] as const;
const reads = [...calls, 'unreachable'] as const;
const kills = ['killedBefore', 'killedAfter'] as const;
const writes = [...reads, 'conflict', 'answerLost', ...kills] as const;
const storeReads = ['storeThrottled', 'storeDown'] as const;
const storeWrites = [...storeReads, 'storeAnswerLost', ...kills] as const;
const sends = ['wakeLost', 'wakeDoubled', 'wakeLate'] as const;

/** Wraps a World so that calls fail, are lost, late or doubled, and processes die, by seed. */
export function faultyWorld(world: World, options: FaultOptions): Faults {
  const random = randomFrom(options.seed);
  const spans = { ...faultSpans, ...options.spans };
  const trace: string[] = [];
  const counts = Object.fromEntries(faultNames.map((name) => [name, 0])) as Record<
    FaultName,
    number
  >;
  const startMs = world.clock.now();
  let isCalm = false;
  let downUntil = Number.NEGATIVE_INFINITY;
  let awayUntil = Number.NEGATIVE_INFINITY;
  let processes = 0;

  const note = (process: Process, text: string): void => {
    trace.push(`${((world.clock.now() - startMs) / secondMs).toFixed(3)} ${process.id} ${text}`);
  };
  const strike: Chaos['strike'] = (process, label, names) => {
    // One draw a call, whatever the rates: the same seed then keeps its other choices.
    let left = random.next();
    if (isCalm) return undefined;
    for (const name of names) {
      left -= options.rates[name] ?? 0;
      if (left >= 0) continue;
      counts[name] += 1;
      note(process, `${label}: ${name}`);
      return name;
    }
    return undefined;
  };
  const delayMs = (span: keyof Spans): Millis => (isCalm ? 0 : random.below(spans[span] + 1));
  const pause = async (process: Process): Promise<void> => {
    const waitMs = Math.round(delayMs('latencyMs') / 2);
    if (waitMs > 0) await world.clock.sleepUntil(world.clock.now() + waitMs);
    if (process.dead) await never();
  };
  const next = (process: Process, { label, faults }: Call<unknown>): FaultName | undefined => {
    const isDown = world.clock.now() < downUntil && !isCalm;
    if (isDown && faults.includes('storeDown')) return 'storeDown';
    if (world.clock.now() < awayUntil && faults.includes('unreachable')) {
      counts.unreachable += 1;
      return 'unreachable';
    }
    const fault = strike(process, label, faults);
    if (fault === 'storeDown') downUntil = world.clock.now() + delayMs('storeDownMs');
    return fault;
  };

  const perform: Perform = async (process, call) => {
    await pause(process);
    const fault = next(process, call);
    await failBefore(process, call.label, fault);
    const answer = await call.effect();
    if (call.faults.includes('killedAfter')) note(process, `${call.label}: done`);
    await failAfter(process, call.label, fault);
    await pause(process);
    return answer;
  };
  const chaos: Chaos = { world, perform, strike, delayMs, options };
  const doorbell: Process = { id: 'doorbell', dead: false, die: () => {} };
  return {
    process: (task) => {
      processes += 1;
      const id = `${world.processId}-${processes}`;
      return new Promise((resolve, reject) => {
        const faulty = worldOf(chaos, { id, dead: false, die: reject });
        task(options.sabotage?.(faulty) ?? faulty).then(resolve, reject);
      });
    },
    wakes: wakesOf(chaos, doorbell, []),
    trace,
    counts,
    calm: () => {
      isCalm = true;
      awayUntil = Number.NEGATIVE_INFINITY;
    },
    away: (spanMs) => {
      awayUntil = world.clock.now() + spanMs;
    },
  };
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function die(process: Process, label: string, when: 'before' | 'after'): Promise<never> {
  process.dead = true;
  process.die(new Killed(`${process.id} was killed ${when} ${label}`));
  return never();
}

async function failBefore(
  process: Process,
  label: string,
  fault: FaultName | undefined,
): Promise<void> {
  switch (fault) {
    case 'killedBefore':
      await die(process, label, 'before');
      break;
    case 'conflict':
      throw new Conflict(`${label}: the object has been modified`);
    case 'throttled':
      throw new Transient(`${label}: 429 Too Many Requests`);
    case 'serverError':
      throw new Transient(`${label}: 503 Service Unavailable`);
    case 'unreachable':
      throw new Unreachable(`${label}: ECONNREFUSED`);
    case 'storeThrottled':
      throw new Transient(`${label}: the table throttles`);
    case 'storeDown':
      throw new Transient(`${label}: the table cannot be reached`);
    case 'wakeRefused':
      throw new Transient(`${label}: the queue did not answer`);
    default:
      return;
  }
}

async function failAfter(
  process: Process,
  label: string,
  fault: FaultName | undefined,
): Promise<void> {
  if (fault === 'killedAfter') await die(process, label, 'after');
  if (fault === 'answerLost' || fault === 'storeAnswerLost') {
    throw new Transient(`${label}: the connection was lost`);
  }
}

function worldOf(chaos: Chaos, process: Process): World {
  const { world, perform } = chaos;
  return {
    ...world,
    processId: process.id,
    clock: clockOf(world.clock, process),
    cluster: (name) => clusterOf(chaos, process, name),
    store: storeOf(chaos, process),
    wakes: wakesOf(chaos, process, kills),
    log: (level, message, fields) => {
      if (!process.dead) world.log(level, message, fields);
    },
    invoke: (request) =>
      perform(process, {
        label: `invoke ${request.key.name}`,
        faults: calls,
        effect: () => world.invoke(request),
      }),
    inquire: (inquiry) =>
      perform(process, {
        label: 'inquire',
        faults: calls,
        effect: () => world.inquire(inquiry),
      }),
  };
}

function clockOf(clock: Clock, process: Process): Clock {
  return {
    now: clock.now,
    sleepUntil: async (at) => {
      await clock.sleepUntil(at);
      if (process.dead) await never();
    },
  };
}

async function clusterOf(chaos: Chaos, process: Process, clusterName: string): Promise<Cluster> {
  const { world, perform } = chaos;
  // What is not registered is found out at once, as without faults.
  const cluster = await world.cluster(clusterName);
  const label = (verb: string, { kind, name }: { kind: Kind; name: string }): string =>
    `${verb} ${kind} ${name}`;
  const read = <T>(text: string, effect: () => Promise<T>): Promise<T> =>
    perform(process, { label: text, faults: reads, effect });
  const write = <T>(text: string, effect: () => Promise<T>): Promise<T> =>
    perform(process, { label: text, faults: writes, effect });
  return {
    doorbell: cluster.doorbell,
    ...(cluster.unverified && { unverified: cluster.unverified }),
    get: (ref) =>
      read(label('get', ref), async () => {
        const { kind, namespace, name } = ref;
        const object = await cluster.get(ref);
        if (kind === 'Rollout') await letRivalWrite(chaos, process, clusterName, namespace, name);
        return object;
      }),
    list: (kind, namespace, selector) =>
      read(label('list', { kind, name: selector ?? '' }), () =>
        cluster.list(kind, namespace, selector),
      ),
    create: (kind, object, options) => {
      const text = label('create', { kind, name: object.metadata?.name ?? '' });
      const effect = () => cluster.create(kind, object, options);
      return options?.dryRun ? read(`dry-run ${text}`, effect) : write(text, effect);
    },
    patch: (ref, patch, options) => {
      const what = `${label('patch', ref)} ${options?.subresource ?? ''}`.trimEnd();
      return write(what, () => cluster.patch(ref, patch, options));
    },
    remove: (ref) => write(label('remove', ref), () => cluster.remove(ref)),
    evict: (ref) => write(label('evict', ref), () => cluster.evict(ref)),
  };
}

async function letRivalWrite(
  { world, strike, options }: Chaos,
  process: Process,
  clusterName: string,
  namespace: string,
  name: string,
): Promise<void> {
  if (options.rival === undefined) return;
  if (strike(process, `get Rollout ${name}`, ['rivalWrote']) === undefined) return;
  const status = { message: `written by a rival at ${world.clock.now()}` };
  const rival = options.rival(clusterName);
  await rival
    .patch({ kind: 'Rollout', namespace, name }, { status }, { subresource: 'status' })
    .catch((error: unknown) => {
      if (!(error instanceof NotFound)) throw error;
    });
}

function storeOf({ world, perform }: Chaos, process: Process): Store {
  const { store } = world;
  const read = <T>(label: string, effect: () => Promise<T>): Promise<T> =>
    perform(process, { label, faults: storeReads, effect });
  const write = <T>(label: string, effect: () => Promise<T>): Promise<T> =>
    perform(process, { label, faults: storeWrites, effect });
  return {
    load: (key) => read(`load ${key.name}`, () => store.load(key)),
    save: (record) => write(`save ${record.key.name} ${record.version}`, () => store.save(record)),
    forget: (key, version) => write(`forget ${key.name}`, () => store.forget(key, version)),
    list: (cluster, options) => read('list records', () => store.list(cluster, options)),
    rows: (cluster, options) => read('list rows', () => store.rows(cluster, options)),
    due: (before, limit) => read('due', () => store.due(before, limit)),
    append: (key, entry) =>
      write(`append ${key.name} ${entry.kind}`, () => store.append(key, entry)),
    ledger: (key, options) => read(`ledger ${key.name}`, () => store.ledger(key, options)),
    deliveries: (cluster, options) =>
      read('list deliveries', () => store.deliveries(cluster, options)),
    documents: {
      get: (key) => read(`get ${key.kind}`, () => store.documents.get(key)),
      put: (document) => write(`put ${document.kind}`, () => store.documents.put(document)),
      remove: (key, version) =>
        write(`remove ${key.kind}`, () => store.documents.remove(key, version)),
      list: (place, options) =>
        read(`list ${place.kind}`, () => store.documents.list(place, options)),
    },
  };
}

function wakesOf(
  { world, perform, strike, delayMs }: Chaos,
  process: Process,
  deaths: readonly FaultName[],
): Wakes {
  const late = (delay: Millis): Millis => Math.min(reachMs, delay + delayMs('wakeLateMs'));
  return {
    send: (message, delay) => {
      const what = 'list' in message ? `list ${message.list}` : message.key.name;
      const label = `wake ${what} in ${delay} ms`;
      const effect = async (): Promise<void> => {
        const fault = strike(process, label, sends);
        if (fault === 'wakeLost') return;
        await world.wakes.send(message, fault === 'wakeLate' ? late(delay) : delay);
        if (fault === 'wakeDoubled') await world.wakes.send(message, late(delay));
      };
      return perform(process, { label, faults: ['wakeRefused', ...deaths], effect });
    },
  };
}
