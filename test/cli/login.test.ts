import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Io } from '../../cli/io.ts';
import { run } from '../../cli/program.ts';
import { type Provider, startProvider } from '../browser/provider.ts';
import { serin, stubServer, temporaryFolder } from './support.ts';

/** A server, and a context of it that signs in at a provider of this machine. */
async function stage(more = '') {
  const provider = await startProvider('serin-cli');
  const folder = temporaryFolder();
  // No browser of this machine is opened by a test.
  const env = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder };
  const api = await stubServer(() => ({ status: 200, body: { items: [] } }));
  const server = api.env.SERIN_SERVER;
  const signIn = `--issuer ${provider.issuer} --client-id serin-cli ${more}`.trim();
  const set = `config set here --server ${server} --cluster c ${signIn}`;
  expect((await serin(set.split(' '), env)).code).toBe(0);
  const sent = () => (api.seen.at(-1)?.headers.authorization ?? '').replace('Bearer ', '');
  const list = async () => await serin(['list'], env);
  const sessions = join(folder, 'serin', 'sessions');
  return { provider, env, list, sent, sessions, server };
}

/** `serin login`, and what somebody does who reads what it says. */
async function login(env: Io['env'], argv: string[], meanwhile: (line: string) => void) {
  const said: string[] = [];
  const warned: string[] = [];
  const say = (line: string) => {
    said.push(line);
    meanwhile(line);
  };
  const io: Io = {
    ...{ write: say, say, warn: (line) => warned.push(line), stdin: async () => '' },
    ...{ env, terminal: false, colour: false, stop: new AbortController().signal },
  };
  const code = await run(['login', ...argv], io);
  return { code, out: said.join('\n'), err: warned.join('\n') };
}

/** Goes where a browser would; the provider signs in at once. */
const byBrowser = (line: string) => {
  const [address] = /http:\S+authorize\S+/.exec(line) ?? [];
  if (address !== undefined) void fetch(address);
};

describe('serin login', () => {
  it('by a browser keeps a token for its user alone, which is sent to that server', async () => {
    const { provider, env, list, sent, sessions, server } = await stage();
    const before = await list();
    expect(before.err).toMatch(
      /^serin: you are not signed in \(http\S+\)\n {2}Sign in with `serin login`/,
    );
    expect(before.code).toBe(3);
    const { code, out, err } = await login(env, [], byBrowser);
    expect([code, err]).toEqual([0, expect.not.stringMatching(/refresh/)]);
    expect(out).toMatch(new RegExp(`\nSigned in to ${server} as anna\\.$`));
    expect((await list()).code).toBe(0);
    expect(sent()).toBe(provider.idToken);
    const [file = ''] = readdirSync(sessions);
    expect(statSync(join(sessions, file)).mode & 0o777).toBe(0o600);
    const elsewhere = await serin(
      ['list', '--server', 'http://127.0.0.1:2', '--cluster', 'c'],
      env,
    );
    expect(elsewhere.err).toMatch(/nobody listens there/);
    expect(provider.granted).toEqual(['authorization_code']);
  });

  it('by a device code waits until it was typed', { timeout: 20_000 }, async () => {
    const { provider, env, list, sent } = await stage();
    const { code, out } = await login(env, ['--device'], () => {
      setTimeout(() => {
        provider.device = '';
      }, 1500);
    });
    expect(out).toMatch(/^Open http:\S+\/type on any machine, and type the code WDJB-MJHT\n/);
    expect(code).toBe(0);
    expect(provider.granted.length).toBeGreaterThan(1);
    await list();
    expect(sent()).toBe(provider.idToken);
  });

  it('renews a token that ends, and says when that is over', async () => {
    const { provider, env, list, sent } = await stage();
    provider.lifeSeconds = 30;
    await login(env, [], byBrowser);
    const first = provider.idToken;
    expect((await list()).code).toBe(0);
    expect(provider.granted).toEqual(['authorization_code', 'refresh_token']);
    expect(sent()).toBe(provider.idToken);
    expect(sent()).not.toBe(first);
    // The refresh token was used up, and the next one kept.
    expect((await list()).code).toBe(0);
    provider.refusesRefresh = true;
    const over = await list();
    expect(over.err).toMatch(/your sign-in has ended .*\n {2}Sign in with `serin login`/);
    expect(over.code).toBe(3);
  });

  it('sends the access token where an audience was asked for', async () => {
    const { env, list, sent } = await stage('--audience serin');
    await login(env, [], byBrowser);
    await list();
    expect(decodeJwt(sent()).aud).toBe('serin');
  });

  it('is undone by logout, which has the tokens revoked', async () => {
    const { provider, env, list, sessions } = await stage();
    await login(env, [], byBrowser);
    expect((await serin(['logout'], env)).out).toMatch(/^Signed out of http/);
    expect(readdirSync(sessions)).toEqual([]);
    expect(provider.revoked).toHaveLength(1);
    expect((await list()).err).toMatch(/you are not signed in/);
    expect((await serin(['logout'], env)).out).toMatch(/^You were not signed in/);
  });

  const refusals: [string, Partial<Provider>, string[], RegExp][] = [
    ['who does not let themselves', { who: undefined }, [], /access_denied/],
    ['a code that is refused', { sendsBack: { code: 'x' } }, [], /invalid_grant/],
    ['another issuer', { sendsBack: { iss: 'https://evil' } }, [], /iss/],
    ['a code of a device', { device: 'access_denied' }, ['--device'], /access_denied/],
  ];
  it.each(refusals)('refuses %s', async (_what, change, argv, message) => {
    const { provider, env, sessions } = await stage();
    Object.assign(provider, change);
    const { code, err } = await login(env, argv, byBrowser);
    expect(err).toMatch(/did not sign you in: /);
    expect(err).toMatch(message);
    expect(code).toBe(3);
    expect(() => readdirSync(sessions)).toThrow();
  });

  it.each([
    [['login'], {}, /sign in where\? There is no context\n.*serin config set NAME/, 2],
    [['login', '--context', 'x'], {}, /there is no context x/, 2],
    [['logout'], {}, /There is no context/, 2],
  ])('%j without a context', async (argv, env, message, exit) => {
    const { code, err } = await serin(argv, env);
    expect(err).toMatch(message);
    expect(code).toBe(exit);
  });

  it('says what a context lacks, and who does not answer', async () => {
    const { env } = await stage();
    await serin(['config', 'set', 'bare', '--server', 'https://a.example'], env);
    const bare = await serin(['login', '--context', 'bare'], env);
    expect([bare.code, bare.err]).toEqual([
      2,
      expect.stringMatching(/bare does not say who signs/),
    ]);
    const gone =
      'config set gone --server https://a.example --issuer http://127.0.0.1:2 --client-id c';
    await serin(gone.split(' '), env);
    const dead = await serin(['login', '--context', 'gone'], env);
    expect(dead.err).toMatch(
      /http:\/\/127\.0\.0\.1:2 did not sign you in: .*(ECONNREFUSED|bad port)/,
    );
    expect(dead.code).toBe(3);
  });
});
