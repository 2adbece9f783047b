import type { Millis } from '../model/units.ts';
import { secondMs } from '../model/units.ts';

/** Takes a token if one is left. */
export type Take = (now: Millis) => boolean;

/** `burst` tokens at once, and `perSecond` more as time goes on. */
export function tokenBucket({ burst, perSecond }: { burst: number; perSecond: number }): Take {
  let tokens = burst;
  let last = Number.NEGATIVE_INFINITY;
  return (now) => {
    tokens = Math.min(burst, tokens + (Math.max(0, now - last) / secondMs) * perSecond);
    last = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
