// Kubernetes quantities (500m, 1Gi, 1e3), written as Go writes them again after reading them.
// k8s.io/apimachinery v0.34.5 pkg/api/resource/quantity.go

type Format = 'decimal' | 'exponent' | 'binary';
type Suffix = { format: Format; exponent: number };
/** value = mantissa × 10^exponent */
type Amount = { mantissa: bigint; exponent: number };

const decimalSuffixes = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const maxBinary = 2n ** 63n - 1n;

// Sign, whole digits, fraction, suffix. Go takes any of them as absent.
const shape = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[+-]?\d*)$/;
/** Go has no limit; nobody writes more, and who does is not to hold everybody up. */
const lengthMax = 128;

// Go trims what its JSON writes unescaped; an escaped blank such as \t stays and is refused.
const blanks = '[ \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000]*';
const trimmed = new RegExp(`^${blanks}(.*?)${blanks}$`, 's');

/** The text Go writes for this quantity, or undefined where Go refuses it. */
export function canonicalQuantity(value: string | number): string | undefined {
  if (String(value).length > lengthMax) return undefined;
  const text = trimmed.exec(String(value))?.[1] ?? '';
  const [whole, sign = '', leading = '', fraction = '', ending = ''] = shape.exec(text) ?? [];
  const digits = leading.replace(/^0+/, '');
  if (whole === undefined || whole === '') return undefined;
  const suffix = readSuffix(ending);
  if (suffix === undefined) return undefined;

  const numerator = digits === '' ? '0' : digits;
  const unsigned = BigInt(numerator + fraction);
  const scale = (suffix.format === 'binary' ? 0 : suffix.exponent) - fraction.length;
  if (isShort(suffix, numerator, fraction) && scale >= -9) {
    if (keepsItsText(suffix.format, unsigned, numerator + fraction, scale)) return text;
  } else if (leading + fraction === '') {
    return undefined;
  }
  const factor = suffix.format === 'binary' ? 2n ** BigInt(suffix.exponent) : 1n;
  const [amount, format] = bounded({ mantissa: unsigned * factor, exponent: scale }, suffix.format);
  if (sign === '-') amount.mantissa = -amount.mantissa;
  return print(amount, format);
}

/** How much it is, in billionths, below which Go keeps nothing: for comparisons. */
export function quantityNanos(value: string | number): bigint | undefined {
  const text = canonicalQuantity(value);
  const [, sign = '', whole = '', fraction = '', ending = ''] = shape.exec(text ?? '') ?? [];
  const suffix = readSuffix(ending);
  if (text === undefined || suffix === undefined) return undefined;
  const isBinary = suffix.format === 'binary';
  const mantissa =
    BigInt(`${whole}${fraction}` || '0') * (isBinary ? 2n ** BigInt(suffix.exponent) : 1n);
  // What is larger than any machine is only that.
  const exponent = Math.min((isBinary ? 0 : suffix.exponent) - fraction.length + 9, 1000);
  const nanos =
    exponent < 0
      ? mantissa / 10n ** BigInt(Math.min(-exponent, 1000))
      : mantissa * 10n ** BigInt(exponent);
  return sign === '-' ? -nanos : nanos;
}

function readSuffix(text: string): Suffix | undefined {
  const decimal = decimalSuffixes.get(text);
  if (decimal !== undefined) return { format: 'decimal', exponent: decimal };
  const binary = binarySuffixes.indexOf(text);
  if (binary > 0) return { format: 'binary', exponent: binary * 10 };
  if (!/^[eE][+-]?\d+$/.test(text)) return undefined;
  const exponent = BigInt(text.slice(1).replace('+', ''));
  if (BigInt.asIntN(64, exponent) !== exponent) return undefined;
  return { format: 'exponent', exponent: Number(BigInt.asIntN(32, exponent)) };
}

// Go computes short numbers in an int64, and only these can keep their text.
function isShort(suffix: Suffix, numerator: string, fraction: string): boolean {
  if (suffix.format !== 'binary') return numerator.length + fraction.length <= 18;
  const suffixDigits = Math.trunc((suffix.exponent * 3) / 10);
  return fraction === '' && 15 - numerator.length - suffixDigits - 1 >= 0;
}

// Go keeps a text it takes for canonical, though it is not always: "+5", "05" and "1.500" stay.
function keepsItsText(format: Format, unsigned: bigint, digits: string, scale: number): boolean {
  if (format === 'binary') return (unsigned & 7n) !== 0n;
  return scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
}

// Nothing is finer than a nano: what is gets rounded up. Binary amounts end at an int64's maximum.
function bounded(amount: Amount, format: Format): [Amount, Format] {
  let { mantissa, exponent } = amount;
  if (mantissa !== 0n && exponent < -9) {
    const surplus = -9 - exponent;
    const divisor = surplus > mantissa.toString().length ? 0n : 10n ** BigInt(surplus);
    mantissa = divisor === 0n ? 1n : (mantissa + divisor - 1n) / divisor;
    exponent = -9;
  }
  if (format !== 'binary') return [{ mantissa, exponent }, format];
  const one = 10n ** BigInt(-exponent);
  if (mantissa > maxBinary * one) return [{ mantissa: maxBinary, exponent: 0 }, format];
  return [{ mantissa, exponent }, mantissa < one ? 'decimal' : format];
}

function print(amount: Amount, format: Format): string {
  if (amount.mantissa === 0n) return '0';
  if (format === 'binary') {
    const one = 10n ** BigInt(-amount.exponent);
    const size = amount.mantissa < 0n ? -amount.mantissa : amount.mantissa;
    if (size >= 1024n * one && size % one === 0n) return printBinary(amount.mantissa / one);
  }
  return printDecimal(amount, format === 'exponent' ? 'exponent' : 'decimal');
}

function printBinary(value: bigint): string {
  let mantissa = value;
  let power = 0;
  for (; mantissa % 1024n === 0n; power += 1) mantissa /= 1024n;
  return `${mantissa}${binarySuffixes[power] ?? ''}`;
}

function printDecimal(amount: Amount, format: 'decimal' | 'exponent'): string {
  let { mantissa, exponent } = amount;
  for (; mantissa % 10n === 0n; exponent += 1) mantissa /= 10n;
  for (; exponent % 3 !== 0; exponent -= 1) mantissa *= 10n;
  if (format === 'exponent') return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  // Go has no suffix beyond E and then writes none, so that 1000E becomes 1. So do we.
  const suffix = [...decimalSuffixes].find(([, power]) => power === exponent)?.[0] ?? '';
  return `${mantissa}${suffix}`;
}
