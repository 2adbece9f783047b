import type { AnalysisRun, ObjectMeta, ReplicaSet, Rollout } from '../model/argo.generated.ts';
import type { RolloutKey } from '../model/key.ts';
import { type Kind, kinds, type ObjectRef, rowOf } from '../model/kinds.ts';
import { deepEqual } from '../model/patch.ts';
import { generationOf, namedBy } from '../model/reference.ts';
import { nameOf } from '../model/workload.ts';

/** What a watch or an admission notice says of an object: enough to tell whose it is. */
type KubernetesObject = { kind?: string; metadata?: ObjectMeta };

/** A change as announced. `before` is unknown where the announcer does not tell. */
export type Change = {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  kind: string;
  object: KubernetesObject;
  before?: KubernetesObject;
};

const group = 'argoproj.io/';

/**
 * The rollout an object concerns: itself, or the one that controls this ReplicaSet or run. A pod names only
 * its ReplicaSet, and what matters of it shows in that one's counts.
 */
export function keyOf(
  cluster: string,
  object: KubernetesObject,
  kind = object.kind,
): RolloutKey | undefined {
  const { namespace, name } = object.metadata ?? {};
  const rollout = kind === 'Rollout' ? name : isOwned(kind) ? ownerOf(object) : undefined;
  if (namespace === undefined || rollout === undefined) return undefined;
  return { cluster, namespace, name: rollout };
}

/**
 * The rollouts to wake for a change, as far as it can matter: the one it concerns, or those of the
 * namespace that refer to the object. For a Rollout it always can: which of those writes are Serin's own
 * is for the caller to know. A change that cannot be compared counts.
 */
export function concerned(change: Change, cluster: string, rollouts: Rollout[]): RolloutKey[] {
  const { kind, object } = change;
  const key = itself(change, cluster);
  if (key !== 'referrers') return key ? [key] : [];
  return rollouts.flatMap((rollout) => {
    const { namespace = 'default' } = rollout.metadata ?? {};
    const isConcerned = isAmong(namedBy(rollout, namespace), kind, object);
    return isConcerned ? [{ cluster, namespace, name: nameOf(rollout) }] : [];
  });
}

/** The one rollout a change concerns, none, or those that refer to the object. */
export function itself(change: Change, cluster: string): RolloutKey | 'referrers' | undefined {
  const { type, kind, object, before } = change;
  const isOpen = type === 'DELETED' || before === undefined;
  if (kind === 'Rollout' || isOwned(kind)) {
    const now = keyOf(cluster, object, kind);
    // One that lost its owner concerns the rollout that it was of.
    const key = now ?? (before && keyOf(cluster, before, kind));
    const said = owned[kind as Owned] ?? counts;
    const isAsBefore = !isOpen && now !== undefined && said(object) === said(before);
    if (key) return kind === 'Rollout' || !isAsBefore ? key : undefined;
  }
  return !isOpen && isSame(kind, object, before) ? undefined : 'referrers';
}

/** Of its status alone. Annotations tell some routers what to do, and no generation counts them. */
function isSame(kind: string, after: KubernetesObject, before: KubernetesObject): boolean {
  const row = kind in kinds ? rowOf(kind as Kind) : undefined;
  if (kind === 'Service' || generationOf(after) !== generationOf(before)) return false;
  return !row?.ofRouters || deepEqual(after.metadata?.annotations, before.metadata?.annotations);
}

/** Whether these references name the object. */
export function isAmong(refs: ObjectRef[], kind: string, { metadata }: KubernetesObject): boolean {
  const { namespace, name } = metadata ?? {};
  return refs.some((ref) => ref.kind === kind && ref.namespace === namespace && ref.name === name);
}

/** What a rollout looks at of the objects that it owns. */
const owned = { ReplicaSet: counts, AnalysisRun: outcome };
type Owned = keyof typeof owned;

function isOwned(kind: string | undefined): kind is Owned {
  return kind !== undefined && Object.hasOwn(owned, kind);
}

function outcome({ spec, status }: AnalysisRun): string {
  return [spec?.terminate === true, status?.phase ?? '', status?.message ?? ''].join();
}

function ownerOf({ metadata }: KubernetesObject): string | undefined {
  const isRollout = ({ apiVersion, kind }: { apiVersion: string; kind: string }) =>
    kind === 'Rollout' && apiVersion.startsWith(group);
  return metadata?.ownerReferences?.find((owner) => owner.controller && isRollout(owner))?.name;
}

function counts({ spec, status }: ReplicaSet): string {
  // Go leaves out counts of zero, and an absent `spec.replicas` means one.
  return [
    spec?.replicas ?? 1,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    status?.availableReplicas ?? 0,
  ].join();
}
