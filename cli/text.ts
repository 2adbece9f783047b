import { stripVTControlCharacters } from 'node:util';
import { humanDuration, type Millis, minuteMs, secondMs } from '../lib/model/units.ts';

/** Parts two columns, as kubectl does. */
const gap = '  ';

/**
 * Rows of cells as aligned lines. A cell's width is the number of characters seen: colours take no
 * room, and none of the symbols used is wider than one place.
 */
export function columns(rows: string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(cell));
    }
  }
  return rows.map((row) =>
    row
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - displayWidth(cell)))
      .join(gap)
      .trimEnd(),
  );
}

function displayWidth(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/**
 * One line without control or invisible characters, for text from elsewhere: a message must neither
 * move the cursor nor read in another order than it is written.
 */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim();
}

/** Several lines, each made plain. */
export function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}

/** A thing with every text in it made plain: what a server says of a rollout is shown in many places. */
export function plainAll<T>(value: T): T {
  if (typeof value === 'string') return plain(value) as T;
  if (Array.isArray(value)) return value.map((each) => plainAll(each)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, each]) => [name, plainAll(each)]);
  return Object.fromEntries(fields) as T;
}

/** JSON escapes the control characters below U+0080 only; some terminals obey the others too. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u2028\u2029]|\p{Cf}/gu,
    // By code unit: what lies beyond the first plane is two escapes.
    (sign) =>
      sign
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  );
}

/** `in 12s`, `12s ago`, or `now`. */
export function distance(at: Millis, now: Millis): string {
  const span = humanDuration(Math.abs(at - now));
  if (span === '0s') return 'now';
  return at > now ? `in ${span}` : `${span} ago`;
}

const hourMs = 60 * minuteMs;
const dayHours = 24;
const yearDays = 365;

/** A span as `kubectl get` prints ages: two or three significant figures. */
export function humanAge(spanMs: Millis): string {
  const seconds = Math.trunc(spanMs / secondMs);
  const minutes = Math.trunc(spanMs / minuteMs);
  const hours = Math.trunc(spanMs / hourMs);
  const days = Math.trunc(hours / dayHours);
  // Clocks differ; a second or two in the future is now.
  if (seconds < -1) return '<invalid>';
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(days, 'd', hours % dayHours, 'h');
  if (days < 2 * yearDays) return `${days}d`;
  if (days < 8 * yearDays) {
    return two(Math.trunc(days / yearDays), 'y', days % yearDays, 'd');
  }
  return `${Math.trunc(days / yearDays)}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large}${largeUnit}${small === 0 ? '' : `${small}${smallUnit}`}`;
}
