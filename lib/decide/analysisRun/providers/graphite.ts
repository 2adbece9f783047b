import type { GraphiteMetric, Metric } from '../../../model/argo.generated.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { type HttpAnswer, viaOf } from '../../../model/httpRequest.ts';
import { secondMs } from '../../../model/units.ts';
import { floatOf, parsedJson } from './goJson.ts';
import { fixedText } from './goText.ts';
import { fieldOf } from './lookup.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';
import { asksServer, type Question } from './question.ts';

// argo v1.10.1 metricproviders/graphite/graphite.go, api.go

const timeoutMs = 10 * secondMs;

export const graphite: MetricProvider = {
  name: 'graphite',
  selects: (source) => source.graphite !== undefined,
  validate: () => [],
  ...asksServer(requestOf, measuredIn),
};

function specOf(metric: Metric): GraphiteMetric {
  return metric.provider?.graphite ?? {};
}

function requestOf({ metric, count }: Asked): Question {
  const { address = '', query = '' } = specOf(metric);
  const [, base, path = ''] = /^([a-z][a-z\d+.-]*:\/\/[^/?#]+)([^?#]*)/i.exec(address) ?? [];
  if (base === undefined) return { error: `Graphite address ${address} is not a valid URL` };
  const url = `${base}${path.replace(/\/+$/, '')}/render?${queryText(query.replace(/\s+/g, ''))}`;
  const nonce = `${metric.name} ${count}`;
  return { http: { method: 'GET', url, headers: [], timeoutMs, nonce }, via: viaOf(url) };
}

/** Go reads the query and writes it again, sorted by name and with its form; what has a `;` it drops. */
function queryText(query: string): string {
  const given = query.split('&').filter((part) => part !== '' && !part.includes(';'));
  const pairs = given.flatMap((part): [string, string][] => {
    const [name = '', ...value] = part.split('=');
    const read = [unescaped(name), unescaped(value.join('='))] as const;
    const [key, text] = read;
    return key === undefined || text === undefined || key === 'format' ? [] : [[key, text]];
  });
  const all: [string, string][] = [...pairs, ['format', 'json']];
  return all
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .join('&');
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function escaped(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function measuredIn({ status, body }: HttpAnswer): Measured {
  if (status >= 400) return { error: `error response: ${body}` };
  const parsed = parsedJson(body);
  if (typeof parsed === 'string' || !Array.isArray(parsed.value)) {
    return { error: 'the answer is no JSON of Graphite' };
  }
  const [first] = parsed.value;
  const datapoints = isRecord(first) ? fieldOf(first, 'datapoints') : undefined;
  const points = Array.isArray(datapoints) ? (datapoints as unknown[]) : [];
  if (points.length === 0) return { error: 'no values found' };
  const values: number[] = [];
  for (const point of points) {
    if (!Array.isArray(point) || point.length !== 2) {
      return { error: `error unmarshaling data point: ${JSON.stringify(point)}` };
    }
    const [value] = point as unknown[];
    if (value === null) continue;
    const number = typeof value === 'string' ? floatOf(value) : value;
    if (typeof number !== 'number' || (typeof value === 'string' && !isFloat(value))) {
      return { error: `error unmarshaling value: ${JSON.stringify(value)}` };
    }
    values.push(number);
  }
  return { value: `[${values.map((each) => fixedText(each, 6)).join(',')}]`, result: values };
}

function isFloat(text: string): boolean {
  return /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)$/i.test(text);
}
