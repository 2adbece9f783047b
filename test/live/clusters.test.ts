import { describe, expect, it } from 'vitest';
import { liveClusters } from '../../lib/aws/clusters.ts';
import { NotFound, Terminal, Transient, Unreachable } from '../../lib/errors.ts';
import type { ClusterEntry } from '../../lib/model/documents.ts';
import type { Key } from '../../lib/model/key.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { deliverBatch } from '../../lib/queue/batch.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { unmeasured, type World } from '../../lib/world.ts';
import { adminShell, eks, service } from '../cli/awsStage.ts';
import { handClock } from '../queue/world.ts';

// A registered cluster whose place, access or entry changes under a function that is at work.

const key = { cluster: 'prod', namespace: 'shop', name: 'web' };

/** An API server that has no rollouts, or refuses. Says how often it was asked. */
async function apiServer(state: { refuses?: number } = {}) {
  const { url, seen } = await service(() =>
    state.refuses
      ? { status: state.refuses, body: { kind: 'Status', message: 'Unauthorized' } }
      : { body: { metadata: {}, items: [] } },
  );
  return { url, seen, state };
}

async function scene(endpoint: string) {
  await adminShell();
  const clock = handClock(1_700_000_000_000);
  const store = memoryStore(clock);
  const entry: ClusterEntry = {
    ...{ name: 'prod', region: 'eu-central-1', eksName: 'shop-prod', endpoint },
    ...{ doorbell: { webhookEnabled: true, secrets: [] }, addedAt: 0, addedBy: 'ada' },
  };
  await store.documents.put({ kind: 'cluster', id: 'prod', version: 0, body: entry });
  const write = async (changes: Partial<ClusterEntry>): Promise<void> => {
    const known = (await store.documents.get({ kind: 'cluster', id: 'prod' }))!;
    await store.documents.put({ ...known, body: { ...known.body, ...changes } });
  };
  const { cluster, aws } = liveClusters({ documents: store.documents, clock }, 'serin/test');
  const list = async () => await (await cluster('prod')).list('Rollout', '');
  return { clock, store, cluster, aws, list, write };
}

describe('a cluster that is somewhere else now', () => {
  it.each([
    ['its old server refuses', async () => (await apiServer({ refuses: 401 })).url],
    ['its old address is nobody’s', async () => 'https://gone.invalid'],
  ])('is found again through EKS: %s', async (_, oldServer) => {
    const { url, seen } = await apiServer();
    const { list } = await scene(await oldServer());
    const cloud = await eks({ endpoint: url });
    expect(await list()).toEqual([]);
    expect(await list()).toEqual([]);
    expect(seen).toHaveLength(2);
    // Once it is known, EKS is not asked for every call.
    expect(cloud.seen).toHaveLength(1);
  });

  it('EKS is not asked while the place that was registered answers', async () => {
    const { url } = await apiServer();
    const { list } = await scene(url);
    const cloud = await eks({ endpoint: url });
    await list();
    expect(cloud.seen).toEqual([]);
  });

  it('one that does not answer at all is unreachable, wherever EKS says it is', async () => {
    const { list } = await scene('http://127.0.0.1:9');
    await eks({ endpoint: 'http://127.0.0.1:9' });
    await expect(list()).rejects.toThrow(Unreachable);
  });
});

describe('a cluster that does not let Serin in', () => {
  it('says that the access entry is missing', async () => {
    const { url } = await apiServer({ refuses: 401 });
    const { list } = await scene(url);
    await eks({ endpoint: url });
    await expect(list()).rejects.toThrow(Terminal);
    await expect(list()).rejects.toThrow(/give the role that Serin runs as an access entry/);
  });

  it('is let in again without a restart', async () => {
    const { url, state } = await apiServer({ refuses: 401 });
    const { list } = await scene(url);
    await eks({ endpoint: url });
    await expect(list()).rejects.toThrow(Terminal);
    delete state.refuses;
    expect(await list()).toEqual([]);
  });
});

