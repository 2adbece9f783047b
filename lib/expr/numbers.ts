import { compare, numberOf, sized, truncate, wrap } from './arithmetic.ts';
import type { Builtin } from './builtins.ts';
import { fail, tooDeep, valueDepthMax } from './failure.ts';
import { type Go, itemsOf, Sized, typeText } from './goValue.ts';
import { parseFloat64, parseInt64 } from './text.ts';
import { Duration } from './time.ts';

// Builtins of numbers. expr v1.17.7 builtin/lib.go

export const numbers: Record<string, Builtin> = {
  abs: ([value = null]) => {
    if (typeof value === 'number') return value < 0 ? -value : value;
    if (typeof value === 'bigint') return value < 0n ? wrap(-value) : value;
    if (!(value instanceof Sized))
      return fail(`invalid argument for abs (type ${typeText(value)})`);
    return value.value < 0n ? sized(value, -value.value) : value;
  },
  ceil: rounded('ceil', Math.ceil),
  floor: rounded('floor', Math.floor),
  round: rounded('round', awayFromZero),
  int: ([value = null]) => toInteger(value),
  float: ([value = null]) => {
    const number = numberOf(value);
    if (number !== undefined) return Number(number);
    if (typeof value !== 'string') return fail(`invalid operation: float(${typeText(value)})`);
    const parsed = parseFloat64(value);
    return typeof parsed === 'number' ? parsed : fail(`invalid operation: float(${value})`);
  },
  max: (args) => extreme('max', (best, next) => (compare(best, next) ?? 0) < 0, args, 0),
  min: (args) => extreme('min', (best, next) => (compare(best, next) ?? 0) > 0, args, 0),
  mean: (args) => {
    const { sum, count } = meanOf(args, 0);
    return count === 0 ? 0 : sum / count;
  },
  median: (args) => {
    const all = flatFloats('median', args, 0).sort(byFloat);
    const middle = Math.floor(all.length / 2);
    const [below = 0, above = 0] = [all[middle - 1], all[middle]];
    return all.length % 2 === 1 ? above : (below + above) / 2;
  },
  bitand: bitwise('bitand', (a, b) => a & b),
  bitor: bitwise('bitor', (a, b) => a | b),
  bitxor: bitwise('bitxor', (a, b) => a ^ b),
  bitnand: bitwise('bitnand', (a, b) => a & ~b),
  bitshl: shift('bitshl', (a, by) => (by > 63n ? 0n : a << by)),
  bitshr: shift('bitshr', (a, by) => a >> (by > 63n ? 63n : by)),
  bitushr: shift('bitushr', (a, by) => (by > 63n ? 0n : BigInt.asUintN(64, a) >> by)),
  bitnot: ([value = null]) => ~bits('bitnot', value),
};

function rounded(name: string, round: (value: number) => number): Builtin {
  return ([value = null]) => {
    if (typeof value === 'number') return round(value);
    const number = numberOf(value);
    return number === undefined
      ? fail(`invalid argument for ${name} (type ${typeText(value)})`)
      : Number(number);
  };
}

function awayFromZero(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

function toInteger(value: Go): bigint {
  const number = numberOf(value);
  if (number !== undefined) return typeof number === 'bigint' ? number : truncate(number);
  if (value instanceof Duration) return value.nanos;
  if (typeof value !== 'string') return fail(`invalid operation: int(${typeText(value)})`);
  const parsed = parseInt64(value);
  return typeof parsed === 'bigint' ? parsed : fail(`invalid operation: int(${value})`);
}

type IsBetter = (best: Go, next: Go) => boolean;

function extreme(name: string, isBetter: IsBetter, args: readonly Go[], depth: number): Go {
  if (depth > valueDepthMax) return tooDeep();
  let best: Go = null;
  const take = (value: Go): void => {
    if (best === null || isBetter(best, value)) best = value;
  };
  const wrong = (value: Go): never =>
    fail(`invalid argument for ${name} (type ${typeText(value)})`);
  for (const arg of args) {
    const items = itemsOf(arg);
    for (const item of items ?? []) {
      const value = extreme(name, isBetter, [item], depth + 1);
      take(numberOf(value) === undefined ? wrong(value) : value);
    }
    if (items) continue;
    if (numberOf(arg) !== undefined || arg instanceof Duration) take(arg);
    else if (args.length === 1) return arg;
    else wrong(arg);
  }
  return best;
}

/** Sums list by list, as Go's library: the order of adding shows in the last digits. */
function meanOf(args: readonly Go[], depth: number): { sum: number; count: number } {
  if (depth > valueDepthMax) return tooDeep();
  let [sum, count] = [0, 0];
  for (const arg of args) {
    for (const item of itemsOf(arg) ?? []) {
      const inner = meanOf([item], depth + 1);
      sum += inner.sum;
      count += inner.count;
    }
    if (itemsOf(arg)) continue;
    sum += floatOf('mean', arg);
    count++;
  }
  return { sum, count };
}

function flatFloats(name: string, args: readonly Go[], depth: number): number[] {
  if (depth > valueDepthMax) return tooDeep();
  return args.flatMap((arg) => {
    const items = itemsOf(arg);
    return items ? flatFloats(name, items, depth + 1) : [floatOf(name, arg)];
  });
}

function floatOf(name: string, value: Go): number {
  if (value instanceof Duration) return Number(value.nanos);
  const number = numberOf(value);
  return number === undefined
    ? fail(`invalid argument for ${name} (type ${typeText(value)})`)
    : Number(number);
}

function byFloat(left: number, right: number): number {
  if (Number.isNaN(left) || Number.isNaN(right)) {
    return Number(Number.isNaN(right)) - Number(Number.isNaN(left));
  }
  return left - right;
}

function bits(name: string, value: Go): bigint {
  const number = numberOf(value);
  if (typeof number === 'bigint') return number;
  return fail(`cannot use ${typeText(value)} as argument (type int) to call ${name}`);
}

function bitwise(name: string, operate: (left: bigint, right: bigint) => bigint): Builtin {
  return ([left = null, right = null]) => wrap(operate(bits(name, left), bits(name, right)));
}

function shift(name: string, operate: (value: bigint, by: bigint) => bigint): Builtin {
  return bitwise(name, (value, by) => {
    if (by < 0n) fail(`invalid operation: negative shift count ${by} (type int)`);
    return operate(value, by);
  });
}
