import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { type MetricName, unitOf } from '../model/metrics.ts';
import type { Count } from '../world.ts';

// A line of JSON in the log for every invocation, of which CloudWatch makes metrics. They have one
// dimension, the service: a metric per rollout would cost more than all the rest (docs/adr/0023). How long
// releases took is told by how they ended besides, of which there are five ways.

const metrics = new Metrics({ namespace: 'Serin' });
const units = { count: MetricUnit.Count, seconds: MetricUnit.Seconds };

export const lambdaCount: Count = (name, value = 1, { status } = {}) => {
  if (status !== undefined && byStatus.includes(name)) return countByStatus(name, value, status);
  metrics.addMetric(name, units[unitOf(name)], value);
};

const byStatus: MetricName[] = ['rollout_duration_seconds'];

function countByStatus(name: MetricName, value: number, status: string): void {
  const single = metrics.singleMetric();
  single.addDimension('status', status);
  single.addMetric(name, units[unitOf(name)], value);
}

/** Middleware of every function: what was counted is written when an invocation ends. */
export const published = { after: publish, onError: publish };

function publish(): void {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}
