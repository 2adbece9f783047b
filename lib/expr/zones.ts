import type { Millis } from '../model/units.ts';

/** Whose clock a time is told by. `at`: how far it is ahead of UTC then, and what it is called. */
export type Place = { name: string; at: (time: Millis) => { name: string; seconds: number } };

export const utc: Place = { name: 'UTC', at: () => ({ name: 'UTC', seconds: 0 }) };

export function fixed(name: string, seconds: number): Place {
  return { name, at: () => ({ name, seconds }) };
}

/** Each takes long to make. */
const places = new Map<string, Place>();
const placesMax = 64;

/** A place of the database of time zones, undefined if it has none of that name. */
export function placeNamed(name: string): Place | undefined {
  if (name === '' || name === 'UTC') return utc;
  if (!/^[A-Z][A-Za-z0-9+\-_/]*$/.test(name)) return undefined;
  const known = places.get(name);
  if (known) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    const place = { name, at: (time: Millis) => offsetAt(format, time) };
    if (places.size >= placesMax) places.clear();
    places.set(name, place);
    return place;
  } catch {
    return undefined;
  }
}

function offsetAt(format: Intl.DateTimeFormat, time: Millis): { name: string; seconds: number } {
  const parts = format.formatToParts(time);
  const shown = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0', seconds = '0'] =
    /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(shown) ?? [];
  const ahead = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const name = sign === undefined ? 'UTC' : `${sign}${hours}${minutes === '00' ? '' : minutes}`;
  return { name, seconds: sign === '-' ? -ahead : ahead };
}
