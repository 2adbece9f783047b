import type { ContainerStatus, Pod } from '../model/argo.generated.ts';
import type { PodView } from '../model/view.ts';
import { createdAt, nameOf } from '../model/workload.ts';

type Containers = { reason: string; ready: number; restarts: number };

/**
 * A pod's line of the tree. The status is the word `kubectl get pods` shows: the phase, unless
 * something more telling is known. argo v1.10.1 pkg/kubectl-argo-rollouts/info/pod_info.go
 */
export function podView(pod: Pod): PodView {
  const initializing = initContainers(pod);
  const containers = initializing ?? mainContainers(pod);
  return {
    name: nameOf(pod),
    status: leaving(pod) ?? containers.reason,
    createdAt: createdAt(pod),
    ready: `${containers.ready}/${pod.spec?.containers?.length ?? 0}`,
    restarts: containers.restarts,
  };
}

/** A deleted pod is on its way out, unless its node is gone and nobody can tell. */
function leaving(pod: Pod): string | undefined {
  if (pod.metadata?.deletionTimestamp === undefined) return undefined;
  return pod.status?.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
}

/** Undefined once all init containers have done their part. */
function initContainers(pod: Pod): Containers | undefined {
  const all = pod.spec?.initContainers ?? [];
  const sidecars = new Set(all.filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  let restarts = 0;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    restarts += status.restartCount;
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (terminated !== undefined) return { reason: `Init:${ending(status)}`, ready: 0, restarts };
    // A sidecar that runs is no longer initializing; while unready it does not hold up the rest.
    if (sidecars.has(status.name) && status.started === true) {
      if (status.ready) continue;
      return undefined;
    }
    const waits = waiting?.reason ?? '';
    const reason = waits === '' || waits === 'PodInitializing' ? `${index}/${all.length}` : waits;
    return { reason: `Init:${reason}`, ready: 0, restarts };
  }
  return undefined;
}

/** The first container with something to say has the word. */
function mainContainers(pod: Pod): Containers {
  const statuses = pod.status?.containerStatuses ?? [];
  const isUp = (status: ContainerStatus) => status.ready && status.state?.running !== undefined;
  const reasons = statuses.map(notRunning).filter((reason) => reason !== undefined);
  const ready = statuses.filter(
    (status) => notRunning(status) === undefined && isUp(status),
  ).length;
  const restarts = statuses.reduce((sum, status) => sum + status.restartCount, 0);
  const reason = reasons[0] ?? pod.status?.reason ?? pod.status?.phase ?? 'Unknown';
  return { reason: reason === 'Completed' && ready > 0 ? 'Running' : reason, ready, restarts };
}

function notRunning(status: ContainerStatus): string | undefined {
  const waits = status.state?.waiting?.reason ?? '';
  if (waits !== '') return waits;
  return status.state?.terminated === undefined ? undefined : ending(status);
}

/** Why a container ended. */
function ending(status: ContainerStatus): string {
  const { reason = '', signal = 0, exitCode = 0 } = status.state?.terminated ?? {};
  if (reason !== '') return reason;
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}
