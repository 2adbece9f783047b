import type { ReplicaSet } from '../model/argo.generated.ts';
import { desiredReplicasAnnotation, scaleDownDeadlineAnnotation } from '../model/names.ts';
import { annotationOf, desiredOf, nameOf, replicasOf, revisionOf } from '../model/workload.ts';
import { type Changes, change } from './changes.ts';
import type { Release } from './release.ts';

/** A size and the rollout's size beside it, from which the peer tells scaling from releasing. */
export function resize(
  release: Release,
  changes: Changes,
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
  if (Object.keys(annotations).length > 0) change(changes, set, { metadata: { annotations } });
  const before = desiredOf(set);
  if (before === size) return;
  change(changes, set, { spec: { replicas: size } });
  const direction = size > before ? 'up' : 'down';
  const named = `ReplicaSet ${nameOf(set)} (revision ${revisionOf(set)})`;
  const message = `Scaled ${direction} ${named} from ${before} to ${size}`;
  changes.announcements.push({ type: 'Normal', reason: 'ScalingReplicaSet', message });
}
