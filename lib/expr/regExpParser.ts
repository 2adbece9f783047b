import { fail } from './failure.ts';
import { classEscape, isCategory, type Part, posixClass, single } from './regExpClass.ts';

/** A part of a pattern. Which of several matches is found does not matter, only whether there is one. */
export type Pattern =
  | { is: 'char'; source: string; folds: boolean }
  | { is: 'any'; lines: boolean }
  | { is: 'at'; place: Place }
  | { is: 'all'; parts: Pattern[] }
  | { is: 'either'; parts: Pattern[] }
  /** `max` undefined: without end. */
  | { is: 'repeat'; part: Pattern; min: number; max: number | undefined };
export type Place = 'start' | 'end' | 'lineStart' | 'lineEnd' | 'wordEdge' | 'noWordEdge';

type Flags = { i: boolean; m: boolean; s: boolean };

const repeatMax = 1000;
/** Go's library allows 1000. */
const nestingMax = 250;

/** A pattern as Go's regexp takes it, or a Failure in its words. regexp/syntax/parse.go of Go 1.26 */
export function parsePattern(source: string): Pattern {
  return new PatternParser(source).parse();
}

function wrong(why: string, where: string): never {
  return fail(`error parsing regexp: ${why}: \`${where}\``);
}

class PatternParser {
  readonly #chars: string[];
  readonly #source: string;
  readonly #names = new Set<string>();
  #at = 0;
  #flags: Flags = { i: false, m: false, s: false };
  #nesting = 0;
  #hasNoClassEnd = false;

  constructor(source: string) {
    this.#source = source;
    this.#chars = [...source];
  }

  parse(): Pattern {
    const pattern = this.#either();
    if (this.#at < this.#chars.length) wrong('unexpected )', this.#source);
    return pattern;
  }

  #peek(ahead = 0): string {
    return this.#chars[this.#at + ahead] ?? '';
  }

