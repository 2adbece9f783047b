import { describe, expect, it } from 'vitest';
import { Terminal, Transient } from '../../lib/errors.ts';
import type { RolloutAnswer } from '../../lib/model/act.ts';
import type { LedgerEntry } from '../../lib/model/record.ts';
import { key, makeApi, makeRecord, makeView, path, start } from './support.ts';

const list = '/v1/clusters/prod/namespaces/shop/rollouts';
const pods = [{ name: 'p-1', status: 'Running', createdAt: start, ready: '1/1', restarts: 0 }];

function withPods() {
  const view = makeView();
  const [first] = view.revisions;
  for (const set of first?.replicaSets ?? []) set.pods = pods;
  return view;
}

/** acts.test.ts has those. */
function withoutActs({ acts: _, ...view }: RolloutAnswer): object {
  return view;
}

describe.each(['fetch', 'lambda'] as const)('a rollout over %s', (via) => {
  it('is answered from the record, with a tag', async () => {
    const api = await makeApi({ via });
    const { status, headers, body } = await api.get(path);
    expect(status).toBe(200);
    expect(withoutActs(body)).toEqual(makeView());
    expect(headers.get('cache-control')).toBe('private, no-cache');
    expect(headers.get('etag')).toMatch(/^W\/"[0-9a-f]{32}"$/);
    expect(api.invoked).toEqual([]);
  });

  it('is 304 while nothing changed', async () => {
    const api = await makeApi({ via });
    const etag = (await api.get(path)).headers.get('etag') ?? '';
    for (const known of [etag, `"other", ${etag}`, etag.slice(2), '*']) {
      const same = await api.get(path, { headers: { 'if-none-match': known } });
      expect([same.status, same.body, same.headers.get('etag')]).toEqual([304, undefined, etag]);
    }
    expect((await api.get(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });
});

describe('who asks', () => {
  it('is told who Serin takes them for', async () => {
    const { status, body } = await (await makeApi()).get('/v1/me');
    expect([status, body]).toEqual([
      200,
      { name: 'ada', proof: 'verified', kind: 'local', groups: [] },
    ]);
  });

  it('is told nothing without a token', async () => {
    expect((await (await makeApi()).get('/v1/me', { token: null })).status).toBe(401);
  });
});

describe('a rollout', () => {
  it('has the time of its observation in a header, which a 304 has too', async () => {
    const api = await makeApi();
    const etag = (await api.get(path)).headers.get('etag') ?? '';
    const at = start + 5000;
    await api.memory.save(makeRecord({ version: 1, view: makeView({ observedAt: at }) }));
    for (const target of [path, `${path}/explain`]) {
      expect((await api.get(target)).headers.get('serin-observed-at')).toBe(String(at));
    }
    const same = await api.get(path, { headers: { 'if-none-match': etag } });
    expect([same.status, same.headers.get('serin-observed-at')]).toEqual([304, String(at)]);
  });

  it('has the same tag after a turn that found nothing new, and another after news', async () => {
    const api = await makeApi();
    const tag = async (over: object) => {
      const record = await api.stored();
      await api.memory.save({ ...makeRecord(), ...record, view: makeView(over) });
      return (await api.get(path)).headers.get('etag');
    };
    const first = await tag({});
    expect(await tag({ observedAt: start, wake: { at: start, why: 'a look' } })).toBe(first);
    expect(await tag({ phase: 'Healthy' })).not.toBe(first);
  });

  it('is looked at afresh when asked, without the table', async () => {
    const load = async () => {
      throw new Transient('down');
    };
    const api = await makeApi({ look: async () => withPods(), store: { load } });
    const { status, body } = await api.get(`${path}?fresh=true`);
    expect([status, withoutActs(body)]).toEqual([200, withPods()]);
    expect(api.invoked).toEqual([{ key, look: true }]);
  });

  it('is looked at afresh when the table does not have it', async () => {
    const api = await makeApi({ record: null, look: async () => makeView() });
    expect(withoutActs((await api.get(path)).body)).toEqual(makeView());
    expect(await api.stored()).toBeUndefined();
  });

  it('that is nowhere is 404', async () => {
    const { status, body } = await (await makeApi({ record: null })).get(path);
    expect([status, body.type]).toEqual([404, '/problems/not-found']);
    expect(body.detail).toContain('no rollout front-api in namespace shop of cluster prod');
  });

  it.each([
    `/v1/clusters/prod/namespaces/shop/rollouts/${'a'.repeat(254)}`,
    '/v1/clusters/prod/namespaces/shop/rollouts/Front_API',
    '/v1/clusters/prod/namespaces/shop/rollouts/a%2Fb',
    '/v1/clusters/prod/namespaces/sh.op/rollouts/a',
    '/v1/clusters/..%2fprod/namespaces/shop/rollouts/a',
    '/v1/clusters/prod/namespaces/shop/rollouts/%E0%A4%A',
  ])('whose name cannot be one is 404 and goes no further: %s', async (odd) => {
    const api = await makeApi({ look: async () => makeView() });
    expect((await api.get(odd)).status).toBe(404);
    expect(api.invoked).toEqual([]);
  });

  it.each([
    [new Transient('no route to host'), 503, 'kubectl argo rollouts get rollout front-api -n shop'],
    [new Terminal('forbidden'), 503, 'forbidden'],
    [new TypeError('a bug'), 500, 'incident id-1'],
  ])('that cannot be seen: %s', async (error, wanted, said) => {
    const look = async () => {
      throw error;
    };
    const { status, body } = await (await makeApi({ look })).get(`${path}?fresh=true`);
    expect(status).toBe(wanted);
    expect(body.detail).toContain(said);
    if (wanted === 500) expect(JSON.stringify(body)).not.toContain('a bug');
  });

  it('is 503 without the table, with the kubectl command', async () => {
    const load = async () => {
      throw new Transient('table serin did not answer');
    };
    for (const target of [path, `${path}/explain`, `${path}/commands/x`]) {
      const { status, body, headers } = await (await makeApi({ store: { load } })).get(target);
      expect([status, headers.get('retry-after')]).toEqual([503, '1']);
      expect(body.detail).toMatch(/table serin did not answer.*kubectl argo rollouts get rollout/);
    }
  });
});

describe('explain', () => {
  it('says what it waits for, since, until and what would unblock it', async () => {
    const until = start + 60_000;
    const reasons = [
      { text: 'Paused for 1m', since: start, until, unblock: 'promote' },
      { text: 'One pod is not ready' },
    ];
    const view = makeView({ reasons, wake: { at: until, why: 'the pause ends' } });
    const api = await makeApi({ record: makeRecord({ view }) });
    const { status, body, headers } = await api.get(`${path}/explain`);
    expect(status).toBe(200);
    expect(headers.has('etag')).toBe(true);
    expect(body).toEqual({
      ...key,
      observedAt: start - 1000,
      phase: 'Paused',
      message: 'CanaryPauseStep',
      revision: 2,
      step: { index: 1, count: 6, current: 'pause' },
      setWeight: 1,
      waitsFor: 'Paused for 1m',
      since: start,
      until,
      unblock: 'promote',
      reasons,
      wake: { at: until, why: 'the pause ends' },
    });
  });

  it('waits for nothing when there is no reason', async () => {
    const view = makeView({ phase: 'Healthy', reasons: [], wake: { waitsFor: 'a change' } });
    const api = await makeApi({ record: makeRecord({ view }) });
    expect((await api.get(`${path}/explain`)).body).toMatchObject({ waitsFor: null, reasons: [] });
  });
});

describe('the list', () => {
  async function many() {
    const api = await makeApi({ record: null });
    for (const name of ['c', 'a', 'b']) {
      const view = { ...withPods(), name };
      await api.memory.save(makeRecord({ key: { ...key, name }, view }));
    }
    return api;
  }

  it('pages by name, and leaves pods out', async () => {
    const api = await many();
    const first = await api.get(`${list}?limit=2`);
    expect(first.status).toBe(200);
    expect(first.body.items.map(({ name }: { name: string }) => name)).toEqual(['a', 'b']);
    expect(JSON.stringify(first.body)).not.toContain('p-1');
    const cursor = encodeURIComponent(first.body.cursor);
    const second = await api.get(`${list}?limit=2&cursor=${cursor}`);
    expect(second.body.items.map(({ name }: { name: string }) => name)).toEqual(['c']);
    expect(second.body.cursor).toBeUndefined();
  });

  it('has a tag', async () => {
    const api = await many();
    const etag = (await api.get(list)).headers.get('etag') ?? '';
    expect((await api.get(list, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('clamps a limit that is too large', async () => {
    expect((await (await many()).get(`${list}?limit=100000`)).body.items).toHaveLength(3);
  });

  it('is empty for a namespace without rollouts, and 404 for a cluster nobody knows', async () => {
    const api = await makeApi({ record: null });
    expect((await api.get(list)).body).toEqual({ items: [] });
    const { status, body } = await api.get('/v1/clusters/nowhere/namespaces/shop/rollouts');
    expect([status, body.detail]).toEqual([
      404,
      'There is no cluster nowhere. Check its name: on AWS, serin cluster list has them all.',
    ]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=x', 'limit must be a whole number'],
    ['limit=1.5', 'limit must be a whole number'],
    ['limt=5', 'limt is an unknown query parameter; did you mean limit?'],
    ['cursor=elsewhere', 'belongs to another list'],
  ])('refuses ?%s', async (query, said) => {
    const { status, body } = await (await many()).get(`${list}?${query}`);
    expect([status, body.type]).toEqual([422, '/problems/invalid']);
    expect(body.detail).toContain(said);
  });

  it('is 503 without the table', async () => {
    const down = async () => {
      throw new Transient('down');
    };
    const { status, body } = await (await makeApi({ store: { list: down } })).get(list);
    expect(status).toBe(503);
    expect(body.detail).toContain('kubectl argo rollouts list rollouts -n shop');
  });
});

describe('the history', () => {
  const entry = (at: number): LedgerEntry => ({
    uid: 'uid-1',
    kind: 'promoted',
    resourceVersion: String(at),
    at,
    actor: { name: 'ada', proof: 'verified' },
    revision: 2,
    text: 'promoted',
  });

  it('is the ledger, newest first, in pages', async () => {
    const api = await makeApi();
    for (const at of [1, 2, 3]) await api.memory.append(key, entry(at));
    const first = await api.get(`${path}/history?limit=2`);
    expect(first.body.items).toEqual([entry(3), entry(2)]);
    const cursor = encodeURIComponent(first.body.cursor);
    const rest = await api.get(`${path}/history?limit=2&cursor=${cursor}`);
    expect(rest.body).toEqual({ items: [entry(1)] });
  });

  it('outlives its rollout, and is 404 for one that never was', async () => {
    const api = await makeApi({ record: null });
    expect((await api.get(`${path}/history`)).status).toBe(404);
    await api.memory.append(key, entry(1));
    expect((await api.get(`${path}/history`)).body.items).toHaveLength(1);
  });

  it('is empty for a rollout to which nothing happened', async () => {
    expect((await (await makeApi()).get(`${path}/history`)).body).toEqual({ items: [] });
  });
});
