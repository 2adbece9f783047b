import { selects } from '../../kubernetes/selectors.ts';
import type { Pod, ReplicaSet, ReplicaSetStatus } from '../../model/argo.generated.ts';
import { fromTime, type Millis, secondMs } from '../../model/units.ts';
import { createdAt, desiredOf, isControlledBy, nameOf, uidOf } from '../../model/workload.ts';
import type { Objects } from '../apiServer/objects.ts';
import type { TaskClock } from '../clock.ts';
import { podOf } from './newPod.ts';
import { workQueue } from './workQueue.ts';

// The ReplicaSet controller: as many pods as asked for, and a status that counts them.
// k8s.io/kubernetes v1.36.3 pkg/controller/replicaset/replica_set.go

const writer = { manager: 'kube-controller-manager' };

export function controlReplicaSets(clock: TaskClock, objects: Objects, delayMs: Millis): void {
  const sync = (key: string): void => {
    const [namespace = '', name = ''] = key.split('/');
    const set = objects.find('ReplicaSet', namespace, name);
    if (set === undefined) return;
    const pods = objects
      .list('Pod', namespace)
      .filter((pod) => isControlledBy(pod, uidOf(set)) && isActive(pod));
    if (set.metadata?.deletionTimestamp === undefined) resize(objects, set, pods);
    // Like the real one it counts the pods it has found, those just created in the next round.
    const status = countedStatus(set, pods, clock.now());
    objects.replace('ReplicaSet', { ...set, status }, { ...writer, subresource: 'status' });
    const nextAt = nextAvailable(set, pods, clock.now());
    if (nextAt !== undefined) queue.add(key, nextAt - clock.now());
  };
  const queue = workQueue(clock, delayMs, sync);

  objects.watch(({ kind, object }) => {
    const { namespace = '', ownerReferences = [] } = object.metadata ?? {};
    if (kind === 'ReplicaSet') queue.add(`${namespace}/${nameOf(object)}`);
    if (kind === 'Pod') {
      const owner = ownerReferences.find((reference) => reference.controller);
      if (owner?.kind === 'ReplicaSet') queue.add(`${namespace}/${owner.name}`);
    }
  });
}

/** A pod that has ended or is being deleted is no longer one of the set's pods. */
function isActive(pod: Pod): boolean {
  const { phase } = pod.status ?? {};
  return (
    phase !== 'Succeeded' && phase !== 'Failed' && pod.metadata?.deletionTimestamp === undefined
  );
}

function resize(objects: Objects, set: ReplicaSet, pods: Pod[]): void {
  const surplus = pods.length - desiredOf(set);
  for (let missing = -surplus; missing > 0; missing -= 1) {
    objects.create('Pod', podOf('ReplicaSet', set, set.spec?.template), { writer });
  }
  for (const pod of surplus > 0 ? pods.toSorted(byDispensability).slice(0, surplus) : []) {
    const namespace = pod.metadata?.namespace ?? '';
    objects.remove('Pod', { namespace, name: nameOf(pod), uid: uidOf(pod) }, writer);
  }
}

/** Who goes first when there are too many: whose going hurts least. */
function byDispensability(a: Pod, b: Pod): number {
  return (
    Number(isAssigned(a)) - Number(isAssigned(b)) ||
    Number(isRunning(a)) - Number(isRunning(b)) ||
    Number(readySince(a) !== undefined) - Number(readySince(b) !== undefined) ||
    (readySince(b) ?? 0) - (readySince(a) ?? 0) ||
    createdAt(b) - createdAt(a)
  );
}

function isAssigned(pod: Pod): boolean {
  return Boolean(pod.spec?.nodeName);
}

function isRunning(pod: Pod): boolean {
  return pod.status?.phase === 'Running';
}

function readySince(pod: Pod): Millis | undefined {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' ? fromTime(ready.lastTransitionTime ?? '') : undefined;
}

function availableAt(pod: Pod, set: ReplicaSet): Millis | undefined {
  const since = readySince(pod);
  const { minReadySeconds = 0 } = set.spec ?? {};
  return since === undefined ? undefined : since + minReadySeconds * secondMs;
}

function nextAvailable(set: ReplicaSet, pods: Pod[], now: Millis): Millis | undefined {
  const coming = pods
    .map((pod) => availableAt(pod, set))
    .filter((at): at is Millis => at !== undefined && at > now);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

function countedStatus(set: ReplicaSet, pods: Pod[], now: Millis): ReplicaSetStatus {
  const matchLabels = set.spec?.template?.metadata?.labels ?? {};
  const count = (test: (pod: Pod) => boolean): number => pods.filter(test).length;
  const isAvailable = (pod: Pod): boolean => (availableAt(pod, set) ?? now + 1) <= now;
  const counts = {
    fullyLabeledReplicas: count((pod) => selects({ matchLabels }, pod.metadata?.labels ?? {})),
    readyReplicas: count((pod) => readySince(pod) !== undefined),
    availableReplicas: count(isAvailable),
    observedGeneration: set.metadata?.generation ?? 0,
  };
  // Go leaves out what is zero, except for `replicas`.
  const present = Object.entries(counts).filter(([, value]) => value > 0);
  return { replicas: pods.length, ...Object.fromEntries(present) };
}
