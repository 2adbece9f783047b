import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Terminal } from '../errors.ts';
import type { Clock, Store } from '../world.ts';
import { forgetHolder, holderText, noteHolder } from './holder.ts';
import { type SqliteTable, sqliteTable } from './sqlite.ts';
import { storeOn } from './store.ts';
import type { Table } from './table.ts';

// The store without AWS: the same code, over a table in this process.

export type EmbeddedStore = { store: Store; close: () => Promise<void> };

/** Kept in memory, for as long as somebody holds it. */
export function memoryStore(clock: Pick<Clock, 'now'>): Store {
  return storeOn(sqliteTable(), clock.now);
}

/** Kept in a folder. This, and each operation later, rejects with Terminal when the folder cannot be used. */
export async function folderStore(dir: string, clock: Pick<Clock, 'now'>): Promise<EmbeddedStore> {
  const sqlite = await openTable(dir);
  await noteHolder(dir);
  let isClosed = false;
  const advised =
    <A extends unknown[], T>(operation: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      if (isClosed) throw new Terminal(`the store in ${dir} was closed: open it again`);
      return operation(...args).catch((error) => {
        throw fileError(error, dir);
      });
    };
  const table: Table = {
    get: advised(sqlite.get),
    put: advised(sqlite.put),
    remove: advised(sqlite.remove),
    query: advised(sqlite.query),
  };
  return {
    store: storeOn(table, clock.now),
    close: async () => {
      isClosed = true;
      // While it is still ours to say.
      await forgetHolder(dir);
      sqlite.close();
    },
  };
}

async function openTable(dir: string): Promise<SqliteTable> {
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error) => {
    throw failed(dir, error, isForbidden);
  });
  const file = join(dir, 'serin.db');
  // leveldb's, in which an earlier Serin kept the table.
  if (!existsSync(file) && existsSync(join(dir, 'CURRENT'))) {
    const advice = 'move it away to start afresh, or go on with the Serin that made it';
    throw new Terminal(`the store in ${dir} has the format of an earlier Serin: ${advice}`);
  }
  try {
    return sqliteTable(file);
  } catch (error) {
    if (resultCode(error) !== isBusy) throw fileError(error, dir);
    const advice = `${await holderText(dir)}: stop that one, or choose another folder`;
    throw new Terminal(`the store in ${dir} is in use: ${advice}`, { cause: error });
  }
}

const isForbidden = 'choose a folder that this user may read and write';
const isDamaged =
  'its files are damaged: restore the folder from a backup, or move it away to start afresh';

// SQLite's primary result codes.
const isBusy = 5;
const advices: Record<number, string> = {
  3: isForbidden,
  8: isForbidden,
  10: 'see whether the disk has space and is sound',
  11: isDamaged,
  13: 'free some space there; nothing is lost',
  14: isForbidden,
  26: isDamaged,
};

/** What SQLite says of the file, with what to do; anything else stays as it is. */
function fileError(error: unknown, dir: string): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  return failed(dir, error, advices[code] ?? 'check the folder and its disk, then start again');
}

function failed(dir: string, error: unknown, advice: string): Terminal {
  const why = error instanceof Error ? error.message : String(error);
  return new Terminal(`the store in ${dir} failed (${why}): ${advice}`, { cause: error });
}

function resultCode(error: unknown): number | undefined {
  const isSqlite = error instanceof Error && 'errcode' in error;
  // The upper bits tell the cases of a code apart.
  return isSqlite ? Number(error.errcode) & 0xff : undefined;
}
