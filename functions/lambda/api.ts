import { liveApi } from '../../lib/live/api.ts';
import { apiHandler } from '../api.ts';

export const handler = apiHandler(await liveApi(process.env));
