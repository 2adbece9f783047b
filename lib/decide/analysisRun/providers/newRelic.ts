import type { Value } from '../../../expr/value.ts';
import type { Metric, NewRelicMetric } from '../../../model/argo.generated.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { type HttpAnswer, viaOf } from '../../../model/httpRequest.ts';
import { own } from '../../../model/own.ts';
import { secondMs } from '../../../model/units.ts';
import { controllerNamespace, type Texts } from './credentials.ts';
import { jsonText } from './goJson.ts';
import { structJson } from './goText.ts';
import { graphQlData } from './graphQl.ts';
import { isGood } from './http.ts';
import { fieldOf } from './lookup.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';
import { asksWithSecret, type Question } from './question.ts';

// argo v1.10.1 metricproviders/newrelic/newrelic.go, newrelic-client-go v2.81 pkg/nerdgraph

const apiKey = 'personal-api-key';
const keys = [apiKey, 'account-id', 'region', 'base-url-nerdgraph'];
/** Of the query; the request may take 30 s, as the client of New Relic has it. */
const timeoutDefault = 5;
const requestMs = 30 * secondMs;

const servers: Record<string, string> = {
  us: 'https://api.newrelic.com/graphql',
  eu: 'https://api.eu.newrelic.com/graphql',
  staging: 'https://staging-api.newrelic.com/graphql',
};

const document =
  'query ($query: Nrql!, $accountId: Int!, $timeout: Seconds!) ' +
  '{ actor { account(id: $accountId) { nrql(query: $query, timeout: $timeout) { results } } } }';

export const newRelic: MetricProvider = {
  name: 'newRelic',
  selects: (source) => source.newRelic !== undefined,
  validate: () => [],
  metadata: (metric): Record<string, string> => {
    const { query } = specOf(metric);
    return query ? { ResolvedNewRelicQuery: query } : {};
  },
  ...asksWithSecret({
    placeOf: ({ metric }) => placeOf(metric),
    keysOf: () => keys,
    hiddenOf: () => [apiKey],
    questionOf: requestOf,
    measuredIn,
  }),
};

function specOf(metric: Metric): NewRelicMetric {
  return metric.provider?.newRelic ?? { query: '' };
}

function placeOf(metric: Metric) {
  return { namespace: controllerNamespace, name: specOf(metric).profile || 'newrelic' };
}

function requestOf({ metric, count }: Asked, texts: Texts): Question {
  const { query, timeout = timeoutDefault } = specOf(metric);
  const key = texts[apiKey] ?? '';
  const account = texts['account-id'] ?? '';
  if (key === '' || account === '') return { error: 'account ID or personal API key not found' };
  if (!/^[+-]?\d+$/.test(account)) {
    const quoted = JSON.stringify(account);
    return { error: `could not parse account ID: strconv.Atoi: parsing ${quoted}: invalid syntax` };
  }
  const region = texts.region || 'us';
  const url = texts['base-url-nerdgraph'] || own(servers, region.toLowerCase());
  if (url === undefined) return { error: `unknown region ${JSON.stringify(region)} of New Relic` };
  if (timeout < 0) return { error: 'timeout value needs to be a positive value' };
  const variables = { accountId: Number(account), query, timeout };
  const http = {
    ...{ method: 'POST', url, body: structJson({ query: document, variables }) },
    headers: [
      ['Content-Type', 'application/json'],
      ['Accept', 'application/json'],
      ['Api-Key', key],
    ] as const,
    ...{ timeoutMs: requestMs, nonce: `${metric.name} ${count}` },
  };
  return { http, via: viaOf(url) };
}

function measuredIn(answer: HttpAnswer): Measured {
  const { status } = answer;
  if (status === 401 || status === 403) return { error: 'invalid credentials provided' };
  if (!isGood(status)) return { error: `${status} response returned: ${answer.body}` };
  const found = graphQlData(answer);
  if ('error' in found) return { error: found.error.replace(/^graphql: /, '') };
  const path = ['actor', 'account', 'nrql', 'results'];
  const results = path.reduce(
    (value: unknown, name) => (isRecord(value) ? fieldOf(value, name) : undefined),
    found.data,
  );
  const rows = Array.isArray(results) ? (results as Value[]) : [];
  const [first] = rows;
  const isEmpty = isRecord(first) && Object.keys(first).length === 0;
  if (first === undefined || (rows.length === 1 && (first === null || isEmpty))) {
    return { error: 'no results returned from NRQL query' };
  }
  const result = rows.length === 1 ? first : rows;
  return { value: jsonText(result), result };
}
