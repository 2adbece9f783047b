import { fail } from './failure.ts';
import { parseFloat64, parseInt64 } from './text.ts';
import { goUnquoted } from './unquote.ts';

export type PathNode =
  | { is: 'list'; nodes: PathNode[] }
  | { is: 'text'; text: string }
  | { is: 'field'; name: string }
  | { is: 'array'; from: Bound; to: Bound; step: Bound }
  | { is: 'filter'; left: PathNode; right: PathNode; operator: string }
  | { is: 'literal'; value: bigint | number | boolean }
  | { is: 'wildcard' }
  | { is: 'recursive' }
  | { is: 'union'; nodes: PathNode[] }
  | { is: 'word'; name: string };
/** `known`: it is written. `derived`: it follows from the one before it. */
type Bound = { known: boolean; value: number; derived?: boolean };

type List = Extract<PathNode, { is: 'list' }>;

/** Go's own has no limit. */
const nestingMax = 100;
const lengthMax = 10_000;

/**
 * The parts of a path, text and what stands in braces, or a Failure in the words of client-go.
 * k8s.io/client-go v0.34.5 util/jsonpath/parser.go
 */
export function parsePath(text: string): List {
  return parsed(text, 0);
}

function parsed(text: string, nesting: number): List {
  if (nesting > nestingMax) fail(`the path is nested more than ${nestingMax} deep`);
  if (text.length > lengthMax) fail(`the path is longer than ${lengthMax} characters`);
  return new PathParser(text, nesting).parse();
}

/** What stands in the braces of a path. */
function action(text: string, nesting: number): PathNode {
  const [first] = parsed(`{${text}}`, nesting + 1).nodes;
  return first ?? { is: 'list', nodes: [] };
}

class PathParser {
  readonly #chars: string[];
  readonly #nesting: number;
  #at = 0;
  #start = 0;

  constructor(text: string, nesting: number) {
    this.#chars = [...text];
    this.#nesting = nesting;
  }

  parse(): List {
    const root: List = { is: 'list', nodes: [] };
    while (this.#at < this.#chars.length) {
      if (this.#chars[this.#at] !== '{') {
        this.#at++;
        continue;
      }
      this.#text(root);
      this.#at++;
      this.#taken();
      const list: List = { is: 'list', nodes: [] };
      root.nodes.push(list);
      this.#inside(list);
    }
    this.#text(root);
    return root;
  }

  #text(root: List): void {
    if (this.#at > this.#start) root.nodes.push({ is: 'text', text: this.#taken() });
  }

