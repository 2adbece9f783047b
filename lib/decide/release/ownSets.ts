import type { ReplicaSet, Rollout } from '../../model/argo.generated.ts';
import { podTemplateHash } from '../../model/hash.ts';
import { hashLabel } from '../../model/names.ts';
import { type ListRead, type Need, okOf } from '../../model/reads.ts';
import { createdAt, isControlledBy, podHashOf, uidOf } from '../../model/workload.ts';
import type { Gathered, Sets, Template } from './gathered.ts';

// The ReplicaSets of a rollout: those that its selector asks for; and those that matter most by their hash,
// should somebody have taken off them what the selector asks for.

type SetsRead = ListRead<'ReplicaSet'>;

export function replicaSetNeeds(gathered: Gathered): Need[] {
  const reads = [selected(gathered), strays(gathered)].filter((read) => read !== undefined);
  return reads.map((read) => ({ read, bears: 'none' }));
}

/** Undefined until all of them are listed. */
export function ownSets(gathered: Gathered): Sets | undefined {
  const { seed, answers } = gathered;
  const [first, second] = [selected(gathered), strays(gathered)];
  const listed = first && okOf(answers.list(first));
  const found = second ? okOf(answers.list(second)) : [];
  if (!listed || !found) return undefined;
  const isOwned = isOwnedBy(seed.rollout);
  return {
    owned: [...listed, ...found].filter(isOwned).sort((a, b) => createdAt(a) - createdAt(b)),
    orphans: listed.filter((set) => isOrphanOf(seed.rollout, set)),
  };
}

function selected({ seed, template }: Gathered): SetsRead | undefined {
  const { namespace } = seed.key;
  return template && { list: 'ReplicaSet', namespace, selector: template.selector };
}

function strays(gathered: Gathered): SetsRead | undefined {
  const { seed, answers, template } = gathered;
  const read = selected(gathered);
  const listed = read && okOf(answers.list(read));
  if (!template || !listed || template.selector === hashLabel) return undefined;
  const owned = listed.filter(isOwnedBy(seed.rollout));
  const missing = hashesOf(template).filter(
    (hash) => hash && !owned.some((set) => podHashOf(set) === hash),
  );
  if (missing.length === 0) return undefined;
  const selector = `${hashLabel} in (${[...new Set(missing)].join(',')})`;
  return { list: 'ReplicaSet', namespace: seed.key.namespace, selector };
}

function hashesOf({ rollout, isTyped }: Template): (string | undefined)[] {
  const { stableRS, currentPodHash } = rollout.status ?? {};
  return [isTyped ? hashOf(rollout) : undefined, stableRS, currentPodHash];
}

export function hashOf({ spec, status }: Rollout): string {
  return podTemplateHash(spec?.template, status?.collisionCount);
}

function isOwnedBy(rollout: Rollout): (set: ReplicaSet) => boolean {
  return (set) => isControlledBy(set, uidOf(rollout));
}

/** A rollout's ReplicaSet that nobody owns, and that has the name this rollout would give it. */
function isOrphanOf({ metadata }: Rollout, set: ReplicaSet): boolean {
  const { ownerReferences = [], deletionTimestamp, name } = set.metadata ?? {};
  const isFree = !deletionTimestamp && !ownerReferences.some(({ controller }) => controller);
  return isFree && podHashOf(set) !== '' && name === `${metadata?.name}-${podHashOf(set)}`;
}
