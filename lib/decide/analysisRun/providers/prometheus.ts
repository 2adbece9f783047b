import { results } from '../../../expr/typed.ts';
import type { Value } from '../../../expr/value.ts';
import type { Metric, PrometheusMetric } from '../../../model/argo.generated.ts';
import { defined } from '../../../model/defined.ts';
import { fieldError } from '../../../model/faults.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { type HttpAnswer, type SigV4, viaOf } from '../../../model/httpRequest.ts';
import type { Answers, HttpRead } from '../../../model/reads.ts';
import { goDurationFault, type Millis, parseGoDuration, secondMs } from '../../../model/units.ts';
import { floatOf, floatText, parsedJson } from './goJson.ts';
import { formText } from './goText.ts';
import { answered, httpNeeds, isGood, oauthOf } from './http.ts';
import type { Measured, MetricProvider } from './provider.ts';
import { timeOf } from './rangeTime.ts';

// argo v1.10.1 metricproviders/prometheus/prometheus.go, prometheus/client_golang v1.23 api

const timeoutDefault = 30;

export const prometheus: MetricProvider = {
  name: 'prometheus',
  selects: (source) => source.prometheus !== undefined,
  validate: (metric, path) => {
    const fault = setupFault(specOf(metric));
    return fault === undefined ? [] : fieldError(`${path}.provider.prometheus`, fault);
  },
  metadata: (metric): Record<string, string> => {
    const { query } = specOf(metric);
    const isSetUp = setupFault(specOf(metric)) === undefined;
    return isSetUp && query ? { ResolvedPrometheusQuery: query } : {};
  },
  needs: ({ metric, now }, answers) => {
    const request = requestOf(metric, now);
    if (typeof request === 'string') return [];
    return isPostRefused(request, answers)
      ? [...httpNeeds(request), ...httpNeeds(asGet(request))]
      : httpNeeds(request);
  },
  measured: ({ metric, now }, answers) => {
    const request = requestOf(metric, now);
    if (typeof request === 'string') return { error: request };
    const read = isPostRefused(request, answers) ? asGet(request) : request;
    const answer = answered(read, answers);
    if (answer === undefined || 'error' in answer) return answer;
    return measuredIn(answer.ok);
  },
};

function specOf(metric: Metric): PrometheusMetric {
  return metric.provider?.prometheus ?? {};
}

