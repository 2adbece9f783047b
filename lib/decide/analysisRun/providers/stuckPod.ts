import type { ContainerStatus, Pod } from '../../../model/argo.generated.ts';
import { nameOf } from '../../../model/workload.ts';

/** A container that waits for one of these comes to nothing by itself. */
const hopeless = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName'];

/** Why a pod will never run; undefined where all may. argo v1.10.1 metricproviders/job/job.go */
export function stuckPod(pods: readonly Pod[]): string | undefined {
  for (const pod of pods) {
    const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
    const stuck = [...initContainerStatuses, ...containerStatuses].find(isHopeless);
    if (!stuck) continue;
    const { reason, message = '' } = stuck.state?.waiting ?? {};
    return `Pod ${nameOf(pod)}, container ${stuck.name} has terminal error (${reason}): ${message}\n`;
  }
  return undefined;
}

function isHopeless({ state }: ContainerStatus): boolean {
  return hopeless.includes(state?.waiting?.reason ?? '');
}
