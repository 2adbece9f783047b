import { randomUUID } from 'node:crypto';
import { access } from '../access/access.ts';
import { loadCedar } from '../access/cedar.ts';
import type { ApiDeps } from '../api/call.ts';
import { cache } from '../cache.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { readEnvironment } from './environment.ts';
import { lambdaInvoke } from './invoke.ts';
import type { Traced } from './tracing.ts';
import { outside } from './world.ts';

/** How long a cluster that was just registered may be missing from the list. */
const clustersLifeMs: Millis = 30 * secondMs;

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
  const clusters = cache({ now: clock.now, read: base.clusters, lifeMs: clustersLifeMs });
  const deps = {
    world: {
      ...base,
      ...lambdaInvoke(environment, traced),
      // A page asks every few seconds, and each entry has the certificate of its cluster.
      clusters: async () => (await clusters('all')).value,
    },
    ...access({ documents: store.documents, clock, log }),
    newId: randomUUID,
  };
  await cedar;
  return deps;
}
