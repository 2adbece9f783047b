import type { AnalysisRun } from '../../model/argo.generated.ts';
import { hashLabel } from '../../model/names.ts';
import { createdAt, nameOf, podHashOf } from '../../model/workload.ts';
import type { Release } from '../release/release.ts';
import { isEnded, phaseOf } from '../release/runs.ts';

/** argo v1.10.1 utils/defaults/defaults.go */
const defaultLimit = 5;

/**
 * The runs that are not kept any longer: those of versions that are gone, and of those that have ended all
 * but the newest. argo v1.10.1 utils/analysis/filter.go FilterAnalysisRunsToDelete
 */
export function forgottenRuns({ rollout, all }: Release, runs: AnalysisRun[]): AnalysisRun[] {
  const {
    successfulRunHistoryLimit: successful = defaultLimit,
    unsuccessfulRunHistoryLimit: unsuccessful = defaultLimit,
  } = rollout.spec?.analysis ?? {};
  const hashes = all.filter(({ metadata }) => !metadata?.deletionTimestamp).map(podHashOf);
  const isOfVersion = (run: AnalysisRun): boolean =>
    hashes.includes(run.metadata?.labels?.[hashLabel] ?? '');
  const ended = runs.filter((run) => isOfVersion(run) && isEnded(run)).sort(newestFirst);
  const isGood = (run: AnalysisRun): boolean => phaseOf(run) === 'Successful';
  const forgotten = [
    ...runs.filter((run) => !isOfVersion(run)),
    ...ended.filter(isGood).slice(successful),
    ...ended.filter((run) => !isGood(run)).slice(unsuccessful),
  ];
  return forgotten.filter(({ metadata }) => !metadata?.deletionTimestamp);
}

function newestFirst(a: AnalysisRun, b: AnalysisRun): number {
  const byName = nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true });
  return createdAt(b) - createdAt(a) || -byName;
}