/** Why no client can be made. */
function setupFault({
  address,
  timeout = 0,
  authentication,
}: PrometheusMetric): string | undefined {
  if (!address) return 'prometheus address is not configured';
  if (!/^[a-z][a-z\d+.-]*:\/\/[^/?#]/i.test(address))
    return 'prometheus address is not is url format';
  const auth = oauthOf(authentication);
  if (typeof auth === 'string') return auth;
  return timeout < 0 ? 'prometheus timeout should not be negative' : undefined;
}

function requestOf(metric: Metric, now: Millis): HttpRead | string {
  const spec = specOf(metric);
  const { address = '', timeout = timeoutDefault, insecure, headers = [], rangeQuery } = spec;
  const fault = setupFault(spec);
  if (fault !== undefined) return fault;
  const form = rangeQuery ? rangeForm(spec, now) : { query: spec.query ?? '', time: seconds(now) };
  if (typeof form === 'string') return form;
  const [, base = '', path = ''] = /^([^?#]*?\/\/[^/?#]+)([^?#]*)/.exec(address) ?? [];
  const url = `${base}${path.replace(/\/+$/, '')}/api/v1/${rangeQuery ? 'query_range' : 'query'}`;
  const auth = signing(spec) ?? oauthOf(spec.authentication);
  const http = {
    method: 'POST',
    url,
    headers: [
      ['Content-Type', 'application/x-www-form-urlencoded'] as const,
      ...headers.map(({ key, value }) => [key, value] as const),
    ],
    body: formText(form),
    timeoutMs: timeout * secondMs,
    nonce: metric.name,
    ...defined({ auth: typeof auth === 'string' ? undefined : auth }),
    ...(insecure && { insecure: true as const }),
  };
  return { http, via: viaOf(url) };
}

/** Of Amazon Managed Prometheus, and of nobody else. */
function signing({ address = '', authentication }: PrometheusMetric): SigV4 | undefined {
  const { region, profile, roleArn } = authentication?.sigv4 ?? {};
  const isAsked = [region, profile, roleArn].some((each) => each !== undefined && each !== '');
  if (!isAsked || !address.includes('aps-workspaces')) return undefined;
  return { sigV4: defined({ region, profile, roleArn }) };
}

type Form = Record<string, string>;

function rangeForm({ query = '', rangeQuery = {} }: PrometheusMetric, now: Millis): Form | string {
  const form: Form = { query };
  for (const field of ['start', 'end'] as const) {
    const time = timeOf(rangeQuery[field] ?? '', now);
    if (typeof time !== 'number')
      return `failed to parse rangeQuery.${field} as time: ${time.error}`;
    form[field] = seconds(time);
  }
  const { step = '' } = rangeQuery;
  const stepMs = parseGoDuration(step);
  if (stepMs === undefined) {
    return `failed to parse rangeQuery.step as duration: ${goDurationFault(step)}`;
  }
  return { ...form, step: seconds(stepMs) };
}

function seconds(ms: Millis): string {
  return floatText(ms / secondMs);
}

/** Some servers take a query only in the address. */
function isPostRefused(request: HttpRead, answers: Answers): boolean {
  const answer = answers.http(request);
  return answer !== undefined && 'ok' in answer && [405, 501].includes(answer.ok.status);
}

function asGet({ http: { body = '', headers, ...http }, via }: HttpRead): HttpRead {
  const [, ...others] = headers;
  return { http: { ...http, method: 'GET', url: `${http.url}?${body}`, headers: others }, via };
}

type ApiAnswer = {
  status?: string;
  data?: { resultType?: string; result?: unknown };
  errorType?: string;
  error?: string;
  warnings?: string[];
};

function measuredIn({ status, body }: HttpAnswer): Measured {
  const isApiError = status === 400 || status === 422;
  if (!isGood(status) && !isApiError) {
    const whose = status >= 500 ? 'server' : 'client';
    const isKnown = status >= 400 && status < 600;
    return {
      error: isKnown
        ? `${whose}_error: ${whose} error: ${status}`
        : badResponse(`bad response code ${status}`),
    };
  }
  const parsed = parsedJson(body);
  if (typeof parsed === 'string' || !isRecord(parsed.value)) {
    return { error: badResponse('the answer is no JSON of Prometheus') };
  }
  const answer = parsed.value as ApiAnswer;
  if (isApiError !== (answer.status === 'error')) {
    return { error: badResponse('inconsistent body for response code') };
  }
  if (isApiError) return { error: `${answer.errorType ?? ''}: ${answer.error ?? ''}` };
  const measured = valueIn(answer.data ?? {});
  const warnings = (answer.warnings ?? []).map((warning) => `"${warning}"`).join(', ');
  return { ...measured, ...(warnings !== '' && { metadata: { warnings } }) };
}

function badResponse(why: string): string {
  return `bad_response: ${why}`;
}

function valueIn({ resultType = '', result }: NonNullable<ApiAnswer['data']>): Measured {
  if (resultType === 'scalar') {
    const value = sampleOf(result);
    return value === undefined ? malformed : { value: floatText(value), result: value };
  }
  if (resultType !== 'vector' && resultType !== 'matrix') {
    return { error: `unmarshalerDecoder: unexpected value type ${JSON.stringify(resultType)}` };
  }
  const items = Array.isArray(result) ? result.filter(isRecord) : [];
  const samples = items.flatMap((item): unknown[] => {
    if (resultType === 'vector') return [item.value];
    return Array.isArray(item.values) ? item.values : [];
  });
  const values = samples.map(sampleOf);
  if (values.some((value) => value === undefined)) return malformed;
  const list = values as number[];
  return {
    value: `[${list.map(floatText).join(',')}]`,
    result: list as Value,
    type: results.floats,
  };
}

const malformed: Measured = { error: badResponse('a sample is malformed') };

/** `[time, "value"]` */
function sampleOf(sample: unknown): number | undefined {
  const text = Array.isArray(sample) ? sample[1] : undefined;
  return typeof text === 'string' ? floatOf(text) : undefined;
}
