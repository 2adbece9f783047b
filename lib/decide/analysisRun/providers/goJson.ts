import type { Value } from '../../../expr/value.ts';
import { encodeGo } from '../../../model/encode.ts';
import { own } from '../../../model/own.ts';

/** A list or an object may lie in so many others. */
const depthMax = 500;

/** What a text says, if it is JSON. `deep`: it is nested deeper than anybody can look. */
export function parsedJson(text: string): { value: Value } | 'no JSON' | 'deep' {
  if (depthOf(text) > depthMax) return 'deep';
  try {
    return { value: JSON.parse(text) as Value };
  } catch {
    return 'no JSON';
  }
}

/** Brackets in texts count as well: it can only be less. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of text) {
    if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** A value of JSON as Go writes it: fields sorted, no spaces, and what HTML would read escaped. */
export function jsonText(value: Value): string {
  return encodeGo('RawJSON', value);
}

/** A float as Go's strconv.FormatFloat(value, 'f', -1, 64): no exponent, however large. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits = '', exponent] = String(value).split('e');
  if (exponent === undefined) return digits;
  const sign = digits.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.');
  const point = whole.length + Number(exponent);
  const all = whole + fraction;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${all}`;
  return `${sign}${all.padEnd(point, '0')}`;
}

/** A sample as Prometheus writes it. */
export function floatOf(text: string): number {
  const special = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY } as Record<string, number>;
  const known = own(special, text.toLowerCase().replace(/^[+-]/, ''));
  if (known !== undefined) return text.startsWith('-') ? -known : known;
  return Number(text);
}
