import { describe, expect, it } from 'vitest';
import { Conflict, Transient } from '../../lib/errors.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import {
  type FaultName,
  type FaultOptions,
  faultRates,
  faultyWorld,
  Killed,
} from '../../lib/simulate/faults/faults.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { World } from '../../lib/world.ts';
import { newEntry, newRecord } from '../store/contract.ts';
import { namespace, replicaSet, rollout, start, web } from './manifests.ts';

const key = { cluster: 'local', namespace, name: 'web' };
const still = { latencyMs: 0 };

function lab(options: Partial<FaultOptions> = {}) {
  const clock = virtualClock(start);
  const simulated = simulatedWorld({ clock, seed: 1, clusters: { local: { doorbell: false } } });
  simulated.cluster.apply('Rollout', rollout());
  const faults = faultyWorld(simulated.world, { seed: 1, rates: {}, spans: still, ...options });
  const wakes: number[] = [];
  simulated.connect({ deliver: async () => void wakes.push(clock.now() - start) });
  const pass = (spanMs: number) => clock.run({ until: clock.now() + spanMs, eventsMax: 10_000 });
  const paused = () => simulated.cluster.read.get('Rollout', 'shop', 'web').spec?.paused;
  return { ...simulated, faults, clock, wakes, pass, paused };
}

/** A world where one thing goes wrong every time. */
const always = (fault: FaultName, options: Partial<FaultOptions> = {}) =>
  lab({ rates: { [fault]: 1 }, ...options });
const pause = (world: World) =>
  world
    .cluster('local')
    .then((cluster) => cluster.patch({ kind: 'Rollout', ...web }, { spec: { paused: true } }));
const failed = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error) => error,
  );

describe('calls to the cluster', () => {
  it.each([
    ['conflict', Conflict],
    ['throttled', Transient],
    ['serverError', Transient],
  ] as const)('%s: is refused and does nothing', async (fault, kind) => {
    const { faults, paused } = always(fault);
    expect(await failed(faults.process(pause))).toBeInstanceOf(kind);
    expect(paused()).toBeUndefined();
    expect(faults.counts[fault]).toBe(1);
  });

  it('answerLost: is done, and says it may not have been', async () => {
    const { faults, paused } = always('answerLost');
    expect(await failed(faults.process(pause))).toBeInstanceOf(Transient);
    expect(paused()).toBe(true);
  });

  it('reads conflict with nothing and lose no answer, but can be throttled', async () => {
    const get = async (world: World) =>
      (await world.cluster('local')).get({ kind: 'Rollout', namespace: 'shop', name: 'web' });
    const { faults } = lab({ rates: { conflict: 0.5, answerLost: 0.5, killedBefore: 1 } });
    expect((await faults.process(get)).metadata?.name).toBe('web');
    expect(await failed(always('throttled').faults.process(get))).toBeInstanceOf(Transient);
  });

  it('a dry run is a read', async () => {
    const { faults } = lab({ rates: { conflict: 0.5, answerLost: 0.5, killedBefore: 1 } });
    const dry = async (world: World) =>
      (await world.cluster('local')).create('ReplicaSet', replicaSet(), { dryRun: true });
    expect((await faults.process(dry)).spec?.replicas).toBe(3);
  });

  it('rivalWrote: what was read is out of date, by a rival', async () => {
    const lived = lab({
      rates: { rivalWrote: 1 },
      rival: () => lived.cluster.as('rollouts-controller'),
    });
    const error = await failed(
      lived.faults.process(async (world) => {
        const { metadata } = await (await world.cluster('local')).get({
          kind: 'Rollout',
          namespace: 'shop',
          name: 'web',
        });
        const target = { ...web, resourceVersion: metadata!.resourceVersion! };
        await (await world.cluster('local')).patch(
          { kind: 'Rollout', ...target },
          { spec: { paused: true } },
        );
      }),
    );
    expect(error).toBeInstanceOf(Conflict);
    const { metadata } = lived.cluster.read.get('Rollout', 'shop', 'web');
    expect(metadata?.managedFields?.map(({ manager }) => manager)).toContain('rollouts-controller');
  });
});

