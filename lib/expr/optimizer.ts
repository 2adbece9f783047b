import { type Form, isSame, makeNode, type Node, type NodeOf, partsOf, rewrite } from './ast.ts';
import { fold } from './fold.ts';
import { type Go, Keyed, newRecord } from './goValue.ts';
import * as types from './types.ts';

// What Go's library makes of an expression before it evaluates it. It shows: what is left out cannot fail
// any more, and what is put together fails otherwise. expr v1.17.7 optimizer

const passesMax = 1000;

export function optimize(root: Node): Node {
  let node = rewrite(root, inArray);
  for (let pass = 0; pass <= passesMax; pass++) {
    const folded = fold(node);
    node = folded.node;
    if (!folded.changed) break;
  }
  const steps = [inRange, filterMap, filterLength, filterEnd('last'), filterEnd('first')];
  for (const step of [...steps, combined, sumOfArray, sumOfMap]) node = rewrite(node, step);
  return node;
}

/** A part that takes the place of another one, and its type. */
function inPlaceOf(node: Node, form: Form): Node {
  const type = node.type;
  return { ...makeNode(form), ...(type ? { type: types.bare(type) } : {}) };
}

/** `x in ["a", "b"]` looks in a set, which takes no value of another type. */
function inArray(node: Node): Node | undefined {
  if (node.is !== 'binary' || node.operator !== 'in' || node.right.is !== 'array') return undefined;
  const { left, right } = node;
  const items = right.nodes;
  if (items.length === 0) return undefined;
  const isInt = left.type?.kind === 'int' && items.every((item) => item.is === 'int');
  if (!isInt && !items.every((item) => item.is === 'string')) return undefined;
  const values = items.map((item) => ('value' in item ? (item.value as Go) : null));
  const set: Node = { ...makeNode({ is: 'constant', value: setOf(values, isInt) }) };
  return inPlaceOf(node, { is: 'binary', operator: 'in', left, right: set });
}

function setOf(values: Go[], isInt: boolean): Go {
  const set = new Keyed(types.map(isInt ? types.int : types.string, types.any));
  for (const value of values) set.set(value, newRecord());
  return set;
}

function inRange(node: Node): Node | undefined {
  if (node.is !== 'binary' || node.operator !== 'in' || node.left.type?.kind !== 'int') {
    return undefined;
  }
  const { left, right: range } = node;
  if (range.is !== 'binary' || range.operator !== '..') return undefined;
  if (range.left.is !== 'int' || range.right.is !== 'int') return undefined;
  const from = makeNode({ is: 'binary', operator: '>=', left, right: range.left });
  const to = makeNode({ is: 'binary', operator: '<=', left, right: range.right });
  return inPlaceOf(node, { is: 'binary', operator: 'and', left: from, right: to });
}

function isFilter(node: Node | undefined): node is NodeOf<'builtin'> {
  return node?.is === 'builtin' && node.name === 'filter' && node.args.length === 2;
}

function filterMap(node: Node): Node | undefined {
  if (node.is !== 'builtin' || node.name !== 'map' || node.args.length !== 2) return undefined;
  const [filter, predicate] = node.args;
  if (!isFilter(filter) || filter.map || predicate?.is !== 'predicate') return undefined;
  if (namesIndex(predicate)) return undefined;
  return inPlaceOf(node, { is: 'builtin', name: 'filter', args: filter.args, map: predicate.node });
}

function namesIndex(node: Node): boolean {
  return (node.is === 'pointer' && node.name === 'index') || partsOf(node).some(namesIndex);
}

/** The number of what is found needs no list of it; nor does it matter then what is made of it. */
function filterLength(node: Node): Node | undefined {
  if (node.is !== 'builtin' || node.name !== 'len' || node.args.length !== 1) return undefined;
  const [filter] = node.args;
  if (!isFilter(filter)) return undefined;
  return inPlaceOf(node, { is: 'builtin', name: 'count', args: filter.args });
}

function filterEnd(end: 'first' | 'last'): (node: Node) => Node | undefined {
  const name = end === 'first' ? 'find' : 'findLast';
  const index = end === 'first' ? 0n : -1n;
  return (node) => {
    const isIndexed = node.is === 'member' && !node.optional && isInt(node.property, index);
    const isCalled = node.is === 'builtin' && node.name === end && node.args.length === 1;
    if (!isIndexed && !isCalled) return undefined;
    const filter = isIndexed ? node.node : node.is === 'builtin' ? node.args[0] : undefined;
    if (!isFilter(filter)) return undefined;
    const { args, map } = filter;
    return inPlaceOf(node, { is: 'builtin', name, args, throws: isIndexed, map });
  };
}

function isInt(node: Node, value: bigint): boolean {
  return node.is === 'int' && node.value === value;
}

/** `all(x, p) and all(x, q)` is `all(x, p and q)`; likewise `any` with `or`, and `none`. */
function combined(node: Node): Node | undefined {
  if (node.is !== 'binary') return undefined;
  const { left, right, operator } = node;
  if (left.is !== 'builtin' || right.is !== 'builtin' || left.name !== right.name) return undefined;
  const joint = combiners[left.name]?.[operator];
  const [list, one] = left.args;
  const [otherList, other] = right.args;
  if (joint === undefined || one?.is !== 'predicate' || other?.is !== 'predicate') return undefined;
  if (!list || !otherList || list.type?.name !== otherList.type?.name) return undefined;
  if (!isSame(list, otherList)) return undefined;
  const both = makeNode({ is: 'binary', operator: joint, left: one.node, right: other.node });
  const predicate = makeNode({ is: 'predicate', node: combined(both) ?? both });
  return inPlaceOf(node, { is: 'builtin', name: left.name, args: [list, predicate] });
}

const combiners: Record<string, Record<string, string>> = {
  all: { and: 'and', '&&': '&&' },
  any: { or: 'or', '||': '||' },
  none: { and: 'or', '&&': '||' },
};

/** `sum([a, b])` is `a + b`, which also joins texts. */
function sumOfArray(node: Node): Node | undefined {
  if (node.is !== 'builtin' || node.name !== 'sum' || node.args.length !== 1) return undefined;
  const [array] = node.args;
  if (array?.is !== 'array' || array.nodes.length < 2) return undefined;
  const last = array.nodes.at(-1);
  if (!last) return undefined;
  const whole = array.nodes
    .slice(0, -1)
    .reduceRight((right, left) => makeNode({ is: 'binary', operator: '+', left, right }), last);
  return inPlaceOf(node, whole);
}

function sumOfMap(node: Node): Node | undefined {
  if (node.is !== 'builtin' || node.name !== 'sum' || node.args.length !== 1) return undefined;
  const [inner] = node.args;
  if (inner?.is !== 'builtin' || inner.name !== 'map' || inner.args.length !== 2) return undefined;
  return inPlaceOf(node, { is: 'builtin', name: 'sum', args: inner.args });
}
