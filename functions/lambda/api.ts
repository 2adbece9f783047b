import { liveApi } from '../../lib/aws/api.ts';
import { published } from '../../lib/aws/metrics.ts';
import { tracing } from '../../lib/aws/tracing.ts';
import { apiHandler } from '../api.ts';

const { traced, middleware } = await tracing(process.env);
export const handler = apiHandler(await liveApi(process.env, traced)).use([
  published,
  ...middleware,
]);
