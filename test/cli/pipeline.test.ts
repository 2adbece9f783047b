import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serin, stubServer, temporaryFolder, view } from './support.ts';

const ok = { status: 200, body: view({ phase: 'Healthy' }), headers: { 'retry-after': '0' } };
const authorizations = (seen: { headers: { authorization?: string | undefined } }[]) =>
  seen.map(({ headers }) => headers.authorization);

describe('status --wait', () => {
  const phases = (...list: string[]) =>
    stubServer((_seen, count) => ({
      ...ok,
      body: view({ phase: list[Math.min(count, list.length) - 1] ?? '' }),
    }));

  it.each([
    ['Healthy', 0, '◌ Progressing\n॥ Paused\n✔ Healthy\n'],
    ['Degraded', 1, '◌ Progressing\n॥ Paused\n✖ Degraded\n'],
  ])('%s ends it with %i', async (last, exit, printed) => {
    const { env } = await phases('Progressing', 'Paused', last);
    const { code, out } = await serin(['status', 'web', '--wait', '--timeout', '1m'], env);
    expect(out).toBe(printed);
    expect(code).toBe(exit);
  });

  it.each([['--wait'], []])('the time that is up ends it with 2 (%s)', async (...more) => {
    const { env } = await phases('Paused');
    const { code, err } = await serin(['status', 'web', ...more, '--timeout', '300ms'], env);
    expect(err).toMatch(/the time is up, and web is not healthy: it is Paused\n.*serin explain/);
    expect(code).toBe(2);
  });

  it('without it, one look is enough', async () => {
    const { seen, env } = await phases('Paused', 'Healthy');
    expect(await serin(['status', 'web'], env)).toMatchObject({ code: 0, out: '॥ Paused\n' });
    expect(seen).toHaveLength(1);
  });
});

describe('the token of a pipeline', () => {
  it('is read from its file for each request: it may be a new one', async () => {
    const file = join(temporaryFolder(), 'token');
    writeFileSync(file, 'first\n');
    const { seen, env } = await stubServer((_seen, count) => {
      writeFileSync(file, 'second');
      return { ...ok, body: view({ phase: count === 1 ? 'Paused' : 'Healthy' }) };
    });
    const { code } = await serin(['wait', 'web', '--token-file', file], env);
    expect(code).toBe(0);
    expect(authorizations(seen)).toEqual(['Bearer first', 'Bearer second']);
    const named = { ...env, SERIN_TOKEN: '', SERIN_TOKEN_FILE: file };
    await serin(['status', 'web'], named);
    expect(authorizations(seen)[2]).toBe('Bearer second');
  });

  it.each([
    ['empty', '', /is no token\n.*nothing else/],
    ['two words', 'a b', /is no token/],
  ])('in a file that is %s', async (_what, text, words) => {
    const file = join(temporaryFolder(), 'token');
    writeFileSync(file, text);
    const { seen, env } = await stubServer(() => ok);
    const { code, err } = await serin(['status', 'web', '--token-file', file], env);
    expect(err).toMatch(words);
    expect([code, seen.length]).toEqual([2, 0]);
  });

  it('is asked of GitHub Actions, for the audience', async () => {
    const runner = await stubServer(() => ({ status: 200, body: { value: 'an.id.token' } }));
    const { seen, env } = await stubServer(() => ok);
    const job = {
      ...env,
      SERIN_TOKEN: undefined,
      SERIN_OIDC_AUDIENCE: 'serin of acme',
      ACTIONS_ID_TOKEN_REQUEST_URL: `${runner.env.SERIN_SERVER}/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-token',
    };
    expect((await serin(['status', 'web'], job)).code).toBe(0);
    expect(runner.seen).toMatchObject([
      {
        url: '/token?api-version=2&audience=serin+of+acme',
        headers: { authorization: 'Bearer runner-token' },
      },
    ]);
    expect(authorizations(seen)).toEqual(['Bearer an.id.token']);
    const without = await serin(['status', 'web'], {
      ...job,
      ACTIONS_ID_TOKEN_REQUEST_URL: undefined,
    });
    expect(without.code).toBe(2);
    expect(without.err).toMatch(/no ID token to be had here\n.*id-token: write/);
  });

  it.each([
    [403, {}],
    [200, { value: 7 }],
    [200, '<html>'],
  ])('that GitHub does not give (%i %j)', async (status, body) => {
    const runner = await stubServer(() => ({ status, body }));
    const { seen, env } = await stubServer(() => ok);
    const { code, err } = await serin(['status', 'web'], {
      ...env,
      SERIN_TOKEN: undefined,
      SERIN_OIDC_AUDIENCE: 'serin',
      ACTIONS_ID_TOKEN_REQUEST_URL: `${runner.env.SERIN_SERVER}/token`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-token',
    });
    expect(err).toMatch(/GitHub Actions gave no ID token/);
    expect([code, seen.length]).toEqual([3, 0]);
  });

  it('does not go over the network in the clear', async () => {
    const argv = ['status', 'web', '--server', 'http://serin.example', '--cluster', 'c'];
    const { code, err } = await serin(argv, { SERIN_TOKEN: 't' });
    expect(err).toMatch(/in the clear\n.*https:\/\//);
    expect(code).toBe(2);
  });
});
