import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { Conflict, Terminal } from '../../lib/errors.ts';
import { folderStore, memoryStore } from '../../lib/store/embedded.ts';
import { recordItem, recordKey } from '../../lib/store/items.ts';
import { isNew } from '../../lib/store/query.ts';
import { sqliteTable } from '../../lib/store/sqlite.ts';
import type { Store } from '../../lib/world.ts';
import { key, newEntry, newRecord, storeContract } from './contract.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'serin-store-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

storeContract('the store in memory', async () => ({
  store: memoryStore(systemClock),
  close: async () => {},
}));

storeContract('the store in a folder', () => folderStore(join(dir, 'a', 'b'), systemClock));

describe('the store in a folder', () => {
  it('is there again after it was closed', async () => {
    const first = await folderStore(dir, systemClock);
    const saved = await first.store.save(newRecord({ dueAt: 1000 }));
    await first.store.append(key, newEntry());
    await first.close();

    const second = await folderStore(dir, systemClock);
    expect(await second.store.load(key)).toEqual(saved);
    expect(await second.store.due(2000, 9)).toHaveLength(1);
    expect(await second.store.append(key, newEntry())).toBe(false);
    await expect(second.store.save(newRecord())).rejects.toThrow(Conflict);
    await second.close();
  });

  it('refuses a second process, which then finds it free', async () => {
    const first = await folderStore(dir, systemClock);
    const second = folderStore(dir, systemClock);
    await expect(second).rejects.toThrow(Terminal);
    await expect(second).rejects.toThrow(
      new RegExp(`process ${process.pid} has it open, since \\S+Z: stop that one`),
    );
    await first.close();
    await (await folderStore(dir, systemClock)).close();
  });

  it('waits once for the disk for all that is written at once', async () => {
    const logged = async (name: string, write: (store: Store) => Promise<unknown>) => {
      const { store, close } = await folderStore(join(dir, name), systemClock);
      await write(store);
      const { size } = await stat(join(dir, name, 'serin.db-wal'));
      await close();
      return size;
    };
    const saves = Array.from({ length: 30 }, (_, index) => (store: Store) => {
      return store.save(newRecord({ key: { ...key, name: `${index}` } }));
    });
    const atOnce = await logged('a', (store) => Promise.all(saves.map((save) => save(store))));
    const inTurn = await logged('b', async (store) => {
      for (const save of saves) await save(store);
    });
    // Each transaction writes each page that it changes, and the first ones make the table.
    expect(atOnce).toBeLessThan(inTurn / 2);
  });

  it('answers Terminal once closed, and stays closed', async () => {
    const { store, close } = await folderStore(dir, systemClock);
    await close();
    await expect(store.save(newRecord())).rejects.toThrow(/closed: open it again/);
    await expect(store.load(key)).rejects.toThrow(Terminal);
    await (await folderStore(dir, systemClock)).close();
  });

  it('loses no due entry when the process that has it alone is killed in a write', async () => {
    const script = fileURLToPath(import.meta.resolve('./writeForever.ts'));
    for (let round = 0; round < 4; round++) {
      const writer = spawn(process.execPath, [script, dir]);
      const gone = new Promise((done) => writer.once('exit', done));
      await new Promise((done) => writer.stdout.once('data', done));
      await expect(folderStore(dir, systemClock)).rejects.toThrow(
        `in use: process ${writer.pid} has it open, since`,
      );
      await new Promise((done) => setTimeout(done, 100 + round * 7));
      writer.kill('SIGKILL');
      await gone;

      const { store, close } = await folderStore(dir, systemClock);
      const { items } = await store.list('c', { limit: 10 });
      expect(items).toHaveLength(4);
      expect(items.every(({ version }) => version > 1)).toBe(true);
      const due = (await store.due(1e9, 10)).map((each) => [each.key.name, each.dueAt]);
      expect(due.sort()).toEqual(items.map((record) => [record.key.name, record.dueAt]).sort());
      await close();
    }
  }, 20_000);
});

