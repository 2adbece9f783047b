import { describe, expect, it } from 'vitest';
import type { ApiDeps, Ask } from '../../lib/api/call.ts';
import { Transient } from '../../lib/errors.ts';
import type { FleetRow } from '../../lib/model/fleet.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { key, makeApi, makeRecord, makeView, settledView, start } from './support.ts';

// The list of all clusters: what a page of the whole fleet asks for every few seconds.

const fleet = '/v1/rollouts';

/** Rollouts as `cluster/namespace/name`, in two clusters that Serin serves and one that it does not. */
async function served(
  deps: Partial<ApiDeps> = {},
  over: (place: string) => Partial<RolloutView> = () => ({}),
) {
  const api = await makeApi({ record: null, deps });
  const places = [
    'prod/shop/web',
    'prod/shop/api',
    'prod/blog/web',
    'staging/shop/web',
    'gone/shop/web',
  ];
  for (const place of places) {
    const [cluster = '', namespace = '', name = ''] = place.split('/');
    const its = { cluster, namespace, name };
    const view = { ...makeView(), ...its, ...over(place) };
    await api.memory.save(makeRecord({ key: its, view }));
  }
  const outage = { since: start - 60_000, failures: 3, retryAt: start + 9000, said: 'no route' };
  await api.memory.documents.put({ kind: 'outage', id: 'staging', version: 0, body: outage });
  return api;
}

const placesIn = ({ items }: { items: FleetRow[] }) =>
  items.map(({ cluster, namespace, name }) => `${cluster}/${namespace}/${name}`);

/** A caller whom the policies let read those only. */
function onlyReads(may: (on: Ask['on']) => boolean) {
  return { mayNot: async ({ on }: Ask) => (may(on) ? undefined : 'no policy') };
}

