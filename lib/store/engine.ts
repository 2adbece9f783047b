import { mkdir, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import deleteItem from 'dynalite/actions/deleteItem.js';
import getItem from 'dynalite/actions/getItem.js';
import putItem from 'dynalite/actions/putItem.js';
import query from 'dynalite/actions/query.js';
import { type Callback, create, type Operation, type Tables } from 'dynalite/db/index.js';
import * as createTableRules from 'dynalite/validations/createTable.js';
import * as deleteItemRules from 'dynalite/validations/deleteItem.js';
import * as getItemRules from 'dynalite/validations/getItem.js';
import { checkTypes, checkValidations } from 'dynalite/validations/index.js';
import * as putItemRules from 'dynalite/validations/putItem.js';
import * as queryRules from 'dynalite/validations/query.js';
import { Terminal } from '../errors.ts';
import { forgetHolder, holderText, noteHolder } from './holder.ts';

// dynalite's tables over leveldb, called in this process instead of through its HTTP server, because
// that server throws an engine's error out of a callback, which ends the process; writes an item and
// its index entries one after the other, so that a crash in between loses a due entry; and goes on
// writing after a failed write, behind which leveldb finds nothing when it reads its log again.

type Answer = { statusCode: number; body: object };
export type Engine = {
  /** Runs one DynamoDB operation. Rejects with Terminal when the engine itself fails. */
  run: (operation: string, input: unknown) => Promise<Answer>;
  /** Creates a table unless it is there. */
  createTable: (definition: { TableName?: string | undefined }) => Promise<void>;
  close: () => Promise<void>;
};

type Action = typeof getItem;
type Rules = { types: object; custom: unknown };

const reads: Record<string, [Action, Rules]> = {
  GetItem: [getItem, getItemRules],
  Query: [query, queryRules],
};
const writes: Record<string, [Action, Rules]> = {
  PutItem: [putItem, putItemRules],
  DeleteItem: [deleteItem, deleteItemRules],
};

/** Free space beyond the log's own size that leveldb needs to start again after a failed write. */
const reopenMarginBytes = 256 * 1024;

/** An open database whose writes are collected and then committed together, or not at all. */
type Session = {
  read: <T>(work: (tables: Tables) => Promise<T>) => Promise<T>;
  write: <T>(work: (tables: Tables) => Promise<T>) => Promise<T>;
  /** Waits for the reads under way: dynalite throws out of a callback when it is closed under one. */
  close: () => Promise<void>;
};

/** Opens the tables in `dir`, or in memory. */
export async function openEngine(dir: string | undefined): Promise<Engine> {
  let session: Session | undefined = await openSession(dir);
  if (dir !== undefined) await noteHolder(dir);
  let mustReopen = false;
  let ended = false;
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };

  const reopen = async (): Promise<Session> => {
    if (ended) throw new Terminal('the store was closed: open it again');
    if (dir !== undefined) await checkSpace(dir);
    const old = session;
    session = undefined;
    await old?.close();
    session = await openSession(dir);
    mustReopen = false;
    return session;
  };

  const write = <T>(work: (tables: Tables) => Promise<T>): Promise<T> =>
    inTurn(async () => {
      try {
        const open = mustReopen || !session ? await reopen() : session;
        return await open.write(work);
      } catch (error) {
        if (isRefusal(error)) throw error;
        mustReopen = true;
        throw engineError(error, dir);
      }
    });

  const read = async <T>(work: (tables: Tables) => Promise<T>): Promise<T> => {
    // Begun before anything else has a turn, which could close what is to be read from.
    const begin = async () => ({ answer: (session ?? (await reopen())).read(work) });
    try {
      const { answer } = session ? { answer: session.read(work) } : await inTurn(begin);
      return await answer;
    } catch (error) {
      throw isRefusal(error) ? error : engineError(error, dir);
    }
  };

  return {
    run: (operation, input) => runOperation({ read, write }, operation, input),
    createTable: (definition) => write((tables) => createTable(tables, definition)),
    close: () =>
      inTurn(async () => {
        const old = session;
        session = undefined;
        ended = true;
        // While it is still ours to say.
        if (dir !== undefined && old) await forgetHolder(dir);
        await old?.close();
      }),
  };
}

type Access = Record<
  'read' | 'write',
  (work: (tables: Tables) => Promise<Answer>) => Promise<Answer>
>;

async function runOperation(access: Access, name: string, input: unknown): Promise<Answer> {
  const isWrite = name in writes;
  const known = isWrite ? writes[name] : reads[name];
  if (known === undefined) {
    return { statusCode: 400, body: { __type: 'UnknownOperationException', message: name } };
  }
  const [action, rules] = known;
  try {
    return await access[isWrite ? 'write' : 'read'](async (tables) => {
      const checked = check(tables, rules, input);
      const body = await promised<object>((done) => action(tables, checked, done));
      return { statusCode: 200, body: body ?? {} };
    });
  } catch (error) {
    if (isRefusal(error)) return { statusCode: error.statusCode, body: error.body };
    throw error;
  }
}

