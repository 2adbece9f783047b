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
  /** How long a release took, by its status; the same without what it waited for a person; and that wait. */
  rollout_duration_seconds: 'seconds',
  rollout_progression_duration_seconds: 'seconds',
  rollout_manual_pause_duration_seconds: 'seconds',
  /** An Event told of an object. */
  rollout_events_total: 'count',
  /** A request to the API server, watches aside. */
  controller_clientset_k8s_request_total: 'count',
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

/** For whoever reads the metrics. */
const helps: Partial<Record<string, string>> = {
  rollout_reconcile: 'Rollout reconciliation performance.',
  rollout_reconcile_error: 'Error occurring during the rollout',
  analysis_run_reconcile: 'Analysis Run reconciliation performance.',
  analysis_run_reconcile_error: 'Error occurring during the analysis run',
  experiment_reconcile: 'Experiments reconciliation performance.',
  experiment_reconcile_error: 'Error occurring during the experiment',
  rollout_analysis_aborts_total: 'Releases that an analysis has aborted',
  rollout_duration_seconds: 'Time from the start of a release to its end',
  rollout_progression_duration_seconds: 'The same without the time that it waited for a person',
  rollout_manual_pause_duration_seconds: 'Time that a release waited for a person',
  rollout_events_total: 'Count of rollout events',
  controller_clientset_k8s_request_total: 'Number of requests to the API server, watches aside',
  workqueue_adds_total: 'Wakes that were sent',
  workqueue_retries_total: 'Wakes that were sent again because they failed',
  sweep_lateness_seconds: 'How long what should have been taken up longest ago is overdue',
  clusters_unreachable: 'Clusters that give no answer',
};

export function helpOf(name: MetricName): string {
  return helps[name] ?? 'Writes that the API server refused for good';
}

/**
 * The upper bounds of a histogram, in seconds. argo v1.10.1 controller/metrics/prommetrics.go; those of
 * durations are of argo-rollouts' main branch after it, controller/metrics/metrics.go
 */
const buckets: Partial<Record<string, readonly number[]>> = {
  rollout_duration_seconds: [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800],
  rollout_progression_duration_seconds: [30, 60, 120, 300, 600, 900, 1800, 3600],
  rollout_manual_pause_duration_seconds: [0, 60, 300, 600, 1800, 3600, 7200, 14400, 28800],
};
const turnBuckets = [0.01, 0.15, 0.25, 0.5, 1] as const;

export function bucketsOf(name: MetricName): readonly number[] {
  return buckets[name] ?? turnBuckets;
}

export function unitOf(name: MetricName): 'seconds' | 'count' {
  if (name in metricUnits) return metricUnits[name as keyof typeof metricUnits];
  return name.endsWith('_reconcile') ? 'seconds' : 'count';
}
