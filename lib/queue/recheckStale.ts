import type { ObjectMeta } from '../model/argo.generated.ts';
import type { Observed } from '../model/observed.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Before, WakeMessage, Wakes } from '../world.ts';

/** A notice comes before its write, which others may hold up: when to look again for it. */
const lookAgainMs: Millis[] = [2 * secondMs, 8 * secondMs, 30 * secondMs];

/**
 * Sends the wake of a notice again whose write does not show yet in what was observed (undefined: there
 * is no such rollout). One that never comes was refused.
 */
export async function recheckStale(
  { wakes }: { wakes: Wakes },
  { key, before }: WakeMessage,
  observed: Observed | undefined | 'not looked',
): Promise<void> {
  if (before === undefined) return;
  if (observed !== 'not looked' && !isAsBefore(observed, before)) return;
  const delayMs = lookAgainMs[before.looks];
  if (delayMs === undefined) return;
  await wakes.send({ key, before: { ...before, looks: before.looks + 1 } }, delayMs);
}

function isAsBefore(observed: Observed | undefined, { uid, resourceVersion }: Before): boolean {
  const { rollout, replicaSets = [], workload } = observed ?? {};
  const all: ({ metadata?: ObjectMeta } | undefined)[] = [
    rollout,
    workload?.object,
    ...replicaSets,
  ];
  const found = all.find((object) => object?.metadata?.uid === uid);
  return resourceVersion === ''
    ? found === undefined
    : found?.metadata?.resourceVersion === resourceVersion;
}
