import { liveHooks } from '../../lib/aws/hooks.ts';
import { published } from '../../lib/aws/metrics.ts';
import { tracing } from '../../lib/aws/tracing.ts';
import { hooksHandler } from '../hooks.ts';

const { traced, middleware } = await tracing(process.env);
export const handler = hooksHandler(liveHooks(process.env, traced)).use([published, ...middleware]);
