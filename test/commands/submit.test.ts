import { describe, expect, it } from 'vitest';
import { localCaller } from '../../lib/api/localToken.ts';
import { Conflict, NotFound, Terminal, Transient } from '../../lib/errors.ts';
import { openIntentsMax } from '../../lib/model/intent.ts';
import {
  closing,
  key,
  makeApi,
  makeIntent,
  makeRecord,
  makeView,
  path,
  refused,
  settledView,
  start,
} from '../api/support.ts';

describe.each(['fetch', 'lambda'] as const)('a command over %s', (via) => {
  it('answers what it did to the release', async () => {
    const after = {
      phase: 'Progressing',
      message: '',
      step: { index: 2, count: 6 },
      paused: false,
    };
    const api = await makeApi({ via, effect: closing({ detail: 'The pause is over.' }, after) });
    const { status, headers, body } = await api.post('promote', { body: { reason: 'looks good' } });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      id: 'id-1',
      command: { verb: 'promote' },
      actor: { name: 'ada', proof: 'verified' },
      reason: 'looks good',
      outcome: { result: 'done', detail: 'The pause is over.' },
      before: { phase: 'Paused', revision: 2, stepIndex: 1, paused: true },
      after: { phase: 'Progressing', revision: 2, stepIndex: 2, paused: false },
      rollout: { name: 'front-api', phase: 'Progressing' },
    });
    expect(api.invoked).toEqual([{ key }]);
  });

  it('stores an intent bound to what its author saw, and a due time, in one write', async () => {
    const dueAt = start + 3_600_000;
    const api = await makeApi({ via, record: makeRecord({ dueAt }) });
    const { status, headers, body } = await api.post('promote');
    expect(status).toBe(202);
    expect(headers.get('retry-after')).toBe('1');
    expect(headers.get('location')).toBe(`${path}/commands/id-1`);
    expect(body.outcome).toBeUndefined();
    const record = await api.stored();
    expect(record).toMatchObject({ version: 2, dueAt: start, dueFor: 'command promote' });
    expect(record?.intents).toMatchObject([
      {
        id: 'id-1',
        acceptedAt: start,
        bound: {
          uid: 'uid-1',
          generation: 2,
          podHash: 'bbb',
          stepIndex: 1,
          pauseStart: '2026-11-22T09:59:00Z',
        },
      },
    ]);
  });
});

describe('the outcome', () => {
  it.each(['superseded', 'refused', 'expired'] as const)('%s is a 409', async (result) => {
    const api = await makeApi({ effect: closing({ result, detail: 'Nothing was done: late.' }) });
    const { status, body } = await api.post('abort');
    expect(status).toBe(409);
    expect(body).toMatchObject({
      type: `/problems/${result}`,
      detail: 'Nothing was done: late.',
      command: `${path}/commands/id-1`,
      outcome: { result },
    });
  });

  it('is answered before it is carried out where somebody asks for that', async () => {
    const slow = Promise.withResolvers<void>();
    const done = closing({ detail: 'Aborted.' });
    const api = await makeApi({ effect: (fake) => slow.promise.then(() => done(fake)) });
    const since = performance.now();
    const headers = { prefer: 'handling=strict, wait=1' };
    const { status, headers: told, body } = await api.post('abort', { headers });
    expect([status, body.outcome]).toEqual([202, undefined]);
    expect(performance.now() - since).toBeGreaterThan(900);
    expect((await api.stored())?.intents).toMatchObject([{ command: { verb: 'abort' } }]);
    slow.resolve();
    await expect
      .poll(async () => (await api.get(told.get('location') ?? '')).body.outcome?.detail)
      .toBe('Aborted.');
  });

  it('is waited for no longer than it takes, and one that fails later comes later', async () => {
    const quick = await makeApi({ effect: closing({ detail: 'Aborted.' }) });
    const headers = { prefer: 'wait=30' };
    expect((await quick.post('abort', { headers })).body.outcome.detail).toBe('Aborted.');
    const slow = Promise.withResolvers<never>();
    const api = await makeApi({ effect: () => slow.promise });
    expect((await api.post('abort', { headers: { prefer: 'wait=0' } })).status).toBe(202);
    slow.reject(new Transient('no answer'));
    await expect.poll(() => api.wakes).toEqual([{ key }]);
  });

  it('comes later when reconcile cannot run now: the wake is sent, and the place to ask told', async () => {
    const effect = async () => {
      throw new Transient('throttled');
    };
    const api = await makeApi({ effect });
    const { status, headers } = await api.post('abort');
    expect(status).toBe(202);
    expect(api.wakes).toEqual([{ key }]);
    const location = headers.get('location') ?? '';
    const open = await api.get(location);
    expect([open.status, open.headers.get('retry-after')]).toEqual([202, '1']);
    await closing({ detail: 'Aborted.' })({ store: api.memory, now: start });
    const done = await api.get(location);
    expect([done.status, done.body.outcome.detail]).toEqual([200, 'Aborted.']);
  });

  it('comes later even if the queue is down too, or reconcile has a bug', async () => {
    const effect = async () => {
      throw new TypeError('a bug');
    };
    const api = await makeApi({ effect });
    api.deps.world.wakes.send = async () => {
      throw new Transient('no queue');
    };
    expect((await api.post('abort')).status).toBe(202);
    expect(api.logged).toEqual([
      'error a command could not be carried out at once',
      'error nor could its wake be sent',
    ]);
    expect(await api.stored()).toMatchObject({ dueAt: start, intents: [{ id: 'id-1' }] });
  });

  it('is not called off by a table that fails after the command was stored', async () => {
    const api = await makeApi({ effect: closing({}) });
    const { load } = api.deps.world.store;
    let loads = 0;
    api.deps.world.store.load = async (wanted) => {
      loads += 1;
      if (loads > 1) throw new Transient('gone away');
      return load(wanted);
    };
    expect((await api.post('promote')).status).toBe(202);
  });

  it('is 404 when the rollout was deleted meanwhile', async () => {
    const effect = async () => {
      throw new NotFound('gone');
    };
    expect((await (await makeApi({ effect })).post('promote')).status).toBe(404);
  });

  it('of an unknown command is 404', async () => {
    const { status, body } = await (await makeApi()).get(`${path}/commands/nobody`);
    expect([status, body.type]).toEqual([404, '/problems/not-found']);
  });
});

