import { useRef } from 'preact/hooks';
import type { AnalysisRunView, PodView, ReplicaSetView } from '../../lib/model/view.ts';
import type { Rollout } from '../api/answers.ts';

type Kept = { pods: Map<string, PodView[]>; runs: Map<string, AnalysisRunView> };

/**
 * Answers from the record have no pods and no measurements: those of the last look into the cluster stay, the
 * phase of a run as the newer answer has it.
 */
export function useWhole(
  view: Rollout | undefined,
  look: Rollout | undefined,
): Rollout | undefined {
  const kept = useRef<Kept>({ pods: new Map(), runs: new Map() });
  if (view === undefined) return undefined;
  for (const each of [view, look]) if (each !== undefined) keep(each, kept.current);
  const { pods, runs } = kept.current;
  const revisions = view.revisions.map(({ analysisRuns, ...each }) => ({
    ...each,
    replicaSets: each.replicaSets.map((set): ReplicaSetView => {
      const its = set.pods ?? pods.get(set.name);
      return its === undefined ? set : { ...set, pods: its };
    }),
    ...(analysisRuns && { analysisRuns: analysisRuns.map((run) => wholeRun(run, runs)) }),
  }));
  return { ...view, revisions };
}

function keep({ revisions }: Rollout, { pods, runs }: Kept): void {
  for (const set of revisions.flatMap(({ replicaSets }) => replicaSets)) {
    if (set.pods !== undefined) pods.set(set.name, set.pods);
  }
  for (const run of revisions.flatMap(({ analysisRuns = [] }) => analysisRuns)) {
    if (run.metrics !== undefined) runs.set(run.name, run);
  }
}

function wholeRun(run: AnalysisRunView, runs: Map<string, AnalysisRunView>): AnalysisRunView {
  const { metrics } = runs.get(run.name) ?? {};
  return run.metrics === undefined && metrics !== undefined ? { ...run, metrics } : run;
}

/** Whether something is being measured. */
export function hasRunning(view: Rollout | undefined): boolean {
  const runs = view?.revisions.flatMap(({ analysisRuns = [] }) => analysisRuns) ?? [];
  return runs.some(({ status }) => status === 'Running' || status === 'Pending');
}
