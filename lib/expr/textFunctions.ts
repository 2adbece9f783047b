import { toIndex, toInt } from './arithmetic.ts';
import { fromBase64, toBase64 } from './base64.ts';
import type { Builtin } from './builtins.ts';
import { asString } from './conversion.ts';
import { fail } from './failure.ts';
import { type Go, goText, itemsOf, List, nilList, typeText } from './goValue.ts';
import { fromJson, toJson } from './json.ts';
import { lastPlaceIn, placeIn, splitBy } from './search.ts';
import { byteLength, isAscii } from './text.ts';
import * as types from './types.ts';

// Builtins of texts. expr v1.17.7 builtin/builtin.go

export const textFunctions: Record<string, Builtin> = {
  string: ([value = null]) => goText(value),
  trim: ([text, set]) => {
    if (set === undefined) return trimmed(asString(text), space);
    return trimmed(asString(text), asString(set));
  },
  trimPrefix: ([text, prefix = ' ']) => {
    const [whole, start] = [asString(text), asString(prefix)];
    return whole.startsWith(start) ? whole.slice(start.length) : whole;
  },
  trimSuffix: ([text, suffix = ' ']) => {
    const [whole, end] = [asString(text), asString(suffix)];
    return whole.endsWith(end) ? whole.slice(0, whole.length - end.length) : whole;
  },
  upper: ([text]) => byChar(asString(text), (char) => char.toUpperCase()),
  lower: ([text]) => byChar(asString(text), (char) => char.toLowerCase()),
  split: ([text, by, count]) => split(asString(text), asString(by), count, false),
  splitAfter: ([text, by, count]) => split(asString(text), asString(by), count, true),
  replace: ([text, old, by, count], { budget }) => {
    const parts = [asString(text), asString(old), asString(by)] as const;
    const limit = count === undefined ? -1 : toIndex(count);
    budget.text((parts[0].length + 1) * (parts[2].length + 1));
    return replaced(...parts, limit);
  },
  repeat: ([text, count = null], { budget }) => {
    const [once, times] = [asString(text), toInt(count)];
    if (times < 0n) {
      fail(`invalid argument for repeat (expected positive integer, got ${times})`);
    }
    if (times > 1_000_000n) fail('memory budget exceeded');
    budget.grow(byteLength(once) * Number(times));
    return once.repeat(Number(times));
  },
  join: ([list = null, glue = ''], { budget }) => {
    const between = asString(glue);
    const items = itemsOf(list);
    const isKnown = Array.isArray(list) || list === nilList || typeText(list) === '[]string';
    if (!items || !isKnown) {
      const type = list === null ? '%!s(<nil>)' : typeText(list);
      return fail(`invalid argument for join (type ${type})`);
    }
    const texts = items.map(asString);
    budget.text(texts.reduce((sum, text) => sum + text.length + between.length, 0));
    return texts.join(between);
  },
  indexOf: ([text, part]) => placeOf(asString(text), placeIn(asString(text), asString(part))),
  lastIndexOf: ([text, part]) =>
    placeOf(asString(text), lastPlaceIn(asString(text), asString(part))),
  hasPrefix: ([text, part]) => asString(text).startsWith(asString(part)),
  hasSuffix: ([text, part]) => asString(text).endsWith(asString(part)),
  toJSON: ([value = null], { budget }) => toJson(value, budget),
  fromJSON: ([text]) => fromJson(asString(text)),
  toBase64: ([text], { budget }) => {
    budget.step(asString(text).length);
    return toBase64(asString(text));
  },
  fromBase64: ([text], { budget }) => {
    budget.step(asString(text).length);
    return fromBase64(asString(text));
  },
};

const space =
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a' +
  '\u2028\u2029\u202f\u205f\u3000';

function trimmed(text: string, set: string): string {
  const chars = [...text];
  const out = new Set(set);
  const start = chars.findIndex((char) => !out.has(char));
  const end = chars.findLastIndex((char) => !out.has(char));
  return start < 0 ? '' : chars.slice(start, end + 1).join('');
}

/** Go changes each character by itself: `ß` has no capital form of one character. */
function byChar(text: string, change: (char: string) => string): string {
  if (isAscii(text)) return change(text);
  const known = new Map<string, string>();
  let made = '';
  for (const char of text) {
    let changed = known.get(char);
    if (changed === undefined) {
      changed = [...change(char)].length === 1 ? change(char) : char;
      known.set(char, changed);
    }
    made += changed;
  }
  return made;
}

/** A place among the bytes of a text. */
function placeOf(text: string, index: number): bigint {
  return BigInt(index < 0 ? index : byteLength(text.slice(0, index)));
}

function split(text: string, by: string, count: Go | undefined, keeps: boolean): List {
  const limit = count === undefined ? -1 : toIndex(count);
  if (limit === 0) return new List(types.strings, [], true);
  const parts = by === '' ? [...text] : splitBy(text, by);
  const head = limit < 0 || parts.length <= limit ? parts : parts.slice(0, limit - 1);
  const rest = parts.slice(head.length);
  const whole = rest.length === 0 ? head : [...head, rest.join(by)];
  const last = whole.length - 1;
  const shown = keeps ? whole.map((part, at) => (at === last ? part : part + by)) : whole;
  return new List(types.strings, shown);
}

/** The first `limit` places, or all of them if it is negative. */
function replaced(text: string, old: string, by: string, limit: number): string {
  const parts = old === '' ? ['', ...text] : splitBy(text, old);
  if (old === '' && text !== '') parts.push('');
  if (old === '' && text === '') return limit === 0 ? '' : by;
  return parts
    .map((part, at) => {
      if (at === 0) return part;
      const isReplaced = limit < 0 || at <= limit;
      return (isReplaced ? by : old) + part;
    })
    .join('');
}
