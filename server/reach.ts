import { setTimeout as delay } from 'node:timers/promises';
import { Transient } from '../lib/errors.ts';
import { inClusterContext } from '../lib/kubernetes/inCluster.ts';
import { type Context, contextOf } from '../lib/kubernetes/kubeconfig.ts';
import { type Millis, minuteMs, secondMs } from '../lib/model/units.ts';
import type { Cluster, Log } from '../lib/world.ts';

const retryMinMs: Millis = secondMs / 2;
const retryMaxMs: Millis = 5 * secondMs;
/** What goes on for long is said again. */
const sayEveryMs: Millis = minuteMs;

/** Which cluster, and as whom. */
export type Reached = {
  /** Without one, the cluster that this process is a pod of. */
  kubeconfig?: string | string[];
  context?: string;
  env: Record<string, string | undefined>;
};

/** Throws Terminal when there is no such file or context. */
export function reachedBy({ kubeconfig, context, env }: Reached): Context {
  return kubeconfig === undefined ? inClusterContext(env) : contextOf(kubeconfig, context);
}

type Reaching = { server: string; namespace: string; log: Log; signal: AbortSignal };

/**
 * Waits until an API server answers, whatever its answer is: it may not be up yet, or the network. Says so
 * once and now and then. Rejects when the signal aborts.
 */
export async function reached(
  live: Pick<Cluster, 'get'>,
  { server, namespace, log, signal }: Reaching,
): Promise<void> {
  let saidAt: Millis | undefined;
  for (let waitMs = retryMinMs; ; waitMs = Math.min(2 * waitMs, retryMaxMs)) {
    const trouble = await troubleOf(live, namespace);
    signal.throwIfAborted();
    if (trouble === undefined) break;
    if (saidAt === undefined || Date.now() - saidAt >= sayEveryMs) {
      log('warn', `no API server answers at ${server}: trying again until one does`, {
        error: trouble,
      });
      saidAt = Date.now();
    }
    await delay(waitMs, undefined, { signal });
  }
  if (saidAt !== undefined) log('warn', `the API server at ${server} answers`);
}

/** A name that nobody has will do: that it is not there, or not to be seen, is an answer. */
async function troubleOf(
  live: Pick<Cluster, 'get'>,
  namespace: string,
): Promise<string | undefined> {
  try {
    await live.get({ kind: 'Rollout', namespace, name: 'serin' });
    return undefined;
  } catch (error) {
    if (!(error instanceof Transient)) return undefined;
    return error.message.replace(/^get \S+ \S+: /, '');
  }
}