describe('a process that is killed', () => {
  it.each([
    ['killedBefore', undefined],
    ['killedAfter', true],
  ] as const)('%s an effect: nothing of it goes on', async (fault, after) => {
    const { faults, paused, pass } = always(fault);
    const seen: string[] = [];
    const task = faults.process(async (world) => {
      try {
        await pause(world);
        seen.push('went on');
      } catch {
        seen.push('handled the error');
      } finally {
        seen.push('cleaned up');
      }
    });
    expect(await failed(task)).toBeInstanceOf(Killed);
    await pass(1000);
    expect([paused(), seen]).toEqual([after, []]);
  });

  it('has no effect any more from calls that were on their way', async () => {
    const rates: Partial<Record<FaultName, number>> = { killedBefore: 1 };
    const { faults, world, paused, pass, clock } = lab({ rates, spans: { latencyMs: 2000 } });
    const save = (own: World) => own.store.save(newRecord());
    const ends: Promise<Error | undefined>[] = [];
    clock.schedule(start, () => {
      const both = (own: World) => Promise.all([pause(own), save(own), save(own), save(own)]);
      ends.push(failed(faults.process(both)));
    });
    // The first to arrive is killed; what comes after it would go well.
    await clock.run({ while: () => faults.counts.killedBefore === 0, eventsMax: 99 });
    rates.killedBefore = 0;
    await pass(9000);
    expect(await ends[0]).toBeInstanceOf(Killed);
    expect([paused(), await world.store.load(newRecord().key)]).toEqual([undefined, undefined]);
  });

  it('has no effect any more from what it was doing besides', async () => {
    const { faults, world, clock, pass } = always('killedAfter', { spans: { latencyMs: 0 } });
    const seen: string[] = [];
    const task = faults.process(async (own) => {
      const later = own.clock.sleepUntil(start + 500).then(() => {
        seen.push('woke up');
        return own.store.save(newRecord());
      });
      await Promise.all([later, pause(own)]);
    });
    expect(await failed(task)).toBeInstanceOf(Killed);
    await pass(2000);
    expect([clock.now(), seen]).toEqual([start + 2000, []]);
    expect(await world.store.load(newRecord().key)).toBeUndefined();
  });

  it('takes no other process with it', async () => {
    const { faults, paused } = always('killedBefore');
    expect(await failed(faults.process(pause))).toBeInstanceOf(Killed);
    faults.calm();
    await faults.process(pause);
    expect(paused()).toBe(true);
  });

  it('is followed by one with another id', async () => {
    const { faults } = lab();
    const ids = await Promise.all([1, 2].map(() => faults.process(async (own) => own.processId)));
    expect(new Set(ids).size).toBe(2);
  });
});

describe('the store', () => {
  const save = (world: World) => world.store.save(newRecord({ key }));

  it('storeThrottled: nothing is written', async () => {
    const { faults, world } = always('storeThrottled');
    expect(await failed(faults.process(save))).toBeInstanceOf(Transient);
    expect(await world.store.load(key)).toBeUndefined();
  });

  it('storeAnswerLost: it is written, and the same again conflicts or is known', async () => {
    const { faults, world } = always('storeAnswerLost');
    expect(await failed(faults.process(save))).toBeInstanceOf(Transient);
    expect((await world.store.load(key))?.version).toBe(1);
    const append = (own: World) => own.store.append(key, newEntry());
    expect(await failed(faults.process(append))).toBeInstanceOf(Transient);
    faults.calm();
    expect(await failed(faults.process(save))).toBeInstanceOf(Conflict);
    expect(await faults.process(append)).toBe(false);
  });

  it('storeDown: it is gone for everybody, reads and all, and then comes back', async () => {
    const rates = { storeDown: 1 };
    const { faults, pass } = lab({ rates, spans: { latencyMs: 0, storeDownMs: 60_000 } });
    expect(await failed(faults.process(save))).toBeInstanceOf(Transient);
    rates.storeDown = 0;
    expect(await failed(faults.process((own) => own.store.load(key)))).toBeInstanceOf(Transient);
    expect(await failed(faults.process(pause))).toBeUndefined();
    await pass(60_000);
    expect((await faults.process(save)).version).toBe(1);
  });
});

