import { describe, expect, it } from 'vitest';
import { Transient } from '../../lib/errors.ts';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { queuedFor, scheduleWake, waitOut } from '../../lib/queue/queue.ts';
import type { QueueMessage } from '../../lib/world.ts';
import { handClock } from './world.ts';

const now = 1_700_000_000_000;
const key = { cluster: 'prod', namespace: 'shop', name: 'front-api' };

function queue() {
  const sent: [QueueMessage, number][] = [];
  const send = async (message: QueueMessage, delayMs: number) => {
    sent.push([message, delayMs]);
  };
  return { sent, wakes: { send } };
}

describe('scheduleWake', () => {
  it.each([
    ['a pause of 10 s: a second early', 10_000, 9000],
    ['to the millisecond', 61_234, 60_234],
    ['exactly 15 minutes', 15 * minuteMs, 15 * minuteMs - secondMs],
    ['half a second', 500, 0],
    ['now', 0, 0],
    ['overdue', -5000, 0],
  ])('sends %s', async (_, inMs, delayMs) => {
    const { sent, wakes } = queue();
    expect(await scheduleWake({ wakes }, { key, dueAt: now + inMs }, now)).toBe(now + inMs);
    expect(sent).toEqual([[{ key, at: now + inMs }, delayMs]]);
  });

  it('leaves what is later to the due index', async () => {
    const { sent, wakes } = queue();
    const dueAt = now + 15 * minuteMs + 1;
    expect(await scheduleWake({ wakes }, { key, dueAt }, now)).toBeUndefined();
    expect(sent).toEqual([]);
  });

  it('claims nothing that was not sent', async () => {
    const wakes = {
      send: async () => {
        throw new Transient('away');
      },
    };
    await expect(scheduleWake({ wakes }, { key, dueAt: now }, now)).rejects.toThrow(Transient);
  });

  it('says beforehand what it will have queued', () => {
    expect(queuedFor(now + 15 * minuteMs, now)).toBe(now + 15 * minuteMs);
    expect(queuedFor(now + 15 * minuteMs + 1, now)).toBeUndefined();
  });
});

describe('waitOut', () => {
  it.each([
    ['waits the rest of a timer out', now + 800, [800]],
    ['does not wait for what is due', now, []],
    ['does not wait for what is overdue', now - 60_000, []],
    ['does not wait for a notice', undefined, []],
    ['waits a few seconds at most, whatever the message says', now + 60 * minuteMs, [5000]],
  ])('%s', async (_, at, slept) => {
    const clock = handClock(now);
    await waitOut(clock, { key, ...(at === undefined ? {} : { at }) });
    expect(clock.slept).toEqual(slept);
  });
});
