import type { Deployment } from '../../model/argo.generated.ts';
import type { Millis } from '../../model/units.ts';
import { nameOf, uidOf } from '../../model/workload.ts';
import type { Objects } from '../apiServer/objects.ts';
import type { TaskClock } from '../clock.ts';

// Of a Deployment's own pods only the counts: as many as asked for, ready after a while. No rollout is
// driven by more of them than its status tells.

const writer = { manager: 'kube-controller-manager', subresource: 'status' };

export function countDeployments(
  clock: TaskClock,
  objects: Objects,
  times: { controllerMs: Millis; readyMs: Millis },
): void {
  objects.watch(({ type, kind, object, before }) => {
    if (kind !== 'Deployment' || type === 'DELETED') return;
    if (before && before.metadata?.generation === object.metadata?.generation) return;
    const deployment = object as Deployment;
    const { readyReplicas = 0 } = deployment.status ?? {};
    const count = (delayMs: Millis, ready: number) =>
      clock.schedule(clock.now() + delayMs, () => write(objects, deployment, ready));
    const wanted = sizeOf(deployment);
    count(times.controllerMs, Math.min(readyReplicas, wanted));
    if (readyReplicas < wanted) count(times.readyMs, wanted);
  });
}

function write(objects: Objects, seen: Deployment, ready: number): void {
  const { namespace = '' } = seen.metadata ?? {};
  const live = objects.find('Deployment', namespace, nameOf(seen));
  // Another generation has counts of its own.
  if (!live || uidOf(live) !== uidOf(seen)) return;
  if (live.metadata?.generation !== seen.metadata?.generation) return;
  const counts = { readyReplicas: ready, availableReplicas: ready, updatedReplicas: ready };
  const status = {
    observedGeneration: live.metadata?.generation ?? 0,
    replicas: sizeOf(live),
    ...(ready > 0 && counts),
  };
  objects.replace('Deployment', { ...live, status }, writer);
}

function sizeOf({ spec }: Deployment): number {
  return spec?.replicas ?? 1;
}
