import type { Context } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiHandler } from '../../functions/api.ts';
import { localCaller } from '../../lib/api/localToken.ts';
import { operations } from '../../lib/api/operations.ts';
import { apiRoutes } from '../../lib/api/routes.ts';
import { Terminal, Transient } from '../../lib/errors.ts';
import { type Ask, key, makeApi, makeEvent, makeRecord, makeView, path, token } from './support.ts';

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
  const on = { cluster: 'prod', namespace: 'shop', name: 'front-api' };
  const caller = localCaller('ada');

  it('is asked who wants to do what to which rollout, and its word is final', async () => {
    const asked: object[] = [];
    const mayNot = async (ask: { action: string }) => {
      asked.push(ask);
      return ask.action === 'promote' ? 'only releasers promote' : undefined;
    };
    const api = await makeApi({ deps: { mayNot } });
    const before = JSON.stringify(await api.stored());
    const { status, body } = await api.post('promote');
    expect([status, body.type]).toEqual([403, '/problems/forbidden']);
    expect(body.detail).toBe('ada may not do this: only releasers promote');
    expect(JSON.stringify(await api.stored())).toBe(before);
    const { status: read, body: view } = await api.get(path);
    expect(read).toBe(200);
    expect(asked.slice(0, 2)).toEqual([
      { caller, action: 'promote', on },
      { caller, action: 'read', on },
    ]);
    // What may be done is told with what is read, and each verb is asked for.
    const verbs = new Set(view.acts.map(({ verb }: { verb: string }) => verb));
    expect(new Set(asked.slice(2))).toEqual(
      new Set([...verbs].map((action) => ({ caller, action, on }))),
    );
    const promote = view.acts.find(({ verb }: { verb: string }) => verb === 'promote');
    expect(promote).toMatchObject({
      may: false,
      whyNot: 'ada may not do this: only releasers promote',
    });
  });

  it('that lets somebody command but not read lets them do neither', async () => {
    const mayNot = async ({ action }: { action: string }) =>
      action === 'read' ? 'no reading' : undefined;
    const api = await makeApi({ deps: { mayNot } });
    expect((await api.post('abort')).body.detail).toBe('ada may not do this: no reading');
    expect(api.invoked).toEqual([]);
  });

  it('hides what may not be read: there or not, good names or bad, the answer is the same', async () => {
    const mayNot = async () => 'no policy permits it';
    const api = await makeApi({ deps: { mayNot } });
    const absent = path.replace('front-api', 'no-such');
    const places = ['', '/history', '/explain', '/commands/1', '?fresh=true', '?nonsense=1'];
    for (const rest of places) {
      const [here, there] = await Promise.all([
        api.get(`${path}${rest}`),
        api.get(`${absent}${rest}`),
      ]);
      expect(here.status).toBe(403);
      const hidden = JSON.stringify(here.body).replaceAll('front-api', 'no-such');
      expect(JSON.parse(hidden)).toEqual(there.body);
    }
    for (const verb of ['promote', 'abort', 'undo']) {
      const told = await Promise.all([
        api.send('POST', `${path}/${verb}`, { body: '{broken' }),
        api.send('POST', `${absent}/${verb}`, { body: '{broken' }),
      ]);
      expect(told.map(({ status }) => status)).toEqual([403, 403]);
    }
    expect(api.invoked).toEqual([]);
  });

  it('leaves a rollout out of a list that may not be read itself', async () => {
    const mayNot = async (ask: { on: { name?: string } }) =>
      ask.on.name === 'front-api' ? 'no' : undefined;
    const list = '/v1/clusters/prod/namespaces/shop/rollouts';
    expect((await (await makeApi()).get(list)).body.items).toHaveLength(1);
    expect((await (await makeApi({ deps: { mayNot } })).get(list)).body.items).toEqual([]);
  });

  it('pages past what may not be read, and no cursor tells its name', async () => {
    const mayNot = async (ask: { on: { name?: string } }) =>
      ask.on.name?.startsWith('secret') ? 'no' : undefined;
    const api = await makeApi({ record: null, deps: { mayNot } });
    for (const name of ['a', 'secret-1', 'secret-2', 'secret-3', 'z']) {
      const view = { ...makeRecord().view!, name };
      await api.memory.save(makeRecord({ key: { ...key, name }, view }));
    }
    const list = '/v1/clusters/prod/namespaces/shop/rollouts?limit=1';
    const { body: first } = await api.get(list);
    expect(JSON.stringify(first)).not.toContain('secret');
    const { body: second } = await api.get(`${list}&cursor=${encodeURIComponent(first.cursor)}`);
    const shown = [first, second].flatMap(({ items }) => items);
    expect(shown.map(({ name }: { name: string }) => name)).toEqual(['a', 'z']);
    expect(second.cursor).toBeUndefined();
  });

  it('is not asked about names that name nothing', async () => {
    const asked: object[] = [];
    const mayNot = async (ask: object) => {
      asked.push(ask);
      return undefined;
    };
    const api = await makeApi({ deps: { mayNot } });
    for (const odd of ['a%2Fb', 'A', '..%2f', 'a"b', '*']) {
      expect((await api.get(path.replace('shop', odd))).status).toBe(404);
    }
    expect(asked).toEqual([]);
  });
});

