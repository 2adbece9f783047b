import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { localQueue } from '../../lib/queue/local.ts';
import type { QueueMessage } from '../../lib/world.ts';

const key = (name: string) => ({ cluster: 'c', namespace: 'n', name });

function queueOf(deliver: (name: string) => Promise<void>, concurrency = 16) {
  const log: string[] = [];
  const queue = localQueue({
    deliver: async (message: QueueMessage) =>
      deliver('list' in message ? 'list' : message.key.name),
    log: (_level, message) => log.push(message),
    concurrency,
  });
  const wake = (name: string, delayMs = 0) => queue.wakes.send({ key: key(name) }, delayMs);
  return { ...queue, wake, log };
}

describe('the queue of one process', () => {
  it('takes the wakes of one rollout one after the other, and folds those that wait', async () => {
    let running = 0;
    let most = 0;
    let turns = 0;
    const { wake } = queueOf(async () => {
      running += 1;
      most = Math.max(most, running);
      turns += 1;
      await delay(20);
      running -= 1;
    });
    for (let index = 0; index < 5; index += 1) await wake('a');
    await delay(120);
    expect({ most, turns }).toEqual({ most: 1, turns: 2 });
  });

  it('works on different rollouts side by side, and on no more than so many', async () => {
    let running = 0;
    let most = 0;
    const { wake } = queueOf(async () => {
      running += 1;
      most = Math.max(most, running);
      await delay(20);
      running -= 1;
    }, 3);
    for (const name of ['a', 'b', 'c', 'd', 'e']) await wake(name);
    await delay(120);
    expect(most).toBe(3);
  });

  it('lets what arrives from outside in between, however many wait', async () => {
    const order: string[] = [];
    const { wake } = queueOf(async (name) => {
      // As a turn that asks the API server; all others find nothing to ask for.
      if (name === '0') await new Promise((resolve) => setImmediate(resolve));
      order.push(name);
    });
    for (let index = 0; index < 100; index += 1) await wake(String(index));
    await expect.poll(() => order).toHaveLength(100);
    expect(order.indexOf('0')).toBeLessThan(5);
  });

  it('comes at the time that was asked for, once for each time', async () => {
    const at: number[] = [];
    const { wakes } = queueOf(async () => void at.push(Date.now()));
    const due = Date.now() + 80;
    await wakes.send({ key: key('a'), at: due }, 0);
    await wakes.send({ key: key('a'), at: due }, 0);
    await delay(160);
    expect(at).toHaveLength(1);
    expect((at[0] ?? 0) - due).toBeGreaterThanOrEqual(-1);
  });

  it('does not come early, also where the machine’s timer does', async () => {
    const came: number[] = [];
    const { wakes } = queueOf(async () => void came.push(Date.now()));
    const now = Date.now.bind(Date);
    const at = now() + 30;
    await wakes.send({ key: key('a'), at }, 30);
    // To the timer the clock goes 40 ms behind.
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() - 40);
    await delay(150);
    clock.mockRestore();
    expect(came).toHaveLength(1);
    expect(came[0]).toBeGreaterThanOrEqual(at);
  });

  it('tries again what failed, and forgets nothing', async () => {
    let failures = 2;
    let done = 0;
    const { wake, log } = queueOf(async () => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('not now');
      }
      done += 1;
    });
    await wake('a');
    await expect.poll(() => done, { timeout: 3000 }).toBe(1);
    expect(log).toEqual(['a wake is to come again', 'a wake is to come again']);
  });

  it('lets a command go before the wakes that wait, and never beside one', async () => {
    const seen: string[] = [];
    const { wake, ahead } = queueOf(async () => {
      seen.push('wake begins');
      await delay(20);
      seen.push('wake ends');
    });
    await wake('a');
    await wake('a');
    const answer = await ahead(key('a'), async () => {
      seen.push('command');
      return 'done';
    });
    expect(answer).toBe('done');
    expect(seen.slice(0, 3)).toEqual(['wake begins', 'wake ends', 'command']);
    await expect(ahead(key('a'), async () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
  });

  it('stops when what runs has ended, and begins nothing more', async () => {
    const seen: string[] = [];
    const { wake, stop } = queueOf(async (name) => {
      await delay(30);
      seen.push(name);
    });
    await wake('a');
    await wake('b', 10);
    await stop();
    expect(seen).toEqual(['a']);
    await delay(60);
    expect(seen).toEqual(['a']);
  });
});
