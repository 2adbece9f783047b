import type { AnalysisRunStatus, Metric, MetricResult } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import type { Reason } from '../../model/plan.ts';
import { fromTime } from '../../model/units.ts';
import { nextDue } from './due.ts';
import { limitsOf } from './limits.ts';
import { isEnded } from './phases.ts';
import { resultOf } from './results.ts';

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

/** `success-rate was 0.87, 0.86 (result >= 0.95): 1 of 2 allowed failures`. */
function shownBy(metric: Metric, result: MetricResult | undefined): string {
  const { name, successCondition, failureCondition } = metric;
  const { measurements = [], failed = 0, phase } = result ?? {};
  if (measurements.length === 0) return `${name} has not been measured yet`;
  const values = measurements.slice(-3).map(({ value, phase: came }) => value ?? came);
  const condition = successCondition ?? failureCondition;
  const { failures } = limitsOf(metric);
  const used = failures > 0 ? `: ${failed} of ${failures} allowed failures` : '';
  const end = isEnded(phase) ? `, and is ${phase}` : '';
  return `${name} was ${values.join(', ')}${condition ? ` (${condition})` : ''}${used}${end}`;
}
