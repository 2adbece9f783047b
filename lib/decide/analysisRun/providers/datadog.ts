import type { AnalysisRun, DatadogMetric, Metric } from '../../../model/argo.generated.ts';
import { fieldError } from '../../../model/faults.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { type HttpAnswer, viaOf } from '../../../model/httpRequest.ts';
import { own } from '../../../model/own.ts';
import { goDurationFault, type Millis, parseGoDuration, secondMs } from '../../../model/units.ts';
import { controllerNamespace, type Place, type Texts } from './credentials.ts';
import { floatText } from './goJson.ts';
import { formText, structJson } from './goText.ts';
import { fieldOf } from './lookup.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';
import { asksWithSecret, type Question } from './question.ts';

// argo v1.10.1 metricproviders/datadog/datadog.go

const timeoutMs: Millis = 10 * secondMs;
const keys = ['api-key', 'app-key', 'address'];
const tokens = ['api-key', 'app-key'];

export const datadog: MetricProvider = {
  name: 'datadog',
  selects: (source) => source.datadog !== undefined,
  validate: (metric, path) => {
    const fault = faultOf(specOf(metric));
    return fault === undefined ? [] : fieldError(`${path}.provider.datadog`, fault);
  },
  ...asksWithSecret({
    placeOf: ({ metric, run }) => placeOf(specOf(metric), run),
    keysOf: () => keys,
    hiddenOf: () => tokens,
    questionOf: requestOf,
    measuredIn: (answer, { metric }) => measuredIn(specOf(metric), answer),
  }),
};

function specOf(metric: Metric): DatadogMetric {
  return metric.provider?.datadog ?? {};
}

function isFirst({ apiVersion = 'v1' }: DatadogMetric): boolean {
  return apiVersion === 'v1';
}

function faultOf(spec: DatadogMetric): string | undefined {
  const { query = '', queries = {}, formula = '', aggregator = '', requestTimeout = '' } = spec;
  const count = Object.keys(queries).length;
  const review = 'Please review the Analysis Template.';
  if (query === '' && count === 0) return `Must have either a query or queries. ${review}`;
  if (query !== '' && count > 0) return `Cannot have both a query and queries. ${review}`;
  if (isFirst(spec) && query === '') {
    return (
      'Query is empty. API Version v1 only supports using the query parameter in your Analysis ' +
      'Template.'
    );
  }
  if (formula !== '' && count === 0)
    return `Formula are only valid when queries are set. ${review}`;
  if (formula === '' && count > 1) {
    return 'When multiple queries are provided you must include a formula.';
  }
  if (isFirst(spec) && aggregator !== '') return `Aggregator is not supported in v1. ${review}`;
  if (requestTimeout === '') return undefined;
  const limitMs = parseGoDuration(requestTimeout);
  if (limitMs === undefined) {
    return `Could not parse the request timeout: ${goDurationFault(requestTimeout)}. ${review}`;
  }
  if (limitMs > 0) return undefined;
  return `Request timeout must be a positive duration (e.g. 30s). ${review}`;
}

function placeOf({ secretRef }: DatadogMetric, run: AnalysisRun): Place | { error: string } {
  const { name = '', namespaced = false } = secretRef ?? {};
  if (!namespaced) return { namespace: controllerNamespace, name: name || 'datadog' };
  if (name === '') return { error: 'secret name is required for namespaced credentials' };
  return { namespace: run.metadata?.namespace ?? 'default', name };
}

