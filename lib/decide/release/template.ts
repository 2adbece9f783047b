import type { Affinity, PodTemplateSpec, ReplicaSet, Rollout } from '../../model/argo.generated.ts';
import { textDigest } from '../../model/hash.ts';
import { hashLabel } from '../../model/names.ts';
import { applyMergePatch, deepEqual } from '../../model/patch.ts';
import { withoutInjectedRule } from './affinity.ts';
import { ownMetadata } from './ephemeralMetadata.ts';

/**
 * Whether a ReplicaSet runs the template of the wanted one, given with defaults filled in. What Serin or
 * Argo put into a ReplicaSet's template themselves is taken out first.
 * argo v1.10.1 utils/replicaset/replicaset.go PodTemplateEqualIgnoreHash
 */
export function sameTemplate(set: ReplicaSet, wanted: ReplicaSet, rollout: Rollout): boolean {
  return deepEqual(comparable(plain(set, rollout)), comparable(plain(wanted, rollout)));
}

/**
 * Of what the pods of a ReplicaSet run. Without what controllers put into it: metadata of a role, and
 * rules of anti-affinity.
 */
export function templateDigest(set: ReplicaSet): string {
  const { affinity: _, ...spec } = set.spec?.template?.spec ?? { containers: [] };
  return textDigest(sortedText(withoutEmpty(spec)));
}

/** JSON whose fields stand in the same order however the object came about. */
function sortedText(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function plain(set: ReplicaSet, rollout: Rollout): object {
  const template = set.spec?.template ?? {};
  const metadata = ownMetadata(set, rollout);
  const affinity = withoutInjectedRule(template.spec?.affinity, rollout);
  return { ...template, metadata, spec: withAffinity(template.spec, affinity) };
}

function withAffinity(spec: PodTemplateSpec['spec'], affinity: Affinity | undefined): object {
  const { affinity: _, ...rest } = spec ?? { containers: [] };
  return affinity === undefined ? rest : { ...rest, affinity };
}

/** The hash label, the creation time and the deprecated service account say nothing. */
function comparable(template: object): object {
  const plain = applyMergePatch(template, {
    metadata: { creationTimestamp: null, labels: { [hashLabel]: null } },
    spec: { serviceAccount: null },
  });
  return withoutEmpty(plain) as object;
}

/** Empty lists, maps and objects mean the same as absent ones. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutEmpty(item) ?? {});
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value)
    .map(([field, inner]) => [field, withoutEmpty(inner)] as const)
    .filter(([, inner]) => inner !== undefined && inner !== null)
    .filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}
