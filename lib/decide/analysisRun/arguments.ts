import type { Argument, Metric } from '../../model/argo.generated.ts';
import { encodeGo } from '../../model/encode.ts';

/** Stands for a secret where the metric is only looked at. */
const hidden = 'temp-for-secret';

export type Resolved = { metric: Metric } | { error: string };

/**
 * The arguments with the values of their secrets, by the argument's name; where none are given, each secret
 * has a text that stands for it.
 */
export function withSecrets(args: Argument[], secrets?: ReadonlyMap<string, string>): Argument[] {
  return args.map((arg) => {
    if (arg.valueFrom?.secretKeyRef === undefined) return arg;
    const value = secrets === undefined ? hidden : secrets.get(arg.name);
    return { name: arg.name, ...(value !== undefined && { value }) };
  });
}

/**
 * The metric with its arguments put in, wherever a text of it has `{{args.NAME}}`.
 * argo v1.10.1 utils/analysis/factory.go, utils/template/template.go
 */
export function withArguments(metric: Metric, args: readonly Argument[]): Resolved {
  const values = new Map<string, string>();
  for (const { name, value } of args) {
    if (value === undefined) return { error: `argument "${name}" was not supplied` };
    values.set(`args.${name}`, value);
  }
  const unknown: string[] = [];
  // Within the JSON text, as a number there may be written as a text with an argument in it.
  const text = encodeGo('Metric', metric).replace(/\{\{([\s\S]*?)\}\}/g, (_, tag: string) => {
    const value = values.get(tag.trim());
    if (value === undefined) unknown.push(tag);
    return JSON.stringify(value ?? '').slice(1, -1);
  });
  const last = unknown.at(-1);
  if (last !== undefined) return { error: `failed to resolve {{${last}}}` };
  return { metric: JSON.parse(text) as Metric };
}

/** All metrics, or what is wrong with the first that cannot be made out. */
export function allWithArguments(
  metrics: readonly Metric[],
  args: readonly Argument[],
): { metrics: Metric[] } | { error: string } {
  const resolved: Metric[] = [];
  for (const metric of metrics) {
    const one = withArguments(metric, args);
    if ('error' in one) return one;
    resolved.push(one.metric);
  }
  return { metrics: resolved };
}
