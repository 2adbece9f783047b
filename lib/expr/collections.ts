import { equal, numberOf, toInt } from './arithmetic.ts';
import type { Builtin } from './builtins.ts';
import { asString } from './conversion.ts';
import { chargeAll } from './cost.ts';
import { type Budget, Failure, fail, tooDeep, valueDepthMax } from './failure.ts';
import { fetch, get, part } from './fetch.ts';
import * as values from './goValue.ts';
import { type Go, goText, itemsOf, kindText, List, typeText } from './goValue.ts';
import { sorted } from './predicates.ts';
import * as types from './types.ts';

// Builtins of lists and maps. expr v1.17.7 builtin/builtin.go. The keys of a map come in the order of their
// texts here; in Go their order is another one each time.

export const collections: Record<string, Builtin> = {
  len: ([value = null]) => {
    if (typeof value === 'string') return BigInt(charCount(value));
    const size = itemsOf(value)?.length ?? entriesOf(value)?.length;
    if (size === undefined) return fail(`invalid argument for len (type ${typeText(value)})`);
    return BigInt(size);
  },
  type: ([value = null]) => typeName(value),
  first: ([value = null]) => orNil(() => fetch(value, 0n)),
  last: ([value = null]) => orNil(() => fetch(value, -1n)),
  get: ([whole = null, index = null]) => get(whole, index),
  take: ([list = null, count = null], { budget }) => take(list, count, budget),
  keys: ([value = null], { budget }) =>
    grown(entries(value, 'get keys from'), budget).map(([key]) => key),
  values: ([value = null], { budget }) =>
    grown(entries(value, 'get values from'), budget).map(([, found]) => found),
  toPairs: ([value = null], { budget }) => {
    const entries = entriesOf(value);
    if (!entries) return fail(`cannot transform ${kindOf(value)} to pairs`);
    const pairs = grown(entries, budget).map(([key, found]) => new List(types.pair, [key, found]));
    return new List(types.pairs, pairs);
  },
  fromPairs: ([value = null], { budget }) => fromPairs(value, budget),
  reverse: ([value = null], { budget }) => {
    const reversed = listOf(value, 'reverse').toReversed();
    budget.grow(reversed.length);
    return reversed;
  },
  uniq: ([value = null], { budget }) => {
    const unique: Go[] = [];
    for (const item of listOf(value, 'uniq')) {
      budget.step(unique.length);
      if (!unique.some((each) => equal(item, each, budget))) unique.push(item);
    }
    return unique;
  },
  concat: (args, { budget }) => {
    const all = args.flatMap((arg) => listOf(arg, 'concat'));
    budget.grow(all.length);
    return all.length === 0 ? values.nilList : all;
  },
  flatten: ([value = null], { budget }) => {
    const flat = flatten(listOf(value, 'flatten'), 0);
    budget.grow(flat.length);
    return flat;
  },
  sort: ([value = null, order = 'asc'], { budget }) => {
    const by = asString(order);
    if (by !== 'asc' && by !== 'desc') fail(`invalid order ${by}, expected asc or desc`);
    const isKnown = Array.isArray(value) || sortable.has(typeText(value));
    const items = isKnown ? (itemsOf(value) ?? []) : [];
    budget.grow(items.length);
    if (!isKnown) return values.nilList;
    return sorted([...items], (item) => item, { order: by as 'asc' | 'desc', budget });
  },
};

const sortable = new Set(['[]interface {}', '[]int', '[]float64', '[]string']);

function charCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function kindOf(value: Go): string {
  return value === null ? 'invalid' : kindText(value);
}

function listOf(value: Go, what: string): readonly Go[] {
  return itemsOf(value) ?? fail(`cannot ${what} ${kindOf(value)}`);
}

/** Keys and values, in the order of the keys. */
function entriesOf(value: Go): [Go, Go][] | undefined {
  if (value instanceof values.Keyed) {
    return value.entries().sort(([a], [b]) => (goText(a) < goText(b) ? -1 : 1));
  }
  const record = values.recordOf(value);
  return record && Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function entries(value: Go, what: string): [Go, Go][] {
  return entriesOf(value) ?? fail(`cannot ${what} ${kindOf(value)}`);
}

function grown<T>(made: T[], budget: Budget): T[] {
  budget.grow(made.length);
  return made;
}

function typeName(value: Go): string {
  if (value === null) return 'nil';
  const type = values.typeOf(value);
  if (type.path) return type.path;
  if (['int', 'int64'].includes(type.kind)) return 'int';
  if (type.kind === 'uint8') return 'uint';
  if (type.kind === 'float64') return 'float';
  if (type.kind === 'ptr') return 'unknown';
  return types.isList(type) ? 'array' : type.kind;
}

function orNil(find: () => Go): Go {
  try {
    return find();
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

function take(list: Go, count: Go, budget: Budget): Go {
  const items = itemsOf(list);
  if (!items) return fail(`cannot take from ${kindOf(list)}`);
  const isInt = typeof numberOf(count) === 'bigint' && kindText(count) !== 'uint8';
  if (!isInt) return fail(`cannot take ${kindOf(count)} elements`);
  const end = Math.min(Number(toInt(count)), items.length);
  if (kindText(list) === 'array') fail('reflect.Value.Slice: slice of unaddressable array');
  if (end < 0) fail('reflect.Value.Slice: slice index out of bounds');
  return part(list, 0, end, budget);
}

function fromPairs(value: Go, budget: Budget): Go {
  const items = itemsOf(value);
  if (!items) return fail(`cannot transform ${goText(value)} from pairs`);
  const map = new values.Keyed(types.anyMap);
  for (const item of items) {
    const pair = itemsOf(item);
    if (!pair) return fail(`invalid pair ${goText(item)}`);
    if (pair.length !== 2) return fail(`invalid pair length ${goText(item)}`);
    chargeAll(pair[0] ?? null, budget);
    map.set(pair[0] ?? null, pair[1] ?? null);
  }
  return map;
}

function flatten(items: readonly Go[], depth: number): Go[] {
  if (depth > valueDepthMax) return tooDeep();
  return items.flatMap((item) => {
    const inner = itemsOf(item);
    return inner ? flatten(inner, depth + 1) : [item];
  });
}
