import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { OldNode } from '../errors.ts';
import type { Attributes, Expression, Item, ItemKey, Query, Table } from './table.ts';
import { dueIndex, dueProjection, fleetProjection } from './tableDefinition.ts';

const attributes = [
  'pk',
  'sk',
  'schema',
  'version',
  'dueShard',
  'dueAt',
  'queuedFor',
  'expiresAt',
  'expiresAtSeconds',
  'fleet',
  'row',
  // Large, so last: what follows a large column is slow to reach.
  'body',
];
const inIndex = {
  due: ['pk', 'sk', 'dueShard', 'dueAt', ...dueProjection],
  fleet: ['pk', 'sk', 'fleet', ...fleetProjection],
};
const noAttributes = Object.fromEntries(attributes.map((name) => [name, null]));

const values = attributes.map((name) => `:${name}`);
const getSql = `SELECT ${attributes} FROM items WHERE pk = ? AND sk = ?`;
const putSql = `INSERT OR REPLACE INTO items (${attributes}) VALUES (${values})`;
const removeSql = 'DELETE FROM items WHERE pk = ? AND sk = ?';

const memory = ':memory:';

export type SqliteTable = Table & { close: () => void };

/** A table in a file that no other process can open meanwhile, or in memory. */
export function sqliteTable(file = memory): SqliteTable {
  const db = opened(file);
  const { write, flush } = file === memory ? oneByOne : together(db);
  const statements = new Map<string, StatementSync>();
  const prepared = (text: string, sqlOf = (sql: string) => sql): StatementSync => {
    const known = statements.get(text);
    if (known !== undefined) return known;
    const statement = db.prepare(sqlOf(text));
    // Which takes half the time that objects take.
    statement.setReturnArrays(true);
    statements.set(text, statement);
    return statement;
  };
  // Nothing comes between this and what is written: both are synchronous, and no other process has the file.
  const holds = ({ text, values: named }: Expression, { pk, sk }: ItemKey): boolean =>
    prepared(text, conditionSql).get({ pk, sk, ...named }) !== undefined;
  return {
    get: async ({ pk, sk }) => {
      const row = prepared(getSql).get(pk, sk);
      return row && toItem(attributes, row);
    },
    put: (item, condition) =>
      write(() => {
        if (!holds(condition, item)) return false;
        prepared(putSql).run({ ...noAttributes, ...item });
        return true;
      }),
    remove: ({ pk, sk }, condition) =>
      write(() => {
        if (!holds(condition, { pk, sk })) return false;
        prepared(removeSql).run(pk, sk);
        return true;
      }),
    query: async (query) => {
      const { key, after } = query;
      const named = { ...key.values, ...(after === undefined ? {} : { after }) };
      const names = query.index ? inIndex[query.index] : attributes;
      const rows = prepared(`SELECT ${names} FROM items ${querySql(query)}`).all(named);
      return { items: rows.map((row) => toItem(names, row)), more: false };
    },
    close: () => {
      flush();
      db.close();
    },
  };
}

/** `write` carries one out and answers whether its condition held; `flush`, those that still wait. */
type Writer = { write: (act: () => boolean) => Promise<boolean>; flush: () => void };

const oneByOne: Writer = { write: async (act) => act(), flush: () => {} };

/** The writes of one turn of the event loop share a transaction: each transaction waits for the disk. */
function together(db: DatabaseSync): Writer {
  type Waiting = PromiseWithResolvers<boolean> & { act: () => boolean };
  let waiting: Waiting[] = [];
  const flush = () => {
    const writes = waiting;
    waiting = [];
    if (writes.length === 0) return;
    try {
      db.exec('BEGIN');
      const answers = writes.map(({ act }) => act());
      db.exec('COMMIT');
      for (const [index, { resolve }] of writes.entries()) resolve(answers[index] === true);
    } catch (error) {
      // Some errors have rolled back already.
      if (db.isTransaction) db.exec('ROLLBACK');
      for (const { reject } of writes) reject(error);
    }
  };
  const write = (act: () => boolean) => {
    const one = { act, ...Promise.withResolvers<boolean>() };
    if (waiting.push(one) === 1) setImmediate(flush);
    return one.promise;
  };
  return { write, flush };
}

/** The first whose SQLite does not warn that it is an experiment. */
const nodeMin = '24.15';

/** Loaded when it is needed: what only reads files, or asks a server, runs on an older Node too. */
function newDatabase(file: string): DatabaseSync {
  const { node } = process.versions;
  if (node.localeCompare(nodeMin, 'en', { numeric: true }) < 0) {
    throw new OldNode(
      `this needs Node ${nodeMin} or newer, whose SQLite keeps the table; this is v${node}`,
    );
  }
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  return new DatabaseSync(file);
}

function opened(file: string): DatabaseSync {
  const db = newDatabase(file);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
    // Each write is synced before it is answered: an intent that was accepted outlives a power cut.
    db.exec('PRAGMA synchronous = FULL');
    createTable(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Or adds what the table of an earlier Serin lacks. */
function createTable(db: DatabaseSync): void {
  const key = 'PRIMARY KEY (pk, sk)';
  // With row numbers, since a table without them puts most of each record on a page of its own.
  db.exec(`CREATE TABLE IF NOT EXISTS items (${attributes}, ${key})`);
  const known = db.prepare("SELECT name FROM pragma_table_info('items')").all();
  for (const column of attributes) {
    if (known.every(({ name }) => name !== column)) db.exec(`ALTER TABLE items ADD ${column}`);
  }
  const isDue = 'WHERE dueAt IS NOT NULL';
  db.exec(`CREATE INDEX IF NOT EXISTS due ON items (dueShard, dueAt) ${isDue}`);
  db.exec('CREATE INDEX IF NOT EXISTS fleet ON items (fleet, sk) WHERE fleet IS NOT NULL');
}

/** Answers a row where the condition holds. */
function conditionSql(text: string): string {
  const item = '(SELECT 1) LEFT JOIN items ON pk = :pk AND sk = :sk';
  return `SELECT 1 FROM ${item} WHERE ${toSql(text)}`;
}

function querySql({ key, index, after, backwards = false, limit }: Query): string {
  const behind = after === undefined ? '' : ` AND sk ${backwards ? '<' : '>'} :after`;
  const order = `${index === dueIndex ? 'dueAt' : 'sk'} ${backwards ? 'DESC' : 'ASC'}`;
  // A limit that is a parameter makes SQLite prepare the statement anew each time.
  return `WHERE ${toSql(key.text)}${behind} ORDER BY ${order} LIMIT ${limit}`;
}

/** But for its functions, DynamoDB's words are SQL's. What compares with a missing attribute is not true. */
function toSql(text: string): string {
  return text
    .replace(/attribute_not_exists\((\w+)\)/g, '$1 IS NULL')
    .replace(/begins_with\((\w+), (:\w+)\)/g, 'substr($1, 1, length($2)) = $2');
}

function toItem(names: string[], row: object): Item {
  const item: Attributes = {};
  for (const [index, value] of Object.values(row).entries()) {
    if (value !== null) item[names[index] ?? ''] = value;
  }
  return item as Item;
}
