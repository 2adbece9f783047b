import type { LabelSelector, LabelSelectorRequirement } from '../../model/argo.generated.ts';
import { own } from '../../model/own.ts';

/**
 * A label selector as text, keys in order, as Kubernetes writes it: `app=web,tier in (a,b),!old`.
 * `status.selector` holds it for the scale subresource.
 */
export function selectorText(selector: LabelSelector | undefined): string {
  const parts: [string, string][] = [];
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    parts.push([key, `${key}=${value}`]);
  }
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const list = [...(values ?? [])].sort().join(',');
    const forms: Record<string, string> = {
      In: `${key} in (${list})`,
      NotIn: `${key} notin (${list})`,
      Exists: key,
      DoesNotExist: `!${key}`,
    };
    parts.push([key, own(forms, operator) ?? key]);
  }
  const ordered = parts.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return ordered.map(([, text]) => text).join(',');
}

/** Whether a label, or that there is none, is what is asked for; undefined if that means nothing. */
export function isMatch(
  { operator, values = [] }: LabelSelectorRequirement,
  value: string | undefined,
): boolean | undefined {
  const isNamed = value !== undefined && values.includes(value);
  const matches: Record<string, boolean> = {
    In: isNamed,
    NotIn: !isNamed,
    Exists: value !== undefined,
    DoesNotExist: value === undefined,
  };
  return own(matches, operator);
}
