import { liveHooks } from '../../lib/live/hooks.ts';
import { hooksHandler } from '../hooks.ts';

export const handler = hooksHandler(liveHooks(process.env));