  #since(start: number, end = this.#at): string {
    return this.#chars.slice(start, end).join('');
  }

  #starts(text: string): boolean {
    return this.#since(this.#at, this.#at + text.length) === text;
  }

  #either(): Pattern {
    const parts = [this.#all()];
    while (this.#peek() === '|') {
      this.#at++;
      parts.push(this.#all());
    }
    return parts.length === 1 && parts[0] ? parts[0] : { is: 'either', parts };
  }

  #all(): Pattern {
    const parts: Pattern[] = [];
    /** Where the last repetition began, if nothing has come since. */
    let repeated: number | undefined;
    while (this.#at < this.#chars.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const start = this.#at;
      const range = this.#repetition();
      if (range === undefined) {
        for (const each of this.#atom()) parts.push(each);
        repeated = undefined;
        continue;
      }
      if (this.#peek() === '?') this.#at++;
      if (repeated !== undefined)
        wrong('invalid nested repetition operator', this.#since(repeated));
      const part = parts.pop();
      if (!part) return wrong('missing argument to repetition operator', this.#since(start));
      const whole: Pattern = { is: 'repeat', part, ...range };
      const isCounted = range.min >= 2 || (range.max ?? 0) >= 2;
      if (isCounted && !isValid(whole, repeatMax))
        wrong('invalid repeat count', this.#since(start));
      parts.push(whole);
      repeated = start;
    }
    return { is: 'all', parts };
  }

  /** How often what stands before is repeated, if that comes next. */
  #repetition(): { min: number; max: number | undefined } | undefined {
    const simple = { '*': [0, undefined], '+': [1, undefined], '?': [0, 1] }[this.#peek()];
    if (simple) {
      this.#at++;
      return { min: simple[0] ?? 0, max: simple[1] };
    }
    if (this.#peek() !== '{') return undefined;
    const text = this.#since(this.#at, this.#at + 30);
    const match = /^\{(0|[1-9]\d*)(,(0|[1-9]\d*)?)?\}/.exec(text);
    if (!match) return undefined;
    const [all, least = '', comma, most] = match;
    this.#at += all.length;
    const min = Number(least);
    const max = comma === undefined ? min : most === undefined ? undefined : Number(most);
    const isTooMuch = min > repeatMax || (max ?? 0) > repeatMax || (max !== undefined && min > max);
    if (isTooMuch) wrong('invalid repeat count', all);
    return { min, max };
  }

  #atom(): Pattern[] {
    const char = this.#peek();
    if (char === '(') return this.#group();
    if (char === '[') return [this.#class()];
    if (char === '\\') return this.#escape();
    this.#at++;
    if (char === '.') return [{ is: 'any', lines: this.#flags.s }];
    if (char === '^') return [{ is: 'at', place: this.#flags.m ? 'lineStart' : 'start' }];
    if (char === '$') return [{ is: 'at', place: this.#flags.m ? 'lineEnd' : 'end' }];
    return [this.#char(single(char))];
  }

  #char(source: Part): Pattern {
    return { is: 'char', source, folds: this.#flags.i };
  }

  #group(): Pattern[] {
    const flags = { ...this.#flags };
    const start = this.#at++;
    if (this.#peek() === '?' && !this.#named(start)) {
      // `(?i)` goes on to the end of the group that it is in.
      if (this.#setFlags(start) === ')') return [];
    }
    this.#nesting++;
    if (this.#nesting > nestingMax) wrong('expression nests too deeply', this.#source);
    const inner = this.#either();
    this.#nesting--;
    if (this.#peek() !== ')') wrong('missing closing )', this.#source);
    this.#at++;
    this.#flags = flags;
    return [inner];
  }

  /** Goes over `?P<name>` and `?<name>`. */
  #named(start: number): boolean {
    const prefix = ['?P<', '?<'].find((each) => this.#starts(each));
    const isLong = this.#chars.length - start > (prefix?.length ?? 0) + 1;
    if (prefix === undefined || !isLong) return false;
    const end = this.#chars.indexOf('>', start);
    if (end < 0) wrong('invalid named capture', this.#since(start, this.#chars.length));
    const name = this.#since(this.#at + prefix.length, end);
    if (!/^\w+$/.test(name)) wrong('invalid named capture', this.#since(start, end + 1));
    if (this.#names.has(name)) wrong('duplicate capture group name', name);
    this.#names.add(name);
    this.#at = end + 1;
    return true;
  }

  /** Takes over `?i-s:` or `?i-s)`; the character at the end. */
  #setFlags(start: number): string {
    this.#at++;
    const flags = { ...this.#flags };
    let [value, sawFlag] = [true, false];
    while (this.#at < this.#chars.length) {
      const char = this.#peek();
      this.#at++;
      if (char === 'i' || char === 'm' || char === 's') flags[char] = value;
      else if (char === '-' && value) {
        value = false;
        sawFlag = false;
        continue;
      } else if (char === ':' || char === ')') {
        if (!value && !sawFlag) break;
        this.#flags = flags;
        return char;
      } else if (char !== 'U') break;
      sawFlag = true;
    }
    // What is not closed is missing its end.
    const isOpen = this.#at >= this.#chars.length && /^[imsU-]?$/.test(this.#chars.at(-1) ?? '');
    if (isOpen) return wrong('missing closing )', this.#source);
    return wrong('invalid or unsupported Perl syntax', this.#since(start));
  }

  #escape(): Pattern[] {
    const kind = this.#peek(1);
    const places: Record<string, Place> = { A: 'start', z: 'end', b: 'wordEdge', B: 'noWordEdge' };
    const place = places[kind];
    if (place) {
      this.#at += 2;
      return [{ is: 'at', place }];
    }
    if (kind === 'Q') return this.#literal();
    return [this.#char(this.#escaped())];
  }

  /** `\Q…\E`: nothing in it has a meaning. */
  #literal(): Pattern[] {
    this.#at += 2;
    const parts: Pattern[] = [];
    while (this.#at < this.#chars.length && !this.#starts('\\E')) {
      parts.push(this.#char(single(this.#peek())));
      this.#at++;
    }
    this.#at = Math.min(this.#at + 2, this.#chars.length);
    return parts;
  }

  /** A class or character behind a backslash. */
  #escaped(): Part {
    const kind = this.#peek(1);
    const known = classEscape(kind);
    if (known) {
      this.#at += 2;
      return known;
    }
    return kind === 'p' || kind === 'P' ? this.#category() : single(this.#escapedChar());
  }

  #category(): Part {
    const start = this.#at;
    const isNegated = this.#peek(1) === 'P';
    this.#at += 2;
    const first = this.#peek();
    this.#at++;
    let name = first;
    if (first === '{') {
      const end = this.#chars.indexOf('}', this.#at);
      if (end < 0) wrong('invalid character class range', this.#since(start, this.#chars.length));
      name = this.#since(this.#at, end);
      this.#at = end + 1;
    }
    const isOpposite = name.startsWith('^');
    const part = isCategory(isOpposite ? name.slice(1) : name, isNegated !== isOpposite);
    return part ?? wrong('invalid character class range', this.#since(start));
  }

  #escapedChar(): string {
    const start = this.#at++;
    const char = this.#peek();
    if (char === '') wrong('trailing backslash at end of expression', '');
    this.#at++;
    const octal = /^(?:[1-7][0-7]{1,2}|0[0-7]{0,2})/.exec(this.#since(this.#at - 1, this.#at + 2));
    if (octal) {
      this.#at += octal[0].length - 1;
      return String.fromCodePoint(Number.parseInt(octal[0], 8));
    }
    const plain = { a: '\x07', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }[char];
    if (plain !== undefined) return plain;
    if (char === 'x') {
      const rest = this.#since(this.#at, this.#at + 10);
      const hex = /^(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,8})\})/.exec(rest);
      const code = hex ? Number.parseInt(hex[1] ?? hex[2] ?? '', 16) : Number.NaN;
      if (hex && code <= 0x10ffff) {
        this.#at += hex[0].length;
        return String.fromCodePoint(code);
      }
    }
    if (isPlain(char)) return char;
    return wrong('invalid escape sequence', this.#since(start));
  }

  #class(): Pattern {
    const start = this.#at++;
    const isNegated = this.#peek() === '^';
    if (isNegated) this.#at++;
    let source = '';
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      if (this.#at >= this.#chars.length) {
        wrong('missing closing ]', this.#since(start, this.#chars.length));
      }
      source += this.#classPart(start);
    }
    this.#at++;
    return this.#char(`[${isNegated ? '^' : ''}${source}]`);
  }

  #classPart(start: number): Part {
    if (this.#starts('[:')) {
      const end = this.#classEnd();
      if (end >= 0) {
        const from = this.#at;
        this.#at = end + 2;
        const part = posixClass(this.#since(from + 2, this.#at - 2));
        return part ?? wrong('invalid character class range', this.#since(from));
      }
    }
    if (this.#peek() === '\\') {
      const kind = this.#peek(1);
      if (classEscape(kind) || kind === 'p' || kind === 'P') return this.#escaped();
    }
    const from = this.#at;
    const low = this.#classChar(start);
    if (this.#peek() !== '-' || this.#peek(1) === ']' || this.#peek(1) === '') return single(low);
    this.#at++;
    const high = this.#classChar(start);
    if ((high.codePointAt(0) ?? 0) < (low.codePointAt(0) ?? 0)) {
      wrong('invalid character class range', this.#since(from));
    }
    return `${single(low)}-${single(high)}`;
  }

  /** Where the next `:]` is; -1 if there is none, which is looked for once. */
  #classEnd(): number {
    if (this.#hasNoClassEnd) return -1;
    let at = this.#at + 2;
    while (at < this.#chars.length && !(this.#chars[at] === ':' && this.#chars[at + 1] === ']'))
      at++;
    this.#hasNoClassEnd = at >= this.#chars.length;
    return this.#hasNoClassEnd ? -1 : at;
  }

  #classChar(start: number): string {
    if (this.#at >= this.#chars.length) {
      wrong('missing closing ]', this.#since(start, this.#chars.length));
    }
    if (this.#peek() === '\\') return this.#escapedChar();
    const char = this.#peek();
    this.#at++;
    return char;
  }
}

/** Whether a character may stand behind a backslash for itself: one of ASCII that is no letter or digit. */
function isPlain(char: string): boolean {
  return (char.codePointAt(0) ?? 0) < 0x80 && !/^[0-9A-Za-z]$/.test(char);
}

/** Whether the counts of nested repetitions come to no more than this. */
function isValid(pattern: Pattern, most: number): boolean {
  if (pattern.is === 'repeat') {
    const count = pattern.max ?? pattern.min;
    if (pattern.max === 0) return true;
    const isSimple = pattern.max === undefined && pattern.min < 2;
    if (isSimple || (pattern.max === 1 && pattern.min === 0)) return isValid(pattern.part, most);
    return count <= most && isValid(pattern.part, count > 0 ? Math.floor(most / count) : most);
  }
  return !('parts' in pattern) || pattern.parts.every((part) => isValid(part, most));
}
