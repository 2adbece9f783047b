import type { AnalysisRun, MetricResult } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import { hashLabel } from '../../model/names.ts';
import type { Reason } from '../../model/plan.ts';
import type { FailedBy } from '../../model/record.ts';
import { clipped } from '../../model/text.ts';
import { nameOf } from '../../model/workload.ts';
import { nextTimed } from '../analysisRun/due.ts';
import { lastOf, takenOf } from '../analysisRun/results.ts';
import { lettersMax, metricTold, shownMetrics } from '../analysisRun/told.ts';
import { hasFailed } from '../release/runs.ts';

// What the metrics of a run have measured, in words.

/** `success-rate was 0.87, 0.86 (needs result >= 0.95): 2 of 3 allowed failures used`, metric by metric. */
export function measuredText(run: AnalysisRun): string {
  return textOf(run, ({ measurements = [] }) => measurements.length > 0);
}

/** The metrics for which it has failed. */
export function failedText(run: AnalysisRun): string {
  return textOf(run, isFailed);
}

function isFailed({ phase, dryRun }: MetricResult): boolean {
  return !dryRun && (phase === 'Failed' || phase === 'Error');
}

/** The measurements by which it has failed: the last one of each metric that has. */
export function failedBy(run: AnalysisRun): FailedBy[] {
  const failed = (run.status?.metricResults ?? []).filter(isFailed);
  return failed.flatMap((result) => {
    const last = lastOf(result);
    if (last === undefined) return [];
    const { phase, value = '', message = '', finishedAt } = last;
    return [
      {
        ...{ analysisRun: nameOf(run), metric: result.name, measurement: takenOf(result) },
        ...{ phase, value: clipped(value, lettersMax), message: clipped(message, lettersMax) },
        ...defined({ at: finishedAt }),
      },
    ];
  });
}

function textOf(run: AnalysisRun, isTold: (result: MetricResult) => boolean): string {
  const metrics = shownMetrics(run);
  return (run.status?.metricResults ?? [])
    .filter(isTold)
    .map((result) => {
      const { name } = result;
      const metric = metrics.find((each) => each.name === name) ?? { name };
      return `${metricTold(metric, result)}${result.dryRun ? ' (dry run)' : ''}`;
    })
    .join('; ');
}

/** When a run that goes on measures next, and what. */
export function nextMeasurement(run: AnalysisRun): Pick<Reason, 'next'> {
  const metrics = shownMetrics(run);
  const next = nextTimed(run, metrics);
  if (next === undefined) return {};
  const { at, name, goesOn } = next;
  const which = metrics.length === 1 ? '' : ` of ${name}`;
  return { next: { at, what: goesOn ? `look at the measurement${which}` : `measurement${which}` } };
}

/** The newest of the runs of a version that has failed. */
export function lastFailed(runs: AnalysisRun[], hash: string): AnalysisRun | undefined {
  return runs.findLast((run) => hasFailed(run) && run.metadata?.labels?.[hashLabel] === hash);
}