describe('what API Gateway says of a signature', () => {
  const identity = { userArn: 'arn:aws:iam::1:user/eve' };
  const signedBy = (given: unknown) => {
    expect(given).toEqual(identity);
    return localCaller('signer');
  };
  const signed = async (target: string, context: object | undefined, method = 'GET') => {
    const handler = apiHandler((await makeApi({ deps: { signedBy } })).deps);
    const headers = {
      host: '127.0.0.1',
      'content-type': 'application/json',
      authorizer: JSON.stringify({ iam: identity }),
      'x-amzn-request-context': JSON.stringify({ authorizer: { iam: identity } }),
    };
    const body = JSON.stringify({ requestContext: { authorizer: { iam: identity } } });
    const event = makeEvent(method, target, { headers, ...(method === 'POST' && { body }) });
    if (context) Object.assign(event.requestContext, context);
    const told = await handler(event, {} as Context);
    return { ...told, body: JSON.parse(told.body ?? '') };
  };

  it('counts under /iam', async () => {
    const told = await signed(`/iam${path}`, { authorizer: { iam: identity } });
    expect([told.statusCode, told.body.name]).toEqual([200, 'front-api']);
    const posted = await signed(`/iam${path}/pause`, { authorizer: { iam: identity } }, 'POST');
    expect(posted.statusCode).toBe(422);
  });

  it('cannot be said by a caller: not in a header, not in a body, not under another name', async () => {
    for (const context of [undefined, { authorizer: {} }, { iam: identity }, { identity }]) {
      for (const method of ['GET', 'POST']) {
        const at = method === 'GET' ? path : `${path}/abort`;
        const { statusCode, body } = await signed(`/iam${at}`, context, method);
        expect([statusCode, body.type]).toEqual([401, '/problems/unauthenticated']);
      }
    }
  });

  it('does not count elsewhere, however the path is written', async () => {
    const context = { authorizer: { iam: identity } };
    for (const target of [
      path,
      `/iam/..${path}`,
      `/iam/%2e%2e${path}`,
      `//iam${path}`,
      `/IAM${path}`,
    ]) {
      expect((await signed(target, context)).statusCode).toBe(401);
    }
  });

  it('nor does a token count under /iam, nor anything where there is no gateway', async () => {
    const api = await makeApi({ deps: { signedBy } });
    expect((await api.get(`/iam${path}`)).status).toBe(401);
    expect((await (await makeApi({ via: 'lambda' })).get(`/iam${path}`)).status).toBe(401);
  });

  it('leads to places under /iam', async () => {
    const signature = { signature: identity };
    const { deps } = await makeApi({ deps: { signedBy }, effect: async () => makeView() });
    const request = new Request(`http://127.0.0.1/iam${path}/pause`, { method: 'POST' });
    const told = await apiRoutes(deps).fetch(request, signature);
    expect(told.status).toBe(202);
    expect(told.headers.get('location')).toBe(`/iam${path}/commands/id-1`);
  });
});

describe('when nobody can tell who may do what', () => {
  it.each([
    ['GET', path, 'kubectl argo rollouts get rollout front-api -n shop'],
    ['GET', `${path}/explain`, 'kubectl argo rollouts get rollout front-api -n shop'],
    ['POST', `${path}/abort`, 'kubectl argo rollouts abort front-api -n shop'],
    ['POST', `${path}/image`, 'set image front-api -n shop CONTAINER=IMAGE'],
    ['GET', '/v1/clusters/prod/namespaces/shop/rollouts', 'list rollouts -n shop'],
  ])('%s %s is 503 with the command that does the same', async (method, target, command) => {
    const authenticate = async () => {
      throw new Transient('table serin-prod-secret-name did not answer');
    };
    const api = await makeApi({ deps: { authenticate } });
    const { status, body } = await api.send(method, target, {});
    expect([status, body.type]).toEqual([503, '/problems/unavailable']);
    expect(body.detail).toContain(command);
    expect(body.detail).not.toContain('secret');
    expect(api.logged).toEqual(['error who may do what could not be found out']);
    const mayNot = async () => {
      throw new Terminal('damaged');
    };
    expect((await (await makeApi({ deps: { mayNot } })).send(method, target)).status).toBe(503);
  });

  it('puts nothing into that command but names', async () => {
    const authenticate = async () => {
      throw new Transient('gone');
    };
    const api = await makeApi({ deps: { authenticate } });
    for (const odd of ['a;id', '$(id)', '%24(id)', "a'b"]) {
      const { status, body } = await api.get(path.replace('shop', odd));
      expect([status, /kubectl/.test(body.detail)]).toEqual([503, false]);
    }
  });
});
