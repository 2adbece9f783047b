import { fail } from './failure.ts';
import { quote } from './text.ts';
import { unescaped } from './unescape.ts';

export type TokenKind = 'Identifier' | 'Number' | 'String' | 'Operator' | 'Bracket' | 'EOF';
export type Token = { kind: TokenKind; value: string };

const words = new Set(['in', 'or', 'and', 'matches', 'contains', 'startsWith', 'endsWith']);
const keywords = new Set([...words, 'let', 'if', 'else']);
/** What may follow `not` as one operator. */
const negatable = new Set(['in', 'matches', 'contains', 'startsWith', 'endsWith']);
const digits: Record<string, string> = {
  x: '0123456789abcdefABCDEF_',
  o: '01234567_',
  b: '01_',
};
const decimal = '0123456789_';
const space = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;
const wordPart = /^[\p{L}\p{Nd}_$]$/u;

export function isWordPart(char: string): boolean {
  return wordPart.test(char);
}

/** The tokens of an expression, one after the other. expr v1.17.7 parser/lexer */
export class Lexer {
  readonly #chars: string[];
  #at = 0;
  #waiting: Token[] = [];

  constructor(source: string) {
    this.#chars = [...source];
  }

  /** After the end it is refused to go on. */
  next(): Token {
    for (;;) {
      const token = this.#waiting.shift() ?? this.#scan();
      if (token) return token;
    }
  }

