import { describe, expect, it } from 'vitest';
import { announceServer } from '../../cli/connection.ts';
import { serin, stubServer, temporaryFolder, view } from './support.ts';

const rollout = '/v1/clusters/eu-1/namespaces/default/rollouts/web';
const problem = (status: number, title: string, detail: string) => ({
  status,
  body: { title, detail },
  headers: { 'content-type': 'application/problem+json' },
});

describe('what a request carries', () => {
  it('the token, and a path that names exactly one rollout', async () => {
    const { seen, env } = await stubServer(() => ({ status: 200, body: view() }));
    await serin(['get', 'rollout', 'web'], env);
    await serin(['status', 'rollout/web', '-n', 'a/b', '--cluster', 'ü'], env);
    expect(seen.map(({ url }) => url)).toEqual([
      `${rollout}?fresh=true`,
      '/v1/clusters/%C3%BC/namespaces/a%2Fb/rollouts/web?fresh=true',
    ]);
    expect(seen[0]?.headers.authorization).toBe('Bearer secret');
  });

  it('a command with its reason and what its author saw', async () => {
    const outcome = { result: 'done', detail: 'Step 2 of 6 is over', at: 0 };
    const { seen, env } = await stubServer(() => ({ status: 200, body: { id: 'i', outcome } }));
    const { code, out } = await serin(
      'promote web --skip-current-step --reason fine --expect-revision 7 --expect-step 1'.split(
        ' ',
      ),
      env,
    );
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      skipCurrentStep: true,
      reason: 'fine',
      expect: { revision: 7, stepIndex: 1 },
    });
    expect(seen[0]).toMatchObject({ method: 'POST', url: `${rollout}/promote` });
    expect(seen[0]?.headers['idempotency-key']).toMatch(/^[\da-f-]{36}$/);
    expect(out).toBe('web: Step 2 of 6 is over\n');
    expect(code).toBe(0);
  });

  it.each([
    ['abort web', 'abort', {}],
    ['restart web --at 2026-01-31T22:00:00+01:00', 'restart', { at: '2026-01-31T21:00:00Z' }],
    ['undo web --to-revision 3', 'undo', { toRevision: 3 }],
    ['set image web c=r/i:t', 'image', { container: 'c', image: 'r/i:t' }],
    [
      'pause web --expect-image r/i:t --expect-hash h',
      'pause',
      { expect: { podHash: 'h', image: 'r/i:t' } },
    ],
  ])('%s', async (line, verb, body) => {
    const { seen, env } = await stubServer(() => ({
      status: 200,
      body: { id: 'i', outcome: { result: 'done', detail: 'done', at: 0 } },
    }));
    const { code, err } = await serin(line.split(' '), env);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(seen[0]?.url).toBe(`${rollout}/${verb}`);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual(body);
  });
});

