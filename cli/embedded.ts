import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { apiHandler } from '../functions/api.ts';
import { localAuthenticate } from '../lib/api/localToken.ts';
import { Terminal } from '../lib/errors.ts';
import type { RolloutKey } from '../lib/model/key.ts';
import type { LedgerEntry } from '../lib/model/record.ts';
import { scaledClock } from '../lib/simulate/clock.ts';
import { type Consumer, simulatedWorld } from '../lib/simulate/world.ts';
import { embeddedStore } from '../lib/store/embedded.ts';
import type { Log, Store } from '../lib/world.ts';
import { applyObjects } from './apply.ts';
import { consumer } from './consumer.ts';
import { CliError, exitCodes } from './exit.ts';
import { localGateway } from './gateway.ts';
import type { Objects } from './manifest.ts';

const clusterName = 'local';
/** How long a turn may take to come to its end; one that waits for its time has claimed nothing. */
const turnEndMs = 1000;
/** Never the outside: the API of a laptop is for that laptop. */
const host = '127.0.0.1';

export type EmbeddedOptions = {
  /** How many times as fast as the real clock time passes. */
  speed: number;
  /** 0 takes any that is free. */
  port: number;
  /** Where the table is kept; in memory if absent. */
  dir?: string;
  log: Log;
  /** Told of each new line of the ledger. */
  onLedger?: (key: RolloutKey, entry: LedgerEntry) => void;
};

export type Embedded = {
  server: string;
  token: string;
  cluster: string;
  apply: (objects: Objects) => void;
  now: () => number;
  close: () => Promise<void>;
};

/**
 * All of Serin in one process: a simulated cluster, the table on the embedded engine, the queue and
 * the sweep, and the functions' own handlers behind a local HTTP server.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { speed, log, dir } = options;
  const table = await openTable(dir, log);
  const clock = scaledClock(speed);
  const simulated = simulatedWorld({
    clock,
    seed: randomInt(2 ** 31),
    clusters: { [clusterName]: {} },
    store: tellingOf(table.store, options.onLedger),
    log,
  });
  const token = randomBytes(32).toString('base64url');
  const handler = apiHandler({
    world: simulated.world,
    authenticate: localAuthenticate(token, userName()),
    newId: randomUUID,
    hosts: [host, 'localhost'],
  });
  const gateway = localGateway(handler, log);
  const turns = new Set<Promise<unknown>>();
  const closeTable = async () => {
    clock.stop();
    // A turn that is cut off leaves its claim on the rollout to whoever opens the table next.
    await Promise.race([Promise.allSettled(turns), delay(turnEndMs, undefined, { ref: false })]);
    await table.close();
  };
  try {
    await listen(gateway, options.port);
  } catch (error) {
    await closeTable();
    throw error;
  }
  simulated.connect(following(consumer, turns));
  const { port } = gateway.address() as AddressInfo;
  return {
    server: `http://${host}:${port}`,
    token,
    cluster: clusterName,
    apply: (objects) => applyObjects(simulated.cluster, objects),
    now: clock.now,
    close: async () => {
      gateway.close();
      gateway.closeAllConnections();
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

async function openTable(dir: string | undefined, log: Log) {
  try {
    return await embeddedStore({ ...(dir === undefined ? {} : { dir }), log });
  } catch (error) {
    if (!(error instanceof Terminal)) throw error;
    throw new CliError(error.message, {
      exitCode: exitCodes.usage,
      hint: 'Name another folder with --data, or leave it out to keep the table in memory.',
    });
  }
}

async function listen(gateway: Server, port: number): Promise<void> {
  gateway.listen(port, host);
  try {
    await once(gateway, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'it is in use' : code;
    throw new CliError(`cannot listen on port ${port}: ${why}`, {
      exitCode: exitCodes.usage,
      hint: 'Is another `serin dev` running? Choose a port with --port N; 0 takes any free one.',
    });
  }
}

function tellingOf(store: Store, onLedger: EmbeddedOptions['onLedger']): Store {
  if (onLedger === undefined) return store;
  return {
    ...store,
    append: async (key, entry) => {
      const isNew = await store.append(key, entry);
      if (isNew) onLedger(key, entry);
      return isNew;
    },
  };
}

/** Whoever started the server: the token is known to nobody else. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in some containers.
    return 'local';
  }
}
