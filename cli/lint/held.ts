import { namespaceOf } from '../../lib/decide/traffic/objects.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { isRecord } from '../../lib/model/gotypes.ts';
import { type Kind, type Kinds, type ObjectRef, rowOf } from '../../lib/model/kinds.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { checkStructure, soundPart } from '../../lib/model/structure.ts';

// What manifests hold beside a Rollout, as somebody wrote it.

/** The Rollout itself, without what is of no type; undefined of anything else, and with wrong types. */
export function soundRollout(value: unknown): Rollout | undefined {
  if (!isRecord(value) || value.kind !== 'Rollout') return undefined;
  const plain = withoutNulls(value);
  if (checkStructure('Rollout', plain).some(({ kind }) => kind === 'type')) return undefined;
  const { status: _, ...rollout } = soundPart('Rollout', plain) as Rollout;
  return rollout;
}

/** Whether it is an object of that kind and group. */
export function isOfKind(value: unknown, kind: Kind): value is Record<string, unknown> {
  const { group, kind: said = kind } = rowOf(kind);
  if (!isRecord(value) || value.kind !== said) return false;
  const [before, after] = String(value.apiVersion ?? '').split('/');
  return group === (after === undefined ? '' : before);
}

/** One without a namespace is in the Rollout's. */
export function heldIn<K extends Kind>(
  manifests: readonly unknown[],
  { kind, namespace, name }: ObjectRef<K>,
  rollout: Rollout,
): Kinds[K] | undefined {
  const found = manifests.find((value) => {
    if (!isOfKind(value, kind) || !isRecord(value.metadata)) return false;
    const { namespace: place = namespaceOf(rollout), name: called } = value.metadata;
    return (!rowOf(kind).isNamespaced || place === namespace) && called === name;
  });
  const isTemplate = kind === 'AnalysisTemplate' || kind === 'ClusterAnalysisTemplate';
  // What is wrong with the types of one is said where it stands.
  return (found && isTemplate ? soundPart(kind, withoutNulls(found)) : found) as
    | Kinds[K]
    | undefined;
}
