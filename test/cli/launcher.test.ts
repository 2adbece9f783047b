import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

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

it.each(['20.19.0', '24.2.0', '24.14.1'])('Node %s is too old', async (version) => {
  const { stdout, stderr } = await launchedBy(version, '1');
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^serin: needs Node 24\.15 or newer, this is v/);
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
