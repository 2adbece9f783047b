// Where a text stands in another one, in time that grows with both lengths and not with their product: what
// JavaScript has may compare the whole of a long part at each place.

/** Up to here a part is cheap to compare at each place. */
const shortMax = 16;

/** The first place; -1 if there is none. */
export function placeIn(text: string, part: string): number {
  if (part.length <= shortMax) return text.indexOf(part);
  return long(text, part).next().value ?? -1;
}

export function lastPlaceIn(text: string, part: string): number {
  if (part.length <= shortMax) return text.lastIndexOf(part);
  let last = -1;
  for (const place of long(text, part)) last = place;
  return last;
}

/** As `text.split(part)` with a part that is not empty. */
export function splitBy(text: string, part: string): string[] {
  if (part.length <= shortMax) return text.split(part);
  const parts: string[] = [];
  let end = 0;
  for (const place of long(text, part)) {
    if (place < end) continue;
    parts.push(text.slice(end, place));
    end = place + part.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** All places, also those that overlap: Knuth, Morris and Pratt. */
function* long(text: string, part: string): Generator<number, undefined> {
  const borders = bordersOf(part);
  let held = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    while (held > 0 && part.charCodeAt(held) !== unit) held = borders[held - 1] ?? 0;
    if (part.charCodeAt(held) === unit) held++;
    if (held < part.length) continue;
    yield at - part.length + 1;
    held = borders[held - 1] ?? 0;
  }
}

/** For each place, how much of what stands up to it is also the beginning. */
function bordersOf(part: string): Int32Array {
  const borders = new Int32Array(part.length);
  let held = 0;
  for (let at = 1; at < part.length; at++) {
    const unit = part.charCodeAt(at);
    while (held > 0 && part.charCodeAt(held) !== unit) held = borders[held - 1] ?? 0;
    if (part.charCodeAt(held) === unit) held++;
    borders[at] = held;
  }
  return borders;
}
