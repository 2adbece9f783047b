import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operations } from '../../lib/api/operations.ts';
import { type Ask, makeApi, path, token } from './support.ts';

const places = Object.values(operations).map(({ method, path: template }) => {
  const names: Record<string, string> = {
    cluster: 'prod',
    namespace: 'shop',
    name: 'front-api',
    id: 'i',
  };
  return { method, target: template.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? '') };
});

describe.each(['fetch', 'lambda'] as const)('without a valid token over %s', (via) => {
  it.each(places)('$method $target is 401 and tells nothing', async ({ method, target }) => {
    for (const shown of [null, '', 'wrong', `${token}x`, token.slice(1), `${token} ${token}`]) {
      const { status, headers, body } = await (await makeApi({ via })).send(method, target, {
        token: shown,
      });
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(Object.keys(body).sort()).toEqual(['detail', 'instance', 'status', 'title', 'type']);
    }
  });

  it('an unknown path and a wrong method are 401 too', async () => {
    const api = await makeApi({ via });
    for (const [method, target] of [
      ['GET', '/'],
      ['DELETE', path],
      ['OPTIONS', path],
    ] as const) {
      expect((await api.send(method, target, { token: null })).status).toBe(401);
    }
  });

  it('no scheme but Bearer will do', async () => {
    const api = await makeApi({ via });
    for (const authorization of [token, `Basic ${btoa(`ada:${token}`)}`, `Token ${token}`]) {
      expect((await api.get(path, { token: null, headers: { authorization } })).status).toBe(401);
    }
    expect((await api.get(path, { headers: { authorization: `bearer ${token}` } })).status).toBe(
      200,
    );
  });

  it('no sequence of requests changes the table, or wakes anything', async () => {
    const request = fc.record({
      place: fc.oneof(
        fc.constantFrom(...places),
        fc.record({
          method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'),
          target: fc.webPath().map((odd) => (odd.startsWith('/') ? odd : `/${odd}`)),
        }),
      ),
      token: fc.option(fc.stringMatching(/^[\w-]{0,40}$/).filter((shown) => shown !== token)),
      body: fc.oneof(fc.json(), fc.constantFrom('{}', '{"full":true}')),
      key: fc.constantFrom('a', 'b'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 10 }), async (requests) => {
        const api = await makeApi({ via });
        const before = JSON.stringify(await api.stored());
        for (const { place, body, key, ...shown } of requests) {
          const hasBody = place.method !== 'GET' && place.method !== 'HEAD';
          const ask: Ask = { ...shown, headers: { 'idempotency-key': key } };
          const told = await api.send(place.method, place.target, hasBody ? { ...ask, body } : ask);
          expect(told.status).toBe(401);
        }
        expect(JSON.stringify(await api.stored())).toBe(before);
        expect([...api.invoked, ...api.wakes]).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a server that knows its names', () => {
  const deps = { hosts: ['127.0.0.1', 'localhost', '[::1]'] };

  it.each(['127.0.0.1:8080', 'localhost', 'localhost:1', '[::1]:8080'])(
    'answers %s',
    async (host) => {
      expect((await (await makeApi({ deps })).get(path, { headers: { host } })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost:8080.evil',
    '',
  ])('is not driven by a web page whose name points at it: %s', async (host) => {
    const api = await makeApi({ deps, via: 'lambda' });
    const before = JSON.stringify(await api.stored());
    const { status, body } = await api.post('abort', { headers: { host } });
    expect([status, body.type]).toEqual([421, '/problems/wrong-host']);
    expect(JSON.stringify(await api.stored())).toBe(before);
  });

  it('allows no other origin', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const api = await makeApi({ deps });
    for (const told of [
      await api.send('OPTIONS', `${path}/abort`, { headers, token: null }),
      await api.get(path, { headers }),
    ]) {
      expect([...told.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual(
        [],
      );
    }
  });
});

describe('every answer', () => {
  it('forbids guessing its type and tells the time of the World', async () => {
    const api = await makeApi();
    for (const target of [path, '/nowhere', `${path}/history`]) {
      const { headers } = await api.get(target);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('date')).toBe('Sun, 22 Nov 2026 10:00:00 GMT');
    }
  });

  it('to an unknown path is 404', async () => {
    const api = await makeApi();
    for (const target of ['/', '/v1', `${path}/`, `${path}/deploy`, `/${path}`]) {
      const { status, body, headers } = await api.get(target);
      expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json']);
      expect(body).toMatchObject({ type: '/problems/not-found', instance: target });
    }
  });

  it.each([
    ['GET', `${path}/abort`, 'POST'],
    ['DELETE', path, 'GET, HEAD'],
    ['OPTIONS', `${path}/promote`, 'POST'],
    ['POST', `${path}/explain`, 'GET, HEAD'],
    ['PUT', '/v1/openapi.json', 'GET, HEAD'],
  ])('to %s %s is 405 and names the methods', async (method, target, allow) => {
    const { status, headers, body } = await (await makeApi()).send(method, target);
    expect([status, headers.get('allow')]).toEqual([405, allow]);
    expect(body.type).toBe('/problems/method-not-allowed');
  });

  it('to HEAD has the headers of GET and no body', async () => {
    const { status, headers, body } = await (await makeApi()).send('HEAD', path);
    expect([status, body]).toEqual([200, undefined]);
    expect(headers.has('etag')).toBe(true);
  });

  it('to what is no HTTP request is 400', async () => {
    const api = await makeApi({ via: 'lambda' });
    expect((await api.send('TRACE', path)).status).toBe(400);
    expect((await api.get(path, { headers: { 'x-bad': 'a\nb' } })).status).toBe(400);
  });
});

describe('a policy', () => {
  it('is asked who wants to do what to which rollout, and its word is final', async () => {
    const asked: object[] = [];
    const mayNot = (ask: { action: string }) => {
      asked.push(ask);
      return ask.action === 'promote' ? 'only releasers promote' : undefined;
    };
    const api = await makeApi({ deps: { mayNot } });
    const before = JSON.stringify(await api.stored());
    const { status, body } = await api.post('promote');
    expect([status, body.type]).toEqual([403, '/problems/forbidden']);
    expect(body.detail).toBe('ada may not do this: only releasers promote');
    expect(JSON.stringify(await api.stored())).toBe(before);
    expect((await api.get(path)).status).toBe(200);
    const on = { cluster: 'prod', namespace: 'shop', name: 'front-api' };
    const actor = { name: 'ada', proof: 'verified' };
    expect(asked).toEqual([
      { actor, action: 'promote', on },
      { actor, action: 'read', on },
    ]);
  });
});
