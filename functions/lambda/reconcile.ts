import { published } from '../../lib/live/metrics.ts';
import { reconcileWorld } from '../../lib/live/reconcile.ts';
import { tracing } from '../../lib/live/tracing.ts';
import { userAgent } from '../../lib/live/version.ts';
import { reconcileHandler } from '../reconcile.ts';

const { traced, middleware } = await tracing(process.env);
const world = reconcileWorld(process.env, { userAgent, traced });
export const handler = reconcileHandler(world).use([published, ...middleware]);
