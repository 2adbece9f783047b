import { describe, expect, it } from 'vitest';
import { NotFound, Terminal, Transient } from '../../lib/errors.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { type Consumer, simulatedWorld, type WorldOptions } from '../../lib/simulate/world.ts';
import type { QueueMessage } from '../../lib/world.ts';
import { namespace, replicaSet, rollout, start, web } from './manifests.ts';

const key = { cluster: 'local', namespace, name: 'web' };

function serve(options: Partial<WorldOptions> = {}, consumer: Partial<Consumer> = {}) {
  const clock = virtualClock(start);
  const simulated = simulatedWorld({ clock, seed: 3, ...options });
  const wakes: [at: number, name: string][] = [];
  simulated.connect({
    deliver: async (message, world) => {
      if ('key' in message) wakes.push([world.clock.now() - start, message.key.name]);
    },
    ...consumer,
  });
  const pass = (spanMs: number) => clock.run({ until: clock.now() + spanMs, eventsMax: 100_000 });
  return { ...simulated, clock, wakes, pass };
}

/** A rollout with a ReplicaSet, at rest. */
async function settled(options: Partial<WorldOptions> = {}) {
  const served = serve(options);
  const { uid = '' } = served.cluster.apply('Rollout', rollout()).metadata!;
  const owned = replicaSet();
  const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid };
  owned.metadata!.ownerReferences = [{ ...owner, controller: true }];
  await served.cluster.cluster.create('ReplicaSet', owned);
  await served.pass(10_000);
  served.wakes.length = 0;
  return served;
}

describe('the queue', () => {
  it('delivers at once, or in whole seconds that are never too short', async () => {
    const { world, wakes, pass } = serve();
    const send = (name: string, delayMs: number) =>
      world.wakes.send({ key: { ...key, name } }, delayMs);
    await send('c', 1001);
    await send('b', 1000);
    await send('a', 0);
    await pass(5000);
    expect(wakes.map(([, name]) => name)).toEqual(['a', 'b', 'c']);
    expect(wakes.map(([at]) => Math.floor(at / 1000))).toEqual([0, 1, 2]);
  });

  it('takes no delay beyond 15 minutes', async () => {
    const { world, wakes, pass } = serve();
    await world.wakes.send({ key }, 15 * 60_000);
    await expect(world.wakes.send({ key }, 15 * 60_000 + 1)).rejects.toThrow(Terminal);
    await pass(3_600_000);
    expect(wakes).toHaveLength(1);
  });

  it('delivers the message as it was sent, time and all', async () => {
    const seen: unknown[] = [];
    const { world, pass } = serve({}, { deliver: async (message) => void seen.push(message) });
    const message = { key: { ...key }, at: start + 1234 };
    await world.wakes.send(message, 0);
    message.key.name = 'changed';
    await pass(1000);
    expect(seen).toEqual([{ key, at: start + 1234 }]);
  });

  it('comes back with what failed, and gives up in the end', async () => {
    const times: number[] = [];
    const deliver = async () => {
      times.push(clock.now() - start);
      throw new Transient('no');
    };
    const options = { visibilityMs: 10_000, receivesMax: 3 };
    const { world, clock, pass, failures, deadLetters } = serve(options, { deliver });
    await world.wakes.send({ key }, 0);
    await pass(60_000);
    expect(times.map((at) => Math.floor(at / 10_000))).toEqual([0, 1, 2]);
    expect(failures.map(({ message }) => message)).toEqual([{ key }, { key }, { key }]);
    expect(deadLetters).toEqual([{ key }]);
  });

  it('keeps what arrives before anybody listens', async () => {
    const clock = virtualClock(start);
    const { world, connect } = simulatedWorld({ clock, seed: 1 });
    await world.wakes.send({ key }, 0);
    await clock.run({ until: start + 5000, eventsMax: 99 });
    const delivered: string[] = [];
    connect({
      deliver: async (message) => void ('key' in message && delivered.push(message.key.name)),
    });
    await clock.run({ until: start + 6000, eventsMax: 99 });
    expect(delivered).toEqual(['web']);
  });
});

