import { liveApi } from '../../lib/live/api.ts';
import { published } from '../../lib/live/metrics.ts';
import { tracing } from '../../lib/live/tracing.ts';
import { apiHandler } from '../api.ts';

const { traced, middleware } = await tracing(process.env);
export const handler = apiHandler(await liveApi(process.env, traced)).use([
  published,
  ...middleware,
]);
