import type {
  Container,
  ObjectMeta,
  OwnerReference,
  PodTemplateSpec,
  ReplicaSet,
  Rollout,
} from './argo.generated.ts';
import type { Kind } from './kinds.ts';
import { hashLabel, revisionAnnotation, rolloutApiVersion, takenOverAnnotation } from './names.ts';
import { own } from './own.ts';
import { fromTime, type Millis } from './units.ts';

type WithMeta = { metadata?: ObjectMeta };

export function nameOf(object: WithMeta): string {
  return object.metadata?.name ?? '';
}

export function uidOf(object: WithMeta): string {
  return object.metadata?.uid ?? '';
}

export function versionOf(object: WithMeta): string {
  return object.metadata?.resourceVersion ?? '';
}

export function annotationOf(object: WithMeta, name: string): string | undefined {
  return own(object.metadata?.annotations, name);
}

/** When the API server created it; 0 for an object that was never stored. */
export function createdAt(object: WithMeta): Millis {
  const time = object.metadata?.creationTimestamp;
  return time === undefined || time === null ? 0 : fromTime(time);
}

/** The revision annotation as a number; 0 when absent or not a number. */
export function revisionOf(object: WithMeta): number {
  const text = annotationOf(object, revisionAnnotation) ?? '';
  const revision = /^\d+$/.test(text) ? Number(text) : 0;
  return revision <= revisionMax ? revision : 0;
}

/** Where a text would not be read back as the number it was written from. */
export const revisionMax = Number.MAX_SAFE_INTEGER;

/** The pod template hash a ReplicaSet carries as a label; '' when it has none. */
/** Whether somebody has vouched for it: not one that was taken over unseen. */
export function isVerified(set: ReplicaSet): boolean {
  return annotationOf(set, takenOverAnnotation) === undefined;
}

export function podHashOf(set: ReplicaSet | undefined): string {
  return set?.metadata?.labels?.[hashLabel] ?? '';
}

export function desiredOf(set: ReplicaSet): number {
  return set.spec?.replicas ?? 1;
}

/** Pods that exist, terminating ones not counted. */
export function currentOf(set: ReplicaSet): number {
  return set.status?.replicas ?? 0;
}

export function readyOf(set: ReplicaSet): number {
  return set.status?.readyReplicas ?? 0;
}

export function availableOf(set: ReplicaSet): number {
  return set.status?.availableReplicas ?? 0;
}

export function sum(sets: ReplicaSet[], count: (set: ReplicaSet) => number): number {
  return sets.reduce((total, set) => total + count(set), 0);
}

/** Owner references name exactly one controller; this says whether it is the given object. */
export function isControlledBy(object: WithMeta, uid: string): boolean {
  return (object.metadata?.ownerReferences ?? []).some(
    (owner) => owner.controller === true && owner.uid === uid,
  );
}

/** What an object says of one of Argo's kinds that controls it. */
export function ownerReference(kind: Kind, owner: WithMeta): OwnerReference {
  return {
    ...{ apiVersion: rolloutApiVersion, kind, name: nameOf(owner), uid: uidOf(owner) },
    ...{ controller: true, blockOwnerDeletion: true },
  };
}

/** `spec.replicas`, 1 when absent. argo v1.10.1 utils/defaults/defaults.go */
export function replicasOf(rollout: Rollout): number {
  return rollout.spec?.replicas ?? 1;
}

/** The containers of a template by the field they are in; native sidecars are init containers. */
export function containerLists(
  template: PodTemplateSpec | undefined,
): ['containers' | 'initContainers', Container[]][] {
  const { containers = [], initContainers = [] } = template?.spec ?? {};
  return [
    ['containers', containers],
    ['initContainers', initContainers],
  ];
}

/** Each image once. */
export function imagesOf(template: PodTemplateSpec | undefined): string[] {
  const lists = containerLists(template).map(([, list]) => list);
  return [...new Set(lists.flat().map(({ image }) => image ?? ''))];
}
