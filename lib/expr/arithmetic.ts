import { chargeAll } from './cost.ts';
import { type Budget, fail, tooDeep, valueDepthMax } from './failure.ts';
import {
  type Go,
  isNilValue,
  itemsOf,
  Keyed,
  List,
  recordOf,
  Sized,
  Struct,
  typeText,
} from './goValue.ts';
import { compareText } from './text.ts';
import { Duration, Time } from './time.ts';

// What Go's expr-lang makes of two values. expr v1.17.7 vm/runtime/helpers

/** An int of 64 bits: more runs over. */
export function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** An integer of any size, or a float; undefined for all else. */
export function numberOf(value: Go): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Sized ? wrap(value.value) : undefined;
}

/** As Go's conversion of a float to an int does it on amd64. */
export function truncate(value: number): bigint {
  const isInside = value >= -(2 ** 63) && value < 2 ** 63;
  return isInside ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

/** expr v1.17.7 vm/runtime/runtime.go ToInt */
export function toInt(value: Go): bigint {
  const number = numberOf(value);
  if (number === undefined) return fail(`invalid operation: int(${typeText(value)})`);
  return typeof number === 'bigint' ? number : truncate(number);
}

/** An index as a number: what is beyond 2^53 is beyond every list. */
export function toIndex(value: Go): number {
  return Number(toInt(value));
}

function toFloat(value: Go): number {
  const number = numberOf(value);
  if (number === undefined) return fail(`invalid operation: float(${typeText(value)})`);
  return Number(number);
}

function refuse(operator: string, left: Go, right: Go): never {
  return fail(`invalid operation: ${typeText(left)} ${operator} ${typeText(right)}`);
}

type Numbers = (left: bigint, right: bigint) => bigint;
type Floats = (left: number, right: number) => number;

function numeric(left: Go, right: Go, ints: Numbers, floats: Floats): Go | undefined {
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'bigint' && typeof b === 'bigint') return wrap(ints(a, b));
  return floats(Number(a), Number(b));
}

export function add(left: Go, right: Go): Go {
  const sum = numeric(
    left,
    right,
    (a, b) => a + b,
    (a, b) => a + b,
  );
  if (sum !== undefined) return sum;
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (left instanceof Time && right instanceof Duration) return left.plus(right.nanos);
  if (left instanceof Duration && right instanceof Time) return right.plus(left.nanos);
  if (left instanceof Duration && right instanceof Duration) {
    return new Duration(wrap(left.nanos + right.nanos));
  }
  return refuse('+', left, right);
}

export function subtract(left: Go, right: Go): Go {
  const difference = numeric(
    left,
    right,
    (a, b) => a - b,
    (a, b) => a - b,
  );
  if (difference !== undefined) return difference;
  if (left instanceof Time && right instanceof Time) return left.minus(right);
  if (left instanceof Time && right instanceof Duration) return left.plus(-right.nanos);
  if (left instanceof Duration && right instanceof Duration) {
    return new Duration(wrap(left.nanos - right.nanos));
  }
  return refuse('-', left, right);
}

export function multiply(left: Go, right: Go): Go {
  const inner = (value: Go): Go => (value instanceof Duration ? value.nanos : value);
  const product = numeric(
    inner(left),
    inner(right),
    (a, b) => a * b,
    (a, b) => a * b,
  );
  if (product === undefined) return refuse('*', left, right);
  const isDuration = left instanceof Duration || right instanceof Duration;
  return isDuration && typeof product === 'bigint' ? new Duration(product) : product;
}

export function divide(left: Go, right: Go): number {
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a === undefined || b === undefined) return refuse('/', left, right);
  return Number(a) / Number(b);
}

export function modulo(left: Go, right: Go): bigint {
  const [a, b] = [numberOf(left), numberOf(right)];
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return refuse('%', left, right);
  if (b === 0n) return fail('runtime error: integer divide by zero');
  return wrap(a % b);
}

export function negate(value: Go): Go {
  if (typeof value === 'number') return -value;
  if (typeof value === 'bigint') return wrap(-value);
  if (!(value instanceof Sized)) return fail(`invalid operation: - ${typeText(value)}`);
  return sized(value, -value.value);
}

/** A value of the same size. */
export function sized(like: Sized, value: bigint): Sized {
  const isByte = like.type.kind === 'uint8';
  return new Sized(like.type, isByte ? BigInt.asUintN(8, value) : wrap(value));
}

/**
 * Go's math.Pow. Its whole powers are products, which may differ from JavaScript's in the last digit.
 * math/pow.go of Go 1.26
 */
export function power(left: Go, right: Go): number {
  const [base, exponent] = [toFloat(left), toFloat(right)];
  if (exponent === 0 || base === 1) return 1;
  if (base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent)) return 1;
  const whole = Math.trunc(Math.abs(exponent));
  const isSpecial = base === 0 || !Number.isFinite(base) || !Number.isFinite(exponent);
  if (isSpecial || whole >= 2 ** 63 || Math.abs(exponent) === 0.5) return base ** exponent;
  let rest = Math.abs(exponent) - whole;
  if (rest !== 0 && base < 0) return Number.NaN;
  let count = BigInt(whole);
  let [result, scale] = [1, 0];
  if (rest !== 0) {
    if (rest > 0.5) {
      rest--;
      count++;
    }
    result = Math.exp(rest * Math.log(base));
  }
  let [factor, factorScale] = fraction(base);
  for (; count !== 0n; count >>= 1n) {
    if (Math.abs(factorScale) > 2 ** 12) {
      scale += factorScale;
      break;
    }
    if (count & 1n) {
      result *= factor;
      scale += factorScale;
    }
    factor *= factor;
    factorScale *= 2;
    if (factor < 0.5) {
      factor += factor;
      factorScale--;
    }
  }
  if (exponent < 0) [result, scale] = [1 / result, -scale];
  return scaled(result, scale);
}

