// Texts as Go handles them: as bytes of UTF-8 where it counts and cuts, and as it prints numbers.

const escapes: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** As Go's `%q` prints a text. */
export function quote(text: string): string {
  const inner = [...text].map((char) => {
    const known = escapes[char];
    if (known !== undefined) return known;
    if (char === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char)) return char;
    const code = char.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
  return `"${inner.join('')}"`;
}

const beyondAscii = /[^\0-\x7f]/;

export function isAscii(text: string): boolean {
  return !beyondAscii.test(text);
}

/** The bytes of a text's UTF-8. */
export function bytesOf(text: string): number[] {
  const bytes: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) {
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    } else {
      const rest = [12, 6, 0].map((shift) => 0x80 | ((code >> shift) & 63));
      bytes.push(0xf0 | (code >> 18), ...rest);
    }
  }
  return bytes;
}

/** The text of UTF-8. A byte that is none is U+FFFD: a text of JavaScript cannot hold it. */
export function textOf(bytes: readonly number[]): string {
  const chars: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0;
    const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    const rest = bytes.slice(at + 1, at + length);
    const isWhole = rest.length === length - 1 && rest.every((byte) => byte >> 6 === 2);
    const low = length === 1 ? first : first & (0xff >> (length + 1));
    const code = rest.reduce((sum, byte) => (sum << 6) | (byte & 63), low);
    const least = [0, 0, 0x80, 0x800, 0x10000][length] ?? 0;
    const isChar = code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    if (isWhole && isChar && (first < 0x80 || first >= 0xc2) && first < 0xf5) {
      chars.push(String.fromCodePoint(code));
      at += length;
    } else {
      chars.push('\ufffd');
      at++;
    }
  }
  return chars.join('');
}

export function byteLength(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Two halves of one character are four bytes.
    const isPair = (text.codePointAt(at) ?? 0) >= 0x10000;
    length += isPair || unit >= 0x800 ? 2 : 1;
    if (isPair) at++;
  }
  return length;
}

/** Which of two texts comes first by their bytes: below 0, 0 or above 0. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  if (isAscii(left) && isAscii(right)) return left < right ? -1 : 1;
  let at = 0;
  while (at < left.length && left.charCodeAt(at) === right.charCodeAt(at)) at++;
  // Behind the first half of a character its second half differs.
  if (/^[\ud800-\udbff]$/.test(left[at - 1] ?? '')) at--;
  const by = (left.codePointAt(at) ?? -1) - (right.codePointAt(at) ?? -1);
  return by === 0 ? left.length - right.length : by;
}

/** A float as Go's `%v` prints it. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  const digits = mantissa.replace(/[-.]/g, '').length;
  if (power >= -4 && power < 6) return plainText(value, power, digits);
  const shown = String(Math.abs(power)).padStart(2, '0');
  return `${mantissa}e${power < 0 ? '-' : '+'}${shown}`;
}

function plainText(value: number, power: number, digits: number): string {
  return value.toFixed(Math.min(100, Math.max(0, digits - 1 - power)));
}

const decimalFloat = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const hexFloat = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?\d+)$/;

/** Go's strconv.ParseFloat: the number, or what is wrong. */
export function parseFloat64(text: string): number | { error: string } {
  const wrong = (why: string) => ({
    error: `strconv.ParseFloat: parsing ${quote(text)}: ${why}`,
  });
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special) {
    const [, sign = '', word = ''] = special;
    if (word.toLowerCase() === 'nan') return sign === '' ? Number.NaN : wrong('invalid syntax');
    return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const hex = hexFloat.exec(text);
  if (hex && `${hex[2]}${hex[3] ?? ''}` !== '') {
    const [, sign, whole = '', fraction = '', exponent] = hex;
    const mantissa = Number.parseInt(`${whole}${fraction}`, 16);
    const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
    if (!Number.isFinite(value)) return wrong('value out of range');
    return sign === '-' ? -value : value;
  }
  if (!decimalFloat.test(text)) return wrong('invalid syntax');
  const value = Number(text);
  return Number.isFinite(value) ? value : wrong('value out of range');
}

const int64Max = 2n ** 63n - 1n;
const longestInteger = 400;

/** Go's strconv.ParseInt of a decimal integer of 64 bits, under the name of the function that says it. */
export function parseInt64(text: string, func = 'ParseInt'): bigint | { error: string } {
  const wrong = (why: string) => ({ error: `strconv.${func}: parsing ${quote(text)}: ${why}` });
  if (!/^[+-]?\d+$/.test(text)) return wrong('invalid syntax');
  const digits = text.replace(/^[+-]?0*/, '');
  if (digits.length > longestInteger) return wrong('value out of range');
  const value = BigInt(digits || '0') * (text.startsWith('-') ? -1n : 1n);
  return value > int64Max || value < -int64Max - 1n ? wrong('value out of range') : value;
}