describe('when it does not go well', () => {
  it('a command is sent again to a busy server, and is still one command', async () => {
    const { seen, env } = await stubServer((_seen, count) =>
      count === 1
        ? { ...problem(503, 'Busy', 'try again'), headers: { 'retry-after': '0' } }
        : { status: 200, body: { id: 'i', outcome: { result: 'done', detail: 'x', at: 0 } } },
    );
    const { code } = await serin(['abort', 'web'], env);
    expect(code).toBe(0);
    expect(seen).toHaveLength(2);
    expect(seen[1]?.headers['idempotency-key']).toBe(seen[0]?.headers['idempotency-key']);
  });

  it('a gateway that takes no more at once is asked again, and then it is said', async () => {
    const { seen, env } = await stubServer(() => ({
      ...{ status: 429, body: { message: 'Too Many Requests' } },
      headers: { 'retry-after': '0' },
    }));
    const { code, err } = await serin(['promote', 'web'], env);
    expect(seen).toHaveLength(6);
    expect(err).toMatch(/^serin: the server answered 429\n.*try again in a minute/);
    expect(code).toBe(1);
  });

  it('an accepted command is followed until it has an outcome', async () => {
    const headers = { location: `${rollout}/commands/i`, 'retry-after': '0' };
    const { seen, env } = await stubServer((_seen, count) =>
      count < 3
        ? { status: 202, body: { id: 'i' }, headers }
        : {
            status: 200,
            body: { id: 'i', outcome: { result: 'superseded', detail: 'revision 3 came', at: 0 } },
          },
    );
    const { code, out } = await serin(['promote', 'web'], env);
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `POST ${rollout}/promote`,
      `GET ${rollout}/commands/i`,
      `GET ${rollout}/commands/i`,
    ]);
    expect(out).toBe('web: revision 3 came\n');
    expect(code).toBe(1);
  });

  it('a command that waits says that it was accepted, and what it waits for', async () => {
    const headers = { location: `${rollout}/commands/i`, 'retry-after': '1' };
    const outcome = { result: 'done', detail: 'Aborted', at: 0 };
    const { seen, env } = await stubServer((_seen, count) =>
      count < 5
        ? { status: 202, body: { id: 'i' }, headers }
        : { status: 200, body: { id: 'i', outcome } },
    );
    const { code, out, err } = await serin(['abort', 'web'], env);
    expect(seen[0]?.headers.prefer).toBe('wait=2');
    expect(err).toBe('serin: accepted, waiting for the cluster …');
    expect([code, out]).toEqual([0, 'web: Aborted\n']);
  });

  it('a command that is quick says nothing but what it did', async () => {
    const headers = { location: `${rollout}/commands/i`, 'retry-after': '0' };
    const outcome = { result: 'done', detail: 'Aborted', at: 0 };
    const { env } = await stubServer((_seen, count) =>
      count < 3
        ? { status: 202, body: { id: 'i' }, headers }
        : { status: 200, body: { id: 'i', outcome } },
    );
    expect((await serin(['abort', 'web'], env)).err).toBe('');
  });

  it('a server that does not answer at all is said to be waited for', async () => {
    const outcome = { result: 'done', detail: 'Aborted', at: 0 };
    const { env } = await stubServer(async () => {
      await new Promise((later) => setTimeout(later, 4500));
      return { status: 200, body: { id: 'i', outcome } };
    });
    const { code, err } = await serin(['abort', 'web'], env);
    expect([code, err]).toEqual([0, 'serin: sent, waiting for an answer of the server …']);
  });

  it.each([
    [409, 1, undefined],
    [401, 3, /SERIN_TOKEN/],
    [404, 3, /serin list/],
    [500, 3, undefined],
  ])('a %i problem is told in its own words, with exit code %i', async (status, exit, hint) => {
    const { env } = await stubServer(() => problem(status, 'Not so', 'nothing is paused'));
    const { code, err } = await serin(['promote', 'web'], env);
    expect(err.split('\n')[0]).toBe('serin: Not so: nothing is paused');
    if (hint !== undefined) expect(err).toMatch(hint);
    expect(code).toBe(exit);
    const json = await serin(['promote', 'web', '-o', 'json'], env);
    expect(JSON.parse(json.err)).toMatchObject({ title: 'Not so', status, exitCode: exit });
  });

  it('something that is no Serin', async () => {
    const { env } = await stubServer(() => ({ status: 200, body: '<html>' }));
    const { code, err } = await serin(['get', 'web'], env);
    expect(err).toMatch(/did not answer with JSON\n.*--server/);
    expect(code).toBe(3);
  });

  it('does not follow a redirect with the token', async () => {
    const { seen, env } = await stubServer(() => ({ status: 302, headers: { location: '/else' } }));
    const { code } = await serin(['get', 'web'], env);
    expect(code).toBe(3);
    expect(seen.every(({ url }) => url.startsWith(rollout))).toBe(true);
  });

  it('nobody there', async () => {
    const env = { SERIN_SERVER: 'http://127.0.0.1:2', SERIN_CLUSTER: 'c' };
    const { code, err } = await serin(['list'], env);
    expect(err).toBe(
      'serin: cannot reach http://127.0.0.1:2: nobody listens there\n' +
        '  Is it running? Start one with `serin dev`, or name another with --server URL.',
    );
    expect(code).toBe(3);
  });
});

