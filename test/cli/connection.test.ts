import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  announceServer,
  resolveConnection,
  serverFile,
  withdrawServer,
} from '../../cli/connection.ts';
import { temporaryFolder } from './support.ts';

const dev = {
  ...{ server: 'http://127.0.0.1:7465', token: 'secret', cluster: 'dev', pid: process.pid },
  command: 'serin dev',
};

describe('where the API is', () => {
  it('is what serin dev wrote, for its owner only', () => {
    const env = { XDG_STATE_HOME: temporaryFolder() };
    announceServer(dev, env);
    expect(statSync(serverFile(dev.pid, env)).mode & 0o777).toBe(0o600);
    expect(resolveConnection({}, env)).toEqual({
      server: dev.server,
      token: dev.token,
      cluster: dev.cluster,
      namespace: 'default',
      local: { pid: dev.pid, command: 'serin dev', isRunning: true, isItsToken: true },
    });
    withdrawServer(dev.pid + 1, env);
    expect(readFileSync(serverFile(dev.pid, env), 'utf8')).toContain('secret');
    withdrawServer(dev.pid, env);
    expect(() => resolveConnection({}, env)).toThrow(/no `serin dev` is running/);
  });

  it('prefers options to the environment to the file', () => {
    const env = { XDG_STATE_HOME: temporaryFolder(), SERIN_SERVER: 'https://a', SERIN_TOKEN: 't' };
    announceServer(dev, env);
    expect(resolveConnection({ cluster: 'c' }, env)).toEqual({
      server: 'https://a',
      token: 't',
      cluster: 'c',
      namespace: 'default',
    });
    expect(resolveConnection({ server: 'https://b/', token: 'u', cluster: 'c' }, env)).toEqual({
      server: 'https://b',
      token: 'u',
      cluster: 'c',
      namespace: 'default',
    });
  });

  it('takes what is set and empty in the environment for not set', () => {
    const env = { XDG_STATE_HOME: temporaryFolder(), SERIN_SERVER: '', SERIN_CLUSTER: '' };
    announceServer(dev, env);
    expect(resolveConnection({}, env)).toMatchObject({ server: dev.server, cluster: 'dev' });
    expect(() => resolveConnection({ server: 'https://a' }, env)).toThrow(/which cluster/);
  });

  it('keeps the token of serin dev from other servers', () => {
    const env = { XDG_STATE_HOME: temporaryFolder() };
    announceServer(dev, env);
    const other = resolveConnection({ server: 'https://elsewhere', cluster: 'c' }, env);
    expect(other.token).toBeUndefined();
    expect(resolveConnection({ server: `${dev.server}/` }, env).token).toBe('secret');
    expect(() => resolveConnection({ server: 'https://elsewhere' }, env)).toThrow(/which cluster/);
  });

  it('takes a server that ended without tidying up for none', () => {
    const env = { XDG_STATE_HOME: temporaryFolder() };
    const gone = { ...dev, pid: 2 ** 22 + 1 };
    announceServer(gone, env);
    expect(() => resolveConnection({}, env)).toThrow(
      `\`serin dev\` (process ${gone.pid}), which served ${dev.server}, is gone`,
    );
    // Without the address of another: it is the one that is meant.
    expect(() => resolveConnection({ token: 'mine' }, env)).toThrow(/is gone/);
    announceServer(dev, env);
    expect(existsSync(serverFile(gone.pid, env))).toBe(false);
    writeFileSync(serverFile(dev.pid, env), '{"server": ');
    expect(() => resolveConnection({}, env)).toThrow(/no server/);
  });

  it('is asked for where several run, unless the cluster tells', () => {
    const env = { XDG_STATE_HOME: temporaryFolder() };
    const other = { server: 'http://127.0.0.1:7466', token: 'other', cluster: 'prod' };
    announceServer(dev, env);
    announceServer({ ...other, pid: process.ppid, command: 'serin run' }, env);
    expect(() => resolveConnection({}, env)).toThrow(/which server\? 2 .*:7466 \(cluster prod/);
    expect(() => resolveConnection({ cluster: 'eu' }, env)).toThrow(/which server/);
    expect(resolveConnection({ cluster: 'prod' }, env)).toMatchObject(other);
    expect(resolveConnection({ server: other.server }, env)).toMatchObject(other);
    withdrawServer(dev.pid, env);
    expect(resolveConnection({}, env)).toMatchObject(other);
  });

  it.each(['localhost:7465', 'ftp://a', 'nonsense'])('refuses %s as an address', (server) => {
    expect(() => resolveConnection({ server, cluster: 'c' }, {})).toThrow(/not the address/);
  });
});