  #next(): string {
    const char = this.#chars[this.#at] ?? '';
    if (char !== '') this.#at++;
    return char;
  }

  #peek(ahead = 0): string {
    return this.#chars[this.#at + ahead] ?? '';
  }

  #starts(text: string): boolean {
    return [...text].every((char, ahead) => this.#peek(ahead) === char);
  }

  /** What was gone over since this was last asked. */
  #taken(): string {
    const text = this.#chars.slice(this.#start, this.#at).join('');
    this.#start = this.#at;
    return text;
  }

  #inside(list: List): void {
    while (!this.#starts('}')) this.#part(list);
    this.#at++;
    this.#taken();
  }

  #part(list: List): void {
    if (this.#starts('[?(')) {
      this.#filter(list);
      return;
    }
    if (this.#starts('..')) {
      this.#recursive(list);
      return;
    }
    const char = this.#next();
    if (char === '' || char === '\r' || char === '\n') fail('unclosed action');
    if (char === ' ' || char === '@' || char === '$') {
      this.#taken();
      return;
    }
    if (char === '[') {
      this.#array(list);
      return;
    }
    if (char === '"' || char === "'") {
      this.#quoted(list, char);
      return;
    }
    if (char === '.') {
      this.#field(list);
      return;
    }
    if (/^[+\-\p{Nd}]$/u.test(char)) {
      this.#at--;
      this.#number(list);
      return;
    }
    if (/^[_\p{L}]$/u.test(char)) {
      this.#at--;
      this.#word(list);
      return;
    }
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const shown = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char) ? ` '${char}'` : '';
    fail(`unrecognized character in action: U+${code}${shown}`);
  }

  #isEnd(): boolean {
    const char = this.#peek();
    return char === '' || ' \t\r\n.,[]$@{}'.includes(char);
  }

  #word(list: List): void {
    while (!this.#isEnd()) this.#at++;
    const name = this.#taken();
    const isBool = name === 'true' || name === 'false';
    list.nodes.push(isBool ? { is: 'literal', value: name === 'true' } : { is: 'word', name });
  }

  #recursive(list: List): void {
    if (list.nodes.at(-1)?.is === 'recursive') fail('invalid multiple recursive descent');
    this.#at += 2;
    this.#taken();
    list.nodes.push({ is: 'recursive' });
    if (/^[_\p{L}\p{Nd}]$/u.test(this.#peek())) this.#field(list);
  }

  #number(list: List): void {
    if (/^[+-]$/.test(this.#peek())) this.#at++;
    while (/^[.\p{Nd}]$/u.test(this.#peek())) this.#at++;
    const text = this.#taken();
    const whole = parseInt64(text);
    const value = typeof whole === 'bigint' ? whole : parseFloat64(text);
    if (typeof value === 'object') fail(`cannot parse number ${text}`);
    else list.nodes.push({ is: 'literal', value });
  }

  #field(list: List): void {
    this.#taken();
    while (!this.#isEnd()) {
      if (this.#next() === '\\') this.#next();
    }
    const name = this.#taken();
    if (name === '*') list.nodes.push({ is: 'wildcard' });
    else list.nodes.push({ is: 'field', name: name.replaceAll('\\', '') });
  }

  #quoted(list: List, end: string): void {
    for (;;) {
      const char = this.#next();
      if (char === '' || char === '\n') fail('unterminated quoted string');
      if (char === end && this.#chars[this.#at - 2] !== '\\') break;
    }
    list.nodes.push({ is: 'text', text: goUnquoted(this.#taken()) });
  }

  #array(list: List): void {
    for (let char = this.#next(); char !== ']'; char = this.#next()) {
      if (char === '' || char === '\n') fail('unterminated array');
    }
    const whole = this.#taken().slice(1, -1);
    const text = whole === '*' ? ':' : whole;
    const parts = text.split(',');
    if (parts.length > 1) {
      const nodes = parts.map((part) => {
        const inner = withoutSpaces(part);
        return action(`[${inner}]`, this.#nesting);
      });
      list.nodes.push({ is: 'union', nodes });
      return;
    }
    const key = /^'([^']*)'$/.exec(text)?.[1];
    if (key !== undefined) {
      const inner = action(`.${key}`, this.#nesting);
      if (inner.is === 'list') for (const each of inner.nodes) list.nodes.push(each);
      return;
    }
    list.nodes.push(range(text));
  }

  #filter(list: List): void {
    this.#at += 3;
    this.#taken();
    let [pair, isOpen, isClosed] = ['', false, false];
    for (;;) {
      const char = this.#next();
      if (char === '' || char === '\n') fail('unterminated filter');
      if (char === '"' || char === "'") {
        if (!isOpen) [isOpen, pair] = [true, char];
        else if (this.#chars[this.#at - 2] !== '\\' && char === pair) isClosed = true;
      } else if (char === ')' && isOpen === isClosed) break;
    }
    if (this.#next() !== ']') fail('unclosed array expect ]');
    const text = this.#taken().slice(0, -2);
    const compared = /^([^!<>=]+)([!<>=]+)([^\n]+?)$/.exec(text);
    if (!compared) {
      const left = action(text, this.#nesting);
      list.nodes.push({ is: 'filter', left, right: { is: 'list', nodes: [] }, operator: 'exists' });
      return;
    }
    const [, one = '', operator = '', other = ''] = compared;
    const left = action(one, this.#nesting);
    list.nodes.push({ is: 'filter', left, right: action(other, this.#nesting), operator });
  }
}

function range(text: string): PathNode {
  const parts = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text);
  if (!parts) return fail(`invalid array index ${text}`);
  const bound = (written: string | undefined, otherwise: Bound): Bound => {
    if (written === undefined || written === '') return otherwise;
    const digits = written.replace(/^:/, '');
    if (digits === '' && written !== '') return { known: false, value: 0 };
    const value = parseInt64(digits);
    if (typeof value !== 'bigint') return fail(`array index ${digits} is not a number`);
    return { known: true, value: Number(value) };
  };
  const from = bound(parts[1], { known: false, value: 0 });
  const to = bound(parts[2], { known: true, value: from.value + 1, derived: true });
  return { is: 'array', from, to, step: bound(parts[3], { known: false, value: 0 }) };
}

/** Without a pattern that would be tried at each of many spaces. */
function withoutSpaces(text: string): string {
  let [start, end] = [0, text.length];
  while (text[start] === ' ') start++;
  while (end > start && text[end - 1] === ' ') end--;
  return text.slice(start, end);
}