describe('an Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'once-only' };

  it('makes one intent of two requests, and the second answers what the first did', async () => {
    const api = await makeApi({ effect: closing({ detail: 'Promoted.' }, settledView) });
    const first = await api.post('promote', { headers, body: { reason: 'fine' } });
    const second = await api.post('promote', { headers, body: { reason: 'fine' } });
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body.id).toBe(first.body.id);
    expect(second.body.outcome).toEqual(first.body.outcome);
    expect((await api.stored())?.intents).toHaveLength(1);
    expect(api.invoked).toHaveLength(1);
  });

  it('nudges a command that is still open', async () => {
    const api = await makeApi();
    const first = await api.post('promote', { headers });
    const second = await api.post('promote', { headers });
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(api.invoked).toHaveLength(2);
    expect((await api.stored())?.intents).toHaveLength(1);
  });

  it('answers the same refusal again', async () => {
    const api = await makeApi({ effect: closing({ result: 'superseded', detail: 'Too late.' }) });
    for (let times = 0; times < 2; times += 1) {
      expect((await api.post('promote', { headers })).body.detail).toBe('Too late.');
    }
  });

  it('is not taken for something else', async () => {
    const api = await makeApi();
    await api.post('promote', { headers });
    const before = JSON.stringify(await api.stored());
    for (const [verb, body] of [
      ['abort', {}],
      ['promote', { full: true }],
    ] as const) {
      const { status, body: told } = await api.post(verb, { headers, body });
      expect([status, told.type]).toEqual([422, '/problems/key-reused']);
    }
    expect(JSON.stringify(await api.stored())).toBe(before);
  });

  it('belongs to one person', async () => {
    const authenticate = async (request: Request) =>
      localCaller(request.headers.get('x-name') ?? '');
    const api = await makeApi({ deps: { authenticate } });
    await api.post('pause', { headers: { ...headers, 'x-name': 'ada' } });
    await api.post('pause', { headers: { ...headers, 'x-name': 'bob' } });
    expect((await api.stored())?.intents.map(({ actor }) => actor.name)).toEqual(['ada', 'bob']);
  });

  it('must be printable', async () => {
    const { status, body } = await refused({}, 'promote', {
      headers: { 'idempotency-key': 'a\tb' },
    });
    expect([status, body.type]).toEqual([400, '/problems/bad-header']);
  });
});

