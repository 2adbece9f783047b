import type { Pod, PodTemplateSpec } from '../../model/argo.generated.ts';
import type { KubernetesObject } from '../../model/kinds.ts';
import { type Millis, secondMs, toTime } from '../../model/units.ts';
import { isControlledBy, nameOf, uidOf } from '../../model/workload.ts';
import type { Objects } from '../apiServer/objects.ts';
import type { TaskClock } from '../clock.ts';
import { podOf } from './newPod.ts';
import { workQueue } from './workQueue.ts';

// The Job controller, and of the kubelet what a pod does that ends: the command of its first container says
// `sleep SECONDS` and `exit CODE`. k8s.io/kubernetes v1.36.3 pkg/controller/job

type Job = KubernetesObject & {
  spec?: { backoffLimit?: number; template?: PodTemplateSpec };
  status?: { conditions?: { type: string; status: string }[] };
};

const writer = { manager: 'kube-controller-manager' };

/** How the pods of a Job end, whatever their command says; undefined where that says it. */
export type ExitCode = (job: KubernetesObject) => number | undefined;

export function controlJobs(
  clock: TaskClock,
  objects: Objects,
  delayMs: Millis,
  exitCode: ExitCode = () => undefined,
): void {
  const sync = (key: string): void => {
    const [namespace = '', name = ''] = key.split('/');
    const job = objects.find('Job', namespace, name) as Job | undefined;
    if (job === undefined || job.metadata?.deletionTimestamp !== undefined || isOver(job)) return;
    const pods = objects.list('Pod', namespace).filter((pod) => isControlledBy(pod, uidOf(job)));
    const phases = pods.map(({ status }) => status?.phase);
    const failures = phases.filter((phase) => phase === 'Failed').length;
    const isFailed = failures > (job.spec?.backoffLimit ?? 6);
    if (phases.includes('Succeeded')) end(objects, job, 'Complete', clock.now());
    else if (isFailed) end(objects, job, 'Failed', clock.now());
    else if (failures === pods.length)
      objects.create('Pod', podOf('Job', job, job.spec?.template), { writer });
  };
  const queue = workQueue(clock, delayMs, sync);
  objects.watch(({ type, kind, object, before }) => {
    const { namespace = '', ownerReferences = [] } = object.metadata ?? {};
    if (kind === 'Job' && type !== 'DELETED') queue.add(`${namespace}/${nameOf(object)}`);
    const owner = ownerReferences.find(({ controller }) => controller);
    if (kind !== 'Pod' || owner?.kind !== 'Job') return;
    queue.add(`${namespace}/${owner.name}`);
    const pod: Pod = object;
    const wasRunning = (before as Pod | undefined)?.status?.phase === 'Running';
    if (type === 'DELETED' || pod.status?.phase !== 'Running' || wasRunning) return;
    clock.schedule(clock.now() + runsFor(pod), () => {
      const job = objects.find('Job', namespace, owner.name);
      endPod(objects, pod, job && exitCode(job));
    });
  });
}

function isOver({ status }: Job): boolean {
  return (status?.conditions ?? []).some(({ type }) => type === 'Complete' || type === 'Failed');
}

function end(objects: Objects, job: Job, type: 'Complete' | 'Failed', now: Millis): void {
  const conditions = [{ type, status: 'True', lastTransitionTime: toTime(now) }];
  objects.replace('Job', { ...job, status: { conditions } }, { ...writer, subresource: 'status' });
}

function commandOf({ spec }: Pod): string {
  const { command = [], args = [] } = spec?.containers?.[0] ?? {};
  return [...command, ...args].join(' ');
}

function runsFor(pod: Pod): Millis {
  const [, seconds = '0'] = /\bsleep (\d+)/.exec(commandOf(pod)) ?? [];
  return Number(seconds) * secondMs;
}

function endPod(objects: Objects, { metadata }: Pod, given: number | undefined): void {
  const { namespace = '', name = '', uid } = metadata ?? {};
  const pod = objects.find('Pod', namespace, name);
  if (pod === undefined || uidOf(pod) !== uid || pod.metadata?.deletionTimestamp) return;
  const [, code = '0'] = /\bexit (\d+)/.exec(commandOf(pod)) ?? [];
  const phase = (given ?? Number(code)) === 0 ? 'Succeeded' : 'Failed';
  const status = { ...pod.status, phase };
  objects.replace('Pod', { ...pod, status }, { manager: 'kubelet', subresource: 'status' });
}
