import type { ObjectMeta } from '../../model/argo.generated.ts';
import { hashLabel } from '../../model/names.ts';
import { createdAt, nameOf, podHashOf } from '../../model/workload.ts';
import type { Release } from '../release/release.ts';
import { isEnded, type Judging, phaseOf } from '../release/runs.ts';

/** A run or an Experiment. */
type Kept = Judging & { metadata?: ObjectMeta };

/** argo v1.10.1 utils/defaults/defaults.go */
const defaultLimit = 5;

/**
 * The runs that are not kept any longer: those of versions that are gone, and of those that have ended all
 * but the newest. argo v1.10.1 utils/analysis/filter.go FilterAnalysisRunsToDelete
 */
export function forgottenRuns<T extends Kept>({ rollout, all }: Release, runs: T[]): T[] {
  const {
    successfulRunHistoryLimit: successful = defaultLimit,
    unsuccessfulRunHistoryLimit: unsuccessful = defaultLimit,
  } = rollout.spec?.analysis ?? {};
  const hashes = all.filter(({ metadata }) => !metadata?.deletionTimestamp).map(podHashOf);
  const isOfVersion = (run: Kept): boolean =>
    hashes.includes(run.metadata?.labels?.[hashLabel] ?? '');
  const ended = runs.filter((run) => isOfVersion(run) && isEnded(run)).sort(newestFirst);
  const isGood = (run: Kept): boolean => phaseOf(run) === 'Successful';
  const forgotten = [
    ...runs.filter((run) => !isOfVersion(run)),
    ...ended.filter(isGood).slice(successful),
    ...ended.filter((run) => !isGood(run)).slice(unsuccessful),
  ];
  return forgotten.filter(({ metadata }) => !metadata?.deletionTimestamp);
}

function newestFirst(a: Kept, b: Kept): number {
  const byName = nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true });
  return createdAt(b) - createdAt(a) || -byName;
}
