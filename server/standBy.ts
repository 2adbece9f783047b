import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { kubernetesCluster } from '../lib/kubernetes/kubernetes.ts';
import { type Held, heldLease, type LeaseOptions } from '../lib/kubernetes/lease.ts';
import { defined } from '../lib/model/defined.ts';
import { secondMs } from '../lib/model/units.ts';
import { type Reached, reachedBy } from './reach.ts';

/** An answer that comes later is of no use: the lease is lost by then. */
const timeoutMs = 3 * secondMs;

type StandBy = Reached & {
  lease: { namespace: string; name: string };
  userAgent: string;
} & Pick<LeaseOptions, 'log' | 'onHolder' | 'signal' | 'times'>;

/**
 * Waits until this process is the one that drives. Undefined when it is stopped first. Rejects with Terminal
 * when the Lease may not be read or written.
 */
export async function standBy({
  lease,
  userAgent,
  ...options
}: StandBy): Promise<Held | undefined> {
  const { signIn } = reachedBy(options);
  const cluster = kubernetesCluster({ signIn, doorbell: true, userAgent, timeoutMs });
  const { log, onHolder, signal, times } = options;
  return await heldLease(cluster, {
    ...lease,
    // Of two pods on one node, and of a pod that was started again.
    identity: `${hostname()}_${randomUUID()}`,
    ...{ log, onHolder, signal },
    ...defined({ times }),
  });
}
