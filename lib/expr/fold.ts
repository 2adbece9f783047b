import { power, wrap } from './arithmetic.ts';
import { type Form, makeNode, type Node, rewrite } from './ast.ts';
import { fail } from './failure.ts';
import type { Go } from './goValue.ts';
import * as types from './types.ts';

/** Works out what is written without names. expr v1.17.7 optimizer/fold.go */
export function fold(root: Node): { node: Node; changed: boolean } {
  let changed = false;
  const node = rewrite(root, (part) => {
    const folded = foldPart(part);
    if (folded) changed = true;
    return folded;
  });
  return { node, changed };
}

function foldPart(node: Node): Node | undefined {
  if (node.is === 'unary') return foldUnary(node.operator, node.node);
  if (node.is === 'binary') return foldBinary(node.operator, node.left, node.right);
  if (node.is === 'array') return foldArray(node.nodes);
  if (node.is === 'builtin' && node.name === 'filter') return foldFilter(node);
  return undefined;
}

const typesOf: Record<string, types.GoType> = {
  int: types.int,
  float: types.float64,
  string: types.string,
  bool: types.bool,
  constant: types.anys,
};

function known(form: Form): Node {
  const type = typesOf[form.is];
  return { ...makeNode(form), ...(type ? { type } : {}) };
}

function number(value: Go): Node | undefined {
  if (typeof value === 'bigint') return known({ is: 'int', value });
  return typeof value === 'number' ? known({ is: 'float', value }) : undefined;
}

function foldUnary(operator: string, node: Node): Node | undefined {
  if (operator === '!' || operator === 'not') {
    return node.is === 'bool' ? known({ is: 'bool', value: !node.value }) : undefined;
  }
  if (node.is === 'int') return number(operator === '-' ? wrap(-node.value) : node.value);
  if (node.is === 'float') return number(operator === '-' ? -node.value : node.value);
  return undefined;
}

function foldBinary(operator: string, left: Node, right: Node): Node | undefined {
  if (['and', '&&', 'or', '||'].includes(operator)) return foldLogic(operator, left, right);
  if (operator === '==') {
    const isKnown = left.is === right.is && ['int', 'string', 'bool'].includes(left.is);
    if (!isKnown || !('value' in left) || !('value' in right)) return undefined;
    return known({ is: 'bool', value: left.value === right.value });
  }
  if (left.is === 'string' && right.is === 'string' && operator === '+') {
    return known({ is: 'string', value: left.value + right.value });
  }
  if (left.is === 'int' && right.is === 'int') return foldInts(operator, left.value, right.value);
  const isNumber = (node: Node) => node.is === 'int' || node.is === 'float';
  if (!isNumber(left) || !isNumber(right) || !('value' in left) || !('value' in right)) {
    return undefined;
  }
  return foldFloats(operator, Number(left.value), Number(right.value));
}

function foldInts(operator: string, left: bigint, right: bigint): Node | undefined {
  switch (operator) {
    case '+':
      return number(wrap(left + right));
    case '-':
      return number(wrap(left - right));
    case '*':
      return number(wrap(left * right));
    case '%':
      return right === 0n ? fail('integer divide by zero') : number(wrap(left % right));
    default:
      return foldFloats(operator, Number(left), Number(right));
  }
}

function foldFloats(operator: string, left: number, right: number): Node | undefined {
  switch (operator) {
    case '+':
      return number(left + right);
    case '-':
      return number(left - right);
    case '*':
      return number(left * right);
    case '/':
      return number(left / right);
    case '**':
    case '^':
      return number(power(left, right));
    default:
      return undefined;
  }
}

function foldLogic(operator: string, left: Node, right: Node): Node | undefined {
  // What decides an `and` is false, what decides an `or` is true.
  const decides = operator === 'or' || operator === '||';
  const isKnown = (node: Node, value: boolean) => node.is === 'bool' && node.value === value;
  const asBool = (node: Node): Node => ({ ...node, type: types.bool });
  if (isKnown(left, !decides)) return asBool(right);
  if (isKnown(right, !decides)) return asBool(left);
  if (isKnown(left, decides) || isKnown(right, decides)) {
    return known({ is: 'bool', value: decides });
  }
  return undefined;
}

function foldArray(nodes: Node[]): Node | undefined {
  const literals = ['int', 'float', 'string', 'bool'];
  if (nodes.length === 0 || !nodes.every((node) => literals.includes(node.is))) return undefined;
  const value = nodes.map((node) => ('value' in node ? (node.value as Go) : null));
  return known({ is: 'constant', value });
}

function foldFilter(node: Node & { is: 'builtin' }): Node | undefined {
  const [inner, second] = node.args;
  if (inner?.is !== 'builtin' || inner.name !== 'filter' || second?.is !== 'predicate') {
    return undefined;
  }
  const [list, first] = inner.args;
  if (!list || first?.is !== 'predicate') return undefined;
  const both = makeNode({ is: 'binary', operator: '&&', left: first.node, right: second.node });
  const args = [list, makeNode({ is: 'predicate', node: both })];
  const folded = makeNode({ is: 'builtin', name: 'filter', args });
  return node.type ? { ...folded, type: types.bare(node.type) } : folded;
}
