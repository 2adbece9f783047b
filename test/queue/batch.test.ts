import { beforeEach, describe, expect, it } from 'vitest';
import { Terminal, Transient, Unreachable } from '../../lib/errors.ts';
import { secondMs } from '../../lib/model/units.ts';
import { deliverBatch } from '../../lib/queue/batch.ts';
import { noteAnswer } from '../../lib/queue/outage.ts';
import { sweep } from '../../lib/queue/sweep.ts';
import type { QueueMessage } from '../../lib/world.ts';
import { wakeWorld } from './world.ts';

const start = 1_700_000_000_000;
const key = { cluster: 'prod', namespace: 'shop', name: 'web' };

let made: ReturnType<typeof wakeWorld>;
beforeEach(() => {
  made = wakeWorld(start);
});

function batch(messages: (QueueMessage | string)[], deliver: (message: QueueMessage) => void) {
  const records = messages.map((message, index) => ({
    messageId: `m${index}`,
    body: typeof message === 'string' ? message : JSON.stringify(message),
  }));
  return deliverBatch(made.world, records, async (message) => deliver(message));
}
const failed = (...ids: string[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});
const fail = (error: Error) => () => {
  throw error;
};

describe('a batch of wakes', () => {
  it('delivers each, and one that fails holds up no other', async () => {
    const delivered: string[] = [];
    const answer = await batch([{ key }, { key: { ...key, name: 'api' } }], (message) => {
      if ('list' in message || message.key.name === 'web') throw new Transient('not now');
      delivered.push(message.key.name);
    });
    expect(delivered).toEqual(['api']);
    expect(answer).toEqual(failed());
    expect(made.sent).toMatchObject([{ key, retries: 1 }]);
  });

  it('works on one rollout once at a time, and on others meanwhile', async () => {
    const running: string[] = [];
    const told: string[] = [];
    const other = { ...key, name: 'api' };
    const records = [{ key }, { key, at: start }, { key: other }].map((message, index) => ({
      messageId: `m${index}`,
      body: JSON.stringify(message),
    }));
    await deliverBatch(made.world, records, async (message) => {
      const name = 'list' in message ? message.list : message.key.name;
      running.push(name);
      told.push([...running].sort().join('+'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      running.splice(running.indexOf(name), 1);
    });
    expect(told).toHaveLength(3);
    expect(told).toContain('api+web');
    expect(told).not.toContain('web+web');
  });

  it('sends what may work later again, later each time, and then leaves it to the queue', async () => {
    const delays: number[] = [];
    let message: QueueMessage = { key, at: start };
    for (let times = 0; times < 5; times += 1) {
      expect(await batch([message], fail(new Transient('throttled')))).toEqual(failed());
      const { delayMs, sentAt: _, ...next } = made.sent.pop() ?? { delayMs: 0, sentAt: 0, key };
      delays.push(delayMs / secondMs);
      message = next;
    }
    expect(delays).toEqual([1, 2, 4, 8, 16]);
    expect(made.counts).toEqual({ workqueue_retries_total: 5 });
    expect(await batch([message], fail(new Transient('throttled')))).toEqual(failed('m0'));
    expect(made.counts).toMatchObject({ rollout_reconcile_error: 1 });
    expect(made.sent).toEqual([]);
  });

  it('drops what cannot succeed, and leaves bugs and poison to the dead letters', async () => {
    expect(await batch([{ key }, 'poison'], fail(new Terminal('no such cluster')))).toEqual(
      failed(),
    );
    expect(await batch([{ key }], fail(new TypeError('x is undefined')))).toEqual(failed('m0'));
    expect(made.logged.filter((line) => line === 'error a wake failed')).toHaveLength(3);
    expect(made.counts).toEqual({ rollout_reconcile_error: 3 });
  });
});

describe('a cluster that does not answer', () => {
  const gone = fail(new Unreachable('get Rollout shop/web: ECONNREFUSED'));
  const saveDue = () =>
    made.world.store.save({ key, version: 0, intents: [], polls: 0, dueAt: start });

  const outage = () => made.world.store.documents.get({ kind: 'outage', id: 'prod' });

  it('is left alone by sweeps and wakes while one list tries it, later each time', async () => {
    await saveDue();
    expect(await batch([{ key, retries: 2 }], gone)).toEqual(failed());
    expect(made.lists).toMatchObject([{ list: 'prod', delayMs: 5 * secondMs }]);
    const delays: number[] = [];
    for (let second = 1; second <= 3600; second += 1) {
      made.clock.set(start + second * secondMs);
      if (second % 60 === 0) await sweep(made.world);
      // A wake of it is tried once and no more.
      if (second % 100 === 0) await batch([{ key }], gone);
      const arrived = ({ sentAt, delayMs }: (typeof made.lists)[0]) =>
        sentAt + delayMs <= made.clock.now();
      expect(made.lists).toHaveLength(1);
      for (const { list, delayMs } of made.lists.filter(arrived)) {
        made.lists.splice(0);
        delays.push(delayMs / secondMs);
        await batch([{ list }], gone);
      }
    }
    expect(made.sent).toEqual([]);
    expect((await outage())?.body).toMatchObject({ since: start, failures: delays.length + 1 });
    // A quarter of the time it has been away, at least 5 s and at most 5 minutes.
    expect(delays.slice(0, 8)).toEqual([5, 5, 5, 5, 5, 6.25, 8, 10]);
    expect(delays.at(-1)).toBe(300);
    expect(delays.length).toBeLessThan(40);
    // Its sweeps, not its wakes, tell of a cluster that is gone, and nothing else is late for it.
    expect(made.counts).toEqual({ clusters_unreachable: 60, sweep_lateness_seconds: 0 });
  });

  it('is tried by a sweep where the list that was to try it is lost', async () => {
    await batch([{ key, retries: 2 }], gone);
    made.lists.splice(0);
    made.clock.set(start + 64 * secondMs);
    await sweep(made.world);
    expect(made.lists).toEqual([]);
    made.clock.set(start + 65 * secondMs);
    await sweep(made.world);
    expect(made.lists).toMatchObject([{ list: 'prod', delayMs: 0 }]);
  });

  it('is listed at once when it answers anybody, however many hear it', async () => {
    await batch([{ key, retries: 2 }], gone);
    made.lists.splice(0);
    await Promise.all([noteAnswer(made.world, 'prod'), noteAnswer(made.world, 'prod')]);
    await noteAnswer(made.world, 'prod');
    await noteAnswer(made.world, 'other');
    expect(made.lists).toMatchObject([{ list: 'prod', delayMs: 0 }]);
  });

  it('is listed once more when it answers after the wake of a try was lost', async () => {
    await batch([{ key, retries: 2 }], gone);
    made.lists.splice(0);
    made.clock.set(start + 5 * secondMs);
    await noteAnswer(made.world, 'prod');
    expect(made.lists).toEqual([]);
    made.clock.set(start + 10 * secondMs);
    await Promise.all([noteAnswer(made.world, 'prod'), noteAnswer(made.world, 'prod')]);
    expect(made.lists).toMatchObject([{ list: 'prod', delayMs: 0 }]);
  });

  it('holds up no other cluster', async () => {
    made.clusters.set('other', { doorbell: true });
    await batch([{ list: 'prod' }], fail(new Unreachable('EKS cluster prod is not there')));
    await saveDue();
    const other = { ...key, cluster: 'other' };
    await made.world.store.save({
      ...{ key: other, version: 0, intents: [], polls: 0, dueAt: start },
    });
    await sweep(made.world);
    expect(made.sent.map((sent) => sent.key.cluster)).toEqual(['other']);
  });
});
