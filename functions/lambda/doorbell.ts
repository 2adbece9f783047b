import { readEnvironment } from '../../lib/live/environment.ts';
import { published } from '../../lib/live/metrics.ts';
import { outside } from '../../lib/live/world.ts';
import { doorbellHandler } from '../doorbell.ts';

export const handler = doorbellHandler(outside(readEnvironment(process.env))).use(published);