describe('the doorbell', () => {
  it('wakes a rollout within a second of a change somebody made to it', async () => {
    const { cluster, wakes, pass } = await settled();
    cluster.patchStatus('shop', 'web', { abort: true });
    cluster.scale('shop', 'web', 4);
    await pass(1000);
    expect(wakes.map(([, name]) => name)).toEqual(['web']);
    cluster.deleteObject('Rollout', 'shop', 'web');
    await pass(1000);
    expect(wakes.length).toBeGreaterThan(1);
  });

  it("is silent for Serin's own writes", async () => {
    const { cluster, wakes, pass } = await settled();
    const { cluster: serin } = cluster;
    await serin.patch(
      { kind: 'Rollout', ...web },
      { status: { phase: 'x' } },
      { subresource: 'status' },
    );
    await serin.patch(
      { kind: 'ReplicaSet', namespace, name: 'web-1' },
      { metadata: { labels: { a: 'b' } } },
    );
    await pass(2000);
    expect(wakes).toEqual([]);
  });

  it('wakes the owner when pods come and go, and folds what comes together', async () => {
    const { cluster, wakes, pass } = await settled();
    const target = { namespace, name: 'web-1' };
    await cluster.cluster.patch({ kind: 'ReplicaSet', ...target }, { spec: { replicas: 9 } });
    await pass(5000);
    // Once for the pods that are there and once for those that are ready.
    expect(wakes.map(([, name]) => name)).toEqual(['web', 'web']);
  });

  it('rings for a write by whoever calls himself Serin', async () => {
    const { cluster, wakes, pass } = await settled();
    const target = { namespace, name: 'web' };
    await cluster.as('serin').patch({ kind: 'Rollout', ...target }, { spec: { paused: true } });
    await pass(5000);
    expect(wakes.map(([, name]) => name)).toEqual(['web']);
  });

  it('is silent where nothing counts, and for what no rollout owns', async () => {
    const { cluster, wakes, pass } = await settled();
    const labels = { metadata: { labels: { a: 'b' } } };
    await cluster.as('kubectl').patch({ kind: 'ReplicaSet', namespace, name: 'web-1' }, labels);
    await cluster.as('kubectl').create('ReplicaSet', replicaSet({ name: 'free' }));
    await pass(5000);
    expect(wakes).toEqual([]);
  });

  it('is silent where there is none', async () => {
    const { cluster, world, wakes, pass } = await settled({
      clusters: { local: { doorbell: false } },
    });
    cluster.patchStatus('shop', 'web', { abort: true });
    await pass(5000);
    expect(wakes).toEqual([]);
    expect((await world.cluster('local')).doorbell).toBe(false);
  });

  it('can ring through another queue, and a notice that fails is not the end', async () => {
    const sent: string[] = [];
    const send = async (message: QueueMessage) => {
      sent.push('key' in message ? message.key.name : message.list);
      throw new Transient('no');
    };
    const { cluster, pass, failures } = serve({}, { wakes: { send } });
    cluster.apply('Rollout', rollout());
    await pass(1000);
    expect([sent, failures.length]).toEqual([['web'], 1]);
  });
});

describe('the world', () => {
  it('knows its clusters, and each is its own', async () => {
    const { world, clusters } = serve({ clusters: { a: {}, b: {} } });
    expect((await world.clusters()).map(({ name }) => name)).toEqual(['a', 'b']);
    await (await world.cluster('a')).create('Rollout', rollout());
    expect(clusters.get('b')?.read.list('Rollout', '')).toEqual([]);
    await expect(world.cluster('c')).rejects.toThrow(NotFound);
  });

  it('gives every process an id of its own', async () => {
    const ids: string[] = [];
    const deliver: Consumer['deliver'] = async (_message, { processId }) =>
      void ids.push(processId);
    const { world, process, pass } = serve({}, { deliver });
    await world.wakes.send({ key }, 0);
    await world.wakes.send({ key }, 0);
    await pass(1000);
    expect(new Set([...ids, process().processId, world.processId]).size).toBe(4);
  });

  it('sweeps every minute, also after one that failed', async () => {
    const times: number[] = [];
    const sweep: Consumer['sweep'] = async ({ clock }) => {
      times.push((clock.now() - start) / 60_000);
      throw new Transient('no');
    };
    const { pass, failures } = serve({}, { sweep });
    await pass(200_000);
    expect(times).toEqual([1, 2, 3]);
    expect(failures).toHaveLength(3);
  });

  it('invokes the consumer, or says that there is none', async () => {
    const invoke = async () => ({ view: { name: 'web' } as never });
    expect(await serve({}, { invoke }).world.invoke({ key })).toEqual({ view: { name: 'web' } });
    await expect(serve().world.invoke({ key })).rejects.toThrow(Transient);
  });
});
