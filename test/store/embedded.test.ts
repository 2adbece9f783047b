import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Conflict, Terminal } from '../../lib/errors.ts';
import { embeddedStore } from '../../lib/store/embedded.ts';
import { openEngine } from '../../lib/store/engine.ts';
import { tableDefinition } from '../../lib/store/tableDefinition.ts';
import { key, newEntry, newRecord, storeContract } from './contract.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'serin-store-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

storeContract('the embedded store in a folder', () => embeddedStore({ dir: join(dir, 'a', 'b') }));

describe('the embedded store in a folder', () => {
  it('is there again after it was closed', async () => {
    const first = await embeddedStore({ dir });
    const saved = await first.store.save(newRecord({ dueAt: 1000 }));
    await first.store.append(key, newEntry());
    await first.close();

    const second = await embeddedStore({ dir });
    expect(await second.store.load(key)).toEqual(saved);
    expect(await second.store.due(2000, 9)).toHaveLength(1);
    expect(await second.store.append(key, newEntry())).toBe(false);
    await expect(second.store.save(newRecord())).rejects.toThrow(Conflict);
    await second.close();
  });

  it('refuses a second process, which then finds it free', async () => {
    const first = await embeddedStore({ dir });
    const second = embeddedStore({ dir });
    await expect(second).rejects.toThrow(Terminal);
    await expect(second).rejects.toThrow(
      new RegExp(`process ${process.pid} has it open, since \\S+Z: stop that one`),
    );
    await first.close();
    await (await embeddedStore({ dir })).close();
  });

  it('answers Terminal once closed, and stays closed', async () => {
    const { store, close } = await embeddedStore({ dir });
    await close();
    await expect(store.save(newRecord())).rejects.toThrow(/closed: open it again/);
    await expect(store.load(key)).rejects.toThrow(Terminal);
    await (await embeddedStore({ dir })).close();
  });

  it('is closed once the reads under way have ended, at whatever point they are', async () => {
    for (let ticks = 0; ticks < 40; ticks += 1) {
      const engine = await openEngine(undefined);
      await engine.createTable(tableDefinition('serin'));
      const answer = engine.run('Query', {
        TableName: 'serin',
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'a' } },
      });
      for (let tick = 0; tick < ticks; tick += 1) await null;
      await engine.close();
      expect(await answer).toMatchObject({ statusCode: 200 });
      await expect(engine.run('GetItem', {})).rejects.toThrow(/closed: open it again/);
    }
  });

  it('loses no due entry when the process is killed in the middle of a write', async () => {
    const script = fileURLToPath(import.meta.resolve('./writeForever.ts'));
    for (let round = 0; round < 4; round++) {
      const writer = spawn(process.execPath, [script, dir]);
      const gone = new Promise((done) => writer.once('exit', done));
      await new Promise((done) => writer.stdout.once('data', done));
      await new Promise((done) => setTimeout(done, 100 + round * 7));
      writer.kill('SIGKILL');
      await gone;

      const { store, close } = await embeddedStore({ dir });
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
    const opened = embeddedStore({ dir: where });
    await expect(opened).rejects.toThrow(Terminal);
    await expect(opened).rejects.toThrow(message);
  };

  /** All but leveldb's own diary. */
  const dataFiles = async () => {
    const names = (await readdir(dir)).filter((name) => !name.startsWith('LOG')).sort();
    return Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'hex')]));
  };

  it('because it is a file', async () => {
    await writeFile(join(dir, 'file'), '');
    await failsWith(join(dir, 'file'), /choose a folder that this user may read and write/);
    await failsWith(join(dir, 'file', 'below'), /store in .*file\/below failed .*choose a folder/);
  });

  it('because a file in it cannot be read', async () => {
    await mkdir(join(dir, 'CURRENT'));
    await failsWith(dir, /choose a folder that this user may read and write/);
  });

  it('because its files are damaged, which are left as they are', async () => {
    const { store, close } = await embeddedStore({ dir });
    await store.save(newRecord());
    await close();
    const manifest = (await readdir(dir)).find((name) => name.startsWith('MANIFEST')) ?? '';
    await truncate(join(dir, manifest), 20);
    const before = await dataFiles();
    await failsWith(dir, /restore the folder from a backup, or move it away/);
    expect(await dataFiles()).toEqual(before);
  });
});

describe('a full disk', () => {
  type SmallDisk = [name: string, said: RegExp, shell: string];
  // $0 is Node, $1 the script and $2 a folder. No file over 150 KB: works everywhere, for everybody.
  const fileLimit: SmallDisk = [
    'a limit on the size of files',
    /File too large/,
    'ulimit -f 300; exec "$0" "$1" "$2/store"',
  ];
  // A disk of 3 MB, 2.6 of them taken, that goes away with the process.
  const mount = 'mount -t tmpfs -o size=3m tmpfs "$2"';
  const tinyDisk: SmallDisk = [
    'a disk of 3 MB',
    /No space left on device/,
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
    expect(seen.failure).toMatch(
      /^Terminal: the store in .*free some space there; nothing is lost/,
    );
    expect(seen.readable).toBe(true);
    // Confirmed before, confirmed after, and none of them lost, in the table or in the due index.
    expect(seen).toMatchObject({ lost: [], undue: [] });
    expect(seen).not.toHaveProperty('afterFreed');
  });
});
