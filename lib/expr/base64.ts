import { fail } from './failure.ts';
import { bytesOf, textOf } from './text.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function toBase64(text: string): string {
  const bytes = bytesOf(text);
  let encoded = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.slice(at, at + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    const chars = [18, 12, 6, 0].map((shift) => alphabet[(bits >> shift) & 63]);
    if (b === undefined) chars[2] = '=';
    if (c === undefined) chars[3] = '=';
    encoded += chars.join('');
  }
  return encoded;
}

/** As Go's StdEncoding: line breaks are left out, the padding has to be there. */
export function fromBase64(text: string): string {
  const places = [...text].flatMap((char, at) => (/[\r\n]/.test(char) ? [] : [{ char, at }]));
  const bytes: number[] = [];
  const wrong = (at: number): never => fail(`illegal base64 data at input byte ${at}`);
  for (let start = 0; start < places.length; start += 4) {
    const group = places.slice(start, start + 4);
    const known = group.findIndex(({ char }) => !alphabet.includes(char));
    const count = known < 0 ? group.length : known;
    const bad = group[count];
    if (known >= 0 && (bad?.char !== '=' || count < 2)) wrong(bad?.at ?? 0);
    if (count + (known < 0 ? 0 : 1) < 4 && group.length < 4) wrong(places[start]?.at ?? 0);
    if (count === 2 && group[3]?.char !== '=') wrong(group[3]?.at ?? text.length);
    if (known >= 0 && start + 4 < places.length) wrong(places[start + 4]?.at ?? 0);
    const values = group.slice(0, count).map(({ char }) => alphabet.indexOf(char));
    const bits = [0, 1, 2, 3].reduce((sum, at) => (sum << 6) | (values[at] ?? 0), 0);
    for (const shift of [16, 8, 0].slice(0, count - 1)) bytes.push((bits >> shift) & 255);
  }
  return textOf(bytes);
}
