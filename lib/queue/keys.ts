import type {
  AnalysisRun,
  Experiment,
  ObjectMeta,
  ReplicaSet,
  Rollout,
} from '../model/argo.generated.ts';
import type { Key, RolloutKey } from '../model/key.ts';
import { isKind, type Kind, type ObjectRef, rowOf } from '../model/kinds.ts';
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

/** Whether its objects have turns of their own. */
export function isDriven(kind: string | undefined): kind is Kind {
  return isKind(kind) && rowOf(kind).hasTurns === true;
}

/** That of an object that has turns of its own. */
export function ownKey(
  cluster: string,
  { metadata }: KubernetesObject,
  kind: string | undefined,
): Key | undefined {
  const { namespace, name } = metadata ?? {};
  if (namespace === undefined || name === undefined || !isDriven(kind)) return undefined;
  return kind === 'Rollout' ? { cluster, namespace, name } : { cluster, kind, namespace, name };
}

/** That of the object that controls it, if that one has turns. */
export function ownerKey(cluster: string, { metadata }: KubernetesObject): Key | undefined {
  const { namespace, ownerReferences = [] } = metadata ?? {};
  const owner = ownerReferences.find(({ controller }) => controller);
  if (namespace === undefined || !owner?.apiVersion.startsWith(group)) return undefined;
  return ownKey(cluster, { metadata: { namespace, name: owner.name } }, owner.kind);
}

/**
 * The rollout an object concerns: itself, or the one that controls this ReplicaSet or run. A pod names only
 * its ReplicaSet, and what matters of it shows in that one's counts.
 */
export function keyOf(
  cluster: string,
  object: KubernetesObject,
  kind = object.kind,
): RolloutKey | undefined {
  const key =
    kind === 'Rollout'
      ? ownKey(cluster, object, kind)
      : kind === 'ReplicaSet' || kind === 'AnalysisRun'
        ? ownerKey(cluster, object)
        : undefined;
  return key && key.kind === undefined ? (key as RolloutKey) : undefined;
}

/**
 * Whom to wake for a change, as far as it can matter: those that it concerns, or the rollouts of the
 * namespace that refer to the object. For what has turns itself it always can: which of those writes are
 * Serin's own is for the caller to know. A change that cannot be compared counts.
 */
export function concerned(change: Change, cluster: string, rollouts: Rollout[]): Key[] {
  const { kind, object } = change;
  const keys = itself(change, cluster);
  if (keys !== 'referrers') return keys;
  return rollouts.flatMap((rollout) => {
    const { namespace = 'default' } = rollout.metadata ?? {};
    const isConcerned = isAmong(namedBy(rollout, namespace), kind, object);
    return isConcerned ? [{ cluster, namespace, name: nameOf(rollout) }] : [];
  });
}

/** Those that a change concerns by what its object is and whose, if any; or those that refer to it. */
export function itself(change: Change, cluster: string): Key[] | 'referrers' {
  const { type, kind, object, before } = change;
  const isOpen = type === 'DELETED' || before === undefined;
  const own = ownKey(cluster, object, kind);
  if (!isOwned(kind)) return own ? [own] : referrers(change);
  const now = ownerKey(cluster, object);
  // One that lost its owner concerns the object that it was of.
  const owner = now ?? (before && ownerKey(cluster, before));
  const isAsBefore = !isOpen && now !== undefined && shown[kind](object) === shown[kind](before);
  const keys = [...(own ? [own] : []), ...(owner && !isAsBefore ? [owner] : [])];
  // A ReplicaSet that nothing of ours owns may be what a workloadRef names.
  return kind === 'ReplicaSet' && owner === undefined ? referrers(change) : keys;
}

function referrers({ type, kind, object, before }: Change): [] | 'referrers' {
  const isOpen = type === 'DELETED' || before === undefined;
  return !isOpen && isSame(kind, object, before) ? [] : 'referrers';
}

/** What its owner looks at, of the kinds whose objects concern what owns them. */
const shown = { ReplicaSet: counts, Experiment: versions, AnalysisRun: outcome, Job: endOf };
type Owned = keyof typeof shown;

function isOwned(kind: string): kind is Owned {
  return Object.hasOwn(shown, kind);
}

function outcome({ spec, status }: AnalysisRun): string {
  return [spec?.terminate === true, status?.phase ?? '', status?.message ?? ''].join();
}

/** Its phase, and what requests can be sent to. */
function versions({ spec, status }: Experiment): string {
  const led = (status?.templateStatuses ?? []).map((each) => [
    ...[each.serviceName, each.podTemplateHash, each.availableReplicas],
  ]);
  return JSON.stringify([spec?.terminate, status?.phase, status?.message, led]);
}

function endOf({ status }: KubernetesObject & { status?: { conditions?: object[] } }): string {
  return JSON.stringify(status?.conditions ?? []);
}

/** Of its status alone. Annotations tell some routers what to do, and no generation counts them. */
function isSame(kind: string, after: KubernetesObject, before: KubernetesObject): boolean {
  const row = isKind(kind) ? rowOf(kind) : undefined;
  if (kind === 'Service' || generationOf(after) !== generationOf(before)) return false;
  return !row?.ofRouters || deepEqual(after.metadata?.annotations, before.metadata?.annotations);
}

/** Whether these references name the object. */
export function isAmong(refs: ObjectRef[], kind: string, { metadata }: KubernetesObject): boolean {
  const { namespace, name } = metadata ?? {};
  return refs.some((ref) => ref.kind === kind && ref.namespace === namespace && ref.name === name);
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
