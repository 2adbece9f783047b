import { type Random, randomFrom } from '../../lib/simulate/random.ts';
import { badPatterns, patternParts } from './patterns.ts';
import { fitsOf, type Sort } from './sorts.ts';

// Random conditions, results and JSONPaths. The same seed gives the same ones.

export type Case = { condition?: string; path?: string; value: unknown; type?: 'floats' };

const depthMax = 3;
const sorts: Sort[] = ['number', 'int', 'text', 'bool', 'list', 'map', 'any'];

export function casesOf(seed: number, count: number): Case[] {
  const maker = new Maker(seed);
  return Array.from({ length: count }, (_, at) =>
    at % 5 === 4 ? maker.path() : maker.condition(),
  );
}

class Maker {
  readonly #random: Random;
  /** In how many predicates this is, and the names of variables there are. */
  #predicates = 0;
  #names: string[] = [];
  /** What the result is good for. */
  #fits: Sort[] = [];

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  #below(count: number): number {
    return this.#random.below(count);
  }

  #pick<T>(all: readonly T[]): T {
    return all[this.#below(all.length)] as T;
  }

  #chance(percent: number): boolean {
    return this.#below(100) < percent;
  }

  condition(): Case {
    const value = this.#value(0);
    const isFloats = this.#chance(15);
    const floats = Array.from({ length: this.#below(4) }, () => this.#float());
    this.#names = [];
    this.#fits = isFloats ? ['list', 'any'] : fitsOf(value);
    const condition = this.#mangled(this.#expression(this.#pick(['bool', 'bool', ...sorts]), 0));
    return isFloats ? { condition, value: floats, type: 'floats' } : { condition, value };
  }

  /** Some of them are spoilt. */
  #mangled(text: string): string {
    if (!this.#chance(6)) return text;
    const at = this.#below(text.length + 1);
    const odd = this.#pick([
      '',
      ' ',
      ')',
      '"',
      '#',
      '?.',
      '..',
      ' not ',
      ',',
      '1',
      '??',
      '|',
      '\\',
      '§',
    ]);
    return text.slice(0, at) + odd + text.slice(at + this.#below(2));
  }

  #float(): number {
    return this.#pick([0, 1, -1, 2, 3, 0.5, 0.25, 1.5, 10, 95.5, 1e21, 1e-7, 123456789, -0.001]);
  }

  #value(depth: number): unknown {
    const kind = this.#below(depth > 1 ? 5 : 8);
    if (kind < 2) return this.#float();
    if (kind === 2)
      return this.#pick(['', 'a', 'ok', 'abc', '12', '1.5', 'Straße', 'a b c', 'x,y', '😀']);
    if (kind === 3) return this.#chance(50);
    if (kind === 4) return this.#chance(40) ? null : this.#float();
    if (kind < 7) return Array.from({ length: this.#below(4) }, () => this.#value(depth + 1));
    const names = ['a', 'b', 'c', 'status'].filter(() => this.#chance(60));
    return Object.fromEntries(names.map((name) => [name, this.#value(depth + 1)]));
  }

  #expression(sort: Sort, depth: number): string {
    // Now and then one of another sort than fits.
    const wanted = this.#chance(4) ? this.#pick(sorts) : sort;
    if (depth < depthMax && this.#chance(8)) return this.#control(wanted, depth + 1);
    if (depth >= depthMax || this.#chance(20)) return this.#leaf(wanted);
    switch (wanted) {
      case 'number':
        return this.#number(depth + 1);
      case 'int':
        return this.#int(depth + 1);
      case 'text':
        return this.#text(depth + 1);
      case 'bool':
        return this.#bool(depth + 1);
      case 'list':
        return this.#list(depth + 1);
      case 'map':
        return this.#map(depth + 1);
      case 'time':
        return this.#time();
      default:
        return this.#any(depth + 1);
    }
  }

  #leaf(sort: Sort): string {
    const some = this.#names.length > 0 ? [this.#pick(this.#names)] : [];
    const pointers = this.#predicates > 0 ? ['#', '#', '#.a', '.b'] : [];
    const result = this.#fits.includes(sort) || this.#chance(3) ? ['result', 'result'] : [];
    const loose = [...result, ...some, ...pointers];
    if (loose.length > 0 && this.#chance(55)) return this.#pick(loose);
    switch (sort) {
      case 'number':
        return this.#pick(['1', '2', '0.5', '3.0', '-1', '1e3', '.25', '0', '1_000', '7', '100']);
      case 'int':
        return this.#pick(['0', '1', '2', '-1', '3', '0x1F', '0b11', '10', '0o17']);
      case 'text':
        return this.#pick(['"a"', "'ok'", '""', '"12"', '`raw`', '"a b"', '"\\u00e9\\n"', '"x,y"']);
      case 'bool':
        return this.#pick(['true', 'false']);
      case 'list':
        return this.#pick(['[]', '[1, 2, 3]', '["a", "b"]', '1..3', '[1, "a", nil]', '[[1], [2]]']);
      case 'map':
        return this.#pick(['{}', '{a: 1}', '{"a": "x", b: 2.5}', '{b: [1]}', '$env']);
      default:
        return this.#pick(['nil', '1', '"a"', 'true', 'result', this.#reached()]);
    }
  }

  #control(sort: Sort, depth: number): string {
    const of = (wanted: Sort): string => this.#expression(wanted, depth);
    switch (this.#below(5)) {
      case 0:
        return `(${of('bool')} ? ${of(sort)} : ${of(sort)})`;
      case 1:
        return `(${of('any')} ?? ${of(sort)})`;
      case 2: {
        const name = this.#pick(['x', 'y', 'z']);
        const value = this.#expression(this.#pick(sorts), depth);
        this.#names.push(name);
        const body = this.#expression(sort, depth);
        this.#names.pop();
        return `(let ${name} = ${value}; ${body})`;
      }
      case 3:
        return `(if ${of('bool')} { ${of(sort)} } else { ${of(sort)} })`;
      default:
        return `(${of('any')}; ${of(sort)})`;
    }
  }

  #predicate(sort: Sort, depth: number): string {
    this.#predicates++;
    const body = this.#expression(sort, depth);
    this.#predicates--;
    return this.#chance(30) ? `{${body}}` : body;
  }

  #number(depth: number): string {
    const of = (sort: Sort): string => this.#expression(sort, depth);
    return this.#pick<() => string>([
      () => `${of('number')} ${this.#pick(['+', '-', '*', '/', '**'])} ${of('number')}`,
      () => `(${of('number')} ${this.#pick(['+', '-', '*', '/'])} ${of('int')})`,
      () => `${this.#pick(['abs', 'ceil', 'floor', 'round', 'float', 'asFloat'])}(${of('number')})`,
      () => `${this.#pick(['max', 'min', 'mean', 'median'])}(${of('number')}, ${of('number')})`,
      () => `${this.#pick(['max', 'min', 'mean', 'median', 'sum'])}(${of('list')})`,
      () => `sum(${of('list')}, ${this.#predicate('number', depth)})`,
      () => `-${of('number')}`,
      () => `default(${of('any')}, ${of('number')})`,
      () => `asFloat(${of('text')})`,
    ])();
  }

  #int(depth: number): string {
    const of = (sort: Sort): string => this.#expression(sort, depth);
    const bit = ['bitand', 'bitor', 'bitxor', 'bitnand', 'bitshl', 'bitshr', 'bitushr'];
    return this.#pick<() => string>([
      () => `len(${of(this.#pick(['list', 'text', 'map']))})`,
      () => `${of('int')} ${this.#pick(['+', '-', '*', '%'])} ${of('int')}`,
      () => `${this.#pick(['int', 'asInt'])}(${of(this.#pick(['number', 'text']))})`,
      () => `count(${of('list')}, ${this.#predicate('bool', depth)})`,
      () =>
        `${this.#pick(['findIndex', 'findLastIndex'])}(${of('list')}, ${this.#predicate('bool', depth)})`,
      () => `${this.#pick(bit)}(${of('int')}, ${of('int')})`,
      () => `bitnot(${of('int')})`,
      () => `${this.#pick(['indexOf', 'lastIndexOf'])}(${of('text')}, ${of('text')})`,
      () => `count(${of('list')})`,
    ])();
  }

  #text(depth: number): string {
    const of = (sort: Sort): string => this.#expression(sort, depth);
    const simple = ['upper', 'lower', 'trim', 'trimPrefix', 'trimSuffix', 'toBase64', 'fromBase64'];
    return this.#pick<() => string>([
      () => `${of('text')} + ${of('text')}`,
      () => `${this.#pick(simple)}(${of('text')})`,
      () => `${this.#pick(['trim', 'trimPrefix', 'trimSuffix'])}(${of('text')}, ${of('text')})`,
      () => `string(${of(this.#pick(['number', 'any', 'list', 'bool']))})`,
      () => `type(${of(this.#pick(sorts))})`,
      () => `join(${of('list')}, ${of('text')})`,
      () => `replace(${of('text')}, ${of('text')}, ${of('text')})`,
      () => `replace(${of('text')}, ${of('text')}, ${of('text')}, ${of('int')})`,
      () => `repeat(${of('text')}, ${of('int')})`,
      () => `${of('text')}[${of('int')}:${of('int')}]`,
      () => `toJSON(${of('any')})`,
      () => `split(${of('text')}, ${of('text')})[0]`,
    ])();
  }

  #bool(depth: number): string {
    const of = (sort: Sort): string => this.#expression(sort, depth);
    const same = this.#pick<Sort>(['number', 'int', 'text', 'list', 'any', 'bool', 'map']);
    const ordered = this.#pick<Sort>(['number', 'int', 'text', 'time']);
    const order = (): string => this.#pick(['<', '<=', '>', '>=']);
    const all = ['all', 'any', 'none', 'one'];
    return this.#pick<() => string>([
      () => `${of(ordered)} ${order()} ${of(ordered)}`,
      () => `${of('number')} ${order()} ${of('number')} ${order()} ${of('number')}`,
      () => `${of(same)} ${this.#pick(['==', '!='])} ${of(same)}`,
      () => `(${of('bool')} ${this.#pick(['and', 'or', '&&', '||'])} ${of('bool')})`,
      () => `${this.#pick(['!', 'not '])}${of('bool')}`,
      () => `${of('any')} ${this.#pick(['in', 'not in'])} ${of(this.#pick(['list', 'map']))}`,
      () => `${of('text')} ${this.#pick(['contains', 'startsWith', 'not endsWith'])} ${of('text')}`,
      () => `${of('text')} matches ${this.#pattern()}`,
      () => `${this.#pick(all)}(${of('list')}, ${this.#predicate('bool', depth)})`,
      () => `${this.#pick(['isNaN', 'isInf'])}(${of('number')})`,
      () => `isNil(${of('any')})`,
      () => this.#twice(this.#pick(all), this.#pick(['and', 'or']), depth),
      () => `${this.#pick(['hasPrefix', 'hasSuffix'])}(${of('text')}, ${of('text')})`,
    ])();
  }

  #twice(name: string, operator: string, depth: number): string {
    const list = this.#leaf('list');
    const one = (): string => `${name}(${list}, ${this.#predicate('bool', depth)})`;
    return `${one()} ${operator} ${one()}`;
  }

  #pattern(): string {
    const some = Array.from({ length: 1 + this.#below(3) }, () => this.#pick(patternParts));
    return `"${some.join('')}${this.#chance(8) ? this.#pick(badPatterns) : ''}"`;
  }

  #list(depth: number): string {
    const of = (sort: Sort): string => this.#expression(sort, depth);
    return this.#pick<() => string>([
      () =>
        `[${Array.from({ length: this.#below(4) }, () => of(this.#pick(['number', 'text', 'any'])))}]`,
      () => `filter(${of('list')}, ${this.#predicate('bool', depth)})`,
      () => `map(${of('list')}, ${this.#predicate(this.#pick(['number', 'text', 'any']), depth)})`,
      () => `${of('list')} | map(${this.#predicate('number', depth)})`,
      () =>
        `map(filter(${of('list')}, ${this.#predicate('bool', depth)}), ${this.#predicate('any', depth)})`,
      () => `${of('int')}..${of('int')}`,
      () => `${this.#pick(['reverse', 'uniq', 'flatten', 'sort'])}(${of('list')})`,
      () => `sort(${of('list')}, "${this.#pick(['asc', 'desc', 'up'])}")`,
      () =>
        `sortBy(${of('list')}, ${this.#predicate('number', depth)}${this.#pick(['', ', "desc"'])})`,
      () => `concat(${of('list')}, ${of('list')})`,
      () => `take(${of('list')}, ${of('int')})`,
      () => `${of('list')}[${this.#pick(['1:', ':2', `${of('int')}:`, '-1:', ':'])}]`,
      () => `sort(keys(${of('map')}))`,
      () => `split(${of('text')}, ${of('text')}${this.#pick(['', ', 2'])})`,
      () => `splitAfter(${of('text')}, ${of('text')})`,
    ])();
  }

  #map(depth: number): string {
    const of = (sort: Sort): string => this.#expression(sort, depth);
    return this.#pick<() => string>([
      () => `{a: ${of('any')}, "b": ${of('number')}, (${of('text')}): ${of('any')}}`,
      () => `groupBy(${of('list')}, ${this.#predicate('any', depth)})`,
      () => `fromPairs([["a", ${of('any')}], [${of('any')}, 2]])`,
      () => `fromJSON('{"a": [1, {"b": null}]}')`,
    ])();
  }

  #any(depth: number): string {
    const of = (sort: Sort): string => this.#expression(sort, depth);
    const end = this.#pick(['find', 'findLast']);
    return this.#pick<() => string>([
      () => `${this.#reached()}${this.#chance(20) ? this.#access() : ''}`,
      () => `${of('list')}[${of('int')}]`,
      () => `${of('map')}.${this.#pick(['a', 'b'])}`,
      () => `${of('map')}["${this.#pick(['a', 'b'])}"]`,
      () => `${of('map')}?.${this.#pick(['a', 'b'])}?.c`,
      () => `${this.#pick(['first', 'last'])}(${of('list')})`,
      () => `get(${of(this.#pick(['list', 'map', 'text']))}, ${of(this.#pick(['int', 'text']))})`,
      () => `${end}(${of('list')}, ${this.#predicate('bool', depth)})`,
      () =>
        `filter(${of('list')}, ${this.#predicate('bool', depth)})[${this.#pick(['0', '-1', '1'])}]`,
      () => `reduce(${of('list')}, ${this.#predicate('number', depth)} + #acc)`,
      () => `reduce(${of('list')}, #acc + ${this.#predicate('number', depth)}, ${of('number')})`,
      () => `default(${of('any')}, ${of('any')})`,
      () => `fromJSON(toJSON(${of('any')}))`,
      () => this.#time(),
    ])();
  }

  #reached(): string {
    if (this.#fits.includes('list')) return `result[${this.#below(2)}]`;
    return this.#fits.includes('map') ? `result.${this.#pick(['a', 'b', 'c'])}` : 'result';
  }

  #access(): string {
    return this.#pick([
      '',
      '.a',
      '["b"]',
      '[0]',
      '[-1]',
      '?.a',
      '?.[0]',
      '.status',
      '[1:]',
      '.f(1)',
      '.a.b',
    ]);
  }

  #time(): string {
    return this.#pick([
      'duration("1h30m")',
      'duration("250ms")',
      'duration("1x")',
      'duration("90s").Minutes()',
      'date("2024-02-29")',
      'date("2024-02-29T12:30:00+02:00")',
      'date("2023-10-01 10:00:00").Unix()',
      'date("10/01/2023", "01/02/2006")',
      'date("2024-02-29") + duration("24h")',
      'date("2024-03-01") - date("2024-02-29")',
      'date("2024-01-01").Year()',
      'duration("1h") * 2',
      'duration("1h") * 1.5',
      'date("nope")',
      'date("2024-13-01", "2006-01-02")',
    ]);
  }

  path(): Case {
    const count = 1 + this.#below(4);
    const parts = Array.from({ length: count }, () => this.#pathPart());
    const body = parts.join('');
    const path = this.#pick([
      `{${body}}`,
      `{$${body}}`,
      `{ ${body} }`,
      `{range ${body}}{.a}{end}`,
      `x {${body}} y{.b}`,
      body,
    ]);
    return { path: this.#mangled(path), value: this.#value(0) };
  }

  #pathPart(): string {
    const compared = this.#pick(['1', '"a"', 'true', '1.5', '@.b', "'ok'", '']);
    return this.#pick([
      '.a',
      '.b',
      '.c',
      '["a"]',
      "['b']",
      '[0]',
      '[-1]',
      '[1:]',
      '[:2]',
      '[0:3:2]',
      '[*]',
      '[0,1]',
      "['a','b']",
      '.*',
      '..',
      '..a',
      '[?(@.a)]',
      `[?(@.a ${this.#pick(['==', '!=', '<', '>=', '=~'])} ${compared})]`,
      `[?(@ > ${compared})]`,
      '.status',
      '\\.x',
      ' 12',
      ' "q"',
    ]);
  }
}