function requestOf({ metric, now, count }: Asked, texts: Texts): Question {
  const spec = specOf(metric);
  const { interval = '5m', requestTimeout = '' } = spec;
  const [apiKey = '', appKey = ''] = tokens.map((key) => own(texts, key));
  if (apiKey === '' || appKey === '') {
    return { error: 'failed to find the credentials for datadog metrics provider' };
  }
  const fault = faultOf(spec);
  if (fault !== undefined) return { error: fault };
  const spanMs = parseGoDuration(interval);
  if (spanMs === undefined) return { error: goDurationFault(interval) ?? '' };
  const to = Math.floor(now / secondMs);
  const from = to - Math.trunc(spanMs / secondMs);
  const base = texts.address || 'https://api.datadoghq.com';
  const form = formText({ query: spec.query ?? '', from: String(from), to: String(to) });
  const first = isFirst(spec);
  const url = first ? `${base}/api/v1/query?${form}` : `${base}/api/v2/query/scalar`;
  const headers = [
    ['Content-Type', 'application/json'],
    ['DD-API-KEY', apiKey],
    ['DD-APPLICATION-KEY', appKey],
  ] as const;
  const http = {
    ...{ method: first ? 'GET' : 'POST', url, headers, nonce: `${metric.name} ${count}` },
    timeoutMs: parseGoDuration(requestTimeout) ?? timeoutMs,
    ...(!first && { body: scalarRequest(spec, { from, to }) }),
  };
  return { http, via: viaOf(url) };
}

/** `from` and `to` in seconds. Queries stand by name, so that the same metric is the same request. */
function scalarRequest(spec: DatadogMetric, { from, to }: { from: number; to: number }): string {
  const { query = '', queries = {}, formula = '' } = spec;
  const aggregator = spec.aggregator || 'last';
  const asked = Object.entries(query === '' ? queries : { query });
  const attributes = {
    ...{ from: from * secondMs, to: to * secondMs },
    queries: asked
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, text]) => ({ aggregator, data_source: 'metrics', name, query: text })),
    formulas: formula === '' ? [] : [{ formula }],
  };
  return structJson({ data: { attributes, type: 'scalar_request' } });
}

function measuredIn(spec: DatadogMetric, { status, body }: HttpAnswer): Measured {
  if (status === 401 || status === 403) {
    return { error: `received authentication error response code: ${status} ${body}` };
  }
  if (status !== 200) return { error: `received non 2xx response code: ${status} ${body}` };
  const answer = jsonOf(body);
  if (answer === undefined) return { error: 'Could not parse JSON body: it is no JSON object' };
  return isFirst(spec) ? seriesValue(answer) : scalarValue(answer);
}

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The last point of the first series. */
function seriesValue(answer: Record<string, unknown>): Measured {
  const series = fieldOf(answer, 'series');
  const list = Array.isArray(series) ? series : [];
  const points = isRecord(list[0]) ? fieldOf(list[0], 'pointlist') : undefined;
  const last: unknown = Array.isArray(points) ? points.at(-1) : undefined;
  if (last === undefined) {
    const pointlists = list.map((each) => ({
      Pointlist: (isRecord(each) && fieldOf(each, 'pointlist')) || null,
    }));
    return { value: Array.isArray(series) ? structJson(pointlists) : 'null', result: null };
  }
  if (!Array.isArray(last) || last.length !== 2) {
    return { error: 'Datapoint does not have 2 values' };
  }
  // Go reads a null as the number 0.
  const value: unknown = last[1] ?? 0;
  if (typeof value !== 'number')
    return { error: 'Could not parse JSON body: a point is no number' };
  return { value: floatText(value), result: value };
}

function scalarValue(answer: Record<string, unknown>): Measured {
  const data = objectIn(answer, 'data');
  const errors = fieldOf(data, 'errors');
  if (typeof errors === 'string' && errors !== '') {
    return { error: `There were errors in your query: ${errors}` };
  }
  const columns = fieldOf(objectIn(data, 'attributes'), 'columns');
  const lists = Array.isArray(columns)
    ? columns.map((each) => (isRecord(each) ? (fieldOf(each, 'values') ?? null) : null))
    : [];
  const [first] = lists;
  const value: unknown = Array.isArray(first) ? first[0] : undefined;
  if (value === undefined || value === null)
    return { value: emptyText(columns, lists), result: null };
  if (typeof value !== 'number')
    return { error: 'Could not parse JSON body: a value is no number' };
  return { value: floatText(value), result: value };
}

function emptyText(columns: unknown, lists: unknown[]): string {
  if (lists.length === 1) return structJson(lists[0]);
  const all = lists.map((Values) => ({ Values }));
  return structJson({ Columns: Array.isArray(columns) ? all : null });
}

function objectIn(object: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = fieldOf(object, name);
  return isRecord(value) ? value : {};
}