describe('EKS', () => {
  it('knows no such cluster: it is gone, or in another region or account', async () => {
    const { url } = await apiServer({ refuses: 401 });
    const { list, write, clock } = await scene(url);
    await eks({ endpoint: url });
    await write({ eksName: 'shop-gone' });
    clock.set(clock.now() + minuteMs);
    await expect(list()).rejects.toThrow(Terminal);
    await expect(list()).rejects.toThrow(
      /shop-gone in eu-central-1.*check its name, its region and/,
    );
  });

  it('that is throttled is asked again with the next wake', async () => {
    const old = await apiServer({ refuses: 401 });
    const now = await apiServer();
    const { list } = await scene(old.url);
    const cloud = await eks({ endpoint: now.url, throttles: true });
    await expect(list()).rejects.toThrow(Transient);
    expect(cloud.seen.length).toBeLessThanOrEqual(6);
    cloud.facts.throttles = false;
    expect(await list()).toEqual([]);
  });
});

describe('an entry that is changed while a function is at work', () => {
  it('counts within a minute, and not before', async () => {
    const [old, now] = [await apiServer(), await apiServer()];
    const { list, write, clock } = await scene(old.url);
    await list();
    await write({ endpoint: now.url });
    await list();
    expect([old.seen.length, now.seen.length]).toEqual([2, 0]);
    clock.set(clock.now() + minuteMs);
    await list();
    expect([old.seen.length, now.seen.length]).toEqual([2, 1]);
  });

  it('has its load balancers looked at until the settings say otherwise, within a minute', async () => {
    const { cluster, store, clock } = await scene('https://gone.invalid');
    const apply = async (clusters: object): Promise<void> => {
      const at = { kind: 'settings', id: 'current' } as const;
      const version = (await store.documents.get(at))?.version ?? 0;
      const body = { text: '', hooks: '[]', clusters: JSON.stringify(clusters) };
      const by = { appliedAt: 1, appliedBy: 'ada' };
      await store.documents.put({ ...at, version, body: { ...body, ...by } });
      clock.set(clock.now() + minuteMs);
    };
    expect(await cluster('prod')).not.toHaveProperty('unverified');
    await apply({ prod: { verifyLoadBalancers: false } });
    expect(await cluster('prod')).toHaveProperty('unverified', true);
    await apply({ prod: { verifyLoadBalancers: true }, other: { verifyLoadBalancers: false } });
    expect(await cluster('prod')).not.toHaveProperty('unverified');
  });

  it('keeps the connection and the token while it stays the same', async () => {
    const { url, seen } = await apiServer();
    const { list, clock } = await scene(url);
    await list();
    clock.set(clock.now() + minuteMs);
    await list();
    expect(new Set(seen.map(({ authorization }) => authorization)).size).toBe(1);
  });

  it('a cluster that was taken out is unknown within a minute, and its wakes are dropped', async () => {
    const { url } = await apiServer();
    const { store, cluster, aws, clock } = await scene(url);
    await cluster('prod');
    await store.save({ ...blankRecord(key), dueAt: clock.now() });
    const known = (await store.documents.get({ kind: 'cluster', id: 'prod' }))!;
    await store.documents.remove(known, known.version);
    clock.set(clock.now() + minuteMs);
    await expect(cluster('prod')).rejects.toThrow(NotFound);
    const logged: string[] = [];
    const log: World['log'] = (level, message) => logged.push(`${level} ${message}`);
    const sent: object[] = [];
    const wakes = { send: async (message: object) => void sent.push(message) };
    const world: World = {
      ...{
        clock,
        store,
        cluster,
        aws,
        wakes,
        log,
        count: () => {},
        processId: 'p',
        instanceId: '',
      },
      ...unmeasured,
      endsAt: Number.POSITIVE_INFINITY,
      clusters: async () => [],
      inquire: async () => {
        throw new Error('nothing is asked here');
      },
      invoke: async () => {
        throw new Error('nobody invokes here');
      },
    };
    const records = [
      { messageId: 'wake', body: JSON.stringify({ key }) },
      { messageId: 'list', body: JSON.stringify({ list: 'prod' }) },
    ];
    const answer = await deliverBatch(world, records, async (message) => {
      if ('list' in message) await cluster(message.list);
      else await reconcile(world, message.key as Key);
    });
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(sent).toEqual([]);
    expect(logged).toContain('warn a wake for no cluster');
    // Else it would be due for ever, and fail each time.
    expect(await store.load(key)).toBeUndefined();
    expect(await store.documents.get({ kind: 'outage', id: 'prod' })).toBeUndefined();
  });
});