describe('commands at the same time', () => {
  it('are all kept: a conflict reads and checks again', async () => {
    const api = await makeApi();
    const verbs = ['pause', 'abort', 'promote', 'undo'];
    const told = await Promise.all(verbs.map((verb) => api.post(verb)));
    expect(told.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    const intents = (await api.stored())?.intents ?? [];
    expect(intents.map(({ command }) => command.verb).sort()).toEqual([...verbs].sort());
  });

  it('with one key are one', async () => {
    const api = await makeApi();
    const headers = { 'idempotency-key': 'k' };
    await Promise.all([1, 2, 3, 4].map(() => api.post('promote', { headers })));
    expect((await api.stored())?.intents).toHaveLength(1);
  });

  it('give up after five conflicts', async () => {
    let saves = 0;
    const store = {
      save: async () => {
        saves += 1;
        throw new Conflict('somebody else wrote');
      },
    };
    const { status, headers } = await refused({ store }, 'promote');
    expect([status, headers.get('retry-after'), saves]).toEqual([503, '1', 5]);
  });

  it('are refused when too many are open, but for one abort', async () => {
    const many = Array.from({ length: openIntentsMax }, (_, i) => makeIntent({ id: `i${i}` }));
    const record = makeRecord({ intents: many });
    const { status, headers, detail } = await refused({ record }, 'pause');
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    expect(detail).toMatch(/^Nothing was done: 10 commands/);
    const api = await makeApi({ record });
    expect((await api.post('abort')).status).toBe(202);
    expect((await api.post('abort')).status).toBe(429);
  });
});

describe('a rollout that is not in the table', () => {
  it('is looked at first', async () => {
    const api = await makeApi({ record: null, look: async () => makeView() });
    expect((await api.post('promote')).status).toBe(202);
    expect(api.invoked[0]).toEqual({ key, look: true });
    const record = await api.stored();
    expect(record).toMatchObject({
      version: 1,
      dueAt: start,
      intents: [{ bound: { uid: 'uid-1' } }],
    });
    expect(record?.progress).toBeUndefined();
  });

  it('and is nowhere else is 404', async () => {
    const { status, detail } = await refused({ record: null }, 'promote');
    expect(status).toBe(404);
    expect(detail).toMatch(/no rollout front-api in namespace shop of cluster prod/);
  });

  it('and cannot be seen is 503', async () => {
    const look = async () => {
      throw new Transient('no route');
    };
    const { status, detail } = await refused({ record: null, look }, 'abort');
    expect(status).toBe(503);
    expect(detail).toContain('kubectl argo rollouts abort front-api -n shop');
  });
});

describe('without the table', () => {
  const down = async () => {
    throw new Transient('table serin did not answer');
  };

  it.each<[string, object, string]>([
    ['abort', {}, 'kubectl argo rollouts abort front-api -n shop'],
    ['promote', { full: true }, 'kubectl argo rollouts promote front-api -n shop --full'],
    ['retry', {}, 'kubectl argo rollouts retry rollout front-api -n shop'],
    ['pause', {}, 'kubectl argo rollouts pause front-api -n shop'],
    [
      'resume',
      {},
      `patch rollouts.argoproj.io front-api -n shop --type merge -p '{"spec":{"paused":false}}'`,
    ],
    ['restart', {}, 'kubectl argo rollouts restart front-api -n shop'],
    ['restart', { at: '2026-11-23T00:00:00Z' }, `'{"spec":{"restartAt":"2026-11-23T00:00:00Z"}}'`],
    ['undo', { toRevision: 3 }, 'kubectl argo rollouts undo front-api -n shop --to-revision=3'],
    [
      'image',
      { container: 'a', image: 'b:c' },
      'kubectl argo rollouts set image front-api -n shop a=b:c',
    ],
    ['image', { container: '*', image: 'b:c' }, `set image front-api -n shop '*=b:c'`],
  ])('%s %o: 503 prints the kubectl command that does the same', async (verb, body, command) => {
    const api = await makeApi({ store: { load: down } });
    const { status, body: told, headers } = await api.post(verb, { body });
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(told.detail).toMatch(/table serin did not answer.*Nothing was done/);
    expect(told.detail).toContain(command);
  });

  it('a full disk stores nothing and says so', async () => {
    const save = async () => {
      throw new Terminal('no space left on device');
    };
    const { status, detail } = await refused({ store: { save } }, 'abort');
    expect(status).toBe(503);
    expect(detail).toMatch(
      /no space left on device\). Nothing was done.*kubectl argo rollouts abort/,
    );
  });

  it.each([
    [{}, 'look at the rollout before you repeat it'],
    [{ 'idempotency-key': 'k' }, 'repeat it with the same Idempotency-Key'],
  ])('a write whose answer was lost may have been done', async (headers, advice) => {
    const { status, detail } = await refused({ store: { save: down } }, 'abort', { headers });
    expect(status).toBe(503);
    expect(detail).toContain(`Whether the command was stored is not known: ${advice}`);
  });
});
