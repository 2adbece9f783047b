import type { Experiment } from '../../model/argo.generated.ts';
import { hashLabel } from '../../model/names.ts';
import type { ObservedExperiments } from '../../model/observed.ts';
import { type ListRead, type Need, okOf } from '../../model/reads.ts';
import { createdAt, isControlledBy, nameOf, uidOf } from '../../model/workload.ts';
import type { Gathered, Seed } from '../release/gathered.ts';
import { typeFaults } from '../release/typeFaults.ts';
import { stepsOf } from '../steps/steps.ts';

// The Experiments of a rollout.

export function experimentsNeeds({ seed }: Gathered): Need[] {
  return isConcerned(seed) ? [{ read: readOf(seed), bears: 'lasting' }] : [];
}

/** Undefined where it neither asks for any nor has had one. */
export function experimentsIn({ seed, answers }: Gathered): ObservedExperiments | undefined {
  if (!isConcerned(seed)) return undefined;
  const answer = answers.list(readOf(seed));
  const listed = okOf(answer) ?? [];
  const isOwn = (each: Experiment): boolean => isControlledBy(each, uidOf(seed.rollout));
  const all = listed.filter(isOwn);
  const { failed: why, remedy } = answer && 'failed' in answer ? answer : {};
  return {
    all: all.sort((a, b) => createdAt(a) - createdAt(b) || (nameOf(a) < nameOf(b) ? -1 : 1)),
    taken: listed.filter((each) => !isOwn(each)).map(nameOf),
    ...(why !== undefined && { unlisted: { why, ...(remedy !== undefined && { remedy }) } }),
  };
}

/** All that have the hash of a version, as each of its own has. */
function readOf({ key }: Seed): ListRead<'Experiment'> {
  return { list: 'Experiment', namespace: key.namespace, selector: hashLabel };
}

function isConcerned({ rollout, record }: Seed): boolean {
  if (typeFaults(rollout).length > 0) return false;
  const hasSome = (record?.managed ?? []).some(({ kind }) => kind === 'Experiment');
  const isNamed = rollout.status?.canary?.currentExperiment !== undefined;
  return hasSome || isNamed || stepsOf(rollout).some((step) => step.experiment);
}
