import { describe, expect, it } from 'vitest';
import { MissingRight, Transient, Unreachable } from '../../lib/errors.ts';
import { hashLabel, instanceIdLabel } from '../../lib/model/names.ts';
import { fromTime } from '../../lib/model/units.ts';
import { nameOf } from '../../lib/model/workload.ts';
import { noteOutage, outageOf } from '../../lib/queue/outage.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { resync } from '../../lib/reconcile/resync.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { recordKey } from '../../lib/store/items.ts';
import { sqliteTable } from '../../lib/store/sqlite.ts';
import { storeOn } from '../../lib/store/store.ts';
import type { Item, Table } from '../../lib/store/table.ts';
import type { Cluster, QueueMessage, World } from '../../lib/world.ts';
import { rollout } from '../simulate/manifests.ts';

/** A cluster whose doorbell reaches nobody. */
async function unheard(table: Table = sqliteTable()) {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const made = simulatedWorld({ clock, seed: 1, store: storeOn(table, clock.now) });
  made.connect({
    deliver: (message, world) => deliver(world, message),
    wakes: { send: async () => {} },
  });
  const pass = (ms: number) => clock.run({ until: clock.now() + ms, eventsMax: 10_000 });
  const recorded = async () => (await made.world.store.list('local', { limit: 10 })).items;
  return { ...made, pass, recorded };
}

