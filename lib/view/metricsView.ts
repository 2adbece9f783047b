import { nextTimed } from '../decide/analysisRun/due.ts';
import { countOf, limitsOf } from '../decide/analysisRun/limits.ts';
import { shownMetrics } from '../decide/analysisRun/told.ts';
import type { AnalysisRun, Measurement } from '../model/argo.generated.ts';
import { defined } from '../model/defined.ts';
import { clipped } from '../model/text.ts';
import type { MeasurementView, MetricView } from '../model/view.ts';

/** Longer ones are of people who had a whole answer be the value. */
const valueMax = 500;

/** The metrics of a run as its spec has them, each with what it has measured. */
export function metricsShown(run: AnalysisRun): MetricView[] {
  const { status = { phase: '' } } = run;
  return shownMetrics(run).map((metric) => {
    const result = status.metricResults?.find(({ name }) => name === metric.name);
    const { failures, inconclusive, errors, successes } = limitsOf(metric);
    const next = nextTimed(run, [metric]);
    return {
      ...{ name: metric.name, phase: result?.phase ?? '', message: cut(result?.message) },
      ...defined({
        successCondition: metric.successCondition || undefined,
        failureCondition: metric.failureCondition || undefined,
      }),
      ...(result?.dryRun && { dryRun: true as const }),
      measurements: (result?.measurements ?? []).map(measurementView),
      ...{ failed: result?.failed ?? 0, failureLimit: failures },
      ...{ inconclusive: result?.inconclusive ?? 0, inconclusiveLimit: inconclusive },
      ...{ consecutiveError: result?.consecutiveError ?? 0, consecutiveErrorLimit: errors },
      consecutiveSuccess: result?.consecutiveSuccess ?? 0,
      consecutiveSuccessLimit: successes,
      measured: result?.count ?? 0,
      ...defined({ count: countOf(metric) }),
      ...(next && { nextAt: next.at }),
    };
  });
}

function measurementView(measurement: Measurement): MeasurementView {
  const { phase, value, message, startedAt, finishedAt } = measurement;
  return {
    ...{ phase, value: cut(value), message: cut(message) },
    ...defined({ startedAt: startedAt ?? undefined, finishedAt: finishedAt ?? undefined }),
  };
}

function cut(text = ''): string {
  return clipped(text, valueMax);
}
