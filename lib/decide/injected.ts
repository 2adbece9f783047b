import type {
  ObjectMeta,
  PodTemplateMetadata,
  ReplicaSet,
  Rollout,
} from '../model/argo.generated.ts';
import { ephemeralMetadataAnnotation } from '../model/names.ts';
import { diffMergePatch } from '../model/patch.ts';
import type { MergePatch } from '../model/plan.ts';
import { annotationOf } from '../model/workload.ts';

export type Injected = PodTemplateMetadata | undefined;

/** What the spec wants the pods of either role to carry. */
export function rolesMetadata({ spec }: Rollout): { stable: Injected; next: Injected } {
  const { canary, blueGreen } = spec?.strategy ?? {};
  return {
    stable: canary?.stableMetadata ?? blueGreen?.activeMetadata,
    next: canary?.canaryMetadata ?? blueGreen?.previewMetadata,
  };
}

/** Labels and annotations that were put into a ReplicaSet's pods for its role, as it remembers. */
export function injectedMetadata(set: ReplicaSet): Injected {
  const text = annotationOf(set, ephemeralMetadataAnnotation);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as PodTemplateMetadata;
  } catch {
    return undefined; // Not ours to repair: treated as nothing injected, as the peer does.
  }
}

/** Pod metadata with what was injected before taken out; other controllers' entries stay. */
export function withoutInjected(metadata: ObjectMeta, injected: Injected): ObjectMeta {
  return withInjected(metadata, injected, undefined);
}

export function withInjected(metadata: ObjectMeta, before: Injected, wanted: Injected): ObjectMeta {
  const labels = exchange(metadata.labels, before?.labels, wanted?.labels);
  const annotations = exchange(metadata.annotations, before?.annotations, wanted?.annotations);
  return { ...metadata, ...(labels && { labels }), ...(annotations && { annotations }) };
}

type Entries = Record<string, string> | undefined;

function exchange(present: Entries, before: Entries, wanted: Entries): Entries {
  if (!present && !wanted) return undefined;
  const kept = Object.entries(present ?? {}).filter(([name]) => !Object.hasOwn(before ?? {}, name));
  return { ...Object.fromEntries(kept), ...wanted };
}

/** What to change in a ReplicaSet so that its new pods carry the wanted metadata. */
export function metadataPatch(set: ReplicaSet, wanted: Injected): MergePatch | undefined {
  const before = injectedMetadata(set);
  const metadata = set.spec?.template?.metadata ?? {};
  const template = diffMergePatch(metadata, withInjected(metadata, before, wanted));
  if (template === undefined) return undefined;
  const note = wanted === undefined ? null : JSON.stringify(wanted);
  return {
    metadata: { annotations: { [ephemeralMetadataAnnotation]: note } },
    spec: { template: { metadata: template } },
  };
}
