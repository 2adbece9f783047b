import type { Millis } from '../../lib/model/units.ts';
import { embeddedStore } from '../../lib/store/embedded.ts';
import type { Clock, WakeMessage, World } from '../../lib/world.ts';

type Sent = WakeMessage & { delayMs: Millis; sentAt: Millis };

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

/** What a sweep needs of the World, on the embedded store, with a queue one can look into. */
export async function wakeWorld(start: Millis) {
  const { store, close } = await embeddedStore();
  const clock = handClock(start);
  const sent: Sent[] = [];
  const logged: string[] = [];
  const world: Pick<World, 'clock' | 'store' | 'wakes' | 'log'> = {
    clock,
    store,
    wakes: {
      send: async (message, delayMs) => {
        sent.push({ ...message, delayMs, sentAt: clock.now() });
      },
    },
    log: (level, message) => logged.push(`${level} ${message}`),
  };
  return { world, clock, sent, logged, close };
}
