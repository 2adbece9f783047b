import { readEnvironment } from '../../lib/live/environment.ts';
import { published } from '../../lib/live/metrics.ts';
import { outside } from '../../lib/live/world.ts';
import { sweepHandler } from '../sweep.ts';

export const handler = sweepHandler(outside(readEnvironment(process.env))).use(published);
