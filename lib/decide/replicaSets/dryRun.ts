import type { ReplicaSet, Rollout } from '../../model/argo.generated.ts';
import { hashLabel } from '../../model/names.ts';
import type { DryRun } from '../../model/observed.ts';
import { own } from '../../model/own.ts';
import type { DryRunRead, Need } from '../../model/reads.ts';
import { isControlledBy, nameOf, podHashOf, uidOf } from '../../model/workload.ts';
import type { Gathered, Sets } from '../release/gathered.ts';
import { isDoubtful } from '../release/knownSets.ts';
import { hashOf } from '../release/ownSets.ts';
import { sameTemplate } from '../release/template.ts';
import { newReplicaSet } from './revision.ts';

// A template whose ReplicaSet is not known for sure is shown to the API server, which says what it would
// make of it, or what it has against it.

export function dryRunNeeds(gathered: Gathered): Need[] {
  const read = dryRunRead(gathered);
  // An abort does not need the new template, and so it does not wait for its answer.
  const isMoot = gathered.seed.rollout.status?.abort === true;
  return read ? [{ read, bears: isMoot ? 'all' : 'lasting' }] : [];
}

function dryRunRead({ seed, template, sets }: Gathered): DryRunRead<'ReplicaSet'> | undefined {
  if (!template?.isSound || !sets) return undefined;
  const { rollout } = template;
  const hash = hashOf(rollout);
  const byHash = sets.owned.find((set) => podHashOf(set) === hash);
  const known = { rollout, record: seed.record };
  if (byHash && !isDoubtful(byHash, known, rollout.status ?? {})) return undefined;
  const set = newReplicaSet(rollout, hash, 0);
  // Under another name, where its own is taken.
  const other = { ...set, metadata: { ...set.metadata, name: `${nameOf(set)}-0` } };
  return { dryRun: namesakeIn(sets, hash) === undefined ? set : other, kind: 'ReplicaSet' };
}

/** Has the name of the new ReplicaSet already, and nobody has vouched for it. */
function namesakeIn(sets: Sets, hash: string): ReplicaSet | undefined {
  return [...sets.owned, ...sets.orphans].find((set) => podHashOf(set) === hash);
}

/**
 * What the API server answered; `appeared` when the ReplicaSet has been created since they were listed.
 * A namesake is the new ReplicaSet only if it runs the same.
 */
export function dryRunOf(gathered: Gathered): DryRun | { appeared: string } | undefined {
  const { template, sets, answers } = gathered;
  const read = dryRunRead(gathered);
  const answer = read && answers.dryRun(read);
  if (!answer || !template || !sets || 'missing' in answer) return undefined;
  const { rollout } = template;
  if ('failed' in answer) {
    const { failed: refused, remedy } = answer;
    return { refused, ...(remedy && { remedy }) };
  }
  if (!('made' in answer.ok)) return whoseName(rollout, nameOf(read.dryRun), answer.ok.taken);
  const { made: replicaSet } = answer.ok;
  const namesake = namesakeIn(sets, hashOf(rollout));
  const isOther = namesake !== undefined && !sameTemplate(namesake, replicaSet, rollout);
  return isOther ? { taken: true } : { replicaSet };
}

/** The name is taken: by a stranger, or by this rollout since the ReplicaSets were listed. */
function whoseName(
  rollout: Rollout,
  name: string,
  set: ReplicaSet | undefined,
): DryRun | { appeared: string } {
  if (set && !isControlledBy(set, uidOf(rollout))) return { taken: true };
  const wanted = { [hashLabel]: hashOf(rollout), ...rollout.spec?.selector?.matchLabels };
  const lost = Object.entries(wanted).filter(
    ([key, value]) => own(set?.metadata?.labels, key) !== value,
  );
  if (!set || lost.length === 0) return { appeared: name };
  const labels = lost.map(([key, value]) => `${key}=${value}`).join(',');
  return { refused: `ReplicaSet ${name} has lost its labels; put them back: ${labels}` };
}
