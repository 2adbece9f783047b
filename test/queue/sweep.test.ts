import { beforeEach, describe, expect, it } from 'vitest';
import { Terminal, Transient } from '../../lib/errors.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import { sweep } from '../../lib/queue/sweep.ts';
import type { Store } from '../../lib/world.ts';
import { wakeWorld } from './world.ts';

const start = 1_700_000_000_000;
const keyOf = (name: string) => ({ cluster: 'prod', namespace: 'shop', name });

let made: ReturnType<typeof wakeWorld>;
beforeEach(() => {
  made = wakeWorld(start);
});

const saveDue = (name: string, dueAt: Millis, over: Partial<RolloutRecord> = {}) =>
  made.world.store.save({
    key: keyOf(name),
    version: 0,
    intents: [],
    polls: 0,
    dueAt,
    ...over,
  });
const load = (name: string) => made.world.store.load(keyOf(name));
const sentNames = () => made.sent.map(({ key }) => key.name);
/** A store that does something else in one place. */
const storeWith = (over: Partial<Store>) => ({
  ...made.world,
  store: { ...made.world.store, ...over },
});

/** Sweeps once a minute, as production does. */
async function sweepMinutes(from: number, to: number) {
  for (let minute = from; minute <= to; minute++) {
    made.clock.set(start + minute * minuteMs);
    await sweep(made.world);
  }
}