function check(tables: Tables, { types, custom }: Rules, input: unknown): object {
  const checked = checkTypes(input, types);
  checkValidations(checked, types, custom, tables);
  return checked;
}

/**
 * As dynalite's own action, except that the table is usable from the start: there it is CREATING until
 * a timer has run, and stays so for ever if the process ends before.
 */
async function createTable(tables: Tables, definition: { TableName?: string | undefined }) {
  const checked = check(tables, createTableRules, definition);
  const name = definition.TableName ?? '';
  const existing = await promised<unknown>((done) => tables.tableDb.get(name, done));
  if (existing !== undefined) return;
  const table = { ...checked, TableStatus: 'ACTIVE', ItemCount: 0, TableSizeBytes: 0 };
  await promised<void>((done) => tables.tableDb.put(name, table, done));
}

async function openSession(dir: string | undefined): Promise<Session> {
  try {
    if (dir !== undefined) await mkdir(dir, { recursive: true, mode: 0o700 });
    const tables = create(dir === undefined ? {} : { path: dir });
    await tables.db.open();
    return collecting(tables);
  } catch (error) {
    if (dir === undefined || !isLocked(error)) throw engineError(error, dir);
    const holder = await holderText(dir);
    const advice = `${holder}: stop that one, or choose another folder`;
    throw new Terminal(`the store in ${dir} is in use: ${advice}`, { cause: error });
  }
}

function isLocked(error: unknown): boolean {
  return messages(error).includes('LEVEL_LOCKED');
}

function collecting(tables: Tables): Session {
  const { db } = tables;
  // dynalite has put its own functions over these two.
  const batch = Object.getPrototypeOf(db).batch.bind(db) as typeof db.batch;
  let operations: Operation[] | undefined;
  const add = (operation: Operation, done: Callback) => {
    operations?.push(operation);
    // Outside a write dynalite only ever "cleans up" what it could not read. It must not.
    done(operations === undefined ? new Error('a read may not write') : null);
  };
  db.put = (key, value, done) => add({ type: 'put', key, value }, done);
  db.del = (key, done) => add({ type: 'del', key }, done);
  const reading = new Set<Promise<unknown>>();
  return {
    read: (work) => {
      const mine = work(tables);
      reading.add(mine);
      const forget = () => reading.delete(mine);
      mine.then(forget, forget);
      return mine;
    },
    write: async (work) => {
      const mine: Operation[] = [];
      operations = mine;
      try {
        const answer = await work(tables);
        operations = undefined;
        // Synced: an intent that was accepted must outlive a power cut too.
        if (mine.length > 0) await batch(mine, { sync: true });
        return answer;
      } finally {
        operations = undefined;
      }
    },
    close: async () => {
      await Promise.allSettled(reading);
      await db.close();
    },
  };
}

type Refusal = Error & { statusCode: number; body: object };

/** What DynamoDB too would answer: a failed condition, a malformed request, an unknown table. */
function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'statusCode' in error && 'body' in error;
}

/** Leaves the database as it is, open for reading, while there is no room to start it again. */
async function checkSpace(dir: string): Promise<void> {
  const names = await readdir(dir);
  const logs = names.filter((name) => name.endsWith('.log'));
  const sizes = await Promise.all(logs.map(async (name) => (await stat(join(dir, name))).size));
  const neededBytes = sizes.reduce((sum, size) => sum + size, reopenMarginBytes);
  const { bavail, bsize } = await statfs(dir);
  if (bavail * bsize < neededBytes) {
    const needed = `${Math.ceil(neededBytes / 1024)} KiB are needed to go on`;
    throw Object.assign(new Error(`No space left on device: ${needed}`), { code: 'ENOSPC' });
  }
}

/** leveldb has one code for most failures, so the system's own words tell them apart. */
const advices: [RegExp, string][] = [
  [/ENOSPC|EDQUOT|EFBIG|no space|quota|file too large/i, 'free some space there; nothing is lost'],
  [
    /LEVEL_CORRUPTION|LEVEL_DECODE_ERROR|checksum|not found/i,
    'its files are damaged: restore the folder from a backup, or move it away to start afresh',
  ],
  [
    /EACCES|EPERM|EROFS|ENOTDIR|EEXIST|EISDIR|permission|read-only|(not|is) a directory/i,
    'choose a folder that this user may read and write',
  ],
];

function engineError(error: unknown, dir: string | undefined): Error {
  if (error instanceof Terminal) return error;
  const said = messages(error).join(': ');
  const [, advice] = advices.find(([pattern]) => pattern.test(said)) ?? [
    undefined,
    'check the folder and its disk, then start again',
  ];
  const where = dir === undefined ? 'the store in memory' : `the store in ${dir}`;
  return new Terminal(`${where} failed (${said}): ${advice}`, { cause: error });
}

function messages(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 3) return [];
  const code = 'code' in error ? [String(error.code)] : [];
  return [...code, error.message, ...messages(error.cause, depth + 1)];
}

function promised<T>(call: (done: Callback<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)));
  });
}
