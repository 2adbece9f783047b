import type { AnyKey } from '../../lib/model/key.ts';
import type { Millis } from '../../lib/model/units.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Clock, World } from '../../lib/world.ts';

type Sent = { key: AnyKey; at?: Millis; delayMs: Millis; sentAt: Millis };

/** A clock that stands still until it is told the time, or slept on. */
export function handClock(start: Millis): Clock & { set: (at: Millis) => void; slept: Millis[] } {
  let now = start;
  const slept: Millis[] = [];
  return {
    now: () => now,
    sleepUntil: async (at) => {
      slept.push(at - now);
      now = Math.max(now, at);
    },
    set: (at) => {
      now = at;
    },
    slept,
  };
}

type SweptWorld = Pick<
  World,
  'clock' | 'endsAt' | 'store' | 'wakes' | 'log' | 'count' | 'clusters'
>;

/** What a sweep needs of the World, on a store in memory, with a queue one can look into. */
export function wakeWorld(start: Millis) {
  const clock = handClock(start);
  const store = memoryStore(clock);
  const sent: Sent[] = [];
  const logged: string[] = [];
  const counts: Record<string, number> = {};
  const lists: { list: string; delayMs: Millis; sentAt: Millis }[] = [];
  const clusters = new Map([['prod', { doorbell: true }]]);
  const world: SweptWorld = {
    clusters: async () => [...clusters].map(([name, { doorbell }]) => ({ name, doorbell })),
    clock,
    endsAt: Number.POSITIVE_INFINITY,
    store,
    wakes: {
      send: async (message, delayMs) => {
        const sentAt = clock.now();
        if ('list' in message) lists.push({ ...message, delayMs, sentAt });
        else sent.push({ ...message, delayMs, sentAt });
      },
    },
    log: (level, message) => logged.push(`${level} ${message}`),
    count: (name, value = 1) => {
      counts[name] = (counts[name] ?? 0) + value;
    },
  };
  return { world, clusters, clock, sent, lists, logged, counts };
}
