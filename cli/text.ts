import { stripVTControlCharacters } from 'node:util';
import { humanDuration, type Millis } from '../lib/model/units.ts';
import { everyText, oneLine } from '../lib/view/words.ts';

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
  return oneLine(stripVTControlCharacters(text));
}

/** Several lines, each made plain. */
export function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}

/** A thing with every text in it made plain: what a server says of a rollout is shown in many places. */
export function plainAll<T>(value: T): T {
  return everyText(value, plain);
}

/** JSON escapes the control characters below U+0080 only; some terminals obey the others too. */
export function toJson(value: unknown, indent?: number): string {
  return escaped(JSON.stringify(value, null, indent));
}

/** Between the quotes of JSON or YAML: what would move the cursor or not be seen. */
export function escaped(text: string): string {
  return text.replace(
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

/** What a simulation has made up for want of it. */
export function inventedLines(invented: string[]): string[] {
  return invented.length === 0 ? [] : [`Invented, as the files have none: ${invented.join(', ')}.`];
}
