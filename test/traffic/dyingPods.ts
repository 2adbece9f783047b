import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Pod } from '../../lib/model/argo.generated.ts';
import type { Stage } from './stage.ts';

export type Dying = {
  /** How many have died so far. */
  count: () => number;
  stop: () => Promise<void>;
};

const everyMs = 1500;

/**
 * Ends a pod of a namespace every now and then, at random: by an eviction, which lets it answer until it is
 * gone, or at once, as when its node is gone. The last pod of a version that is ready is left, since no
 * gateway can do without it.
 */
export async function dyingPods(
  { plane }: Stage,
  namespace: string,
  way: 'evict' | 'kill',
): Promise<Dying> {
  const { signIn } = contextOf(plane.kubeconfig);
  const cluster = kubernetesCluster({ signIn, doorbell: true, userAgent: 'drain' });
  const end = async (pod: Pod): Promise<void> => {
    const { name = '', uid = '' } = pod.metadata ?? {};
    if (way === 'evict') await cluster.evict({ kind: 'Pod', namespace, name, uid });
    else
      await plane.kubectl(['delete', 'pod', name, '-n', namespace, '--force', '--grace-period=0']);
  };
  let count = 0;
  let isOver = false;
  let under: Promise<void> = Promise.resolve();
  const tick = async (): Promise<void> => {
    const victims = expendable(await cluster.list('Pod', namespace, ''));
    const victim = victims[Math.floor(Math.random() * victims.length)];
    if (!victim || isOver) return;
    await end(victim);
    count += 1;
  };
  const timer = setInterval(() => {
    // One that is gone already, or that has changed, is no matter.
    under = under.then(tick).catch(() => {});
  }, everyMs);
  return {
    count: () => count,
    stop: async () => {
      isOver = true;
      clearInterval(timer);
      await under;
    },
  };
}

/** The ready pods of versions that have several. */
function expendable(pods: Pod[]): Pod[] {
  const ready = pods.filter(
    ({ metadata, status }) =>
      metadata?.deletionTimestamp === undefined &&
      status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
  );
  const hashOf = ({ metadata }: Pod) => metadata?.labels?.['rollouts-pod-template-hash'];
  return ready.filter((pod) => ready.filter((other) => hashOf(other) === hashOf(pod)).length > 1);
}
