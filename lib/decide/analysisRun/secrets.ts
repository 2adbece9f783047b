import type { MetricResult } from '../../model/argo.generated.ts';
import { jsonText } from './providers/goJson.ts';

/** What stands where a secret was. argo v1.10.1 analysis/analysis.go */
export const mask = '*****';

/**
 * A text without the secrets in it, also as JSON or an address has them. The longest first: one may be a part
 * of another.
 */
export function masked(text: string, secrets: Iterable<string>): string {
  return [...secrets]
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, jsonText(secret).slice(1, -1), encodeURIComponent(secret)])
    .sort((left, right) => right.length - left.length)
    .reduce((rest, secret) => rest.replaceAll(secret, mask), text);
}

/** Wherever a server or a query may have put one. docs/adr/0058-no-secret-in-a-measurement.md */
export function withoutSecrets(result: MetricResult, secrets: Iterable<string>): MetricResult {
  const all = [...secrets];
  if (all.every((secret) => secret === '')) return result;
  const hide = (value: unknown): unknown => {
    if (typeof value === 'string') return masked(value, all);
    if (Array.isArray(value)) return value.map(hide);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hide(item)]));
  };
  const { name, phase, measurements = [], ...rest } = result;
  const hidden = measurements.map(({ value, message, metadata, ...kept }) => ({
    ...kept,
    ...(hide({ value, message, metadata }) as object),
  }));
  return { ...(hide(rest) as object), name, phase, measurements: hidden };
}
