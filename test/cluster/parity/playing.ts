import { setTimeout as delay } from 'node:timers/promises';
import { holdAll, type Sight, versionsOf } from '../../recordings/sight.ts';
import type { ControlPlane } from '../controlPlane.ts';
import type { Ran } from '../peer.ts';
import type { Metrics } from './metrics.ts';
import type { Watcher } from './watcher.ts';

/** One of the two controllers, and how its users type commands. */
export type Side = {
  instanceId: string;
  command: (namespace: string, line: string) => Promise<Ran>;
};

/** Where both are at work. */
export type Place = { plane: ControlPlane; watcher: Watcher; metrics: Metrics };

/** A scenario that is being played on one of them. */
export type Stage = Place & { namespace: string; side: Side };

export const name = 'web';
/** A delay of 2 s is up to 3 s long, since deadlines are whole seconds; and so are counts that can wait. */
const stillMs = 3500;
const timeoutMs = 60_000;
const lookMs = 50;

export function sightOf({ watcher, namespace }: Stage): Sight {
  return watcher.sightOf(namespace);
}

/** Resolves to whether it came to that. `timeout` is in seconds. */
export async function passUntil(
  stage: Stage,
  conditions: string,
  { still, timeout }: { still: boolean; timeout?: number | undefined },
): Promise<boolean> {
  const startedAt = Date.now();
  const until = startedAt + (timeout === undefined ? timeoutMs : timeout * 1000);
  let before = '';
  let changedAt = startedAt;
  while (Date.now() < until) {
    await delay(lookMs);
    const sight = sightOf(stage);
    const after = versionsOf(sight);
    if (after !== before) changedAt = Date.now();
    before = after;
    const isStill = !still || Date.now() - changedAt >= stillMs;
    if (isStill && holdAll(sight, conditions, Date.now() - startedAt)) return true;
  }
  return false;
}
