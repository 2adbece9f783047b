import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Key, RolloutKey } from '../lib/model/key.ts';
import type { LedgerEntry } from '../lib/model/record.ts';
import type { RolloutView } from '../lib/model/view.ts';
import { scaledClock } from '../lib/simulate/clock.ts';
import { type Consumer, simulatedWorld } from '../lib/simulate/world.ts';
import type { Log } from '../lib/world.ts';
import { applySecrets, withSaidMetrics } from './analyses.ts';
import { applyObjects, type Objects } from './apply.ts';
import { consumer } from './consumer.ts';
import { localMessages, type Told } from './messages.ts';
import { atMost, openTable, serveApi, withLedgerListener } from './server.ts';

const clusterName = 'local';
/** How long a turn may take to come to its end; one that waits for its time has claimed nothing. */
const turnEndMs = 1000;

const turnPollMs = 20;

export type EmbeddedOptions = {
  /** How many times as fast as the real clock time passes. */
  speed: number;
  /** 0 takes any that is free. */
  port: number;
  /** Where the table is kept; in memory if absent. */
  dir?: string;
  log: Log;
  /** Whom to tell of releases. */
  told?: Told;
  /** Told of each new line of the ledger. */
  onLedger?: (key: Key, entry: LedgerEntry) => void;
};

export type Embedded = {
  server: string;
  token: string;
  cluster: string;
  /** The metrics of templates are taken to succeed. Answers what was invented: see applyObjects. */
  apply: (objects: Objects) => string[];
  /** How an applied rollout stands after its first turn; undefined when that is not over by then. */
  firstView: (key: RolloutKey, over: AbortSignal) => Promise<RolloutView | undefined>;
  now: () => number;
  close: () => Promise<void>;
};

/**
 * All of Serin in one process: a simulated cluster, the embedded table, the queue and
 * the sweep, and the functions' own handlers behind a local HTTP server.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { speed, log, dir } = options;
  const clock = scaledClock(speed);
  const table = await openTable(dir, clock);
  const simulated = simulatedWorld({
    clock,
    seed: randomInt(2 ** 31),
    clusters: { [clusterName]: {} },
    store: withLedgerListener(table.store, options.onLedger),
    log,
    ...(options.told && {
      messages: localMessages({ store: table.store, clock }, options.told),
    }),
  });
  const turns = new Set<Promise<unknown>>();
  const closeTable = async () => {
    clock.stop();
    // A turn that is cut off leaves its claim on the rollout to whoever opens the table next.
    await atMost(turnEndMs, Promise.allSettled(turns));
    await table.close();
  };
  const api = await serveApi(simulated.world, options).catch(async (error: unknown) => {
    await closeTable();
    throw error;
  });
  simulated.connect(following(consumer, turns));
  // A kept table knows of what was on the cluster of an earlier start.
  if (dir !== undefined) await simulated.world.wakes.send({ list: clusterName }, 0);
  return {
    server: api.server,
    token: api.token,
    cluster: clusterName,
    apply: (objects) => {
      applySecrets(simulated.cluster, objects);
      return applyObjects(simulated.cluster, withSaidMetrics(objects, new Map()));
    },
    firstView: async (key, over) => {
      const live = simulated.cluster.read.get('Rollout', key.namespace, key.name);
      while (!over.aborted) {
        const view = (await table.store.load(key))?.view;
        // A kept table knows the one of the last start.
        if (view?.uid === live.metadata?.uid) return view;
        await delay(turnPollMs, undefined, { signal: over }).catch(() => {});
      }
      return undefined;
    },
    now: clock.now,
    close: async () => {
      api.close();
      await closeTable();
    },
  };
}

/** Keeps track of the turns under way. */
function following({ deliver, invoke, ...rest }: Consumer, turns: Set<Promise<unknown>>): Consumer {
  const follow = <T>(turn: Promise<T>): Promise<T> => {
    turns.add(turn);
    const forget = () => turns.delete(turn);
    turn.then(forget, forget);
    return turn;
  };
  return {
    ...rest,
    deliver: (message, world) => follow(deliver(message, world)),
    ...(invoke && { invoke: (request, world) => follow(invoke(request, world)) }),
  };
}