describe('what a server on this machine left behind', () => {
  const gonePid = 2 ** 22 + 1;
  const unauthorized = () => problem(401, 'Who are you?', 'The request has no valid token.');
  const state = (server: string, pid: number, more: object = {}) => {
    const env = { XDG_STATE_HOME: temporaryFolder() };
    announceServer(
      { server, token: 'old', cluster: 'dev', pid, command: 'serin dev', ...more },
      env,
    );
    return env;
  };

  it('of a process that is gone is said to be that, and how to start it', async () => {
    const env = state('http://127.0.0.1:2', gonePid);
    for (const line of ['list', 'list --server http://127.0.0.1:2 --cluster dev']) {
      const { code, err } = await serin(line.split(' '), env);
      expect(code).toBe(3);
      expect(err).toMatch(new RegExp(`\`serin dev\` \\(process ${gonePid}\\).* is gone`));
      expect(err).toMatch(/\n {2}Start it again with `serin dev`/);
    }
  });

  it('of a process whose number another one has now is said to be that', async () => {
    const env = state('http://127.0.0.1:2', process.pid, { command: 'serin run' });
    const { code, err } = await serin(['list'], env);
    expect(code).toBe(3);
    expect(err).toMatch(/cannot reach http:\/\/127\.0\.0\.1:2: nobody listens there/);
    expect(err).toMatch(/`serin run` \(process \d+\), which served it, is gone\n.* `serin run`/);
  });

  it('where another one serves now is no refused token', async () => {
    const { env: stub } = await stubServer(unauthorized);
    const env = state(stub.SERIN_SERVER, process.pid);
    const { code, err } = await serin(['list'], env);
    expect(code).toBe(3);
    expect(err).toMatch(/another process serves .* now.*`serin dev` \(process \d+\).* is gone/);
    expect(err).not.toMatch(/Set SERIN_TOKEN \(or/);
    const dead = state(stub.SERIN_SERVER, gonePid);
    const named = await serin(['list', '--server', stub.SERIN_SERVER, '--cluster', 'dev'], dead);
    expect(named.err).toMatch(/another process serves .* now.* is gone/);
  });

  it('is better than a token of somebody’s own', async () => {
    const { env: stub } = await stubServer(({ headers }) =>
      headers.authorization === 'Bearer old'
        ? { status: 200, body: { items: [] } }
        : unauthorized(),
    );
    const env = { ...state(stub.SERIN_SERVER, process.pid), SERIN_TOKEN: 'of the one before' };
    const { code, err } = await serin(['list'], env);
    expect(code).toBe(3);
    expect(err).toMatch(/`serin dev` \(process \d+\) serves it, with a token of its own/);
    expect(err).toMatch(/leave out --token, --token-file, SERIN_TOKEN and SERIN_TOKEN_FILE/);
    expect((await serin(['list'], { ...env, SERIN_TOKEN: '' })).code).toBe(0);
  });
});

describe('wait', () => {
  const phases = (...list: string[]) =>
    stubServer(({ headers }, count) => {
      const phase = list[Math.min(count, list.length) - 1] ?? '';
      const etag = `"${phase}"`;
      const pace = { etag, 'retry-after': '0' };
      if (headers['if-none-match'] === etag) return { status: 304, headers: pace };
      return { status: 200, body: view({ phase }), headers: pace };
    });

  it('prints each phase once, and asks by ETag', async () => {
    const { seen, env } = await phases('Progressing', 'Progressing', 'Paused', 'Healthy');
    const { code, out } = await serin(['wait', 'web', '--timeout', '20s'], env);
    expect(out).toBe('◌ Progressing\n॥ Paused\n✔ Healthy\n');
    expect(code).toBe(0);
    expect(seen.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"Progressing"',
      '"Progressing"',
      '"Paused"',
    ]);
  });

  it('ends with 1 when it is Degraded instead', async () => {
    const { env } = await phases('Progressing', 'Degraded');
    expect(await serin(['wait', 'web', '--for', 'healthy'], env)).toMatchObject({ code: 1 });
    expect(await serin(['wait', 'web', '--for', 'degraded'], env)).toMatchObject({ code: 0 });
  });

  it('for a pause ends with 0 when the release is over, and says so', async () => {
    const { env } = await phases('Progressing', 'Healthy');
    const { code, out, err } = await serin(['wait', 'web', '--for', 'paused'], env);
    expect([code, out]).toEqual([0, '◌ Progressing\n✔ Healthy\n']);
    expect(err).toBe('serin: the release is over, so there is no pause to wait for');
  });

  it('ends with 2 when the time is up', async () => {
    const { env } = await phases('Paused');
    const { code, err } = await serin(['wait', 'web', '--timeout', '300ms'], env);
    expect(err).toMatch(/^serin: the time is up, and web is not healthy: it is Paused\n/);
    expect(code).toBe(2);
  });

  it('ends with 130 when it is interrupted', async () => {
    const { env } = await phases('Paused');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);
    expect(await serin(['wait', 'web'], env, stop)).toMatchObject({ code: 130 });
  });

  it('outlives a short failure of the server, once it knows the rollout', async () => {
    const { env } = await stubServer((_seen, count) =>
      count === 2
        ? problem(502, 'Bad gateway', 'it restarts')
        : {
            status: 200,
            body: view({ phase: count === 1 ? 'Paused' : 'Healthy' }),
            headers: { 'retry-after': '0' },
          },
    );
    const { code, err } = await serin(['wait', 'web'], env);
    expect(err).toMatch(/Bad gateway: it restarts; trying again/);
    expect(code).toBe(0);
  });
});

