import type { Millis } from '../../model/units.ts';
import type { Cancel, TaskClock } from '../clock.ts';

/** Keys a controller has to look at; one that waits already is not queued twice. */
export type WorkQueue = { add: (key: string, afterMs?: Millis) => void };

export function workQueue(
  clock: TaskClock,
  delayMs: Millis,
  work: (key: string) => void,
): WorkQueue {
  const waiting = new Map<string, { at: Millis; cancel: Cancel }>();
  return {
    add: (key, afterMs = delayMs) => {
      const at = clock.now() + afterMs;
      const earlier = waiting.get(key);
      if (earlier !== undefined && earlier.at <= at) return;
      earlier?.cancel();
      const cancel = clock.schedule(at, () => {
        waiting.delete(key);
        work(key);
      });
      waiting.set(key, { at, cancel });
    },
  };
}
