import { describe, expect, it } from 'vitest';
import { scaledClock, virtualClock } from '../../lib/simulate/clock.ts';

const start = Date.parse('2026-01-31T12:00:00Z');
const eventsMax = 1000;

describe('the virtual clock', () => {
  it('stands still outside of run', async () => {
    const clock = virtualClock(start);
    const seen: string[] = [];
    clock.schedule(start + 1, () => void seen.push('rang'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([clock.now(), seen]).toEqual([start, []]);
  });

  it('goes from timer to timer in the order of time, and of insertion at one time', async () => {
    const clock = virtualClock(start);
    const seen: [string, number][] = [];
    const note = (name: string) => () => void seen.push([name, clock.now() - start]);
    for (const [name, at] of [
      ['d', 30],
      ['b', 20],
      ['a', 10],
      ['c', 20],
      ['e', 30],
    ] as const) {
      clock.schedule(start + at, note(name));
    }
    expect(await clock.run({ eventsMax })).toEqual({ ended: 'idle', events: 5 });
    expect(seen).toEqual([
      ['a', 10],
      ['b', 20],
      ['c', 20],
      ['d', 30],
      ['e', 30],
    ]);
  });

  it('keeps that order for many timers', async () => {
    const clock = virtualClock(0);
    const rang: [number, number][] = [];
    const times = Array.from({ length: 500 }, (_, index) => (index * 7919) % 61);
    for (const [index, at] of times.entries()) {
      clock.schedule(at, () => void rang.push([clock.now(), index]));
    }
    await clock.run({ eventsMax });
    const expected = times
      .map((at, index): [number, number] => [at, index])
      .sort(([a, i], [b, j]) => a - b || i - j);
    expect(rang).toEqual(expected);
  });

  it('does not ring a cancelled timer', async () => {
    const clock = virtualClock(start);
    const seen: string[] = [];
    const cancels = ['a', 'b', 'c'].map((name) =>
      clock.schedule(start + 10, () => void seen.push(name)),
    );
    cancels[1]?.();
    await clock.run({ eventsMax });
    expect(seen).toEqual(['a', 'c']);
  });

  it('lets sleeping tasks take turns, the same way every time', async () => {
    const play = async () => {
      const clock = virtualClock(start);
      const seen: string[] = [];
      const walk = (name: string, stepMs: number) => async () => {
        for (let step = 1; step <= 3; step += 1) {
          await clock.sleepUntil(clock.now() + stepMs);
          await Promise.resolve();
          seen.push(`${name}${step}@${clock.now() - start}`);
        }
      };
      clock.schedule(start, walk('a', 10));
      clock.schedule(start, walk('b', 15));
      clock.schedule(start, walk('c', 10));
      await clock.run({ eventsMax });
      return seen.join(' ');
    };
    expect(await play()).toBe('a1@10 c1@10 b1@15 a2@20 c2@20 b2@30 a3@30 c3@30 b3@45');
    expect(await play()).toBe(await play());
  });

  it('finishes what a timer started before the next one rings', async () => {
    const clock = virtualClock(start);
    const seen: string[] = [];
    clock.schedule(start + 1, async () => {
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
      seen.push('first done');
    });
    clock.schedule(start + 1, () => void seen.push('second'));
    await clock.run({ eventsMax });
    expect(seen).toEqual(['first done', 'second']);
  });

  it('does not wait for a time that has passed', async () => {
    const clock = virtualClock(start);
    await clock.sleepUntil(start);
    clock.schedule(start - 5000, () => void expect(clock.now()).toBe(start));
    expect((await clock.run({ eventsMax })).events).toBe(1);
  });

  it('runs up to a time, including what is due then, and stays there', async () => {
    const clock = virtualClock(start);
    const seen: number[] = [];
    for (const at of [10, 20, 30]) clock.schedule(start + at, () => void seen.push(at));
    expect((await clock.run({ until: start + 20, eventsMax })).ended).toBe('until');
    expect([seen, clock.now()]).toEqual([[10, 20], start + 20]);
    expect((await clock.run({ until: start + 99, eventsMax })).ended).toBe('idle');
    expect([seen, clock.now()]).toEqual([[10, 20, 30], start + 99]);
  });

  it('runs while something holds, and not a timer longer', async () => {
    const clock = virtualClock(start);
    let count = 0;
    const tick = () => {
      count += 1;
      clock.schedule(clock.now() + 10, tick);
    };
    clock.schedule(start, tick);
    expect(await clock.run({ while: () => count < 7, eventsMax })).toEqual({
      ended: 'while',
      events: 7,
    });
    expect(clock.now()).toBe(start + 60);
  });

  it('gives up where something goes round in circles', async () => {
    const clock = virtualClock(start);
    const again = () => void clock.schedule(clock.now(), again);
    again();
    await expect(clock.run({ eventsMax: 50 })).rejects.toThrow('still busy after 50 timers');
  });

  it('rejects with what a task threw, at once or later', async () => {
    const clock = virtualClock(start);
    clock.schedule(start, () => {
      throw new Error('at once');
    });
    await expect(clock.run({ eventsMax })).rejects.toThrow('at once');
    clock.schedule(start, async () => {
      await clock.sleepUntil(start + 5);
      throw new Error('later');
    });
    await expect(clock.run({ eventsMax })).rejects.toThrow('later');
    expect(clock.now()).toBe(start + 5);
  });

  it('refuses to run inside itself', async () => {
    const clock = virtualClock(start);
    clock.schedule(start, async () => void (await clock.run({ eventsMax })));
    await expect(clock.run({ eventsMax })).rejects.toThrow('running already');
  });
});

describe('the scaled clock', () => {
  it('passes faster than the real one, and keeps the order', async () => {
    const clock = scaledClock(1000);
    const from = clock.now();
    const seen: string[] = [];
    clock.schedule(from + 90_000, () => void seen.push('late'));
    clock.schedule(from + 30_000, () => void seen.push('soon'));
    const cancel = clock.schedule(from + 60_000, () => void seen.push('cancelled'));
    cancel();
    const began = Date.now();
    await clock.sleepUntil(from + 100_000);
    expect(clock.now()).toBeGreaterThanOrEqual(from + 100_000);
    expect(Date.now() - began).toBeLessThan(5000);
    expect(seen).toEqual(['soon', 'late']);
    clock.stop();
  });

  it('never rings early', async () => {
    const clock = scaledClock(3);
    for (const delay of [1, 7, 20]) {
      const at = clock.now() + delay;
      await clock.sleepUntil(at);
      expect(clock.now()).toBeGreaterThanOrEqual(at);
    }
    clock.stop();
  });

  it('rings nothing after it was stopped', async () => {
    const clock = scaledClock(1000);
    const seen: string[] = [];
    clock.schedule(clock.now() + 2000, () => void seen.push('rang'));
    clock.stop();
    // What was under way runs on, and may set one more.
    clock.schedule(clock.now() + 2000, () => void seen.push('rang late'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen).toEqual([]);
  });
});