/** `value` as a fraction of [0.5, 1) and a power of two. */
function fraction(value: number): [number, number] {
  let [rest, scale] = [value, 0];
  while (Math.abs(rest) >= 1) [rest, scale] = [rest / 2, scale + 1];
  while (Math.abs(rest) < 0.5) [rest, scale] = [rest * 2, scale - 1];
  return [rest, scale];
}

function scaled(value: number, scale: number): number {
  if (scale > 1000)
    return scale > 3000
      ? value * Number.POSITIVE_INFINITY
      : value * 2 ** 1000 * 2 ** (scale - 1000);
  if (scale >= -1000) return value * 2 ** scale;
  return scale < -3000 ? value * 0 : value * 2 ** -1000 * 2 ** (scale + 1000);
}

/** Below 0, 0 or above 0; NaN if they are no order of each other. Undefined: of types that have none. */
export function compare(left: Go, right: Go, budget?: Budget): number | undefined {
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== undefined && b !== undefined) {
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
    const [x, y] = [Number(a), Number(b)];
    return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN;
  }
  if (typeof left === 'string' && typeof right === 'string') {
    budget?.text(Math.min(left.length, right.length));
    return compareText(left, right);
  }
  if (left instanceof Time && right instanceof Time) return left.compare(right);
  if (left instanceof Duration && right instanceof Duration) {
    return Number(left.nanos - right.nanos);
  }
  return undefined;
}

const orders: Record<string, (by: number) => boolean> = {
  '<': (by) => by < 0,
  '>': (by) => by > 0,
  '<=': (by) => by <= 0,
  '>=': (by) => by >= 0,
};

export function ordered(operator: string, left: Go, right: Go, budget: Budget): boolean {
  budget.step();
  const by = compare(left, right, budget);
  if (by === undefined) return refuse(operator, left, right);
  return orders[operator]?.(by) ?? false;
}

/** Go's expr-lang compares numbers and lists by what they hold, all else also by its type. */
export function equal(left: Go, right: Go, budget: Budget, depth = 0): boolean {
  if (depth > valueDepthMax) return tooDeep();
  budget.step();
  const by = compare(left, right, budget);
  if (by !== undefined) return by === 0;
  const [a, b] = [itemsOf(left), itemsOf(right)];
  if (a && b && (Array.isArray(left) || Array.isArray(right) || isAnys(left) || isAnys(right))) {
    const isKnown = [left, right].every((list) => isAnys(list) || isPlainList(list));
    if (isKnown) {
      return (
        a.length === b.length &&
        a.every((item, at) => equal(item, b[at] ?? null, budget, depth + 1))
      );
    }
  }
  if (isNilValue(left) && isNilValue(right)) return true;
  return deepEqual(left, right, budget, depth);
}

function isAnys(value: Go): boolean {
  return Array.isArray(value) || (value instanceof List && value.type.name === '[]interface {}');
}

function isPlainList(value: Go): boolean {
  return value instanceof List && /^\[\](int|float64|string|uint8)$/.test(value.type.name);
}

/** Go's reflect.DeepEqual. */
function deepEqual(left: Go, right: Go, budget: Budget, depth: number): boolean {
  if (depth > valueDepthMax) return tooDeep();
  budget.step();
  if (typeText(left) !== typeText(right)) return false;
  if (typeof left === 'string') budget.text(left.length);
  if (left === right) return true;
  if (left instanceof Sized && right instanceof Sized) return left.value === right.value;
  if (left instanceof Time && right instanceof Time) return left.compare(right) === 0;
  if (left instanceof Duration && right instanceof Duration) return left.nanos === right.nanos;
  const inner = (a: Go, b: Go | undefined): boolean =>
    b !== undefined && deepEqual(a, b, budget, depth + 1);
  const [a, b] = [itemsOf(left), itemsOf(right)];
  if (a && b) {
    if (isNilValue(left) !== isNilValue(right)) return false;
    return a.length === b.length && a.every((item, at) => inner(item, b[at]));
  }
  if (left instanceof Keyed && right instanceof Keyed) {
    const entries = left.entries();
    budget.step(entries.length);
    for (const [key] of entries) chargeAll(key, budget);
    if (entries.length !== right.entries().length) return false;
    return entries.every(([key, value]) => inner(value, right.get(key)));
  }
  if (left instanceof Struct && right instanceof Struct) {
    return Object.entries(left.fields).every(([name, field]) => inner(field, right.fields[name]));
  }
  const [x, y] = [recordOf(left), recordOf(right)];
  if (!x || !y) return false;
  const names = Object.keys(x);
  budget.step(names.length);
  if (names.length !== Object.keys(y).length) return false;
  return names.every((name) => Object.hasOwn(y, name) && inner(x[name] ?? null, y[name]));
}
