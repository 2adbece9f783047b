import { Budget, fail, tooDeep, valueDepthMax } from './failure.ts';
import { bytesOf, floatText, isAscii } from './text.ts';
import type { GoType } from './types.ts';
import * as types from './types.ts';

/**
 * A value of Go while an expression is evaluated. A number is a float64, a bigint an int, an array a
 * `[]interface {}` and a plain object a `map[string]interface {}`. Everything else is a class of its own.
 */
export type Go = null | boolean | number | bigint | string | Go[] | Other | GoRecord;
export type GoRecord = { [field: string]: Go };

export abstract class Other {
  abstract readonly type: GoType;
}

/** An integer of another size. */
export class Sized extends Other {
  readonly type: GoType;
  readonly value: bigint;
  constructor(type: GoType, value: bigint) {
    super();
    this.type = type;
    this.value = value;
  }
}

/** A list of another type than `[]interface {}`, or one that is nil. */
export class List extends Other {
  readonly type: GoType;
  readonly items: readonly Go[];
  readonly isNil: boolean;
  constructor(type: GoType, items: readonly Go[], isNil = false) {
    super();
    this.type = type;
    this.items = items;
    this.isNil = isNil;
  }
}

export const nilList = new List(types.anys, [], true);

/** A map with keys of any type. */
export class Keyed extends Other {
  readonly type: GoType;
  readonly #entries = new Map<string, [Go, Go]>();
  #strangers = 0;
  constructor(type: GoType) {
    super();
    this.type = type;
  }
  get(key: Go): Go | undefined {
    return this.#entries.get(this.#hash(key))?.[1];
  }
  set(key: Go, value: Go): void {
    this.#entries.set(this.#hash(key), [key, value]);
  }
  entries(): [Go, Go][] {
    return [...this.#entries.values()];
  }
  #hash(key: Go): string {
    const type = typeOf(key);
    if (['slice', 'map', 'func'].includes(type.kind)) {
      fail(`hash of unhashable type: ${type.name}`);
    }
    if (key instanceof List) return `${type.name} ${key.items.map((item) => this.#hash(item))}`;
    // Not a number is not itself.
    const own = Number.isNaN(key) ? ++this.#strangers : '';
    return `${type.name} ${own}${key === 0 ? '0' : goText(key)}`;
  }
}

/** What names and methods that can be called stand for. */
export class Func extends Other {
  readonly type: GoType;
  readonly call: (args: Go[]) => Go;
  constructor(type: GoType, call: (args: Go[]) => Go) {
    super();
    this.type = type;
    this.call = call;
  }
}

/** A value of a type with fields. */
export class Struct extends Other {
  readonly type: GoType;
  readonly fields: GoRecord;
  constructor(type: GoType, fields: GoRecord) {
    super();
    this.type = type;
    this.fields = fields;
  }
}

/** A value of a type that prints itself and has methods: times, durations. */
export abstract class Named extends Other {
  abstract text(): string;
  abstract json(): string;
  abstract method(name: string): ((args: Go[]) => Go) | undefined;
}

export function typeOf(value: Go): GoType {
  if (value === null) return types.nil;
  if (value instanceof Other) return value.type;
  switch (typeof value) {
    case 'boolean':
      return types.bool;
    case 'number':
      return types.float64;
    case 'bigint':
      return types.int;
    case 'string':
      return types.string;
    default:
      return Array.isArray(value) ? types.anys : types.record;
  }
}

/** As Go's `%T` prints the type of a value. */
export function typeText(value: Go): string {
  return value === null ? '<nil>' : typeOf(value).name;
}

/** As Go names the kind of a value. */
export function kindText(value: Go): string {
  return typeOf(value).kind;
}

export function itemsOf(value: Go): readonly Go[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof List ? value.items : undefined;
}

export function recordOf(value: Go): GoRecord | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  return Array.isArray(value) || value instanceof Other ? undefined : value;
}

/** The bytes of a text, as values. */
export function bytes(text: string): Sized[] {
  return bytesOf(text).map((byte) => new Sized(types.uint8, BigInt(byte)));
}

export function byteAt(text: string, index: number): Sized {
  const byte = isAscii(text) ? text.charCodeAt(index) : (bytesOf(text)[index] ?? 0);
  return new Sized(types.uint8, BigInt(byte));
}

export function isNilValue(value: Go): boolean {
  return value === null || (value instanceof List && value.isNil);
}

export function newRecord(): GoRecord {
  return Object.create(null) as GoRecord;
}

/** As Go's `%v` prints a value. It has a budget of its own: errors print what nobody has walked before. */
export function goText(value: Go, budget = new Budget(), depth = 0): string {
  if (depth > valueDepthMax) return tooDeep();
  budget.step();
  if (typeof value === 'string') budget.text(value.length);
  if (value === null) return '<nil>';
  if (typeof value === 'number') return floatText(value);
  if (value instanceof Named) return value.text();
  if (value instanceof Sized) return String(value.value);
  const items = itemsOf(value);
  if (items) return `[${items.map((item) => goText(item, budget, depth + 1)).join(' ')}]`;
  if (value instanceof Struct) {
    const fields = Object.values(value.fields).map((field) => goText(field, budget, depth + 1));
    return `{${fields.join(' ')}}`;
  }
  if (value instanceof Keyed) return mapText(value.entries(), budget, depth);
  if (value instanceof Func) return value.type.name;
  const record = recordOf(value);
  return record ? mapText(Object.entries(record), budget, depth) : String(value);
}

function mapText(entries: [Go, Go][], budget: Budget, depth: number): string {
  const shown = entries
    .map(([key, value]) => ({
      key: goText(key, budget, depth + 1),
      value: goText(value, budget, depth + 1),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, value }) => `${key}:${value}`);
  return `map[${shown.join(' ')}]`;
}