describe('wakes', () => {
  const send = (world: World) => world.wakes.send({ key }, 2000);
  const spans = { latencyMs: 0, wakeLateMs: 60_000 };

  it('wakeLost: it never comes, and nobody is told', async () => {
    const { faults, wakes, pass } = always('wakeLost');
    await faults.process(send);
    await pass(900_000);
    expect(wakes).toEqual([]);
  });

  it('wakeDoubled: it comes twice', async () => {
    const { faults, wakes, pass } = always('wakeDoubled', { spans });
    await faults.process(send);
    await pass(900_000);
    expect(wakes.map((at) => at >= 2000)).toEqual([true, true]);
  });

  it('wakeLate: it comes later than asked, and out of order', async () => {
    const { faults, wakes, pass } = always('wakeLate', { spans });
    for (let count = 0; count < 9; count += 1) await faults.process(send);
    await pass(900_000);
    expect(wakes).toHaveLength(9);
    expect(Math.max(...wakes) - Math.min(...wakes)).toBeGreaterThan(10_000);
    expect(Math.min(...wakes)).toBeGreaterThanOrEqual(2000);
  });

  it('wakeRefused: the sender is told', async () => {
    const { faults, wakes, pass } = always('wakeRefused');
    expect(await failed(faults.process(send))).toBeInstanceOf(Transient);
    await pass(900_000);
    expect(wakes).toEqual([]);
  });

  it('of the doorbell are lost too, but it is not killed', async () => {
    const { faults, wakes, pass } = lab({ rates: { wakeLost: 1 } });
    await faults.wakes.send({ key }, 0);
    await always('killedBefore').faults.wakes.send({ key }, 0);
    await pass(900_000);
    expect(wakes).toEqual([]);
  });
});

describe('time', () => {
  it('differs from call to call, so that processes overtake each other', async () => {
    const { faults, clock } = lab({ spans: { latencyMs: 1000 } });
    const order: number[] = [];
    for (let id = 0; id < 6; id += 1) {
      clock.schedule(start + id, async () => {
        await faults.process(pause);
        order.push(id);
      });
    }
    await clock.run({ eventsMax: 1000 });
    expect(order).toHaveLength(6);
    expect(order).not.toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('the same seed', () => {
  const play = async (seed: number) => {
    const { faults, clock, cluster, wakes } = lab({ seed, rates: faultRates, spans: {} });
    const work = async (world: World) => {
      const { metadata } = await (await world.cluster('local')).get({
        kind: 'Rollout',
        namespace: 'shop',
        name: 'web',
      });
      const target = { ...web, resourceVersion: metadata?.resourceVersion ?? '' };
      const count = Number(metadata?.annotations?.count ?? 0) + 1;
      const patch = { metadata: { annotations: { count: String(count) } } };
      await (await world.cluster('local')).patch({ kind: 'Rollout', ...target }, patch);
      await world.wakes.send({ key }, 1000);
    };
    const ends: string[] = [];
    for (let index = 0; index < 60; index += 1) {
      clock.schedule(start + index * 100, async () => {
        ends.push((await failed(faults.process(work)))?.name ?? 'done');
      });
    }
    await clock.run({ eventsMax: 10_000 });
    return { trace: faults.trace, ends, wakes, object: cluster.read.get('Rollout', 'shop', 'web') };
  };

  it('gives the same trace and the same end', async () => {
    const first = await play(5);
    expect(first.trace.length).toBeGreaterThan(60);
    expect(await play(5)).toEqual(first);
    expect((await play(6)).trace).not.toEqual(first.trace);
  });

  it('counts no increment twice: the cluster keeps its conditions under faults', async () => {
    const { ends, trace, object } = await play(5);
    const applied = trace.filter((line) => /patch Rollout web.*: done/.test(line));
    expect(object.metadata?.annotations?.count).toBe(String(applied.length));
    expect(new Set(ends).size).toBeGreaterThan(2);
  });
});

describe('sabotage', () => {
  it('breaks the world a process sees', async () => {
    const sabotage = (world: World): World => ({ ...world, clusters: async () => [] });
    const { faults, world } = lab({ sabotage });
    expect(await faults.process((own) => own.clusters())).toEqual([]);
    expect(await world.clusters()).toMatchObject([{ name: 'local' }]);
  });
});
