import { liveHooks } from '../../lib/live/hooks.ts';
import { published } from '../../lib/live/metrics.ts';
import { hooksHandler } from '../hooks.ts';

export const handler = hooksHandler(liveHooks(process.env)).use(published);
