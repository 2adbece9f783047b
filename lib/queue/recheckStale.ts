import type { ObjectMeta } from '../model/argo.generated.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Before, WakeMessage, Wakes } from '../world.ts';

type Seen = { metadata?: ObjectMeta };

/** A notice comes before its write, which others may hold up: when to look again for it. */
const lookAgainMs: Millis[] = [2 * secondMs, 8 * secondMs, 30 * secondMs];

/**
 * Sends the wake of a notice again whose write does not show yet in what was observed, which is nothing
 * where the object is gone. One that never comes was refused.
 */
export async function recheckStale(
  { wakes }: { wakes: Wakes },
  { key, before }: WakeMessage,
  seen: Seen[] | 'not looked',
): Promise<void> {
  if (before === undefined) return;
  if (seen !== 'not looked' && !isAsBefore(seen, before)) return;
  const delayMs = lookAgainMs[before.looks];
  if (delayMs === undefined) return;
  await wakes.send({ key, before: { ...before, looks: before.looks + 1 } }, delayMs);
}

function isAsBefore(seen: Seen[], { uid, resourceVersion }: Before): boolean {
  const found = seen.find(({ metadata }) => metadata?.uid === uid);
  return resourceVersion === ''
    ? found === undefined
    : found?.metadata?.resourceVersion === resourceVersion;
}
