import type { AnalysisRunStatus, Metric, MetricResult } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import type { Reason } from '../../model/plan.ts';
import { fromTime } from '../../model/units.ts';
import { nextDue } from './due.ts';
import { isEnded } from './phases.ts';
import { resultOf } from './results.ts';
import { metricTold } from './told.ts';

/** Why a run is where it is: what its metrics have shown, and when the next measurement is taken. */
export function reasonsOf(status: AnalysisRunStatus, metrics: readonly Metric[]): Reason[] {
  const { phase, message, completedAt } = status;
  if (isEnded(phase)) {
    const since = completedAt ? fromTime(completedAt) : undefined;
    return [
      { text: `The analysis is ${phase}${message ? `: ${message}` : ''}.`, ...defined({ since }) },
    ];
  }
  const shown = metrics.map((metric) => shownBy(metric, resultOf(status, metric.name)));
  const next = nextDue(status, metrics);
  const what = next && `The next measurement is that of ${next.name}.`;
  return [
    ...shown.map((text) => ({ text })),
    ...(next && what ? [{ text: what, until: next.at }] : []),
  ];
}

function shownBy(metric: Metric, result: MetricResult | undefined): string {
  if (!result?.measurements?.length) return `${metric.name} has not been measured yet`;
  const end = isEnded(result.phase) ? `, and is ${result.phase}` : '';
  return `${metricTold(metric, result)}${end}`;
}
