import { published } from '../../lib/live/metrics.ts';
import { reconcileWorld } from '../../lib/live/reconcile.ts';
import { userAgent } from '../../lib/live/version.ts';
import { reconcileHandler } from '../reconcile.ts';

export const handler = reconcileHandler(reconcileWorld(process.env, userAgent)).use(published);
