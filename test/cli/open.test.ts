import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { announceServer } from '../../cli/connection.ts';
import { binary, serin, temporaryFolder } from './support.ts';

const server = 'http://127.0.0.1:7465';
const token = 'the-token-of-a-serin-dev-here';

/** As `serin dev` leaves it for other terminals. */
function announced() {
  const env = { XDG_STATE_HOME: temporaryFolder() };
  announceServer({ server, token, cluster: 'local', pid: process.pid, command: 'serin dev' }, env);
  return env;
}

describe('serin open', () => {
  it.each([
    [['open'], '/'],
    [['dashboard'], '/'],
    [['open', 'web', '-n', 'shop'], '/c/local/n/shop/r/web'],
    [['open', 'rollout/web'], '/c/local/n/default/r/web'],
  ])('%j --print prints the address, with the token', async (argv, path) => {
    const { code, out, err } = await serin([...argv, '--print'], announced());
    expect([code, out, err]).toEqual([0, `${server}${path}#${token}\n`, '']);
  });

  it('gives a server elsewhere no token of this machine', async () => {
    const elsewhere = [
      '--server',
      'https://serin.example.com',
      '--cluster',
      'prod',
      '--token',
      'secret',
    ];
    const { out } = await serin(['open', 'web', '--print', ...elsewhere], announced());
    expect(out).toBe('https://serin.example.com/c/prod/n/default/r/web\n');
  });

  it('starts a browser with a file that only this user can read, and no token in its arguments', async () => {
    const env = announced();
    const folder = temporaryFolder();
    const opened = join(folder, 'opened');
    writeFileSync(
      join(folder, 'xdg-open'),
      `#!/bin/sh\nprintf %s "$1" > ${opened}.new\nmv ${opened}.new ${opened}\n`,
    );
    chmodSync(join(folder, 'xdg-open'), 0o755);
    const PATH = `${folder}:${process.env.PATH}`;
    const { code, out } = await binary(['open', 'web'], { ...env, PATH });
    expect([code, out]).toEqual([0, `Opening ${server}/c/local/n/default/r/web\n`]);
    await expect.poll(() => existsSync(opened), { timeout: 10_000 }).toBe(true);
    const file = fileURLToPath(readFileSync(opened, 'utf8'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain(`url=${server}/c/local/n/default/r/web#${token}"`);
  });
});
