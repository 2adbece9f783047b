import middy from '@middy/core';
import errorLogger from '@middy/error-logger';
import { type SweepCounts, sweep } from '../lib/wake/sweep.ts';
import type { World } from '../lib/world.ts';

/** Every minute: what comes due soon moves from the due index to the queue. Calls no cluster. */
export function sweepHandler(world: World) {
  return middy()
    .use(errorLogger({ logger: (request) => log(world, request.error) }))
    .handler((): Promise<SweepCounts> => sweep(world));
}

function log(world: World, error: unknown): void {
  world.log('error', 'sweep failed', { error: String(error) });
}
