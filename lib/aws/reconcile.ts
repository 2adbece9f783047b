import { answer } from '../reconcile/answer.ts';
import { inquire } from '../trial/inquire.ts';
import { foundIn, type World } from '../world.ts';
import { liveClusters } from './clusters.ts';
import { readEnvironment } from './environment.ts';
import { liveMessages } from './messages.ts';
import type { Traced } from './tracing.ts';
import { outside } from './world.ts';

/** The World of the function that reconciles: the only one with a way into clusters. */
export function reconcileWorld(
  env: Record<string, string | undefined>,
  { userAgent, traced }: { userAgent: string; traced: Traced },
): World {
  const base = outside(readEnvironment(env), traced);
  const clusters = liveClusters({ documents: base.store.documents, clock: base.clock }, userAgent);
  const world: World = {
    ...base,
    cluster: clusters.cluster,
    aws: clusters.aws,
    http: clusters.http,
    secrets: clusters.secrets,
    messages: liveMessages(base, userAgent, env),
    invoke: async (request) => foundIn(await answer(world, request)),
    inquire: (inquiry) => inquire(world, inquiry),
  };
  return world;
}
