import { type Millis, secondMs } from '../model/units.ts';
import type { World } from '../world.ts';

/** What a turn is given, and a list: one call that gets no answer, and what is to be stored after it. */
export const turnMs: Millis = 12 * secondMs;

/** Whether what may take so long ends before this process does. */
export function hasTimeFor(
  { clock, endsAt }: Pick<World, 'clock' | 'endsAt'>,
  spanMs: Millis,
): boolean {
  return clock.now() + spanMs <= endsAt;
}

/** What tells a function how long it still has. Whatever else runs it has no end. */
type Invocation = { getRemainingTimeInMillis?: () => Millis };

/** The world of one invocation. */
export function within<W extends Pick<World, 'clock' | 'endsAt'>>(
  world: W,
  invocation: Invocation,
): W {
  const leftMs = invocation.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
  return { ...world, endsAt: world.clock.now() + leftMs };
}
