import { randomUUID } from 'node:crypto';
import { systemClock } from '../lib/clock.ts';
import { cachedCluster, type Noticed } from '../lib/cluster/cache.ts';
import { contextOf } from '../lib/cluster/kubeconfig.ts';
import { kubernetesCluster } from '../lib/cluster/kubernetes.ts';
import { unsupported } from '../lib/decide/validate.ts';
import { NotFound } from '../lib/errors.ts';
import type { Rollout } from '../lib/model/argo.generated.ts';
import type { RolloutKey } from '../lib/model/key.ts';
import { instanceIdLabel } from '../lib/model/names.ts';
import { minuteMs } from '../lib/model/units.ts';
import { nameOf } from '../lib/model/workload.ts';
import { memoryStore } from '../lib/store/memory.ts';
import { concerned } from '../lib/wake/keys.ts';
import { localQueue } from '../lib/wake/local.ts';
import type { Cluster, Log, World } from '../lib/world.ts';
import { consumer } from './consumer.ts';
import { dataFolder, makePrivate } from './dataFolder.ts';
import type { Io } from './io.ts';
import { atMost, type OnLedger, openTable, serveApi, tellingOf } from './server.ts';

export type RunOptions = {
  kubeconfig: string;
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
  env: Io['env'];
  userAgent: string;
  log: Log;
  onLedger?: OnLedger;
  /** Ends the watches. */
  signal: AbortSignal;
};

export type Run = {
  server: string;
  token: string;
  cluster: string;
  /** Where the table is kept. */
  dir: string | 'memory';
  /** The rollouts that Serin does not drive, for what it does not carry out yet. */
  leftAlone: { namespace: string; name: string; field: string }[];
  close: () => Promise<void>;
};

/** How long the turns under way may take to come to their end. */
const turnEndMs = 4000;

/**
 * All of Serin in one process on a real cluster: watches in place of the doorbell, timers in place of
 * the queue. Rejects with Terminal when the cluster refuses to be watched.
 */
export async function startRun(options: RunOptions): Promise<Run> {
  const { cluster: name, log, instanceId, signal } = options;
  const context = contextOf(options.kubeconfig, options.context);
  const live = kubernetesCluster({
    signIn: context.signIn,
    doorbell: true,
    userAgent: options.userAgent,
  });
  const dir = options.dir ?? dataFolder(options.env, context, instanceId);
  if (options.dir === undefined) makePrivate(dir);
  const table = await storeOf(dir, log);
  const known: { cluster?: Cluster } = {};
  const queue = localQueue({ deliver: (message) => consumer.deliver(message, world), log });
  const world: World = {
    clock: systemClock,
    cluster: async (wanted) => {
      if (wanted !== name || !known.cluster) throw new NotFound(`There is no cluster ${wanted}.`);
      return known.cluster;
    },
    clusters: async () => [{ name, doorbell: true }],
    store: tellingOf(table.store, options.onLedger),
    wakes: queue.wakes,
    log,
    count: () => {},
    processId: randomUUID(),
    instanceId,
    invoke: (request) => queue.ahead(request.key, () => invoke(request, world)),
  };
  const wake = (key: RolloutKey): void => void queue.wakes.send({ key }, 0);
  const early: Noticed[] = [];
  let ring = (change: Noticed): void => void early.push(change);
  const cached = await cachedCluster(live, {
    namespaces: options.namespaces,
    onChange: (change) => ring(change),
    onTrouble: (kind, error) => log('warn', `the watch of ${kind}s`, { error: error.message }),
    signal,
  }).catch(async (error: unknown) => {
    await table.close();
    throw error;
  });
  known.cluster = cached;
  const isOurs = (rollout: Rollout): boolean =>
    (rollout.metadata?.labels?.[instanceIdLabel] ?? '') === instanceId;
  ring = (change) => {
    for (const key of concerned(
      change,
      name,
      cached.peek('Rollout', change.object.metadata?.namespace ?? ''),
    )) {
      const rollout = cached
        .peek('Rollout', key.namespace)
        .find((each) => nameOf(each) === key.name);
      if (!rollout || isOurs(rollout)) wake(key);
    }
  };
  for (const change of early) if (change.kind === 'Rollout') ring(change);
  const sweeps = setInterval(() => {
    sweep(world).catch((error: unknown) => log('warn', 'the sweep', { error: String(error) }));
  }, minuteMs);
  const end = async (): Promise<void> => {
    clearInterval(sweeps);
    await atMost(turnEndMs, queue.stop());
    await table.close();
  };
  const api = await serveApi(world, options).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return {
    server: api.server,
    token: api.token,
    cluster: name,
    dir,
    leftAlone: cached.peek('Rollout', '').filter(isOurs).flatMap(leftFor),
    close: async () => {
      api.close();
      await end();
    },
  };
}

async function invoke(request: Parameters<World['invoke']>[0], world: World) {
  if (!consumer.invoke) throw new Error('the consumer takes no invocations');
  return await consumer.invoke(request, world);
}

async function sweep(world: World): Promise<void> {
  await consumer.sweep?.(world);
}

async function storeOf(dir: string | 'memory', log: Log) {
  if (dir !== 'memory')
    return await openTable(dir, log, 'keep the table in memory with --in-memory');
  return { store: memoryStore(systemClock), close: async () => {} };
}

function leftFor(rollout: Rollout): Run['leftAlone'] {
  const field = unsupported(rollout);
  const { namespace = '', name = '' } = rollout.metadata ?? {};
  return field === undefined ? [] : [{ namespace, name, field }];
}
