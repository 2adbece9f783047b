import middy from '@middy/core';
import errorLogger from '@middy/error-logger';
import { type SweepCounts, type Sweeping, sweep } from '../lib/queue/sweep.ts';
import { within } from '../lib/queue/timeLeft.ts';

/** Every minute: what comes due soon moves from the due index to the queue. Calls no cluster. */
export function sweepHandler(world: Sweeping) {
  const logger = ({ error }: { error?: unknown }) =>
    world.log('error', 'sweep failed', { error: String(error) });
  return middy<unknown, SweepCounts>()
    .use(errorLogger({ logger }))
    .handler((_event, context) => sweep(within(world, context)));
}
