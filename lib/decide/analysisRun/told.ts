import type { AnalysisRun, Measurement, Metric, MetricResult } from '../../model/argo.generated.ts';
import { clipped, sampleText } from '../../model/text.ts';
import { withArguments } from './arguments.ts';
import { limitsOf } from './limits.ts';
import { mask } from './secrets.ts';

// What a metric has measured, and how much of its limits is used up, in words.

/** So many of the last values are told, each up to so many letters. */
const toldMax = 5;
export const lettersMax = 80;

/** The metrics of a run as people are shown them: with their arguments, and without what is secret. */
export function shownMetrics({ spec = {} }: AnalysisRun): Metric[] {
  const { metrics = [], args = [] } = spec;
  const shown = args.map(({ name, value, valueFrom }) => ({
    ...{ name, value: valueFrom?.secretKeyRef === undefined ? (value ?? '') : mask },
  }));
  return metrics.map((metric) => {
    const resolved = withArguments(metric, shown);
    return 'metric' in resolved ? resolved.metric : metric;
  });
}

/** `success-rate was 0.87, 0.86, 0.91 (needs result[0] >= 0.95): 2 of 3 allowed failures used`. */
export function metricTold(metric: Metric, result: MetricResult): string {
  const used = limitsTold(metric, result);
  const values = grouped((result.measurements ?? []).slice(-toldMax).map(valueTold));
  return [
    `${metric.name} was ${values.join(', ')}${conditionsTold(metric)}`,
    ...(used.length > 0 ? [`: ${used.join(', ')}`] : []),
  ].join('');
}

/** The same error again and again is told once. */
function grouped(values: string[]): string[] {
  const runs: { value: string; times: number }[] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last?.value === value && value.startsWith('an error')) last.times += 1;
    else runs.push({ value, times: 1 });
  }
  return runs.map(({ value, times }) => (times === 1 ? value : `${times} times ${value}`));
}

export function valueTold({ value, message, phase }: Measurement): string {
  if (value) return clipped(sampleText(value), lettersMax);
  return phase === 'Error' && message ? `an error (${clipped(message, lettersMax)})` : phase;
}

function conditionsTold({ successCondition, failureCondition }: Metric): string {
  const said = [
    ...(successCondition ? [`needs ${successCondition}`] : []),
    ...(failureCondition ? [`fails on ${failureCondition}`] : []),
  ];
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

/**
 * How much is used of the limits that something counts towards. A metric ends when there is more than its
 * limit; with consecutiveSuccessLimit it also ends once there are as many. argo v1.10.1 analysis/analysis.go
 */
function limitsTold(metric: Metric, result: MetricResult): string[] {
  const limits = limitsOf(metric);
  const { failed = 0, inconclusive = 0, consecutiveError = 0, consecutiveSuccess = 0 } = result;
  const { successes } = limits;
  return [
    ...allowance(failed, limits.failures, ['failure', 'failures']),
    ...allowance(inconclusive, limits.inconclusive, [
      'inconclusive measurement',
      'inconclusive measurements',
    ]),
    ...allowance(consecutiveError, limits.errors, ['error in a row', 'errors in a row']),
    ...(successes > 0 ? [`${consecutiveSuccess} of ${successes} needed successes in a row`] : []),
  ];
}

function allowance(count: number, limit: number, [one, many]: [string, string]): string[] {
  if (count === 0) return [];
  const counted = `${count} ${count === 1 ? one : many}`;
  // One below 0 limits nothing.
  if (limit < 0) return [`${counted}, which nothing limits`];
  if (count <= limit) return [`${count} of ${limit} allowed ${limit === 1 ? one : many} used`];
  if (limit === 0) return [`${counted} where none is allowed`];
  return [`${counted} where ${limit} ${limit === 1 ? 'is' : 'are'} allowed`];
}
