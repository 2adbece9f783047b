import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** The launcher under a Node that takes itself for another version, and that no other can be started for. */
async function launchedBy(version: string) {
  const versions = `{ ...process.versions, node: '${version}' }`;
  const disguise = `Object.defineProperty(process, 'versions', { value: ${versions} })`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`];
  const env = { ...process.env, SERIN_RELAUNCHED: '1' };
  const run = promisify(execFile)(process.execPath, [...args, 'bin/serin.js', '--version'], {
    env,
  });
  return await run.catch((error: { stdout: string; stderr: string }) => error);
}

it.each(['20.19.0', '24.2.0', '24.14.1'])('Node %s is too old', async (version) => {
  const { stdout, stderr } = await launchedBy(version);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^serin: needs Node 24\.15 or newer, this is v/);
});

it.each(['24.15.0', '26.0.0'])('Node %s is new enough', async (version) => {
  const { stdout, stderr } = await launchedBy(version);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(stderr).toBe('');
});