describe('resync', () => {
  it('finds a rollout that no notice told of, and leaves a known one alone', async () => {
    const { world, cluster, pass, recorded } = await unheard();
    cluster.apply('Rollout', rollout());
    await pass(1000);
    expect(await recorded()).toEqual([]);
    expect(await resync(world, 'local')).toBe(1);
    await pass(5 * 60_000);
    expect((await recorded())[0]?.progress?.phase).toBe('Healthy');
    expect(await resync(world, 'local')).toBe(0);
  });

  it('finds one that an older Serin stored, which kept no rows of the fleet', async () => {
    const table = sqliteTable();
    const { world, cluster, pass } = await unheard(table);
    cluster.apply('Rollout', rollout());
    await resync(world, 'local');
    await pass(5 * 60_000);
    const its = recordKey({ cluster: 'local', namespace: 'shop', name: 'web' });
    const { fleet: _, row: __, ...item } = (await table.get(its)) ?? (its as Item);
    await table.put(item, { text: 'pk = :pk', values: { ':pk': its.pk } });
    const phases = async () =>
      (await world.store.rows('local', { limit: 9 })).items.map(({ phase }) => phase);
    expect(await phases()).toEqual([]);
    expect(await resync(world, 'local')).toBe(1);
    await pass(1000);
    expect(await phases()).toEqual(['Healthy']);
    expect(await resync(world, 'local')).toBe(0);
  });

  it('finds the runs of this instance that go on, or are to be deleted', async () => {
    const { world, cluster, pass } = await unheard();
    const provider = { web: { url: 'http://metrics/t/value/1' } };
    const spec = { metrics: [{ name: 'm', interval: '1h', provider }] };
    const apply = (name: string, more: object = {}, labels: Record<string, string> = {}) => {
      cluster.apply('AnalysisRun', {
        metadata: { namespace: 'shop', name, labels },
        spec: { ...spec, ...more },
      });
    };
    const phase = (name: string) => cluster.read.get('AnalysisRun', 'shop', name).status?.phase;
    apply('open');
    apply('short', { metrics: [{ name: 'm', provider }] });
    apply('theirs', {}, { [instanceIdLabel]: 'other' });
    await pass(1000);
    expect(phase('open')).toBeUndefined();
    expect(await resync(world, 'local')).toBe(2);
    await pass(1000);
    expect(['open', 'short', 'theirs'].map(phase)).toEqual(['Running', 'Successful', undefined]);
    expect(await resync(world, 'local')).toBe(1);
    await cluster
      .as('kubectl')
      .patch(
        { kind: 'AnalysisRun', namespace: 'shop', name: 'short' },
        { spec: { ttlStrategy: { secondsAfterCompletion: 1 } } },
      );
    expect(await resync(world, 'local')).toBe(2);
    await pass(5000);
    expect(cluster.read.find('AnalysisRun', 'shop', 'short')).toBeUndefined();
  });

  it('leaves an Experiment alone that ended before its analysis began', async () => {
    const { world, cluster, pass } = await unheard();
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [] } };
    const selector = { matchLabels: { app: 'a' } };
    cluster.apply('Experiment', {
      metadata: { namespace: 'shop', name: 'stopped' },
      spec: {
        templates: [{ name: 'one', selector, template }],
        analyses: [{ name: 'check', templateName: 'check' }],
        terminate: true,
      },
    });
    expect(await resync(world, 'local')).toBe(1);
    await pass(60_000);
    const { status } = cluster.read.get('Experiment', 'shop', 'stopped');
    expect(status?.phase).toBe('Successful');
    expect(status?.analysisRuns).toEqual([{ name: 'check', analysisRun: '', phase: '' }]);
    expect(await resync(world, 'local')).toBe(0);
  });

  it('finds a rollout that was changed, and one that was deleted', async () => {
    const { world, cluster, pass, recorded } = await unheard();
    const made = cluster.apply('Rollout', rollout());
    await resync(world, 'local');
    await pass(5 * 60_000);
    const { namespace = '', name = '' } = made.metadata ?? {};
    cluster.scale(namespace, name, 5);
    expect(await resync(world, 'local')).toBe(1);
    await pass(5 * 60_000);
    expect((await recorded())[0]?.view?.replicas.available).toBe(5);
    cluster.deleteObject('Rollout', namespace, name);
    expect(await resync(world, 'local')).toBe(1);
    await pass(1000);
    expect(await recorded()).toEqual([]);
  });

  it('finds a rollout whose pods went away, though it is itself as it was', async () => {
    const { world, cluster, pass, recorded } = await unheard();
    cluster.apply('Rollout', rollout());
    await resync(world, 'local');
    await pass(5 * 60_000);
    const [set] = cluster.read.list('ReplicaSet', '');
    cluster.deleteObject('ReplicaSet', set?.metadata?.namespace ?? '', nameOf(set ?? {}));
    await pass(1000);
    expect(cluster.read.list('Pod', '')).toEqual([]);
    expect(await resync(world, 'local')).toBe(1);
    await pass(5 * 60_000);
    expect((await recorded())[0]?.view?.replicas).toMatchObject({ available: 3 });
    expect(await resync(world, 'local')).toBe(0);
  });

  it("leaves another instance's rollouts alone", async () => {
    const { world, cluster } = await unheard();
    const labels = { 'argo-rollouts.argoproj.io/controller-instance-id': 'blue' };
    const plain = rollout();
    cluster.apply('Rollout', { ...plain, metadata: { ...plain.metadata, labels } });
    expect(await resync(world, 'local')).toBe(0);
  });

  it('finds a rollout whose workload was changed', async () => {
    const { world, cluster, pass, recorded } = await unheard();
    const { spec: { template, selector, ...spec } = {}, metadata } = rollout();
    const deployment = { metadata: { namespace: metadata?.namespace ?? '', name: 'source' } };
    cluster.apply('Deployment', {
      ...deployment,
      spec: { template: template ?? {}, selector: selector ?? {} },
    });
    const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'source' };
    cluster.apply('Rollout', { metadata: metadata ?? {}, spec: { ...spec, workloadRef } });
    await resync(world, 'local');
    await pass(5 * 60_000);
    expect((await recorded())[0]?.progress?.phase).toBe('Healthy');
    expect(await resync(world, 'local')).toBe(0);
    const containers = [{ name: 'web', image: 'web:new' }];
    const target = { namespace: deployment.metadata.namespace, name: 'source' };
    await cluster
      .as('kubectl')
      .patch({ kind: 'Deployment', ...target }, { spec: { template: { spec: { containers } } } });
    expect(await resync(world, 'local')).toBe(1);
  });

  /** The world with its calls to the cluster told, and some of them refused. */
  const watched = (world: World, refused: (call: string) => Error | undefined) => {
    const calls: string[] = [];
    const cluster = async (name: string): Promise<Cluster> => {
      const live = await world.cluster(name);
      const list: Cluster['list'] = async (kind, ...rest) => {
        calls.push(`list ${kind}`);
        const error = refused(`list ${kind}`);
        if (error) throw error;
        return await live.list(kind, ...rest);
      };
      return { ...live, list };
    };
    return { calls, world: { ...world, cluster } };
  };

  it('lists Services once a day: those of a rollout that it knows it gives back without', async () => {
    const { pass, cluster, ...stage } = await unheard();
    const { calls, world } = watched(stage.world, () => undefined);
    const service = {
      metadata: { namespace: 'shop', name: 'active' },
      spec: { selector: { app: 'web' } },
    };
    cluster.apply('Service', service);
    cluster.apply('Rollout', rollout({ strategy: { blueGreen: { activeService: 'active' } } }));
    await resync(world, 'local');
    await pass(5 * 60_000);
    const selector = () => cluster.read.get('Service', 'shop', 'active').spec?.selector;
    expect(selector()).toHaveProperty(hashLabel);
    cluster.deleteObject('Rollout', 'shop', 'web');
    await resync(world, 'local');
    await pass(1000);
    expect(selector()).toEqual({ app: 'web' });
    expect(calls.filter((call) => call === 'list Service')).toHaveLength(1);
    await pass(24 * 60 * 60_000);
    await resync(world, 'local');
    expect(calls.filter((call) => call === 'list Service')).toHaveLength(2);
  });

  it('tells a right that is missing from a cluster that does not answer', async () => {
    const { pass, cluster, ...stage } = await unheard();
    const rule = '{apiGroups: ["apps"], resources: ["replicasets"], verbs: ["list"]}';
    const forbidden = new MissingRight('list replicasets.apps *: 403', `add the rule ${rule}`);
    const { world } = watched(stage.world, (call) =>
      call === 'list ReplicaSet' ? forbidden : undefined,
    );
    await expect(resync(world, 'local')).rejects.toBe(forbidden);
    const away = watched(stage.world, () => new Transient('503'));
    await expect(resync(away.world, 'local')).rejects.toBeInstanceOf(Unreachable);
  });

  it('ends an outage with an answer that refuses it a list, wakes what is due, and lists again', async () => {
    const { pass, cluster, ...stage } = await unheard();
    const { world } = watched(stage.world, () => new MissingRight('403', 'a rule'));
    const sent: [QueueMessage, number][] = [];
    const send = async (message: QueueMessage, delayMs: number): Promise<void> => {
      sent.push([message, delayMs]);
    };
    const heard = { ...world, wakes: { send } };
    const dueAt = world.clock.now();
    const key = { cluster: 'local', namespace: 'shop', name: 'web' };
    await world.store.save({ ...blankRecord(key), dueAt });
    await world.store.save({ ...blankRecord({ ...key, name: 'at-rest' }) });
    await noteOutage(world, 'local', new Error('503'));
    await expect(resync(heard, 'local')).rejects.toBeInstanceOf(MissingRight);
    // An API server that has just begun has not read its rules yet, and notices were missed.
    const again: [QueueMessage, number] = [{ list: 'local' }, 15_000];
    expect(sent).toEqual([[{ key }, 0], again]);
    expect(await outageOf(world.store.documents, 'local')).toBeUndefined();
    // It is no outage any more: what is refused for good is listed as often as ever.
    await expect(resync(heard, 'local')).rejects.toBeInstanceOf(MissingRight);
    expect(sent.slice(2)).toEqual([]);
    expect(await resync(stage.world, 'local')).toBe(2);
  });
});
