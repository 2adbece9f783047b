import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configPath } from '../../cli/config/contexts.ts';
import { announceServer, resolveConnection } from '../../cli/connection.ts';
import { serin, stubServer, temporaryFolder, view } from './support.ts';

function home() {
  const folder = temporaryFolder();
  const env = { XDG_CONFIG_HOME: join(folder, 'config'), XDG_STATE_HOME: join(folder, 'state') };
  return { env, config: (line: string) => serin(['config', ...line.split(' ')], env) };
}

const dev = {
  ...{ server: 'http://127.0.0.1:7465', token: 'secret', cluster: 'dev', pid: process.pid },
  command: 'serin dev',
};

describe('serin config', () => {
  it('makes, changes, shows, chooses and forgets contexts', async () => {
    const { env, config } = home();
    const none = await config('list');
    expect([none.code, none.err]).toEqual([
      0,
      expect.stringMatching(/^There is no context\. Make one/),
    ]);
    const made = await config('set prod --server https://serin.example/ --cluster prod -n shop');
    expect(made).toEqual({ code: 0, err: '', out: `Made context prod in ${configPath(env)}.\n` });
    const other = await config(
      'set eu --server https://eu.example --issuer https://id.example --client-id c',
    );
    expect(other.out).toMatch(/\nUse it: serin config use eu\n$/);
    expect((await config('list')).out).toBe(
      '   NAME  SERVER                 CLUSTER  NAMESPACE  SIGN-IN\n' +
        '*  prod  https://serin.example  prod     shop       -\n' +
        '   eu    https://eu.example     -        -          https://id.example\n',
    );
    await config('use eu');
    await config('set eu --cluster eu-1 --audience serin');
    expect(JSON.parse((await config('get -o json')).out)).toEqual({
      ...{ name: 'eu', server: 'https://eu.example', cluster: 'eu-1', isCurrent: true },
      signIn: { issuer: 'https://id.example', clientId: 'c', audience: 'serin' },
    });
    await config('set eu --unset cluster sign-in');
    expect((await config('get')).out).toBe('name:    eu\nserver:  https://eu.example\n');
    await config('delete eu');
    expect((await config('list')).out).toMatch(/NAMESPACE +SIGN-IN\n +prod .*\n$/);
    expect((await config('get')).err).toMatch(
      /there is no current context\n.*serin config use NAME/,
    );
  });

  it('keeps them in a file for its user alone, put in place whole', async () => {
    const { env, config } = home();
    await config('set prod --server https://serin.example');
    const path = configPath(env);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    const { ino } = statSync(path);
    await config('set prod --cluster prod');
    expect(statSync(path).ino).not.toBe(ino);
    expect(readdirSync(dirname(path))).toEqual(['config.yaml']);
    expect(readFileSync(path, 'utf8')).toMatch(/^contexts:\n {2}- name: prod\n/m);
  });

  it.each([
    ['set prod', /where is the server of prod\?\n.*--server URL/],
    ['set a/b --server https://a', /"a\/b" cannot be the name of a context/],
    ['set a --server ftp://a', /not the address of a server/],
    ['set a --server http://a.example', /in the clear/],
    ['set a --server https://a --issuer https://b', /has an issuer and a client id/],
    ['set a --server https://a --unset all', /cluster, namespace, sign-in/],
    ['use nope', /there is no context nope; there is: none\n.*serin config set nope/],
    ['delete nope', /there is no context nope/],
    ['get nope', /there is no context nope/],
  ])('refuses %s', async (line, message) => {
    const { code, out, err } = await home().config(line);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it.each([
    ['contexts: [\n', /config\.yaml is no configuration of serin: /],
    ['contexts:\n  - name: a\n', /no configuration of serin: contexts\.0\.server: /],
    ['contexts: []\nmore: 1\n', /no configuration of serin: .*more/],
  ])('says what is wrong with %j', async (content, message) => {
    const { env } = home();
    mkdirSync(dirname(configPath(env)), { recursive: true });
    writeFileSync(configPath(env), content);
    const { code, err } = await serin(['list'], env);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('what is meant when a context is there', () => {
  async function withContexts() {
    const { env, config } = home();
    await config('set prod --server https://prod.example --cluster prod -n shop');
    await config(
      'set eu --server https://eu.example --cluster eu-1 --issuer https://id.example --client-id c',
    );
    return env;
  }

  it('is the current one; --context and SERIN_CONTEXT name another', async () => {
    const env = await withContexts();
    expect(resolveConnection({}, env)).toEqual({
      ...{ server: 'https://prod.example', cluster: 'prod', namespace: 'shop', token: undefined },
    });
    const eu = {
      ...{ server: 'https://eu.example', cluster: 'eu-1', namespace: 'default' },
      signIn: { issuer: 'https://id.example', clientId: 'c' },
    };
    expect(resolveConnection({ context: 'eu' }, env)).toMatchObject(eu);
    expect(resolveConnection({}, { ...env, SERIN_CONTEXT: 'eu' })).toMatchObject(eu);
    const both = { ...env, SERIN_CONTEXT: 'eu' };
    expect(resolveConnection({ context: 'prod' }, both).server).toBe('https://prod.example');
    expect(resolveConnection({}, { ...env, SERIN_CONTEXT: '' }).cluster).toBe('prod');
    expect(() => resolveConnection({ context: 'no' }, env)).toThrow(
      /no context no; there is: prod, eu/,
    );
  });

  it('flags and the environment win over it', async () => {
    const env = { ...(await withContexts()), SERIN_CONTEXT: 'eu' };
    const flags = { cluster: 'other', namespace: 'web', token: 'mine' };
    expect(resolveConnection(flags, { ...env, SERIN_CLUSTER: 'c', SERIN_TOKEN: 't' })).toEqual({
      ...{ server: 'https://eu.example', ...flags },
    });
    const token = { ...env, SERIN_CLUSTER: 'c', SERIN_TOKEN: 't' };
    expect(resolveConnection({}, token)).toMatchObject({ cluster: 'c', token: 't' });
    expect(resolveConnection({}, token).signIn).toBeUndefined();
  });

  it('it is not used for another server than its own', async () => {
    const env = { ...(await withContexts()), SERIN_CONTEXT: 'eu' };
    const elsewhere = resolveConnection({ server: 'https://x.example', cluster: 'x' }, env);
    expect(elsewhere).toEqual({
      ...{ server: 'https://x.example', cluster: 'x', namespace: 'default', token: undefined },
    });
    const byEnv = { ...env, SERIN_SERVER: 'https://x.example' };
    expect(() => resolveConnection({}, byEnv)).toThrow(/which cluster of https:\/\/x\.example/);
    expect(resolveConnection({ context: 'eu' }, byEnv).server).toBe('https://eu.example');
    expect(resolveConnection({ server: 'https://eu.example/' }, env)).toMatchObject({
      cluster: 'eu-1',
    });
    expect(() => resolveConnection({ server: 'https://x.example', context: 'eu' }, env)).toThrow(
      /--server https:\/\/x\.example is not the server of context eu/,
    );
  });

  it('and a server on this machine too, neither is guessed', async () => {
    const env = await withContexts();
    announceServer(dev, env);
    expect(() => resolveConnection({}, env)).toThrow(
      /The current context prod is of https:\/\/prod\.example, and `serin dev` \(process \d+\) serves http/,
    );
    expect(resolveConnection({ context: 'prod' }, env).server).toBe('https://prod.example');
    const local = { server: dev.server, cluster: 'dev', token: 'secret', namespace: 'default' };
    expect(resolveConnection({ server: dev.server }, env)).toMatchObject(local);
    // Without a context all is as it was.
    expect(resolveConnection({}, { ...env, XDG_CONFIG_HOME: '/nonexistent' })).toMatchObject(local);
  });

  it('is where a command goes', async () => {
    const { seen, env: stub } = await stubServer(() => ({ status: 200, body: view() }));
    const { env, config } = home();
    await config(`set here --server ${stub.SERIN_SERVER} --cluster c -n shop`);
    const { code, err } = await serin(['get', 'web', '--context', 'here', '--token', 't'], env);
    expect([code, err]).toEqual([0, '']);
    expect(seen[0]?.url).toBe('/v1/clusters/c/namespaces/shop/rollouts/web?fresh=true');
  });
});
