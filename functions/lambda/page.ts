import { published } from '../../lib/aws/metrics.ts';
import { livePage } from '../../lib/aws/page.ts';
import { tracing } from '../../lib/aws/tracing.ts';
import { pageHandler } from '../page.ts';

const { traced, middleware } = await tracing(process.env);
// The build puts the page's files beside the bundle.
const files = new URL('./files', import.meta.url);
const page = await livePage(process.env, files, traced);
export const handler = pageHandler(page).use([published, ...middleware]);
