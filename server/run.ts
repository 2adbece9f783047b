import { randomUUID } from 'node:crypto';
import { otherDrivers } from '../lib/adopt/otherDrivers.ts';
import { systemClock } from '../lib/clock.ts';
import { loadBalancersOf, openRegion } from '../lib/elb/regions.ts';
import { NotFound, Unreachable } from '../lib/errors.ts';
import { type CacheOptions, cachedCluster } from '../lib/kubernetes/cache.ts';
import type { Context } from '../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster, type WatchedCluster } from '../lib/kubernetes/kubernetes.ts';
import { type Held, whileHeld } from '../lib/kubernetes/lease.ts';
import type { Account } from '../lib/measure/account.ts';
import { localHttp } from '../lib/measure/localHttp.ts';
import { measuringAws } from '../lib/measure/own.ts';
import type { Rollout } from '../lib/model/argo.generated.ts';
import { defined } from '../lib/model/defined.ts';
import { type Key, keyText } from '../lib/model/key.ts';
import type { Kind } from '../lib/model/kinds.ts';
import type { Channel } from '../lib/model/notification.ts';
import { minuteMs } from '../lib/model/units.ts';
import { localQueue } from '../lib/queue/local.ts';
import { noteOutage } from '../lib/queue/outage.ts';
import { inquire } from '../lib/trial/inquire.ts';
import type { Cluster, Log, ReadableCluster, World } from '../lib/world.ts';
import { consumer } from './consumer.ts';
import { dataFolder, type Env, makePrivate } from './dataFolder.ts';
import { foundAtStart, type LeftAlone } from './foundAtStart.ts';
import { managedObjects } from './managedObjects.ts';
import { localMessages, type Told } from './messages.ts';
import type { Observed } from './observed.ts';
import { ownRollouts } from './ownRollouts.ts';
import { reached, reachedBy } from './reach.ts';
import { atMost, type OnLedger, openTable, serveApi, withLedgerListener } from './server.ts';

export type RunOptions = {
  /** A file, or several of which an earlier one wins; without one, the cluster of the pod that this is. */
  kubeconfig?: string | string[];
  context?: string;
  /** Empty for all. */
  namespaces: string[];
  instanceId: string;
  /** How the cluster is called in the API. */
  cluster: string;
  /** Of the API; 0 takes any that is free. */
  port: number;
  /** Where the table is kept, if not in the cluster's own folder below the user's state. */
  dir?: string | 'memory';
  /** The role that measures; without one, this process with its own credentials. */
  metricsRoleArn?: string;
  /** Whom to tell of releases. */
  channels?: Channel[];
  /** What whoever clicks on a button in a message may do. */
  policies?: string;
  env: Env;
  userAgent: string;
  log: Log;
  /** Told of what a person should know at the start. */
  warn?: (line: string) => void;
  onLedger?: OnLedger;
  observed?: Observed;
  /** Nothing is written without it. */
  lease?: Held;
  /** Ends the watches. */
  signal: AbortSignal;
};

export type Run = {
  server: string;
  token: string;
  cluster: string;
  /** Where the table is kept. */
  dir: string | 'memory';
  leftAlone: LeftAlone[];
  close: () => Promise<void>;
};

/** AWS, with the credentials that this machine has, if any; and whom measurements reach from here. */
function localOutside(
  cluster: () => Pick<Cluster, 'proxy'>,
  { userAgent, metricsRoleArn: roleArn }: RunOptions,
): Pick<World, 'aws' | 'http' | 'secrets'> {
  const open = (region: string) => openRegion({ region });
  const account: Account = defined({ roleArn });
  const { aws: metrics, secrets } = measuringAws(account, { stack: false });
  const aws = { ...loadBalancersOf(open, { clock: systemClock }), ...metrics };
  const http = localHttp(cluster, { account, userAgent });
  return { aws: async () => aws, http: async () => http, secrets: async () => secrets };
}

/** The table, of which this process tells, and whom it tells. */
function tellingBy(store: World['store'], options: RunOptions): Pick<World, 'store' | 'messages'> {
  const told = toldBy(options);
  const messages = localMessages({ store, clock: systemClock }, told);
  return {
    store: withLedgerListener(store, options.onLedger),
    ...(told.channels.length > 0 && { messages }),
  };
}

function toldBy({ channels = [], policies = '', env, userAgent }: RunOptions): Told {
  return { channels, policies, env, userAgent };
}

function serving(options: RunOptions): RunOptions & { told: Told } {
  return { ...options, told: toldBy(options) };
}

/** How long the turns under way may take to come to their end. */
const turnEndMs = 4000;

/**
 * All of Serin in one process on a real cluster: watches in place of the doorbell, timers in place of
 * the queue. Rejects with Terminal when the cluster refuses to be watched.
 */
