import { jsonPath, pathError } from '../../../expr/jsonPath.ts';
import type { Metric, WebMetric } from '../../../model/argo.generated.ts';
import { defined } from '../../../model/defined.ts';
import { fieldError } from '../../../model/faults.ts';
import { viaOf } from '../../../model/httpRequest.ts';
import type { HttpRead } from '../../../model/reads.ts';
import { secondMs } from '../../../model/units.ts';
import { jsonText, parsedJson } from './goJson.ts';
import { answered, httpNeeds, isGood, oauthOf, urlFault } from './http.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';

// argo v1.10.1 metricproviders/webmetric/webmetric.go

const timeoutDefault = 10;

export const web: MetricProvider = {
  name: 'web',
  selects: (source) => source.web !== undefined,
  validate: (metric, path) => {
    const request = requestOf(metric);
    return typeof request === 'string' ? fieldError(`${path}.provider.web`, request) : [];
  },
  needs: (asked) => {
    const request = requestOf(asked.metric);
    return typeof request === 'string' ? [] : httpNeeds(request);
  },
  measured: (asked, answers) => {
    const request = requestOf(asked.metric);
    if (typeof request === 'string') return { error: request };
    const answer = answered(request, answers);
    if (answer === undefined || 'error' in answer) return answer;
    const { status, body } = answer.ok;
    if (!isGood(status)) return { error: `received non 2xx response code: ${status}` };
    return measuredIn(asked, body);
  },
};

function specOf(metric: Metric): WebMetric {
  return metric.provider?.web ?? { url: '' };
}

function pathOf(metric: Metric): string {
  return specOf(metric).jsonPath || '{$}';
}

/** The request; or why there can be none. */
function requestOf(metric: Metric): HttpRead | string {
  const { method = 'GET', url, headers = [], body = '', jsonBody, insecure } = specOf(metric);
  const { timeoutSeconds = 0, authentication } = specOf(metric);
  const auth = oauthOf(authentication);
  if (typeof auth === 'string') return auth;
  const badPath = pathError(pathOf(metric));
  if (badPath !== undefined) return badPath;
  if (body !== '' && jsonBody !== undefined) {
    return 'use either Body or JSONBody; both cannot exists for WebMetric payload';
  }
  const hasBody = body !== '' || jsonBody !== undefined;
  if (hasBody && (method === '' || method === 'GET')) {
    return 'Body/JSONBody can only be used with POST or PUT WebMetric Method types';
  }
  const fault = urlFault(method || 'GET', url);
  if (fault !== undefined) return fault;
  const given = headers.map(({ key, value }): [string, string] => [key, value]);
  const json: [string, string][] =
    jsonBody === undefined ? [] : [['Content-Type', 'application/json']];
  const text = jsonBody === undefined ? body : jsonText(jsonBody as never);
  const http = {
    method: method || 'GET',
    url,
    headers: [...given, ...json],
    timeoutMs: (timeoutSeconds > 0 ? timeoutSeconds : timeoutDefault) * secondMs,
    nonce: metric.name,
    ...defined({ body: hasBody ? text : undefined, auth }),
    ...(insecure && { insecure: true as const }),
  };
  return { http, via: viaOf(url) };
}

/** What is no JSON is the value as it is, and nothing judges it. */
function measuredIn({ metric }: Asked, body: string): Measured {
  const parsed = parsedJson(body);
  if (parsed === 'deep') return { error: 'the answer is nested too deeply' };
  if (parsed === 'no JSON') return { phase: 'Successful', value: body };
  const found = jsonPath(pathOf(metric), parsed.value);
  if ('error' in found) return { error: `Could not find JSONPath in body: ${found.error}` };
  const [result] = found.found;
  if (result === undefined) return { error: 'result of web metric produced no value' };
  // `null` is a value like any other.
  return { value: jsonText(result), result };
}
