import { daysIn, daysSinceEpoch } from './civil.ts';
import { quote } from './text.ts';
import { Time } from './time.ts';
import { fixed, type Place, utc } from './zones.ts';

// Reading a time by a layout that is Go's reference time, written as the text is. time/format.go of Go 1.26

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

type Read = {
  year: number;
  month: number;
  day: number;
  dayOfYear: number;
  hour: number;
  minute: number;
  second: number;
  nanos: bigint;
  half: 'am' | 'pm' | undefined;
  zone: string | undefined;
  offset: number | undefined;
  isUtc: boolean;
};

/** What an element reads: a pattern at the start of the rest, and where what it finds goes. */
type Element = { pattern: RegExp; take: (read: Read, found: string) => boolean };

const within = (least: number, value: number, most: number): boolean =>
  value >= least && value <= most;

function number(
  pattern: RegExp,
  name: 'year' | 'month' | 'day' | 'dayOfYear' | 'hour' | 'minute' | 'second',
  [least, most]: [number, number] = [0, 9999],
): Element {
  return {
    pattern,
    take: (read, found) => {
      read[name] = Number(found.trim());
      return within(least, read[name], most);
    },
  };
}

const elements: Record<string, Element> = {
  '2006': number(/^\d{4}/, 'year'),
  '06': {
    pattern: /^\d{2}/,
    take: (read, found) => {
      read.year = Number(found) + (Number(found) >= 69 ? 1900 : 2000);
      return true;
    },
  },
  January: named(months, (name) => name),
  Jan: named(months, (name) => name.slice(0, 3)),
  '01': number(/^\d{2}/, 'month', [1, 12]),
  '1': number(/^\d{1,2}/, 'month', [1, 12]),
  Monday: { pattern: new RegExp(`^(?:${days.join('|')})`, 'i'), take: () => true },
  Mon: {
    pattern: new RegExp(`^(?:${days.map((day) => day.slice(0, 3)).join('|')})`, 'i'),
    take: () => true,
  },
  '02': number(/^\d{2}/, 'day'),
  _2: number(/^ ?\d{1,2}/, 'day'),
  '2': number(/^ ?\d{1,2}/, 'day'),
  '002': number(/^\d{3}/, 'dayOfYear'),
  '15': number(/^\d{1,2}/, 'hour', [0, 23]),
  '03': number(/^\d{2}/, 'hour', [0, 12]),
  '3': number(/^\d{1,2}/, 'hour', [0, 12]),
  '04': number(/^\d{2}/, 'minute', [0, 59]),
  '4': number(/^\d{1,2}/, 'minute', [0, 59]),
  '05': seconds(/^(\d{2})(?:[.,](\d+))?/),
  '5': seconds(/^(\d{1,2})(?:[.,](\d+))?/),
  PM: half(/^(?:AM|PM)/),
  pm: half(/^(?:am|pm)/),
  MST: {
    pattern: /^(?:UTC|GMT[+-]\d{1,2}|[A-Z]{3,5}|[+-]\d{2})/,
    take: (read, found) => {
      if (found === 'UTC') read.isUtc = true;
      read.zone = found;
      return true;
    },
  },
  'Z07:00': offset(/^(?:Z|[+-]\d\d:\d\d)/),
  Z0700: offset(/^(?:Z|[+-]\d{4})/),
  '-07:00': offset(/^[+-]\d\d:\d\d/),
  '-0700': offset(/^[+-]\d{4}/),
  '-07': offset(/^[+-]\d\d/),
};

function named(names: string[], form: (name: string) => string): Element {
  const forms = names.map((name) => form(name).toLowerCase());
  return {
    pattern: new RegExp(`^(?:${forms.join('|')})`, 'i'),
    take: (read, found) => {
      read.month = forms.indexOf(found.toLowerCase()) + 1;
      return true;
    },
  };
}

/** A fraction may follow, though the layout has none. */
function seconds(pattern: RegExp): Element {
  return {
    pattern,
    take: (read, found) => {
      const [whole = '', fraction = ''] = found.split(/[.,]/);
      read.second = Number(whole);
      read.nanos = BigInt(fraction.slice(0, 9).padEnd(9, '0'));
      return read.second < 60;
    },
  };
}

function half(pattern: RegExp): Element {
  return {
    pattern,
    take: (read, found) => {
      read.half = found.toLowerCase() === 'am' ? 'am' : 'pm';
      return true;
    },
  };
}