describe('get --watch', () => {
  it('prints a picture for each change', async () => {
    const stop = new AbortController();
    const { env } = await stubServer((_seen, count) => {
      if (count === 4) stop.abort();
      if (count === 2) return { status: 304, headers: { 'retry-after': '0' } };
      return {
        status: 200,
        body: view({ phase: count === 1 ? 'Paused' : 'Healthy' }),
        headers: { etag: `"${count}"`, 'retry-after': '0' },
      };
    });
    const { code, out } = await serin(['get', 'web', '-w'], env, stop);
    expect(out.match(/^Status: .*/gm)).toEqual([
      'Status:          ॥ Paused',
      'Status:          ✔ Healthy',
    ]);
    expect(code).toBe(130);
  });
});

describe('list and history', () => {
  it('follow pages to the end', async () => {
    const { seen, env } = await stubServer(({ url }) =>
      url.includes('cursor=2')
        ? { status: 200, body: { items: [view({ name: 'b', phase: 'Paused' })] } }
        : { status: 200, body: { items: [view({ name: 'a' })], cursor: '2' } },
    );
    const { out } = await serin(['list'], env);
    expect(out).toMatch(/^NAME {2}STRATEGY {2}STATUS .*\na .* ✔ Healthy .*\nb .* ॥ Paused .*\n$/);
    expect(seen).toHaveLength(2);
  });

  it('show what happened, the latest last', async () => {
    const entry = (at: number, kind: string, more = {}) => ({
      uid: 'u',
      kind,
      resourceVersion: String(at),
      at,
      actor: { name: 'jane', proof: 'verified' },
      revision: 2,
      text: `it ${kind}`,
      ...more,
    });
    const { env } = await stubServer(() => ({
      status: 200,
      body: {
        items: [
          entry(2000, 'resumed', { pause: { askedMs: 60_000, keptMs: 60_004 } }),
          entry(1000, 'promoted', { reason: 'fine' }),
        ],
      },
    }));
    const { out } = await serin(['history', 'web'], env);
    expect(out).toBe(`\
TIME                  REVISION  WHAT      WHO              DETAIL
1970-01-01T00:00:01Z  2         promoted  jane (verified)  it promoted (because: fine)
1970-01-01T00:00:02Z  2         resumed   jane (verified)  it resumed (asked for 60s, kept 60.004s)
`);
  });
});
