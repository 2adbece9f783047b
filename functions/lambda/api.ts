import { liveApi } from '../../lib/live/api.ts';
import { published } from '../../lib/live/metrics.ts';
import { apiHandler } from '../api.ts';

export const handler = apiHandler(await liveApi(process.env)).use(published);