function offset(pattern: RegExp): Element {
  return {
    pattern,
    take: (read, found) => {
      if (found === 'Z') {
        read.isUtc = true;
        return true;
      }
      const digits = found.replace(/\D/g, '').padEnd(4, '0');
      const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
      read.offset = (hours * 60 + minutes) * 60 * (found.startsWith('-') ? -1 : 1);
      return hours <= 24 && minutes <= 60;
    },
  };
}

const names = Object.keys(elements).sort((a, b) => b.length - a.length);
const parts = new RegExp(`[.,](?:0+|9+)(?!\\d)|${names.join('|')}`, 'g');

/** The time, in UTC or at `place` where the text does not say where; or what is wrong with it. */
export function parseTime(layout: string, text: string, place: Place): Time | { error: string } {
  const read: Read = {
    year: 0,
    month: -1,
    day: -1,
    dayOfYear: -1,
    hour: 0,
    minute: 0,
    second: 0,
    nanos: 0n,
    half: undefined,
    zone: undefined,
    offset: undefined,
    isUtc: false,
  };
  const whole = `parsing time ${quote(text)}`;
  let [rest, done] = [text, 0];
  const literal = (expected: string): { error: string } | undefined => {
    if (rest.startsWith(expected)) {
      rest = rest.slice(expected.length);
      return undefined;
    }
    const where = `cannot parse ${quote(rest)} as ${quote(expected)}`;
    return { error: `${whole} as ${quote(layout)}: ${where}` };
  };
  for (const match of layout.matchAll(parts)) {
    const [name] = match;
    const wrong = literal(layout.slice(done, match.index));
    if (wrong) return wrong;
    done = match.index + name.length;
    // The seconds before have taken it.
    if (/^[.,]/.test(name)) continue;
    const element = elements[name];
    const found = element?.pattern.exec(rest)?.[0];
    if (!element || found === undefined) {
      const where = `cannot parse ${quote(rest)} as ${quote(name)}`;
      return { error: `${whole} as ${quote(layout)}: ${where}` };
    }
    rest = rest.slice(found.length);
    if (!element.take(read, found)) return { error: `${whole}: ${rangeNames[name]} out of range` };
  }
  const wrong = literal(layout.slice(done));
  if (wrong) return wrong;
  if (rest !== '') return { error: `${whole}: extra text: ${quote(rest)}` };
  return timeOf(read, place) ?? { error: `${whole}: day out of range` };
}

const rangeNames: Record<string, string> = {
  '01': 'month',
  '1': 'month',
  '15': 'hour',
  '03': 'hour',
  '3': 'hour',
  '04': 'minute',
  '4': 'minute',
  '05': 'second',
  '5': 'second',
};

function timeOf(read: Read, place: Place): Time | undefined {
  let { year, month, day, hour } = read;
  if (read.dayOfYear >= 0) {
    const total = daysIn(year, 2) + 337;
    if (!within(1, read.dayOfYear, total)) return undefined;
    if (month < 0) [month, day] = [1, read.dayOfYear];
  }
  if (month < 0) month = 1;
  if (day < 0) day = 1;
  if (read.dayOfYear < 0 && !within(1, day, daysIn(year, month))) return undefined;
  if (read.half === 'pm' && hour < 12) hour += 12;
  if (read.half === 'am' && hour === 12) hour = 0;
  const date = daysSinceEpoch({ year, month, day: 1 }) + day - 1;
  const local = date * 86_400 + hour * 3600 + read.minute * 60 + read.second;
  const at = (ahead: number, where: Place): Time =>
    new Time(BigInt(local - ahead) * 1_000_000_000n + read.nanos, where);
  if (read.isUtc) return at(0, utc);
  if (read.offset !== undefined) {
    const known = place.at((local - read.offset) * 1000).seconds === read.offset;
    return at(read.offset, known ? place : fixed(read.zone ?? '', read.offset));
  }
  if (read.zone !== undefined) {
    const hours = /^GMT([+-]\d+)$/.exec(read.zone)?.[1] ?? '0';
    return at(Number(hours) * 3600, fixed(read.zone, Number(hours) * 3600));
  }
  const first = place.at(local * 1000).seconds;
  return at(place.at((local - first) * 1000).seconds, place);
}
