import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

/**
 * The launcher under a Node that takes itself for another version, which one started in its place does not.
 * None is where `relaunched` says that this was.
 */
async function launchedBy(version: string, relaunched?: '1') {
  const versions = `{ ...process.versions, node: '${version}' }`;
  const disguise = `Object.defineProperty(process, 'versions', { value: ${versions} })`;
  const script = `if (process.env.SERIN_RELAUNCHED === ${JSON.stringify(relaunched)}) ${disguise}`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
  const env = { ...process.env, SERIN_RELAUNCHED: relaunched };
  const all = [...args, 'bin/serin.js', '--version'];
  const run = promisify(execFile)(process.execPath, all, { env });
  return await run.catch((error: { stdout: string; stderr: string }) => error);
}

it.each(['18.20.8', '20.18.3'])('Node %s is too old', async (version) => {
  const { stdout, stderr } = await launchedBy(version, '1');
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    /^serin: needs Node 20\.19 or newer, and 24\.15 to run releases; this is v/,
  );
});

it('a Node that is too old starts the one that npm ci brought', async () => {
  const { stdout, stderr } = await launchedBy('20.19.0');
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(stderr).toBe('');
});

it.each(['24.15.0', '26.0.0'])('Node %s is new enough', async (version) => {
  const { stdout, stderr } = await launchedBy(version, '1');
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(stderr).toBe('');
});

const folders = ['cli', 'functions', 'lib', 'server'];
it.each([...folders, 'no folder'])('a source in %s is newer than the bundle', async (newer) => {
  const root = mkdtempSync(join(tmpdir(), 'serin-launcher-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const write = (folder: string, file: string, text: string, at: number) => {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, file), text);
    utimesSync(join(root, folder, file), at, at);
  };
  cpSync('bin/serin.js', join(root, 'bin/serin.js'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  for (const folder of folders) write(folder, 'a.ts', '', folder === newer ? 3000 : 1000);
  write('cli', 'serin.ts', "console.log('source')", 1000);
  write('dist', 'serin.js', "console.log('bundle')", 2000);
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'bin/serin.js')]);
  expect(stdout).toBe(newer === 'no folder' ? 'bundle\n' : 'source\n');
});
