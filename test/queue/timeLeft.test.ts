import { readFileSync } from 'node:fs';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { reconcileHandler } from '../../functions/reconcile.ts';
import { sweepHandler } from '../../functions/sweep.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import { waitMaxMs } from '../../lib/queue/queue.ts';
import { turnMs } from '../../lib/queue/timeLeft.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { Cluster, QueueMessage, World } from '../../lib/world.ts';
import { web } from '../cli/adoptStage.ts';

const limitMs = 28 * secondMs;
const key = { cluster: 'local', namespace: 'shop', name: 'web' };

/** The functions as Lambda runs them, each call to the cluster or the table taking a while. */
function slowly({ callMs, saveMs = 0 }: { callMs: Millis; saveMs?: Millis }) {
  const clock = virtualClock(1_800_000_000_370);
  const simulated = simulatedWorld({ clock, seed: 1, clusters: { local: { doorbell: false } } });
  const runs: { startedAt: Millis; endedAt: Millis; message?: QueueMessage }[] = [];
  const slow = (world: World): World => ({
    ...world,
    store: {
      ...world.store,
      save: async (record) => {
        await clock.sleepUntil(clock.now() + saveMs);
        return await world.store.save(record);
      },
    },
    cluster: async (name) => {
      const cluster = await world.cluster(name);
      const late =
        <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
        async (...args: A): Promise<R> => {
          await clock.sleepUntil(clock.now() + callMs);
          return await call(...args);
        };
      const calls = Object.entries(cluster).map(([name, call]) => [
        name,
        typeof call === 'function' ? late(call as never) : call,
      ]);
      return Object.fromEntries(calls) as Cluster;
    },
  });
  const contextOf = (leftMs = limitMs): Context => {
    const startedAt = clock.now();
    const getRemainingTimeInMillis = () => startedAt + leftMs - clock.now();
    return { getRemainingTimeInMillis } as Context;
  };
  const deliver = async (messages: QueueMessage[], world: World, leftMs = limitMs) => {
    const records = messages.map((message, index) => ({
      messageId: `m${index}`,
      body: JSON.stringify(message),
    }));
    const startedAt = clock.now();
    const event = { Records: records } as SQSEvent;
    const answer = await reconcileHandler(slow(world))(event, contextOf(leftMs));
    const [message] = messages;
    runs.push({ startedAt, endedAt: clock.now(), ...(message && { message }) });
    return answer as SQSBatchResponse;
  };
  const connect = () =>
    simulated.connect({
      deliver: async (message, world) => {
        expect(await deliver([message], world)).toEqual({ batchItemFailures: [] });
      },
    });
  /** Lets time pass until it is done. */
  const during = async <T>(task: Promise<T>): Promise<T> => {
    await clock.run({ until: clock.now() + minuteMs, eventsMax: 10_000 });
    return await task;
  };
  return { ...simulated, clock, runs, deliver, connect, during, slow, contextOf };
}

describe('a function whose time is nearly up', () => {
  it('begins no turn that it cannot end, and the next one goes on at once', async () => {
    const { cluster, clock, runs, connect, world } = slowly({ callMs: 2 * secondMs });
    connect();
    cluster.apply('Rollout', web('web'));
    await world.wakes.send({ key }, 0);
    await clock.run({ until: clock.now() + 5 * minuteMs, eventsMax: 10_000 });
    expect(cluster.read.find('Rollout', 'shop', 'web')?.status?.phase).toBe('Healthy');
    const lasted = ({ startedAt, endedAt }: (typeof runs)[0]) => endedAt - startedAt;
    expect(Math.max(...runs.map(lasted))).toBeLessThanOrEqual(limitMs);
    // It had more to do than there was time for, and nobody waited for a claim of it to end.
    const [first, second] = runs.toSorted((a, b) => a.startedAt - b.startedAt);
    if (!first || !second) throw new Error('one function did it all');
    expect(lasted(first)).toBeGreaterThan(limitMs - turnMs);
    expect(second.startedAt).toBeLessThanOrEqual(first.startedAt + limitMs - turnMs + 5 * secondMs);
    expect(lasted(second)).toBeGreaterThan(3 * secondMs);
  });

  it('sends the rest of its batch back, and fails none of it', async () => {
    const { cluster, runs, deliver, during, world, deadLetters, connect } = slowly({
      callMs: 2 * secondMs,
    });
    cluster.apply('Rollout', web('web'));
    const both = deliver([{ key }, { key }, { key }], world);
    expect(await during(both)).toEqual({ batchItemFailures: [] });
    const [{ startedAt, endedAt } = { startedAt: 0, endedAt: 0 }] = runs.splice(0);
    expect(endedAt - startedAt).toBeLessThanOrEqual(limitMs);
    connect();
    await during(Promise.resolve());
    expect(runs.map(({ message }) => message)).toContainEqual({ key });
    expect(deadLetters).toEqual([]);
  });

  it('waits for no time that leaves none for the turn, but leaves it to another', async () => {
    const { cluster, clock, runs, deliver, during, world, connect } = slowly({ callMs: 0 });
    cluster.apply('Rollout', web('web'));
    const message = { key, at: clock.now() + 4 * secondMs };
    await during(deliver([message], world, turnMs + 3 * secondMs));
    const [{ startedAt, endedAt } = { startedAt: 0, endedAt: 1 }] = runs.splice(0);
    expect(endedAt).toBe(startedAt);
    connect();
    await during(Promise.resolve());
    expect(runs.map((run) => run.message)).toContainEqual(message);
  });

  it('leaves what is due to the next sweep', async () => {
    const { world, clock, during, slow, contextOf } = slowly({ callMs: 0, saveMs: 9 * secondMs });
    const dueAt = clock.now() + 10 * minuteMs;
    const names = Array.from({ length: 100 }, (_, index) => `r-${index}`);
    for (const name of names) {
      const record = { version: 0, intents: [], polls: 0, dueAt };
      await world.store.save({ ...record, key: { ...key, name } });
    }
    const sweep = () => sweepHandler(slow(world))({}, contextOf(50 * secondMs));
    // Sixteen at a time; the last begin while 14 s are left.
    expect(await during(sweep())).toEqual({ found: 100, queued: 80, skipped: 0, failed: 0 });
    expect(await during(sweep())).toEqual({ found: 100, queued: 20, skipped: 0, failed: 0 });
  });
});

describe('serverless.yml', () => {
  it('gives each function that takes turns time to wait for one, and for one more', () => {
    const { provider } = parse(readFileSync('serverless.yml', 'utf8'), { logLevel: 'error' });
    expect(provider.timeout * secondMs).toBeGreaterThanOrEqual(waitMaxMs + turnMs);
    // Lambda leaves some of it to the start of the function.
    expect(provider.timeout * secondMs).toBeGreaterThanOrEqual(2 * turnMs);
  });
});
