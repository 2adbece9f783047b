import { readEnvironment } from '../../lib/live/environment.ts';
import { published } from '../../lib/live/metrics.ts';
import { tracing } from '../../lib/live/tracing.ts';
import { outside } from '../../lib/live/world.ts';
import { doorbellHandler } from '../doorbell.ts';

const { traced, middleware } = await tracing(process.env);
export const handler = doorbellHandler(outside(readEnvironment(process.env), traced)).use([
  published,
  ...middleware,
]);
