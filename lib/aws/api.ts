import { randomUUID } from 'node:crypto';
import { access } from '../access/access.ts';
import { loadCedar } from '../access/cedar.ts';
import type { ApiDeps } from '../api/call.ts';
import { readEnvironment } from './environment.ts';
import { lambdaInvoke } from './invoke.ts';
import type { Traced } from './tracing.ts';
import { outside } from './world.ts';

/**
 * The API on AWS. It has no way into a cluster: the reconcile function carries commands out, and one of
 * its own looks. Resolves when it is ready, so that Lambda starts it with the processor time of a start.
 */
export async function liveApi(
  env: Record<string, string | undefined>,
  traced?: Traced,
): Promise<ApiDeps> {
  const cedar = loadCedar();
  const environment = readEnvironment(env);
  const base = outside(environment, traced);
  const { clock, log, store } = base;
  const deps = {
    world: { ...base, ...lambdaInvoke(environment, traced) },
    ...access({ documents: store.documents, clock, log }),
    newId: randomUUID,
  };
  await cedar;
  return deps;
}
