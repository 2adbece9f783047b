import type { AnalysisRunSpec, Metric, MetricProvider } from '../../model/argo.generated.ts';
import { goDurationFault } from '../../model/units.ts';
import { intOf, limitsOf } from './limits.ts';
import { matchesName } from './patterns.ts';

/** What is wrong with metrics whose arguments are put in, in the peer's words; undefined where nothing is. */
export function metricsFault(metrics: readonly Metric[]): string | undefined {
  if (metrics.length === 0) return 'no metrics specified';
  const names = new Set<string>();
  for (const [index, metric] of metrics.entries()) {
    const isTaken = names.has(metric.name);
    const fault = isTaken ? `duplicate name '${metric.name}'` : metricFault(metric);
    if (fault !== undefined) return `metrics[${index}]: ${fault}`;
    names.add(metric.name);
  }
  return undefined;
}

/** Of one metric. argo v1.10.1 utils/analysis/factory.go ValidateMetric */
export function metricFault(metric: Metric): string | undefined {
  return limitFault(metric) ?? timeFault(metric) ?? providerFault(metric.provider ?? {});
}

function limitFault(metric: Metric): string | undefined {
  const { failures, inconclusive, errors, successes } = limitsOf(metric);
  const count = intOf(metric.count);
  if (successes < 0) return 'consecutiveSuccessLimit must be >= 0';
  if (failures < -1) return 'failureLimit must be >= 0, or -1 to be disabled';
  if (successes === 0 && failures === -1) {
    return 'failureLimit and consecutiveSuccessLimit cannot both be disabled';
  }
  if (inconclusive < 0) return 'inconclusiveLimit must be >= 0';
  if (errors < 0) return 'consecutiveErrorLimit must be >= 0';
  if (count <= 0) return undefined;
  if (failures >= 0 && count < failures + successes) {
    const sum = `(${failures} + ${successes})`;
    return `count (${count}) must be >= failureLimit + consecutiveSuccessLimit ${sum} if both >= 0`;
  }
  if (failures < 0 && count < successes) return 'count must be >= consecutiveSuccessLimit';
  return count < inconclusive ? 'count must be >= inconclusiveLimit' : undefined;
}

function timeFault({ count, interval, initialDelay }: Metric): string | undefined {
  if (intOf(count) > 1 && !interval) return 'interval must be specified when count > 1';
  const faulty = interval ? goDurationFault(interval) : undefined;
  if (faulty !== undefined) return `invalid interval string: ${faulty}`;
  const late = initialDelay ? goDurationFault(initialDelay) : undefined;
  return late === undefined ? undefined : `invalid startDelay string: ${late}`;
}

function providerFault({ plugin = {}, ...others }: MetricProvider): string | undefined {
  const given = Object.values(others).filter((each) => each !== undefined && each !== null);
  const count = given.length + Object.keys(plugin).length;
  if (count === 0) return 'no provider specified';
  return count > 1 ? 'multiple providers specified' : undefined;
}

/** What is wrong with the rules that name metrics by a pattern. */
export function rulesFault(
  { dryRun = [], measurementRetention = [] }: AnalysisRunSpec,
  metrics: readonly Metric[],
): string | undefined {
  for (const [field, rules] of Object.entries({ dryRun, measurementRetention })) {
    const lost = rules.findIndex(
      ({ metricName }) => !metrics.some(({ name }) => matchesName(metricName, name)),
    );
    if (lost >= 0) return `${field}[${lost}]: Rule didn't match any metric name(s)`;
  }
  return undefined;
}
