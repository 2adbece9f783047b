import type { Metric, WavefrontMetric } from '../../../model/argo.generated.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { type HttpAnswer, viaOf } from '../../../model/httpRequest.ts';
import { own } from '../../../model/own.ts';
import { secondMs } from '../../../model/units.ts';
import { controllerNamespace, type Texts } from './credentials.ts';
import { parsedJson } from './goJson.ts';
import { fixedText, formText } from './goText.ts';
import { fieldOf } from './lookup.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';
import { asksWithSecret, type Question } from './question.ts';

// argo v1.10.1 metricproviders/wavefront/wavefront.go, go-wavefront v1.8.1 query.go

const place = { namespace: controllerNamespace, name: 'wavefront-api-tokens' };
/** The client that Argo takes has no limit. */
const timeoutMs = 30 * secondMs;

/** The Secret has a token for each server, by its address. */
export const wavefront: MetricProvider = {
  name: 'wavefront',
  selects: (source) => source.wavefront !== undefined,
  validate: () => [],
  ...asksWithSecret({
    placeOf: () => place,
    keysOf: ({ metric }) => [addressOf(metric)],
    hiddenOf: ({ metric }) => [addressOf(metric)],
    questionOf: requestOf,
    measuredIn: (answer, { now }) => measuredIn(answer, secondsOf(now)),
  }),
};

function specOf(metric: Metric): WavefrontMetric {
  return metric.provider?.wavefront ?? {};
}

function addressOf(metric: Metric): string {
  return specOf(metric).address ?? '';
}

function secondsOf(now: number): number {
  return Math.floor(now / secondMs);
}

function requestOf({ metric, now, count }: Asked, texts: Texts): Question {
  const { query = '' } = specOf(metric);
  const address = addressOf(metric);
  const token = own(texts, address);
  if (token === undefined) return { error: 'API token not found' };
  const at = String(secondsOf(now) * secondMs);
  const form = formText({ q: query, s: at, e: at, g: 's', p: '1', i: 'true', ...unset });
  const url = `https://${address}/api/v2/chart/api?${form}`;
  const headers = [
    ['Authorization', `Bearer ${token}`],
    ['Accept', 'application/json'],
  ] as const;
  const nonce = `${metric.name} ${count}`;
  return { http: { method: 'GET', url, headers, timeoutMs, nonce }, via: viaOf(url) };
}

/** The client names switches that are off as well. */
const unset = {
  autoEvents: 'false',
  listmode: 'false',
  strict: 'false',
  includeObsoleteMetrics: 'false',
};

function measuredIn({ status, body }: HttpAnswer, startedAt: number): Measured {
  if (status < 200 || status > 204) return { error: `server returned ${status}\n${body}\n` };
  const parsed = parsedJson(body);
  if (typeof parsed === 'string' || !isRecord(parsed.value)) {
    return { error: 'the answer is no JSON of Wavefront' };
  }
  const warnings = fieldOf(parsed.value, 'warnings');
  const told = typeof warnings === 'string' && warnings !== '' ? { warnings } : {};
  const timeseries = fieldOf(parsed.value, 'timeseries');
  const series = Array.isArray(timeseries) ? timeseries : [];
  if (series.length === 0) {
    const error = 'No TimeSeries found in response from Wavefront';
    return { error, ...(Object.keys(told).length > 0 && { metadata: told }) };
  }
  const points = series.map((each) => nearest(each, startedAt));
  const text = (of: (point: Point) => string): string => {
    const [first, ...others] = points.map(of);
    return others.length === 0 ? (first ?? '') : `[${points.map(of).join(',')}]`;
  };
  const [first] = points;
  return {
    value: text(({ value }) => fixedText(value, 2)),
    result: points.length === 1 ? (first?.value ?? 0) : points.map(({ value }) => value),
    metadata: {
      ...told,
      timestamps: text(({ at }) => String(at)),
      drift: text(({ drift }) => String(drift)),
    },
  };
}

/** `at` and `drift` in seconds. */
type Point = { value: number; at: number; drift: number };

function nearest(series: unknown, startedAt: number): Point {
  const data = isRecord(series) ? fieldOf(series, 'data') : undefined;
  let found: Point = { value: 0, at: 0, drift: Number.POSITIVE_INFINITY };
  for (const point of Array.isArray(data) ? (data as unknown[]) : []) {
    const [at, value] = Array.isArray(point) ? (point as unknown[]) : [];
    if (typeof at !== 'number' || typeof value !== 'number') continue;
    const drift = at - startedAt;
    if (Math.abs(drift) < Math.abs(found.drift)) found = { value, at, drift };
  }
  // Of a series without points: what Go makes of an infinite float as an integer.
  if (!Number.isFinite(found.drift)) return { value: 0, at: 0, drift: -(2 ** 63) };
  return { value: found.value, at: Math.trunc(found.at), drift: Math.trunc(found.drift) };
}
