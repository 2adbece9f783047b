import { published } from '../../lib/aws/metrics.ts';
import { reconcileWorld } from '../../lib/aws/reconcile.ts';
import { tracing } from '../../lib/aws/tracing.ts';
import { userAgent } from '../../lib/aws/version.ts';
import { reconcileHandler } from '../reconcile.ts';

const { traced, middleware } = await tracing(process.env);
const world = reconcileWorld(process.env, { userAgent, traced });
export const handler = reconcileHandler(world).use([published, ...middleware]);
