import type { Value } from '../../../expr/value.ts';
import type {
  CloudWatchMetric,
  CloudWatchMetricDataQuery,
  IntOrString,
  Metric,
} from '../../../model/argo.generated.ts';
import { defined } from '../../../model/defined.ts';
import type { MetricDataAnswer, MetricDataQuery } from '../../../model/metricCalls.ts';
import type { AwsRead } from '../../../model/reads.ts';
import {
  goDurationFault,
  type Millis,
  minuteMs,
  parseGoDuration,
  toIso,
} from '../../../model/units.ts';
import { listWord } from './goText.ts';
import type { Measured, MetricProvider } from './provider.ts';

// argo v1.10.1 metricproviders/cloudwatch/cloudwatch.go

const intervalMs: Millis = 5 * minuteMs;

export const cloudWatch: MetricProvider = {
  name: 'cloudWatch',
  selects: (source) => source.cloudWatch !== undefined,
  validate: () => [],
  needs: ({ metric, now, count }) => {
    const read = readOf(metric, now, count);
    return 'error' in read ? [] : [{ read, bears: 'all' }];
  },
  measured: ({ metric, now, count }, answers) => {
    const read = readOf(metric, now, count);
    if ('error' in read) return read;
    const answer = answers.aws(read);
    if (answer === undefined) return undefined;
    if ('ok' in answer) return measuredIn(answer.ok);
    return { error: 'failed' in answer ? answer.failed : 'CloudWatch: there is no such metric' };
  },
};

function specOf(metric: Metric): CloudWatchMetric {
  return metric.provider?.cloudWatch ?? {};
}

function readOf(
  metric: Metric,
  now: Millis,
  count: number,
): AwsRead<'metricData'> | { error: string } {
  const { interval = '', metricDataQueries = [] } = specOf(metric);
  const spanMs = interval === '' ? intervalMs : parseGoDuration(interval);
  if (spanMs === undefined) return { error: goDurationFault(interval) ?? '' };
  const queries = metricDataQueries.map(queryOf);
  const nonce = `${metric.name} ${count}`;
  return { aws: 'metricData', input: { queries, from: now - spanMs, to: now, nonce } };
}

function queryOf(query: CloudWatchMetricDataQuery): MetricDataQuery {
  const { id = '', expression, label, metricStat: stat, period, returnData } = query;
  const { dimensions, metricName, namespace } = stat?.metric ?? {};
  return {
    Id: id,
    ...defined({ Expression: expression, Label: label, ReturnData: returnData }),
    ...(stat && {
      MetricStat: {
        Metric: {
          ...defined({ Namespace: namespace, MetricName: metricName }),
          ...(dimensions && {
            Dimensions: dimensions.map(({ name = '', value = '' }) => ({
              ...{ Name: name, Value: value },
            })),
          }),
        },
        Period: whole(stat.period ?? 0),
        Stat: stat.stat ?? '',
        ...(stat.unit && { Unit: stat.unit }),
      },
    }),
    ...(period !== undefined && { Period: whole(period) }),
  };
}

/** What no number is counts as 0, as Kubernetes' IntOrString has it. */
function whole(value: IntOrString): number {
  const number = typeof value === 'number' ? value : Number(/^[+-]?\d+$/.exec(value)?.[0] ?? 0);
  return Math.trunc(number);
}

function measuredIn({ results, messages }: MetricDataAnswer): Measured {
  const told = messages.map(({ code, value }) => `{Code:${code} Value:${value}}`);
  const result = results.map((each): Value => {
    const { id, label, statusCode, timestamps, values } = each;
    return {
      Id: id ?? null,
      Label: label ?? null,
      Messages: each.messages.map(({ code, value }) => ({ Code: code, Value: value })),
      StatusCode: statusCode ?? '',
      Timestamps: timestamps.map(toIso),
      Values: values,
    };
  });
  return {
    value: listWord(results.map(({ values }) => values)),
    result,
    ...(told.length > 0 && { metadata: { messages: `[${told.join(' ')}]` } }),
  };
}