describe('a folder that cannot be used', () => {
  const failsWith = async (where: string, message: RegExp) => {
    const opened = folderStore(where, systemClock);
    await expect(opened).rejects.toThrow(Terminal);
    await expect(opened).rejects.toThrow(message);
  };

  it('because it is a file', async () => {
    await writeFile(join(dir, 'file'), '');
    await failsWith(join(dir, 'file'), /choose a folder that this user may read and write/);
    await failsWith(join(dir, 'file', 'below'), /store in .*file\/below failed .*choose a folder/);
  });

  it('because a file in it cannot be read', async () => {
    await mkdir(join(dir, 'serin.db'));
    await failsWith(dir, /choose a folder that this user may read and write/);
  });

  it('because its file is damaged, which is left as it is', async () => {
    const { store, close } = await folderStore(dir, systemClock);
    await store.save(newRecord());
    await close();
    const file = join(dir, 'serin.db');
    await writeFile(file, (await readFile(file)).fill('x', 0, 200));
    const before = await readFile(file, 'hex');
    await failsWith(dir, /restore the folder from a backup, or move it away/);
    expect(await readFile(file, 'hex')).toBe(before);
  });

  it('because an earlier Serin kept it otherwise, which is left as it is', async () => {
    for (const name of ['CURRENT', 'LOCK', 'MANIFEST-000002']) await writeFile(join(dir, name), '');
    await failsWith(dir, /format of an earlier Serin: move it away to start afresh/);
    expect(await readdir(dir)).toEqual(['CURRENT', 'LOCK', 'MANIFEST-000002']);
  });
});

it('a file that lacks a column of today gets it, and keeps what it has', async () => {
  const old = new DatabaseSync(join(dir, 'serin.db'));
  old.exec('CREATE TABLE items (pk TEXT, sk TEXT, schema, version, body, PRIMARY KEY (pk, sk))');
  const { pk, sk, schema, version, body } = recordItem(newRecord({ polls: 3 }), 1);
  const values = { pk, sk, schema: schema ?? 0, version: version ?? 0, body: body ?? '' };
  old.prepare('INSERT INTO items VALUES (:pk, :sk, :schema, :version, :body)').run(values);
  old.close();
  const { store, close } = await folderStore(dir, systemClock);
  const record = await store.load(key);
  expect(record).toEqual(newRecord({ polls: 3, version: 1 }));
  await store.save({ ...newRecord(), version: 1, dueAt: 5 });
  expect(await store.due(10, 9)).toHaveLength(1);
  await close();
});

it('a file keeps what is still being written when it is closed', async () => {
  const first = sqliteTable(join(dir, 'serin.db'));
  const written = first.put(recordItem(newRecord(), 1), isNew);
  first.close();
  expect(await written).toBe(true);
  const second = sqliteTable(join(dir, 'serin.db'));
  expect(await second.get(recordKey(key))).toMatchObject({ version: 1 });
  second.close();
});

describe('a full disk', () => {
  type SmallDisk = [name: string, said: RegExp, shell: string];
  // $0 is Node, $1 the script and $2 a folder. No file over 1 or 2 MB: works everywhere, for everybody.
  const fileLimit: SmallDisk = [
    'a limit on the size of files',
    /disk I\/O error\): see whether the disk has space/,
    'ulimit -f 2000; exec "$0" "$1" "$2/store"',
  ];
  // A disk of 3 MB, 2.6 of them taken, that goes away with the process.
  const mount = 'mount -t tmpfs -o size=3m tmpfs "$2"';
  const tinyDisk: SmallDisk = [
    'a disk of 3 MB',
    /database or disk is full\): free some space there; nothing is lost/,
    `${mount} && dd if=/dev/zero of="$2/ballast" bs=1k count=2600 2>/dev/null &&
     exec "$0" "$1" "$2/store" "$2/ballast"`,
  ];
  const unshare = ['unshare', '--map-root-user', '--mount', 'sh', '-c'];
  const canMount = spawnSync(unshare[0] ?? '', [...unshare.slice(1), mount, '', '', tmpdir()]);
  const smallDisks = [fileLimit, ...(canMount.status === 0 ? [tinyDisk] : [])];

  it.each(smallDisks)('%s', async (name, said, shell) => {
    const script = fileURLToPath(import.meta.resolve('./fullDisk.ts'));
    const [command = '', ...args] = name === fileLimit[0] ? ['sh', '-c'] : unshare;
    const run = promisify(execFile)(command, [...args, shell, process.execPath, script, dir]);
    const seen = JSON.parse((await run).stdout);

    expect(seen.beforeFreed).toBeGreaterThan(10);
    expect(seen.failure).toMatch(said);
    expect(seen.failure).toMatch(/^Terminal: the store in .* failed/);
    expect(seen.readable).toBe(true);
    // Confirmed before, confirmed after, and none of them lost, in the table or in the due index.
    expect(seen).toMatchObject({ lost: [], undue: [] });
    // Only a disk gets its space back while the process runs.
    if (name === tinyDisk[0]) expect(seen).not.toHaveProperty('afterFreed');
  });
});
