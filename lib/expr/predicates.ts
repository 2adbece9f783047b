import { add, ordered } from './arithmetic.ts';
import type { Node, NodeOf } from './ast.ts';
import { asBool, asString } from './conversion.ts';
import { chargeAll } from './cost.ts';
import { type Budget, fail } from './failure.ts';
import { bytes, type Go, itemsOf, Keyed, kindText } from './goValue.ts';
import * as types from './types.ts';

/** Where `#` stands in a list, and what `reduce` has so far. */
export type Place = { at: (index: number) => Go; index: number; accumulated: Go };

type Call = {
  budget: Budget;
  of: (node: Node, place: Place) => Go;
  predicate: Node | undefined;
  initial: Node | undefined;
};

/** A builtin that looks at each element of a list. expr v1.17.7 compiler/compiler.go BuiltinNode */
export function callPredicate(node: NodeOf<'builtin'>, list: Go, call: Call): Go {
  const { predicate, budget } = call;
  if (typeof list === 'string') budget.grow(list.length);
  const items = elements(list);
  const place: Place = { at: items.at, index: 0, accumulated: null };
  const here = (index: number): Place => ({ ...place, index });
  const each = (index: number): Go => {
    budget.step();
    return predicate ? call.of(predicate, here(index)) : items.at(index);
  };
  const holds = (index: number): boolean => asBool(each(index));
  const made = (index: number): Go => (node.map ? call.of(node.map, here(index)) : items.at(index));
  const { length } = items;
  switch (node.name) {
    case 'all':
      return search(length, (index) => !holds(index)) === undefined;
    case 'none':
      return search(length, holds) === undefined;
    case 'any':
      return search(length, holds) !== undefined;
    case 'find':
      return found(node, search(length, holds), made);
    case 'findLast':
      return found(node, searchBack(length, holds), made);
    case 'findIndex':
      return asIndex(search(length, holds));
    case 'findLastIndex':
      return asIndex(searchBack(length, holds));
    case 'one':
      return chosen(length, holds).length === 1;
    case 'count':
      return BigInt(chosen(length, holds).length);
    case 'reduce':
      return reduced(length, call, place);
    default:
      return collected(node, length, { each, holds, made, at: items.at, call, place });
  }
}

type Looks = {
  each: (index: number) => Go;
  holds: (index: number) => boolean;
  made: (index: number) => Go;
  at: (index: number) => Go;
  call: Call;
  place: Place;
};

/** Those that look at every element and make something of them. */
function collected(node: NodeOf<'builtin'>, length: number, looks: Looks): Go {
  const { each, holds, made, call } = looks;
  const array = (values: Go[]): Go[] => {
    call.budget.grow(values.length);
    return values;
  };
  const values: Go[] = [];
  switch (node.name) {
    case 'filter':
      for (let index = 0; index < length; index++) if (holds(index)) values.push(made(index));
      return array(values);
    case 'map':
      for (let index = 0; index < length; index++) values.push(each(index));
      return array(values);
    case 'sum': {
      let sum: Go = 0n;
      for (let index = 0; index < length; index++) sum = add(each(index), sum);
      return sum;
    }
    case 'groupBy':
      return grouped(length, looks);
    default:
      return array(sortedBy(length, looks));
  }
}

function search(length: number, holds: (index: number) => boolean): number | undefined {
  for (let index = 0; index < length; index++) if (holds(index)) return index;
  return undefined;
}

function searchBack(length: number, holds: (index: number) => boolean): number | undefined {
  for (let index = length - 1; index >= 0; index--) if (holds(index)) return index;
  return undefined;
}

function chosen(length: number, holds: (index: number) => boolean): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < length; index++) if (holds(index)) indexes.push(index);
  return indexes;
}

function asIndex(index: number | undefined): Go {
  return index === undefined ? null : BigInt(index);
}

function elements(list: Go): { length: number; at: (index: number) => Go } {
  const items = typeof list === 'string' ? bytes(list) : itemsOf(list);
  const wrong = (method: string): never => {
    const kind = list === null ? 'zero' : kindText(list);
    return fail(`reflect: call of reflect.Value.${method} on ${kind} Value`);
  };
  if (items) {
    const kind = typeof list === 'string' ? 'string' : 'slice';
    const at = (index: number): Go =>
      items[index] === undefined ? fail(`reflect: ${kind} index out of range`) : items[index];
    return { length: items.length, at };
  }
  if (list !== null && kindText(list) === 'map') {
    const length = list instanceof Keyed ? list.entries().length : Object.keys(list).length;
    return { length, at: () => wrong('Index') };
  }
  return wrong('Len');
}

function found(
  node: NodeOf<'builtin'>,
  index: number | undefined,
  made: (index: number) => Go,
): Go {
  if (index !== undefined) return made(index);
  return node.throws ? fail('reflect: slice index out of range') : null;
}

function grouped(length: number, { each, at, call }: Looks): Go {
  const groups = new Keyed(types.groups);
  for (let index = 0; index < length; index++) {
    const key = each(index);
    chargeAll(key, call.budget);
    const group = groups.get(key);
    if (Array.isArray(group)) group.push(at(index));
    else groups.set(key, [at(index)]);
  }
  return groups;
}

function order({ initial, of }: Call, place: Place): 'asc' | 'desc' {
  const order = initial ? asString(of(initial, place)) : 'asc';
  if (order === 'asc' || order === 'desc') return order;
  return fail('unknown order, use asc or desc');
}

function sortedBy(length: number, { each, at, call, place }: Looks): Go[] {
  const { budget } = call;
  const by = { order: order(call, place), budget };
  const pairs: { key: Go; value: Go }[] = [];
  for (let index = 0; index < length; index++) pairs.push({ key: each(index), value: at(index) });
  return sorted(pairs, ({ key }) => key, by).map(({ value }) => value);
}

/** Up to here Go sorts by inserting, which keeps the order of what is equal. sort/zsortinterface.go */
const insertedMax = 12;

/** Of more elements, those that are equal keep their order here, but not in Go. */
export function sorted<T>(
  items: T[],
  keyOf: (item: T) => Go,
  { order, budget }: { order: 'asc' | 'desc'; budget: Budget },
): T[] {
  const isLess = (a: T, b: T): boolean =>
    order === 'asc'
      ? ordered('<', keyOf(a), keyOf(b), budget)
      : ordered('<', keyOf(b), keyOf(a), budget);
  const result = [...items];
  if (result.length > insertedMax) {
    return result.sort((a, b) => (isLess(a, b) ? -1 : compareBack(isLess, a, b)));
  }
  for (let end = 1; end < result.length; end++) {
    for (let at = end; at > 0; at--) {
      const [left, right] = [result[at - 1] as T, result[at] as T];
      if (!isLess(right, left)) break;
      [result[at - 1], result[at]] = [right, left];
    }
  }
  return result;
}

function compareBack<T>(isLess: (a: T, b: T) => boolean, a: T, b: T): number {
  return isLess(b, a) ? 1 : 0;
}

function reduced(length: number, call: Call, place: Place): Go {
  const { predicate, initial, budget } = call;
  let accumulated = initial ? call.of(initial, place) : place.at(0);
  for (let index = initial ? 0 : 1; index < length; index++) {
    budget.step();
    if (predicate) accumulated = call.of(predicate, { ...place, index, accumulated });
  }
  return accumulated;
}
