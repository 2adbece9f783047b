import type { Value } from '../../../expr/value.ts';
import type { Metric, SkyWalkingMetric } from '../../../model/argo.generated.ts';
import { type HttpAnswer, viaOf } from '../../../model/httpRequest.ts';
import {
  goDurationFault,
  type Millis,
  parseGoDuration,
  secondMs,
  toIso,
} from '../../../model/units.ts';
import { jsonText } from './goJson.ts';
import { structJson } from './goText.ts';
import { graphQlData } from './graphQl.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';
import { asksServer, type Question } from './question.ts';

// argo v1.10.1 metricproviders/skywalking/skywalking.go, machinebox/graphql v0.2.2

const timeoutMs = 30 * secondMs;

export const skyWalking: MetricProvider = {
  name: 'skywalking',
  selects: (source) => source.skywalking !== undefined,
  validate: () => [],
  ...asksServer(requestOf, measuredIn),
};

function measuredIn(answer: HttpAnswer): Measured {
  const found = graphQlData(answer);
  if ('error' in found) return found;
  if (found.data === null) return { error: 'no results returned from SkyWalking query' };
  const result = found.data as Value;
  return { value: jsonText(result), result };
}

function specOf(metric: Metric): SkyWalkingMetric {
  return metric.provider?.skywalking ?? {};
}

function requestOf({ metric, now, count }: Asked): Question {
  const { address = '', query = '', interval = '5m' } = specOf(metric);
  const spanMs = parseGoDuration(interval);
  if (spanMs === undefined) return { error: goDurationFault(interval) ?? '' };
  const duration = { start: minuteOf(now - spanMs), end: minuteOf(now), step: 'MINUTE' };
  const url = `${address}/graphql`;
  const http = {
    ...{ method: 'POST', url, timeoutMs, nonce: `${metric.name} ${count}` },
    headers: [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['Accept', 'application/json; charset=utf-8'],
    ] as const,
    // Go's encoder ends what it writes with a line.
    body: `${structJson({ query, variables: { duration } })}\n`,
  };
  return { http, via: viaOf(url) };
}

/** `2026-01-31 1205`, in UTC, as containers have it. */
function minuteOf(at: Millis): string {
  const [, day = '', hour = '', minute = ''] = /^(.{10})T(\d\d):(\d\d)/.exec(toIso(at)) ?? [];
  return `${day} ${hour}${minute}`;
}
