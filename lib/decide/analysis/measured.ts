import type { AnalysisRun, Measurement, Metric, MetricResult } from '../../model/argo.generated.ts';
import { hashLabel } from '../../model/names.ts';
import { hasFailed } from '../release/runs.ts';

// What the metrics of a run have measured, in words.

/** So many of the last values are told. */
const toldMax = 5;

/** `success-rate was 0.87, 0.86 (needs result >= 0.95): 2 of 3 allowed failures used`, metric by metric. */
export function measuredText(run: AnalysisRun): string {
  const results = (run.status?.metricResults ?? []).filter(
    ({ measurements = [] }) => measurements.length,
  );
  return results.map((result) => metricText(run, result)).join('; ');
}

/** The metrics for which it has failed. */
export function failedText(run: AnalysisRun): string {
  const results = run.status?.metricResults ?? [];
  const failed = results.filter(
    ({ phase, dryRun }) => !dryRun && (phase === 'Failed' || phase === 'Error'),
  );
  return failed.map((result) => metricText(run, result)).join('; ');
}

function metricText(run: AnalysisRun, result: MetricResult): string {
  const { name, measurements = [], failed = 0 } = result;
  const metric = run.spec?.metrics?.find((each) => each.name === name);
  const values = measurements.slice(-toldMax).map(textOf).join(', ');
  const limit = Number(metric?.failureLimit ?? 0);
  const used = failed > 0 && limit > 0 ? `: ${failed} of ${limit} allowed failures used` : '';
  return `${name} was ${values}${conditionOf(metric)}${used}`;
}

function textOf({ value, message, phase }: Measurement): string {
  return value || (phase === 'Error' && message ? `an error (${message})` : phase);
}

function conditionOf(metric: Metric | undefined): string {
  const { successCondition, failureCondition } = metric ?? {};
  if (successCondition) return ` (needs ${successCondition})`;
  return failureCondition ? ` (fails on ${failureCondition})` : '';
}

/** The newest of the runs of a version that has failed. */
export function lastFailed(runs: AnalysisRun[], hash: string): AnalysisRun | undefined {
  return runs.findLast((run) => hasFailed(run) && run.metadata?.labels?.[hashLabel] === hash);
}
