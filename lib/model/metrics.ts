import type { AnyKey } from './key.ts';

/**
 * What is counted and measured, with the unit. The names are those of Argo Rollouts' controller where it
 * measures the same; of a histogram's name, the value is one sample.
 */
// argo v1.10.1 docs/features/controller-metrics.md
export const metricUnits = {
  /** How long a turn took. */
  rollout_reconcile: 'seconds',
  /** A wake that failed and is not tried again by itself. */
  rollout_reconcile_error: 'count',
  /** A write that the API server refused for good. */
  rollout_write_refusals_total: 'count',
  /** A release that an analysis has aborted. */
  rollout_analysis_aborts_total: 'count',
  /** A wake sent, and one of them sent again because it failed. */
  workqueue_adds_total: 'count',
  workqueue_retries_total: 'count',
  /** An admission notice that came to the doorbell. */
  doorbell_notices_total: 'count',
  /** How long what should have been taken up longest ago is overdue. */
  sweep_lateness_seconds: 'seconds',
  clusters_unreachable: 'count',
  /** A message that a channel took, and a try that failed. */
  notifications_sent_total: 'count',
  notification_failures_total: 'count',
} as const;

/** Of the turns of a kind: called after the kind, as Argo's controller has it. */
type TurnMetric = 'reconcile' | 'reconcile_error' | 'write_refusals_total';
type TurnMetricName = `${string}_${TurnMetric}`;
export type MetricName = keyof typeof metricUnits | TurnMetricName;

/** `rollout_reconcile`, `analysis_run_reconcile`. */
export function turnMetric({ kind }: Pick<AnyKey, 'kind'>, metric: TurnMetric): TurnMetricName {
  const words = (kind ?? 'Rollout').replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
  return `${words}_${metric}`;
}

export function unitOf(name: MetricName): 'seconds' | 'count' {
  if (name in metricUnits) return metricUnits[name as keyof typeof metricUnits];
  return name.endsWith('_reconcile') ? 'seconds' : 'count';
}
