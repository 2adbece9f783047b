import type { Metric } from '../../model/argo.generated.ts';
import { isRecord } from '../../model/gotypes.ts';
import type { HttpRequest } from '../../model/httpRequest.ts';
import type { MetricDataAnswer } from '../../model/metricCalls.ts';
import { dataOf, sampledAt } from './prometheus.ts';

// What the servers of the providers answer where somebody says what a metric is to be: in the form that each
// of them has, so that it is read and judged as it would be.

/** A value as JSON has it, or a number that is none there; or why the provider has none. */
export type Said = { value: unknown } | { error: string };

type Question = { metric: Metric; request?: HttpRequest | undefined };
type Wire = {
  /** What is wrong with a value, in words that end "must be"; undefined where it can be said so. */
  takes: (value: unknown) => string | undefined;
  /** The body of an answer, or that of AWS. A Job has none. */
  answer?: (value: unknown, question: Question) => unknown;
};

/** The field of `provider`, or the plugin, that a metric is measured by. */
export function providerFieldOf({ provider = {} }: Metric): string | undefined {
  const { plugin, ...others } = provider;
  return Object.keys(plugin ?? {})[0] ?? Object.keys(others)[0];
}

export const wires: Record<string, Wire> = {
  prometheus: { takes: numbers, answer: prometheusBody },
  cloudWatch: { takes: numbers, answer: metricData },
  graphite: {
    takes: numbers,
    answer: (value) =>
      JSON.stringify([{ datapoints: listOf(value).map((each) => [text(each), sampledAt]) }]),
  },
  influxdb: { takes: numbers, answer: annotatedCsv },
  wavefront: {
    takes: numbers,
    answer: (value) => {
      const series = listOf(value).map((each) => `{"data":[[${sampledAt},${text(each)}]]}`);
      return `{"timeseries":[${series.join(',')}]}`;
    },
  },
  datadog: { takes: oneNumber, answer: datadogBody },
  newRelic: {
    takes: object,
    answer: (value) => {
      const results = value === null ? [] : Array.isArray(value) ? value : [value];
      return JSON.stringify({ data: { actor: { account: { nrql: { results } } } } });
    },
  },
  skywalking: { takes: object, answer: (value) => JSON.stringify({ data: value }) },
  kayenta: { takes: score, answer: kayentaBody },
  web: { takes: () => undefined, answer: jsonOrText },
  'serin/lambda': { takes: () => undefined, answer: jsonOrText },
  job: {
    takes: (value) =>
      Number.isInteger(value) ? undefined : 'is the exit code of a Job: 0 is a success, 1 is none',
  },
};

function numbers(value: unknown): string | undefined {
  return listOf(value).every((each) => typeof each === 'number')
    ? undefined
    : 'must be a number, several in brackets, or null for no data';
}

function oneNumber(value: unknown): string | undefined {
  return value === null || typeof value === 'number'
    ? undefined
    : 'must be a number, or null for no data';
}

function score(value: unknown): string | undefined {
  return typeof value === 'number' ? undefined : 'must be the number that Kayenta has as its score';
}

function object(value: unknown): string | undefined {
  const isObject = value === null || listOf(value).every(isRecord);
  return isObject
    ? undefined
    : 'must be an object such as {"rate":0.97}, as the conditions read it';
}

function listOf(value: unknown): unknown[] {
  if (value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** Numbers that are none in JSON as Go writes them. */
function text(value: unknown): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function jsonOrText(value: unknown): string {
  return typeof value === 'number' && !Number.isFinite(value) ? text(value) : JSON.stringify(value);
}

/** A query of `scalar(…)` has a number, any other a sample for each value. */
function prometheusBody(value: unknown, { metric }: Question): string {
  const values = listOf(value).map(text);
  const isScalar = /^\s*scalar\s*\(.*\)\s*$/s.test(metric.provider?.prometheus?.query ?? '');
  const kind = isScalar && values.length === 1 ? 'scalar' : 'vector';
  const data = dataOf(kind, values, values[0] ?? '');
  return JSON.stringify({ status: 'success', data });
}

function metricData(value: unknown, { metric }: Question): MetricDataAnswer {
  const queries = metric.provider?.cloudWatch?.metricDataQueries ?? [];
  const values = listOf(value) as number[];
  return {
    messages: [],
    results: queries
      .filter(({ returnData }) => returnData !== false)
      .map(({ id = '', label = id }) => ({
        ...{ id, label, statusCode: 'Complete', messages: [], values },
        timestamps: values.map(() => sampledAt * 1000),
      })),
  };
}

function datadogBody(value: unknown, { metric }: Question): string {
  const isFirst = (metric.provider?.datadog?.apiVersion ?? 'v1') === 'v1';
  const [said] = listOf(value).map(text);
  if (isFirst) {
    const points = said === undefined ? '' : `{"pointlist":[[${sampledAt}000,${said}]]}`;
    return `{"series":[${points}]}`;
  }
  return `{"data":{"attributes":{"columns":[{"values":[${said ?? 'null'}]}]}}}`;
}

function annotatedCsv(value: unknown): string {
  const rows = listOf(value).map((each, index) => `,,${index},${text(each)}`);
  const head = ['#datatype,string,long,double', '#group,false,false,false', '#default,_result,,'];
  return [...head, ',result,table,_value', ...rows, ''].join('\r\n');
}

/** It is asked for its configurations, then to judge, then for what it has judged. */
function kayentaBody(value: unknown, { metric, request }: Question): string {
  const { pathname } = new URL(request?.url ?? 'http://kayenta/');
  if (pathname.endsWith('/canaryConfig')) {
    const name = metric.provider?.kayenta?.canaryConfigName;
    return JSON.stringify([{ id: 'simulated', name }]);
  }
  if (request?.method === 'POST') return JSON.stringify({ canaryExecutionId: 'simulated' });
  const judgeResult = { score: { score: value } };
  return JSON.stringify({ complete: true, result: { judgeResult } });
}