  #peek(): string {
    return this.#chars[this.#at] ?? '';
  }

  #take(): string {
    const char = this.#peek();
    this.#at++;
    return char;
  }

  #accept(valid: string): boolean {
    const char = this.#peek();
    if (char === '' || !valid.includes(char)) return false;
    this.#at++;
    return true;
  }

  #acceptRun(valid: string): void {
    while (this.#accept(valid)) {}
  }

  #word(): string {
    const start = this.#at;
    while (isWordPart(this.#peek())) this.#at++;
    return this.#chars.slice(start, this.#at).join('');
  }

  #scan(): Token | undefined {
    const char = this.#peek();
    if (char === '') {
      if (this.#at > this.#chars.length) fail('unexpected end of expression');
      this.#at++;
      return { kind: 'EOF', value: '' };
    }
    if (space.test(char)) {
      this.#at++;
      return undefined;
    }
    if (char === '"' || char === "'") return this.#string(char);
    if (char === '`') return this.#rawString();
    if (/[0-9]/.test(char)) return this.#number();
    if (char === '.') return this.#dot();
    if (char === '/') return this.#slash();
    if (char === '#') return this.#pointer();
    const operator = this.#operator(char);
    if (operator) return operator;
    if (isWordPart(char)) return this.#identifier();
    return fail(`unrecognized character: ${unicode(char)}`);
  }

  #operator(char: string): Token | undefined {
    const seconds = { '?': '.?', '|': '|', ':': ':' }[char];
    const more = seconds ?? ('&!=*<>'.includes(char) ? '&=*' : '');
    if ('([{)]}'.includes(char)) return { kind: 'Bracket', value: this.#take() };
    if (more === '' && !',;%+-^'.includes(char)) return undefined;
    const first = this.#take();
    return { kind: 'Operator', value: this.#accept(more) ? first + this.#before() : first };
  }

  #before(): string {
    return this.#chars[this.#at - 1] ?? '';
  }

  #string(end: string): Token {
    const start = this.#at++;
    let char = this.#take();
    while (char !== end) {
      if (char === '\n' || char === '') fail('literal not terminated');
      char = char === '\\' ? this.#escape(end) : this.#take();
    }
    const text = this.#chars.slice(start + 1, this.#at - 1).join('');
    return { kind: 'String', value: unescaped(text) };
  }

  /** Goes over an escape; the character behind it. */
  #escape(end: string): string {
    const char = this.#take();
    if (`abfnrtv\\${end}`.includes(char) && char !== '') return this.#take();
    if (/^[0-7]$/.test(char)) return this.#escapeDigits(char, /^[0-7]$/, 3);
    const length = { x: 2, u: 4, U: 8 }[char];
    if (length === undefined) return fail('invalid char escape');
    if (char === 'u' && this.#accept('{')) {
      const start = this.#at;
      this.#acceptRun('0123456789abcdefABCDEF');
      const count = this.#at - start;
      if (count < 1 || count > 6 || !this.#accept('}')) fail('invalid char escape');
      return this.#take();
    }
    return this.#escapeDigits(this.#take(), /^[0-9a-fA-F]$/, length);
  }

  #escapeDigits(first: string, digit: RegExp, length: number): string {
    let char = first;
    for (let left = length; left > 0; left--) {
      if (!digit.test(char)) fail('invalid char escape');
      char = this.#take();
    }
    return char;
  }

  #rawString(): Token {
    this.#at++;
    let value = '';
    for (;;) {
      const char = this.#take();
      if (char === '') fail('literal not terminated');
      if (char === '`' && !this.#accept('`')) return { kind: 'String', value };
      value += char;
    }
  }

  #number(): Token {
    const start = this.#at;
    let valid = decimal;
    if (this.#accept('0')) {
      const base = this.#peek().toLowerCase();
      if (base !== '' && 'xob'.includes(base)) {
        this.#at++;
        valid = digits[base] ?? decimal;
      }
    }
    this.#acceptRun(valid);
    const end = this.#at;
    const text = (): string => this.#chars.slice(start, this.#at).join('');
    if (this.#accept('.')) {
      if (this.#peek() === '.') {
        this.#at = end;
        return { kind: 'Number', value: text() };
      }
      this.#acceptRun(valid);
    }
    if (this.#accept('eE')) {
      this.#accept('+-');
      this.#acceptRun(valid);
    }
    if (isWordPart(this.#peek())) {
      this.#at++;
      fail(`bad number syntax: ${quote(text())}`);
    }
    return { kind: 'Number', value: text() };
  }

  #dot(): Token {
    if (/^[0-9]$/.test(this.#chars[this.#at + 1] ?? '')) return this.#number();
    this.#at++;
    return { kind: 'Operator', value: this.#accept('.') ? '..' : '.' };
  }

  #slash(): Token | undefined {
    this.#at++;
    if (this.#accept('/')) {
      for (let char = this.#take(); char !== '' && char !== '\n'; ) char = this.#take();
      this.#at = Math.min(this.#at, this.#chars.length);
      return undefined;
    }
    if (!this.#accept('*')) return { kind: 'Operator', value: '/' };
    for (;;) {
      const char = this.#take();
      if (char === '') fail('unclosed comment');
      if (char === '*' && this.#accept('/')) return undefined;
    }
  }

  #pointer(): Token {
    this.#at++;
    const value = this.#accept('#') ? '##' : '#';
    const name = this.#word();
    if (name !== '') this.#waiting.push({ kind: 'Identifier', value: name });
    return { kind: 'Operator', value };
  }

  #identifier(): Token {
    const value = this.#word();
    if (value === 'not') return this.#not();
    return { kind: keywords.has(value) ? 'Operator' : 'Identifier', value };
  }

  /** `not in` is told as two operators in any case. */
  #not(): Token {
    this.#acceptRun(' ');
    const start = this.#at;
    const value = this.#word();
    if (negatable.has(value)) this.#waiting.push({ kind: 'Operator', value });
    else this.#at = start;
    return { kind: 'Operator', value: 'not' };
  }
}

/** As messages show a token. */
export function tokenText({ kind, value }: Token): string {
  return value === '' ? kind : `${kind}(${quote(value)})`;
}

/** A character as Go's `%#U` prints it. */
function unicode(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char) ? `U+${code} '${char}'` : `U+${code}`;
}
