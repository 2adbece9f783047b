import type { ReplicaSet, Rollout, RolloutStatus } from '../../model/argo.generated.ts';
import { hashFunctionId, podTemplateHash } from '../../model/hash.ts';
import type { Observed } from '../../model/observed.ts';
import { own } from '../../model/own.ts';
import type { KnownSets, RolloutRecord } from '../../model/record.ts';
import { isVerified, podHashOf, uidOf } from '../../model/workload.ts';
import { templateDigest } from './template.ts';

// A ReplicaSet is known by the hash in its label, and its template can be edited. What it held when its
// label was seen to be the hash of the rollout's template is remembered: docs/adr/0035-edited-replicasets.md

/** What is needed to tell; without a record nothing is known. */
export type Known = { rollout: Rollout; record?: RolloutRecord | undefined };

/** Of the ReplicaSets as observed, what is known for the turns to come. */
export function knownSets({ rollout, replicaSets, record }: Observed): KnownSets {
  const by = hashFunctionId();
  const before = record?.knownSets?.by === by ? record.knownSets.digests : {};
  const hash = podTemplateHash(rollout.spec?.template, rollout.status?.collisionCount);
  const digests = replicaSets.flatMap((set): [string, string][] => {
    const uid = uidOf(set);
    const known = own(before, uid);
    if (known !== undefined) return [[uid, known]];
    return podHashOf(set) === hash && isVerified(set) ? [[uid, templateDigest(set)]] : [];
  });
  return { by, digests: Object.fromEntries(digests) };
}

/** Whether it holds something else than it did when it was the rollout's. */
function isEdited(set: ReplicaSet, { record }: Known): boolean {
  const { by, digests } = record?.knownSets ?? {};
  const digest = by === hashFunctionId() ? own(digests, uidOf(set)) : undefined;
  return digest !== undefined && digest !== templateDigest(set);
}

/**
 * Whether the ReplicaSet under the hash of the template is to be held against the template first: it was
 * taken over unseen, or edited, and the rollout comes back to it.
 */
export function isDoubtful(set: ReplicaSet, known: Known, status: RolloutStatus): boolean {
  const isBack = status.currentPodHash !== podHashOf(set);
  return !isVerified(set) || (isBack && isEdited(set, known));
}

/**
 * Whether a template equal to the rollout's makes it the rollout's: not one that was edited to be so. Its
 * label is another hash function's then, or that of a template with other fields left to their defaults.
 */
export function mayRun(set: ReplicaSet, known: Known, templateHash: string): boolean {
  return podHashOf(set) === templateHash || !isEdited(set, known);
}