export async function startRun(options: RunOptions): Promise<Run> {
  const { cluster: name, log, instanceId, signal, observed } = options;
  const context = reachedBy(options);
  const live = liveCluster(options, context.signIn);
  const [namespace = 'default'] = options.namespaces;
  await reached(live, { server: context.server, namespace, log, signal });
  const dir = options.dir ?? dataFolder(options.env, context, instanceId);
  if (options.dir === undefined) makePrivate(dir);
  const otherwise = 'keep the table in memory with --in-memory';
  const table = await openTable(dir === 'memory' ? undefined : dir, systemClock, otherwise);
  const managed = await managedObjects(table.store, name);
  const known: { cluster?: Cluster } = {};
  const queue = localQueue({ deliver: (message) => consumer.deliver(message, world), log });
  const world: World = {
    clock: systemClock,
    endsAt: Number.POSITIVE_INFINITY,
    cluster: async (wanted) => {
      if (wanted !== name || !known.cluster) throw new NotFound(`There is no cluster ${wanted}.`);
      return known.cluster;
    },
    ...localOutside(() => known.cluster ?? {}, options),
    clusters: async () => [{ name, doorbell: true }],
    ...tellingBy(managed.store, options),
    ...{ wakes: queue.wakes, log },
    count: observed?.count ?? (() => {}),
    ...{ processId: randomUUID(), instanceId },
    invoke: (request) => queue.ahead(request.key, () => invoke(request, world)),
    inquire: (inquiry) => inquire(world, inquiry),
  };
  const wake = (key: Key): void => void queue.wakes.send({ key }, 0);
  const own = ownRollouts(name, instanceId);
  const found = foundAtStart(own);
  let onChange = found.note;
  known.cluster = await cachedCluster(live, {
    namespaces: options.namespaces,
    onChange: (change) => onChange(change),
    ...watchLog(log, {
      // What becomes due meanwhile goes on when a watch is back.
      silent: (error) => {
        if (!known.cluster) return;
        noteOutage({ ...world, log: () => {} }, name, error).catch((failed: unknown) =>
          log('warn', 'an outage could not be noted', { error: String(failed) }),
        );
      },
      back: () => known.cluster && void queue.wakes.send({ list: name }, 0),
    }),
    signal,
  }).catch(async (error: unknown) => {
    await table.close();
    throw error;
  });
  onChange = (change) => {
    const keys = [...own.concerned(change), ...managed.managersOf(change)];
    for (const key of new Map(keys.map((each) => [keyText(each), each])).values()) wake(key);
  };
  observed?.ready(known.cluster, options);
  for (const key of found.keys()) wake(key);
  await sayOthers(live, options, found.drivenByOthers());
  // No watch tells of what was deleted before it began.
  if (dir !== 'memory') await queue.wakes.send({ list: name }, 0);
  const sweeps = setInterval(() => {
    sweep(world).catch((error: unknown) => log('warn', 'the sweep', { error: String(error) }));
  }, minuteMs);
  const end = async (): Promise<void> => {
    clearInterval(sweeps);
    await atMost(turnEndMs, queue.stop());
    await table.close();
  };
  const api = await serveApi(world, serving(options)).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return {
    server: api.server,
    token: api.token,
    cluster: name,
    dir,
    leftAlone: found.leftAlone(),
    close: async () => {
      api.close();
      await end();
    },
  };
}

function liveCluster(
  { userAgent, observed, lease }: RunOptions,
  signIn: Context['signIn'],
): WatchedCluster {
  const live = kubernetesCluster({ signIn, doorbell: true, userAgent });
  const counted = observed?.requests(live) ?? live;
  return lease ? whileHeld(counted, lease) : counted;
}

/** Says once what is wrong with a watch, and when it is over. */
function watchLog(
  log: Log,
  on: { silent: (error: Error) => void; back: () => void },
): Pick<CacheOptions, 'onTrouble' | 'onBack'> {
  const said = new Map<Kind, string>();
  return {
    onTrouble: (kind, error) => {
      const { message } = error;
      if (said.get(kind) !== message) log('warn', `the watch of ${kind}s`, { error: message });
      said.set(kind, message);
      if (error instanceof Unreachable) on.silent(error);
    },
    onBack: (kind) => {
      said.delete(kind);
      log('warn', `the watch of ${kind}s goes on`);
      on.back();
    },
  };
}

/** Serin starts all the same: it keeps away from what others drive. */
async function sayOthers(
  live: ReadableCluster,
  { instanceId, namespaces, log, warn }: RunOptions,
  rollouts: Rollout[],
): Promise<void> {
  try {
    const others = { rollouts, now: Date.now };
    const lines = await otherDrivers(live, { instanceId, namespaces }, others);
    for (const line of lines) warn?.(line);
  } catch (error) {
    log('warn', 'other controllers could not be looked for', { error: String(error) });
  }
}

async function invoke(request: Parameters<World['invoke']>[0], world: World) {
  if (!consumer.invoke) throw new Error('the consumer takes no invocations');
  return await consumer.invoke(request, world);
}

async function sweep(world: World): Promise<void> {
  await consumer.sweep?.(world);
}
