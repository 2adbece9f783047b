import type { ReplicaSet, Rollout } from '../model/argo.generated.ts';
import { hashLabel, managedByAnnotation } from '../model/names.ts';
import {
  annotationOf,
  availableOf,
  desiredOf,
  nameOf,
  podHashOf,
  versionOf,
} from '../model/workload.ts';
import type { Changes } from './changes.ts';
import { isAborted, type Release } from './release.ts';

/** The Services a canary names, which are read every turn. */
export function serviceNames(rollout: Rollout): string[] {
  const canary = rollout.spec?.strategy?.canary;
  return [canary?.stableService, canary?.canaryService].filter((name): name is string => !!name);
}

/**
 * Points the canary's and the stable Service at their ReplicaSets, never at one without available
 * pods, and takes a Service over only when the ReplicaSet is fully available. After an abort both
 * lead to stable. argo v1.10.1 rollout/service.go
 */
export function switchServices(release: Release, changes: Changes): void {
  const canary = release.rollout.spec?.strategy?.canary;
  point(release, changes, canary?.stableService, release.stable);
  const target = isAborted(release) ? release.stable : release.current;
  point(release, changes, canary?.canaryService, target);
}

function point(
  release: Release,
  changes: Changes,
  name: string | undefined,
  set: ReplicaSet | undefined,
): void {
  const service = name ? release.observed.services[name] : undefined;
  if (!service || !set) return;
  const hash = podHashOf(set);
  if (service.spec?.selector?.[hashLabel] === hash) return;
  const isManaged = annotationOf(service, managedByAnnotation) !== undefined;
  const isFull = desiredOf(set) > 0 && availableOf(set) >= desiredOf(set);
  if (availableOf(set) === 0 || (!isManaged && !isFull)) return;
  const mark = { annotations: { [managedByAnnotation]: nameOf(release.rollout) } };
  changes.before.push({
    do: 'patchService',
    name: nameOf(service),
    resourceVersion: versionOf(service),
    patch: { ...(!isManaged && { metadata: mark }), spec: { selector: { [hashLabel]: hash } } },
  });
  changes.announcements.push({
    type: 'Normal',
    reason: 'SwitchService',
    message: `Switched selector for service '${name}' to value '${hash}'`,
  });
}
