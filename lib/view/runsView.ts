import { runsOf } from '../decide/release/runs.ts';
import type { AnalysisRun, MetricResult } from '../model/argo.generated.ts';
import { analysisTypeLabel } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import { fromTime } from '../model/units.ts';
import type { AnalysisRunView, JobView } from '../model/view.ts';
import { createdAt, nameOf, revisionOf } from '../model/workload.ts';
import { metricsShown } from './metricsView.ts';

/**
 * The analysis runs of a rollout, each with the revision that it judges, oldest first.
 * argo v1.10.1 pkg/kubectl-argo-rollouts/info/analysisrun_info.go
 */
export function runsShown(observed: Observed): { revision: number; run: AnalysisRunView }[] {
  // They are read by people, and too much to keep with each turn.
  const isWhole = observed.pods !== undefined;
  return runsOf({ observed }).map((run) => ({
    revision: revisionOf(run),
    run: { ...runView(run), ...(isWhole && { metrics: metricsShown(run) }) },
  }));
}

export function runView(run: AnalysisRun): AnalysisRunView {
  const results = run.status?.metricResults ?? [];
  const sum = (count: (result: MetricResult) => number | undefined): number =>
    results.reduce((total, result) => total + (count(result) ?? 0), 0);
  const jobs = results.flatMap(jobsOf);
  return {
    name: nameOf(run),
    type: run.metadata?.labels?.[analysisTypeLabel] ?? '',
    status: run.status?.phase ?? '',
    message: run.status?.message ?? '',
    createdAt: createdAt(run),
    successful: sum(({ successful }) => successful),
    failed: sum(({ failed }) => failed),
    inconclusive: sum(({ inconclusive }) => inconclusive),
    error: sum(({ error }) => error),
    ...(jobs.length > 0 && { jobs }),
  };
}

/** argo v1.10.1 metricproviders/job/job.go */
const jobNameKey = 'job-name';

function jobsOf({ measurements = [] }: MetricResult): JobView[] {
  return measurements.flatMap(({ metadata, phase, startedAt }) => {
    const name = metadata?.[jobNameKey];
    return name === undefined
      ? []
      : [{ name, status: phase, createdAt: startedAt ? fromTime(startedAt) : 0 }];
  });
}
