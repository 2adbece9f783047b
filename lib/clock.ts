import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './world.ts';

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleepUntil: async (at) => {
    // A timer may fire a moment early.
    for (let left = at - Date.now(); left > 0; left = at - Date.now()) await delay(left);
  },
};
