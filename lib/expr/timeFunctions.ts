import type { Builtin } from './builtins.ts';
import { asString } from './conversion.ts';
import { timeSteps } from './cost.ts';
import { fail } from './failure.ts';
import type { Go } from './goValue.ts';
import { quote } from './text.ts';
import { Duration, Location, Time } from './time.ts';
import { parseTime } from './timeLayout.ts';
import { type Place, placeNamed, utc } from './zones.ts';

// Builtins of times. expr v1.17.7 builtin/builtin.go

const layouts = [
  '2006-01-02',
  '15:04:05',
  '2006-01-02 15:04:05',
  '2006-01-02T15:04:05Z07:00',
  '02 Jan 06 15:04 MST',
  'Monday, 02-Jan-06 15:04:05 MST',
  'Mon, 02 Jan 2006 15:04:05 MST',
];

export const timeFunctions: Record<string, Builtin> = {
  now: ([place], { now }) =>
    new Time(BigInt(now) * 1_000_000n, place instanceof Location ? place.place : utc),
  duration: ([text], { budget }) => {
    budget.step(timeSteps);
    return new Duration(parseDuration(asString(text)));
  },
  timezone: ([name], { budget }) => {
    budget.step(timeSteps);
    return new Location(placeOf(asString(name)));
  },
  date: (args, { budget }) => {
    // Each layout is tried, and what is wrong with it put into words.
    for (const arg of args) if (typeof arg === 'string') budget.step(16 * (timeSteps + arg.length));
    return dateOf(args);
  },
};

function placeOf(name: string): Place {
  return placeNamed(name) ?? fail(`unknown time zone ${name}`);
}

function dateOf(args: Go[]): Time {
  const [first] = args;
  const place = first instanceof Location ? first.place : undefined;
  const [text, layout, zone] = place ? args.slice(1) : args;
  if (text === undefined) return fail('runtime error: index out of range [0] with length 0');
  const date = asString(text);
  if (layout !== undefined) {
    const pattern = asString(layout);
    const where = zone === undefined ? place : placeOf(asString(zone));
    const parsed = parseTime(pattern, date, where ?? utc);
    return 'error' in parsed ? fail(parsed.error) : parsed;
  }
  for (const pattern of layouts) {
    const parsed = parseTime(pattern, date, place ?? utc);
    if (!('error' in parsed)) return parsed;
  }
  return fail(`invalid date ${date}`);
}

const units: Record<string, bigint> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const longest = 200;

/** Nanoseconds of a text as Go's time.ParseDuration reads it. */
function parseDuration(source: string): bigint {
  const invalid = (): never => fail(`time: invalid duration ${quote(source)}`);
  const sign = source.startsWith('-') ? -1n : 1n;
  let rest = source.replace(/^[+-]/, '');
  if (rest === '0') return 0n;
  if (rest === '' || rest.length > longest) return invalid();
  let total = 0n;
  while (rest !== '') {
    const [all = '', whole = '', fraction = ''] = /^(\d*)(?:\.(\d*))?/.exec(rest) ?? [];
    if (whole + fraction === '') return invalid();
    rest = rest.slice(all.length);
    const [unit = ''] = /^[^.0-9]*/.exec(rest) ?? [];
    if (unit === '') return fail(`time: missing unit in duration ${quote(source)}`);
    const size = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (size === undefined) {
      return fail(`time: unknown unit ${quote(unit)} in duration ${quote(source)}`);
    }
    rest = rest.slice(unit.length);
    const part = Math.trunc(Number(fraction || '0') * (Number(size) / 10 ** fraction.length));
    total += BigInt(whole || '0') * size + BigInt(part);
    if (total > 2n ** 63n - (sign > 0n ? 1n : 0n)) return invalid();
  }
  return sign * total;
}
