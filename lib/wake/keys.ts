import type { ObjectMeta, ReplicaSet } from '../model/argo.generated.ts';
import type { RolloutKey } from '../model/key.ts';

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
 * The rollout an object concerns: itself, or the one that controls this ReplicaSet. A pod names only
 * its ReplicaSet, and what matters of it shows in that one's counts.
 */
export function keyOf(
  cluster: string,
  object: KubernetesObject,
  kind = object.kind,
): RolloutKey | undefined {
  const { namespace, name } = object.metadata ?? {};
  const rollout = kind === 'Rollout' ? name : kind === 'ReplicaSet' ? ownerOf(object) : undefined;
  if (namespace === undefined || rollout === undefined) return undefined;
  return { cluster, namespace, name: rollout };
}

/**
 * The rollout to wake for a change, if the change can matter. For a Rollout it always can: which of
 * those writes are Serin's own is for the caller to know. A change that cannot be compared counts.
 */
export function notice(change: Change, cluster: string): RolloutKey | undefined {
  const { type, kind, object, before } = change;
  const key = keyOf(cluster, object, kind);
  if (key === undefined || kind === 'Rollout' || type === 'DELETED' || before === undefined) {
    return key;
  }
  return counts(object) === counts(before) ? undefined : key;
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
