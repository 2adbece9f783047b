import { numberOf, truncate } from './arithmetic.ts';
import { refuse } from './conversion.ts';
import { fail } from './failure.ts';
import { type Go, goText, Sized, typeText } from './goValue.ts';
import { parseFloat64, parseInt64 } from './text.ts';
import { int64 } from './types.ts';

// What a condition can call beside expr-lang's own functions. argo v1.10.1 utils/evaluate/evaluate.go

export function asInt64(value: Go): Go {
  const number = numberOf(value);
  if (number !== undefined) {
    return new Sized(int64, typeof number === 'bigint' ? number : truncate(number));
  }
  if (typeof value !== 'string') return notSupported('asInt', value);
  const parsed = parseInt64(value);
  return typeof parsed === 'bigint' ? new Sized(int64, parsed) : fail(parsed.error);
}

export function asFloat(value: Go): Go {
  const number = numberOf(value);
  if (number !== undefined) return Number(number);
  if (typeof value !== 'string') return notSupported('asFloat', value);
  const parsed = parseFloat64(value);
  return typeof parsed === 'number' ? parsed : fail(parsed.error);
}

function notSupported(name: string, value: Go): never {
  return fail(`${name}() not supported on ${typeText(value)} ${goText(value)}`);
}

export function isNotANumber(value: Go): boolean {
  return Number.isNaN(float(value));
}

export function isInfinite(value: Go): boolean {
  return Math.abs(float(value)) === Number.POSITIVE_INFINITY;
}

function float(value: Go): number {
  return typeof value === 'number' ? value : refuse(value, 'float64');
}
