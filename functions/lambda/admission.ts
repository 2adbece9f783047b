import { readEnvironment } from '../../lib/aws/environment.ts';
import { published } from '../../lib/aws/metrics.ts';
import { tracing } from '../../lib/aws/tracing.ts';
import { outside } from '../../lib/aws/world.ts';
import { admissionHandler } from '../admission.ts';

const { traced, middleware } = await tracing(process.env);
export const handler = admissionHandler(outside(readEnvironment(process.env), traced)).use([
  published,
  ...middleware,
]);