describe('the fleet', () => {
  it('is what a list shows of every rollout, by cluster, namespace and name', async () => {
    const { status, body } = await (await served()).get(fleet);
    expect(status).toBe(200);
    expect(placesIn(body)).toEqual([
      'prod/blog/web',
      'prod/shop/api',
      'prod/shop/web',
      'staging/shop/web',
    ]);
    expect(body.items[0]).toEqual({
      ...{ cluster: 'prod', namespace: 'blog', name: 'web' },
      ...{ phase: 'Paused', message: 'CanaryPauseStep', strategy: 'Canary', revision: 2 },
      step: { index: 1, count: 6 },
      ...{ setWeight: 1, actualWeight: 50, pods: { desired: 2, ready: 2 } },
      ...{ images: ['front-api:new'], stableImages: ['front-api:old'] },
      ...{ waitsFor: 'Paused at step 2 of 6', since: start - 60_000 },
      ...{ unblock: 'promote or abort it', needsPerson: true },
    });
  });

  it('says which clusters do not answer', async () => {
    const { body } = await (await served()).get(fleet);
    expect(body.unreachable).toEqual([
      { cluster: 'staging', since: start - 60_000, said: 'no route' },
    ]);
    expect((await (await served()).get(`${fleet}?cluster=prod`)).body.unreachable).toBeUndefined();
  });

  it('waits for a person where nothing happens by itself', async () => {
    const api = await served({}, (place) => ({
      ...(place === 'prod/shop/web' && {
        reasons: [{ text: 'Paused', unblock: 'promote', until: start }],
      }),
      ...(place === 'prod/shop/api' && { ...settledView, reasons: [] }),
    }));
    const { items } = (await api.get(`${fleet}?cluster=prod`)).body;
    expect(items.map(({ needsPerson }: FleetRow) => needsPerson)).toEqual([true, false, false]);
    expect(items[1]).toMatchObject({ phase: 'Healthy', waitsFor: null });
  });

  it.each([
    ['cluster=staging', ['staging/shop/web']],
    ['cluster=nowhere', []],
    ['namespace=blog', ['prod/blog/web']],
    ['phase=Healthy', ['prod/shop/web']],
    ['text=SHOP/a', ['prod/shop/api']],
    ['text=front-api:new', ['prod/blog/web', 'prod/shop/api', 'staging/shop/web']],
    ['namespace=shop&phase=Paused&cluster=prod', ['prod/shop/api']],
  ])('is filtered by ?%s', async (query, places) => {
    const api = await served({}, (place) => (place === 'prod/shop/web' ? settledView : {}));
    expect(placesIn((await api.get(`${fleet}?${query}`)).body)).toEqual(places);
  });

  it('comes in pages, over the borders of clusters', async () => {
    const api = await served();
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const at: string = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await api.get(`${fleet}?limit=3${at}`);
      pages.push(placesIn(body));
      cursor = body.cursor;
    } while (cursor !== undefined);
    expect(pages).toEqual([
      ['prod/blog/web', 'prod/shop/api', 'prod/shop/web'],
      ['staging/shop/web'],
    ]);
  });

  it('is 304 while no row changed', async () => {
    const api = await served();
    const etag = (await api.get(fleet)).headers.get('etag') ?? '';
    const same = () => api.get(fleet, { headers: { 'if-none-match': etag } });
    expect((await same()).status).toBe(304);
    const its = { ...key, name: 'web' };
    const record = await api.memory.load(its);
    const view = { ...makeView(), ...its, observedAt: start + 1000 };
    const saved = await api.memory.save({ ...makeRecord(), ...record, view });
    expect((await same()).status).toBe(304);
    await api.memory.save({ ...saved, view: { ...view, phase: 'Degraded' } });
    expect((await same()).status).toBe(200);
  });

  it('has only what the caller may read, clusters that do not answer included', async () => {
    const blog = await served(onlyReads(({ namespace }) => namespace === 'blog'));
    expect((await blog.get(fleet)).body).toEqual({
      items: [expect.objectContaining({ namespace: 'blog' })],
    });
    const one = await served(
      onlyReads(({ cluster, name }) => cluster === 'staging' && name === 'web'),
    );
    const { body } = await one.get(fleet);
    expect(placesIn(body)).toEqual(['staging/shop/web']);
    expect(body.unreachable).toHaveLength(1);
  });

  it.each([
    ['limit=0', 'limit'],
    ['phse=Paused', 'did you mean phase?'],
    ['phase=Broken', 'phase'],
    ['cursor=elsewhere', 'belongs to another list'],
    ['namespace=shop&cursor=prod%2Fblog%2Fweb', 'belongs to another list'],
  ])('refuses ?%s', async (query, said) => {
    const { status, body } = await (await served()).get(`${fleet}?${query}`);
    expect([status, body.type]).toEqual([422, '/problems/invalid']);
    expect(body.detail).toContain(said);
  });

  it('is 503 without the table, with a command that does the same', async () => {
    const rows = async () => {
      throw new Transient('down');
    };
    const { status, body } = await (await makeApi({ store: { rows } })).get(fleet);
    expect(status).toBe(503);
    expect(body.detail).toContain('kubectl argo rollouts list rollouts --all-namespaces');
  });
});

describe('the clusters', () => {
  const clusters = '/v1/clusters';

  it('are those that Serin serves, with what is wrong with them', async () => {
    const { status, body } = await (await served()).get(clusters);
    const unreachable = { since: start - 60_000, retryAt: start + 9000, said: 'no route' };
    expect([status, body]).toEqual([
      200,
      {
        items: [
          { name: 'prod', webhookEnabled: true, rollouts: 3 },
          { name: 'staging', webhookEnabled: true, rollouts: 1, unreachable },
        ],
      },
    ]);
  });

  it('are those of which the caller may read anything, or all', async () => {
    const names = async (may: Parameters<typeof onlyReads>[0]) => {
      const { body } = await (await served(onlyReads(may))).get(clusters);
      return body.items.map(({ name }: { name: string }) => name);
    };
    expect(await names(({ namespace }) => namespace === 'blog')).toEqual(['prod']);
    expect(await names(({ cluster }) => cluster === 'staging')).toEqual(['staging']);
    expect(await names(() => false)).toEqual([]);
  });
});
