import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { apiHandler } from '../functions/api.ts';
import { localAuthenticate } from '../lib/api/localToken.ts';
import { Terminal } from '../lib/errors.ts';
import type { Key } from '../lib/model/key.ts';
import type { LedgerEntry } from '../lib/model/record.ts';
import { type EmbeddedStore, folderStore, memoryStore } from '../lib/store/embedded.ts';
import type { Clock, Log, Store, World } from '../lib/world.ts';
import { besideClicks } from './clicks.ts';
import { type ApiHandler, localGateway } from './gateway.ts';
import type { Told } from './messages.ts';
import { besidePage } from './page.ts';
import { StartError } from './startError.ts';
import { userName } from './user.ts';

// What every Serin that runs as a process of its own has: the API and the page on loopback, and a table.

/** Never the outside: the API of a laptop is for that laptop. */
const host = '127.0.0.1';

export type OnLedger = (key: Key, entry: LedgerEntry) => void;

export type Api = { server: string; token: string; close: () => void };

const hosts = [host, 'localhost'];

/**
 * Serves the API with a new token, the page, and clicks in Slack where `told` has buttons. `port` 0 takes any
 * that is free.
 */
export async function serveApi(
  world: World,
  { port, log, told }: { port: number; log: Log; told?: Told },
): Promise<Api> {
  const token = randomBytes(32).toString('base64url');
  const handler = apiHandler({
    world,
    authenticate: localAuthenticate(token, userName()),
    newId: randomUUID,
    hosts,
  });
  const paged = await besidePage(handler as ApiHandler, hosts);
  const gateway = localGateway(told ? besideClicks(paged, world, told) : paged, log);
  await listen(gateway, port);
  const { port: taken } = gateway.address() as AddressInfo;
  return {
    server: `http://${host}:${taken}`,
    token,
    close: () => {
      gateway.close();
      gateway.closeAllConnections();
    },
  };
}

/** In memory without a `dir`. `otherwise`: how to keep it there instead. */
export async function openTable(
  dir: string | undefined,
  clock: Clock,
  otherwise = 'leave it out to keep the table in memory',
): Promise<EmbeddedStore> {
  if (dir === undefined) return { store: memoryStore(clock), close: async () => {} };
  try {
    return await folderStore(dir, clock);
  } catch (error) {
    if (!(error instanceof Terminal)) throw error;
    const hint = `Name another folder with --data, or ${otherwise}.`;
    throw new StartError('usage', error.message, hint);
  }
}

async function listen(gateway: Server, port: number): Promise<void> {
  gateway.listen(port, host);
  try {
    await once(gateway, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'it is in use' : code;
    const hint =
      'Is another `serin dev` running? Choose a port with --port N; 0 takes any free one.';
    throw new StartError('usage', `cannot listen on port ${port}: ${why}`, hint);
  }
}

/** The store, which tells of each new line of the ledger. */
export function withLedgerListener(store: Store, onLedger: OnLedger | undefined): Store {
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

/** Waits for something, but no longer than that. The process stays alive meanwhile. */
export async function atMost(ms: number, ends: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const limit = delay(ms, undefined, { signal: late.signal }).catch(() => {});
  await Promise.race([ends, limit]);
  late.abort();
}
