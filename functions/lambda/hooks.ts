import { liveHooks } from '../../lib/live/hooks.ts';
import { published } from '../../lib/live/metrics.ts';
import { tracing } from '../../lib/live/tracing.ts';
import { hooksHandler } from '../hooks.ts';

const { traced, middleware } = await tracing(process.env);
export const handler = hooksHandler(liveHooks(process.env, traced)).use([published, ...middleware]);
