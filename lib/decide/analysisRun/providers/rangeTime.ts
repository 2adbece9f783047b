import { fromTime, type Millis, parseGoDuration } from '../../../model/units.ts';

/** An instant, as a range query names it: `now() - duration("1h")`. */
export function timeOf(expression: string, now: Millis): Millis | { error: string } {
  const [, base, sign, length] =
    /^\s*(now\(\)|date\("[^"]*"\))\s*(?:([+-])\s*duration\("([^"]*)"\)\s*)?$/.exec(expression) ??
    [];
  if (base === undefined) return { error: kindError(expression) };
  const start = base === 'now()' ? now : fromTime(base.slice(6, -2));
  const spanMs = length === undefined ? 0 : parseGoDuration(length);
  if (Number.isNaN(start) || spanMs === undefined) return { error: `cannot read ${expression}` };
  return sign === '-' ? start - spanMs : start + spanMs;
}

function kindError(expression: string): string {
  const kind = /^\s*\d+\s*$/.test(expression) ? 'int' : `"${expression}"`;
  return `expected time.Time, but got ${kind}`;
}
