import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Terminal } from '../errors.ts';
import type { Clock, Store } from '../world.ts';
import { forgetHolder, holderText, noteHolder } from './holder.ts';
import { sqliteTable } from './sqlite.ts';
import { storeOn } from './store.ts';

// The store without AWS: the same code, over a table in this process.

export type EmbeddedStore = { store: Store; close: () => Promise<void> };

/** Kept in memory, for as long as somebody holds it. */
export function memoryStore(clock: Pick<Clock, 'now'>): Store {
  return storeOn(sqliteTable(), clock.now);
}

/** Kept in a folder. This, and each operation later, rejects with Terminal when the folder cannot be used. */
export async function folderStore(dir: string, clock: Pick<Clock, 'now'>): Promise<EmbeddedStore> {
  const { get, put, remove, query, close } = await openTable(dir);
  await noteHolder(dir);
  const advised =
    <A extends unknown[], T>(operation: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      operation(...args).catch((error) => {
        throw folderError(error, dir);
      });
  const table = {
    ...{ get: advised(get), put: advised(put) },
    ...{ remove: advised(remove), query: advised(query) },
  };
  return {
    store: storeOn(table, clock.now),
    close: async () => {
      // While it is still ours to say.
      await forgetHolder(dir);
      close();
    },
  };
}

async function openTable(dir: string): Promise<ReturnType<typeof sqliteTable>> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const file = join(dir, 'serin.db');
    // leveldb's, which the table lay in before.
    if (!existsSync(file) && existsSync(join(dir, 'CURRENT'))) {
      const advice = 'move it away to start afresh, or go on with the Serin that made it';
      throw new Terminal(`the store in ${dir} has the format of an earlier Serin: ${advice}`);
    }
    return sqliteTable(file);
  } catch (error) {
    if (resultCode(error) !== busy) throw folderError(error, dir);
    const advice = `${await holderText(dir)}: stop that one, or choose another folder`;
    throw new Terminal(`the store in ${dir} is in use: ${advice}`, { cause: error });
  }
}

const busy = 5;
const isForbidden = 'choose a folder that this user may read and write';
const isDamaged =
  'its files are damaged: restore the folder from a backup, or move it away to start afresh';
/** By SQLite's primary result codes; 0 where the folder itself cannot be made. */
const advices: Record<number, string> = {
  ...{ 0: isForbidden, 3: isForbidden, 8: isForbidden, 14: isForbidden },
  10: 'see whether the disk has space and is sound',
  13: 'free some space there; nothing is lost',
  ...{ 11: isDamaged, 26: isDamaged },
};

function folderError(error: unknown, dir: string): unknown {
  if (error instanceof Terminal || !(error instanceof Error)) return error;
  if ('code' in error && error.code === 'ERR_INVALID_STATE') {
    return new Terminal(`the store in ${dir} was closed: open it again`, { cause: error });
  }
  const advice = advices[resultCode(error)] ?? 'check the folder and its disk, then start again';
  return new Terminal(`the store in ${dir} failed (${error.message}): ${advice}`, { cause: error });
}

function resultCode(error: unknown): number {
  const isSqlite = error instanceof Error && 'errcode' in error;
  return isSqlite ? Number(error.errcode) & 0xff : 0;
}
