import type { Deployment, ReplicaSet, Service } from '../../model/argo.generated.ts';
import { managedByAnnotation } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import { selectedHash, serviceNamed } from '../../model/reference.ts';
import { annotationOf, replicasOf } from '../../model/workload.ts';
import type { Release } from './release.ts';

// The way back from a rollout to the workload it refers to, whose own pods have the traffic while the
// rollout is to have none: docs/adr/0027-back-to-the-deployment.md

/** Pods of the workload's own. A PodTemplate has none. */
function ownPods({ workload }: Observed): { wanted: number; ready: number } {
  if (!workload || workload.kind === 'PodTemplate') return { wanted: 0, ready: 0 };
  const { spec, status } = workload.object as Deployment | ReplicaSet;
  return { wanted: spec?.replicas ?? 1, ready: status?.readyReplicas ?? 0 };
}

/** The rollout is to have no pods, and the workload is to have some: the traffic is theirs. */
export function isHandedBack({
  observed,
  rollout,
}: Pick<Release, 'observed' | 'rollout'>): boolean {
  return replicasOf(rollout) === 0 && ownPods(observed).wanted > 0;
}

/** Pods serve that would have no traffic any more if a Service were the rollout's again. */
export function othersServe(observed: Observed): boolean {
  return ownPods(observed).ready > 0;
}

/**
 * Whether the Service of a rollout with a workload is nobody's, and leads to the pods of both. One that
 * lost its hash alone was the rollout's until somebody took that away.
 */
export function isFree({ rollout, workload }: Observed, service: Service): boolean {
  const refers = workload !== undefined || rollout.spec?.workloadRef !== undefined;
  const isMarked = annotationOf(service, managedByAnnotation) !== undefined;
  return refers && selectedHash(service) === '' && !isMarked;
}

/** What a Service leads to; of one that leads to the workload meanwhile, what it is to lead to again. */
export function hashLedTo(observed: Observed, name: string | undefined, again?: string): string {
  const service = serviceNamed(observed, name);
  return (service && isFree(observed, service) && again) || selectedHash(service);
}

/**
 * What the active Service leads to. A version that became the stable one while the workload had the traffic
 * has taken the place of what had it before.
 */
export function activeHashOf({ observed, rollout, status }: Release): string {
  const { activeService } = rollout.spec?.strategy?.blueGreen ?? {};
  return hashLedTo(observed, activeService, status.stableRS || status.blueGreen?.activeSelector);
}
