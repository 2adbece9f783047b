import type { ObjectMeta } from '../model/argo.generated.ts';
import type { Key } from '../model/key.ts';

// Which objects beside rollouts take a turn for a change.

type Driven = 'AnalysisRun' | 'Experiment';

/**
 * An Experiment or AnalysisRun itself and its owner, and the owner of a ReplicaSet, Service or Job of one.
 */
export function turnsFor(
  { kind, object }: { kind: string; object: { metadata?: ObjectMeta } },
  cluster: string,
): Key[] {
  const { namespace, name } = object.metadata ?? {};
  if (namespace === undefined || name === undefined) return [];
  const owner = turnOfOwner(cluster, object);
  const isItself = hasTurns(kind);
  // The owner of another object that is a Rollout is found by its own rules.
  const isFound = owner !== undefined && (isItself || owner.kind !== undefined);
  return [...(isItself ? [{ cluster, kind, namespace, name }] : []), ...(isFound ? [owner] : [])];
}

/** The Rollout, Experiment or AnalysisRun that controls an object. */
export function turnOfOwner(
  cluster: string,
  { metadata }: { metadata?: ObjectMeta },
): Key | undefined {
  const { namespace, ownerReferences = [] } = metadata ?? {};
  const owner = ownerReferences.find(({ controller }) => controller);
  if (namespace === undefined || !owner?.apiVersion.startsWith('argoproj.io/')) return undefined;
  const { kind, name } = owner;
  if (kind === 'Rollout') return { cluster, namespace, name };
  return hasTurns(kind) ? { cluster, kind, namespace, name } : undefined;
}

function hasTurns(kind: string): kind is Driven {
  return kind === 'Experiment' || kind === 'AnalysisRun';
}
