import type { Value } from '../../../expr/value.ts';

// Values as Go's fmt prints them.

/** `%v` of a float64. */
export function floatWord(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  // Go takes the shorter digits, and an exponent from a million on.
  if (power >= -4 && power < 21 && power < 6) return plainText(value);
  if (power >= 6 || power < -4) {
    const sign = power < 0 ? '-' : '+';
    return `${digits}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return plainText(value);
}

/** JavaScript writes a small number with an exponent where Go does not yet. */
function plainText(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  const [digits = '', exponent = '0'] = text.split('e');
  const sign = digits.startsWith('-') ? '-' : '';
  const all = digits.replace(/[-.]/g, '');
  return `${sign}0.${'0'.repeat(-Number(exponent) - 1)}${all}`;
}

/** `%.Nf` of a float64: what lies exactly between two texts goes to the even one. */
export function fixedText(value: number, places: number): string {
  if (!Number.isFinite(value)) return floatWord(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size >= 1e21) return `${sign}${BigInt(size)}.${'0'.repeat(places)}`;
  const [whole = '', fraction = ''] = size.toFixed(100).split('.');
  const kept = BigInt(whole + fraction.slice(0, places));
  const rest = fraction.slice(places);
  const isHalf = /^50*$/.test(rest);
  const goesUp = isHalf ? kept % 2n === 1n : rest.charAt(0) >= '5';
  const digits = String(kept + (goesUp ? 1n : 0n)).padStart(places + 1, '0');
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** `%v` of what a list holds. */
function wordOf(value: Value): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return floatWord(value);
  if (Array.isArray(value)) return listWord(value);
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${wordOf(item)}`).join(' ')}]`;
  }
  return String(value);
}

export function listWord(values: readonly Value[]): string {
  return `[${values.map(wordOf).join(' ')}]`;
}

/** JSON of a Go struct, whose fields stand in its own order. */
export function structJson(value: unknown): string {
  const escaped = (char: string): string =>
    `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escaped);
}

/** A form or a query: sorted, and spaces as `+`, as Go's url.Values has it. */
export function formText(form: Record<string, string>): string {
  const escaped = (text: string): string =>
    encodeURIComponent(text)
      .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+');
  const fields = Object.entries(form).sort(([left], [right]) => (left < right ? -1 : 1));
  return fields.map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join('&');
}
