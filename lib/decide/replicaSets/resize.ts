import type { ReplicaSet } from '../../model/argo.generated.ts';
import { desiredReplicasAnnotation, scaleDownDeadlineAnnotation } from '../../model/names.ts';
import type { PlannedEvent } from '../../model/plan.ts';
import {
  annotationOf,
  availableOf,
  desiredOf,
  nameOf,
  replicasOf,
  revisionOf,
} from '../../model/workload.ts';
import { change, type Draft } from '../release/draft.ts';
import type { Release } from '../release/release.ts';

/** A size and the rollout's size beside it, from which the peer tells scaling from releasing. */
export function resize(
  release: Release,
  draft: Draft,
  set: ReplicaSet,
  size: number,
  { keepDeadline = false } = {},
): void {
  const wanted = String(replicasOf(release.rollout));
  const annotations: Record<string, string | null> = {};
  if (annotationOf(set, desiredReplicasAnnotation) !== wanted) {
    annotations[desiredReplicasAnnotation] = wanted;
  }
  if (!keepDeadline && annotationOf(set, scaleDownDeadlineAnnotation) !== undefined) {
    annotations[scaleDownDeadlineAnnotation] = null;
  }
  if (Object.keys(annotations).length > 0) change(draft, set, { metadata: { annotations } });
  if (desiredOf(set) === size) return;
  change(draft, set, { spec: { replicas: size } });
  draft.events.push(scaled(set, size));
}

export function scaled(set: ReplicaSet, size: number): PlannedEvent {
  const before = desiredOf(set);
  const direction = size > before ? 'up' : 'down';
  const named = `ReplicaSet ${nameOf(set)} (revision ${revisionOf(set)})`;
  const message = `Scaled ${direction} ${named} from ${before} to ${size}`;
  return { type: 'Normal', reason: 'ScalingReplicaSet', message, ofObject: true };
}

/** All the pods of the rollout. argo v1.10.1 utils/annotations/annotations.go IsSaturated */
export function isSaturated({ rollout }: Pick<Release, 'rollout'>, set: ReplicaSet): boolean {
  const wanted = replicasOf(rollout);
  const noted = annotationOf(set, desiredReplicasAnnotation);
  return noted === String(wanted) && desiredOf(set) === wanted && availableOf(set) === wanted;
}
