import type {
  ObjectMeta,
  PodTemplateMetadata,
  ReplicaSet,
  Rollout,
} from '../model/argo.generated.ts';
import { diffMergePatch } from '../model/patch.ts';
import type { Action } from '../model/plan.ts';
import { desiredOf, isControlledBy, nameOf, uidOf, versionOf } from '../model/workload.ts';
import {
  type Injected,
  injectedMetadata,
  rolesMetadata,
  withInjected,
  withoutInjected,
} from './injected.ts';
import { type Release, setsOf } from './release.ts';

/** The metadata a ReplicaSet's pods carry for their role: stable, canary, or none. */
export function wantedMetadata(release: Release, set: ReplicaSet): Injected {
  const roles = rolesMetadata(release.rollout);
  const { canary: canarySet, stable } = setsOf(release);
  const isCurrent = canarySet !== undefined && nameOf(canarySet) === nameOf(set);
  const isStable = stable !== undefined && nameOf(stable) === nameOf(set);
  if (isStable) return roles.stable;
  if (!isCurrent) return undefined;
  return stable === undefined ? roles.stable : roles.next;
}

/** Whether pods have to be read this turn for their metadata. */
export function hasEphemeralMetadata(release: Pick<Release, 'rollout'>): boolean {
  const { stable, next } = rolesMetadata(release.rollout);
  return stable !== undefined || next !== undefined;
}

/**
 * Live pods get the metadata in place, also when their ReplicaSet has it already: an earlier turn
 * may have ended between the two. argo v1.10.1 rollout/ephemeralmetadata.go
 */
export function podMetadataActions(release: Release): Action[] {
  if (!hasEphemeralMetadata(release)) return [];
  return release.all
    .filter((set) => desiredOf(set) > 0)
    .flatMap((set) => {
      const wanted = wantedMetadata(release, set);
      const before = injectedMetadata(set);
      const own = withoutInjected(set.spec?.template?.metadata ?? {}, before);
      const pods = (release.observed.pods ?? []).filter(
        (pod) => isControlledBy(pod, uidOf(set)) && !pod.metadata?.deletionTimestamp,
      );
      return pods.flatMap((pod): Action[] => {
        const metadata = pod.metadata ?? {};
        const left = leftOver(metadata, own, release.rollout);
        const known = {
          labels: { ...before?.labels, ...left.labels },
          annotations: { ...before?.annotations, ...left.annotations },
        };
        const change = diffMergePatch(metadata, withInjected(metadata, known, wanted));
        return change === undefined
          ? []
          : [
              {
                do: 'patchPod',
                name: nameOf(pod),
                resourceVersion: versionOf(pod),
                patch: { metadata: change },
              },
            ];
      });
    });
}

/**
 * What a pod carries of either role's metadata, exactly as the spec has it, and not from its own
 * template. Its ReplicaSet remembers the new role already when a pod's patch has failed.
 */
function leftOver(
  pod: ObjectMeta,
  own: ObjectMeta,
  rollout: Rollout,
): Required<PodTemplateMetadata> {
  const { stable, next } = rolesMetadata(rollout);
  const of = (part: 'labels' | 'annotations'): Record<string, string> => {
    const roles = [next, stable].flatMap((role) => Object.entries(role?.[part] ?? {}));
    return Object.fromEntries(
      roles.filter(([name, value]) => pod[part]?.[name] === value && own[part]?.[name] !== value),
    );
  };
  return { labels: of('labels'), annotations: of('annotations') };
}