describe('sweep', () => {
  it('queues what is due in 20 minutes once it is in reach, once, for its exact time', async () => {
    const dueAt = start + 20 * minuteMs + 345;
    await saveDue('a', dueAt);
    await sweepMinutes(0, 5);
    expect(made.sent).toEqual([]);
    expect((await load('a'))?.queuedFor).toBeUndefined();

    await sweepMinutes(6, 20);
    expect(made.sent).toEqual([
      {
        key: keyOf('a'),
        at: dueAt,
        sentAt: start + 6 * minuteMs,
        delayMs: 14 * minuteMs + 345 - secondMs,
      },
    ]);
    expect((await load('a'))?.queuedFor).toBe(dueAt);
  });

  it('leaves alone what is in the queue already', async () => {
    await saveDue('a', start + 1000, { queuedFor: start + 1000 });
    expect(await sweep(made.world)).toEqual({ found: 1, queued: 0, skipped: 0, failed: 0 });
    expect((await load('a'))?.version).toBe(1);
    expect(made.sent).toEqual([]);
  });

  it.each([
    ['earlier', -5000],
    ['later', 5000],
  ])('queues again when the time has moved to %s', async (_, byMs) => {
    const dueAt = start + 10_000;
    await saveDue('a', dueAt + byMs, { queuedFor: dueAt });
    await sweep(made.world);
    expect(made.sent).toMatchObject([{ at: dueAt + byMs, delayMs: 9000 + byMs }]);
    expect((await load('a'))?.queuedFor).toBe(dueAt + byMs);
  });

  it('queues again what is 60 s overdue, and not a moment before', async () => {
    await saveDue('a', start, { queuedFor: start });
    made.clock.set(start + minuteMs - 1);
    await sweep(made.world);
    expect(made.sent).toEqual([]);
    made.clock.set(start + minuteMs);
    expect(await sweep(made.world)).toMatchObject({ queued: 1 });
    expect(made.sent).toMatchObject([{ at: start, delayMs: 0 }]);
  });

  it('drops no wake for its age', async () => {
    await saveDue('claimed', start - 30 * 24 * 60 * minuteMs, {
      queuedFor: start - 30 * 24 * 60 * minuteMs,
    });
    await saveDue('unclaimed', 5);
    await sweep(made.world);
    expect(sentNames().sort()).toEqual(['claimed', 'unclaimed']);
  });

  it('queues each once when two sweeps run at the same time', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `r-${index}`);
    for (const [index, name] of names.entries()) {
      const dueAt = start + (index - 20) * 10 * secondMs;
      // Half of them are new, the others overdue.
      await saveDue(name, dueAt, index < 10 ? { queuedFor: dueAt } : {});
    }
    const [one, two] = await Promise.all([sweep(made.world), sweep(made.world)]);
    expect(sentNames().sort()).toEqual([...names].sort());
    expect(one.queued + two.queued).toBe(40);
    expect(one.failed + two.failed).toBe(0);
  });

  it('skips in silence what somebody else writes in between', async () => {
    await saveDue('a', start + 1000);
    await saveDue('b', start + 2000);
    const racing = storeWith({
      load: async (key) => {
        const read = await made.world.store.load(key);
        if (read && key.name === 'a') await made.world.store.save({ ...read, polls: 9 });
        return read;
      },
    });
    const counts = await sweep(racing);
    expect(counts).toEqual({ found: 2, queued: 1, skipped: 1, failed: 0 });
    expect(sentNames()).toEqual(['b']);
    expect(await load('a')).toMatchObject({ polls: 9, version: 2 });
    expect((await load('a'))?.queuedFor).toBeUndefined();
    expect(made.logged).toEqual([]);
  });

  it('believes the record and not the index, which lags behind', async () => {
    const moved = await saveDue('moved', start + 1000);
    const rested = await saveDue('rested', start + 1000);
    const gone = await saveDue('gone', start + 1000);
    const claimed = await saveDue('claimed', start + 1000);
    const stale = await made.world.store.due(start + minuteMs, 10);
    await made.world.store.save({ ...moved, dueAt: start + 30 * minuteMs });
    const { dueAt: _, ...waiting } = rested;
    await made.world.store.save(waiting);
    await made.world.store.forget(gone.key, gone.version);
    await made.world.store.save({ ...claimed, queuedFor: start + 1000 });

    expect(await sweep(storeWith({ due: async () => stale }))).toMatchObject({ skipped: 4 });
    expect(made.sent).toEqual([]);
    expect((await load('moved'))?.queuedFor).toBeUndefined();
    expect(await load('gone')).toBeUndefined();
  });

  it('claims a record that was written since the index saw it, if it is still unclaimed', async () => {
    const first = await saveDue('a', start + 1000);
    const stale = await made.world.store.due(start + minuteMs, 10);
    await made.world.store.save({ ...first, polls: 3 });
    expect(await sweep(storeWith({ due: async () => stale }))).toMatchObject({ queued: 1 });
    expect(await load('a')).toMatchObject({ polls: 3, queuedFor: start + 1000 });
  });

  it('gives back what it could not send, for the next sweep', async () => {
    await saveDue('a', start + 1000);
    const broken = {
      ...made.world,
      wakes: {
        send: async () => {
          throw new Transient('the queue is away');
        },
      },
    };
    expect(await sweep(broken)).toMatchObject({ queued: 0, failed: 1 });
    expect(await load('a')).toMatchObject({ dueAt: start + 1000 });
    expect(await sweep(made.world)).toMatchObject({ queued: 1 });
    expect(made.sent).toMatchObject([{ at: start + 1000 }]);
  });

  it('goes on past one that fails, and says so', async () => {
    await saveDue('a', start + 1000);
    await saveDue('b', start + 2000);
    await saveDue('c', start + 3000);
    const failing = storeWith({
      load: async (key) => {
        if (key.name === 'a') throw new Terminal('damaged');
        if (key.name === 'b') throw new Transient('throttled');
        return made.world.store.load(key);
      },
    });
    expect(await sweep(failing)).toMatchObject({ queued: 1, failed: 2 });
    expect(sentNames()).toEqual(['c']);
    expect(made.logged.sort()).toEqual([
      'error a due rollout could not be queued',
      'warn a due rollout could not be queued',
    ]);
  });

  it('fails as a whole when the due index cannot be read', async () => {
    const down = storeWith({
      due: async () => {
        throw new Transient('the table is away');
      },
    });
    await expect(sweep(down)).rejects.toThrow(Transient);
  });

  it('looks at no more than its limit, soonest first, and warns', async () => {
    for (let index = 0; index < 6; index++) await saveDue(`r-${index}`, start + index);
    expect(await sweep(made.world, { limit: 4 })).toMatchObject({ found: 4, queued: 4 });
    expect(sentNames().sort()).toEqual(['r-0', 'r-1', 'r-2', 'r-3']);
    expect(made.logged).toEqual(['warn more is due than one sweep looks at']);
  });

  it('takes no horizon beyond the reach of the queue', async () => {
    await saveDue('far', start + 16 * minuteMs);
    await saveDue('near', start + 2 * minuteMs);
    await saveDue('next', start + 3 * minuteMs);
    await sweep(made.world, { horizonMs: 3 * minuteMs });
    expect(sentNames()).toEqual(['near']);
    await sweep(made.world, { horizonMs: 60 * minuteMs });
    expect(sentNames()).toEqual(['near', 'next']);
    expect((await load('far'))?.queuedFor).toBeUndefined();
  });
});

describe('lists', () => {
  it('asks for a cluster with a doorbell every 10 minutes, and every minute for one without', async () => {
    made.clusters.set('quiet', { doorbell: false });
    const base = 1_700_000_400_000; // a round number of ten minutes
    for (let minute = 0; minute < 20; minute += 1) {
      made.clock.set(base + minute * minuteMs);
      await sweep(made.world);
    }
    const asked = (name: string) => made.lists.filter(({ list }) => list === name).length;
    expect([asked('prod'), asked('quiet')]).toEqual([2, 20]);
  });

  it('tells how late the latest is, and nothing of one that may wait', async () => {
    await saveDue('soon', start + 5 * minuteMs);
    await saveDue('late', start - 7 * secondMs);
    await saveDue('later', start - 3 * secondMs);
    await sweep(made.world);
    expect(made.counts).toEqual({ sweep_lateness_seconds: 7, clusters_unreachable: 0 });
  });
});
