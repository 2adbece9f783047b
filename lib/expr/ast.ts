import { depthMax, fail } from './failure.ts';
import type { Go } from './goValue.ts';
import type { GoType } from './types.ts';

export type Form =
  | { is: 'nil' }
  | { is: 'name'; name: string }
  | { is: 'int'; value: bigint }
  | { is: 'float'; value: number }
  | { is: 'bool'; value: boolean }
  | { is: 'string'; value: string }
  /** What the optimizer has worked out. */
  | { is: 'constant'; value: Go }
  | { is: 'unary'; operator: string; node: Node }
  | { is: 'binary'; operator: string; left: Node; right: Node }
  /** Where a `?.` inside it that finds nil ends up. */
  | { is: 'chain'; node: Node }
  | { is: 'member'; node: Node; property: Node; optional: boolean; method: boolean }
  | { is: 'slice'; node: Node; from?: Node | undefined; to?: Node | undefined }
  | { is: 'call'; callee: Node; args: Node[] }
  /** `throws`: a `find` that stands for `filter(…)[0]`. `map`: what is made of what is found. */
  | { is: 'builtin'; name: string; args: Node[]; throws?: boolean; map?: Node | undefined }
  | { is: 'predicate'; node: Node }
  /** `#`, `#index`, `#acc` */
  | { is: 'pointer'; name: string }
  | { is: 'let'; name: string; value: Node; body: Node }
  | { is: 'sequence'; nodes: Node[] }
  | { is: 'if'; condition: Node; yes: Node; no: Node }
  | { is: 'array'; nodes: Node[] }
  | { is: 'map'; pairs: Node[] }
  | { is: 'pair'; key: Node; value: Node };

/** A part of an expression. `type` is what the checker, then the optimizer, knows of its value. */
export type Node = Form & { type?: GoType; depth: number };
export type NodeOf<Is extends Form['is']> = Node & { is: Is };

/** The parts of a part, in the order in which they are looked at. `map` of a builtin is not among them. */
export function partsOf(node: Form): Node[] {
  switch (node.is) {
    case 'unary':
    case 'chain':
    case 'predicate':
      return [node.node];
    case 'binary':
      return [node.left, node.right];
    case 'member':
      return [node.node, node.property];
    case 'slice':
      return [node.node, node.from, node.to].filter((part) => part !== undefined);
    case 'call':
      return [node.callee, ...node.args];
    case 'builtin':
      return node.args;
    case 'let':
      return [node.value, node.body];
    case 'sequence':
    case 'array':
      return node.nodes;
    case 'if':
      return [node.condition, node.yes, node.no];
    case 'map':
      return node.pairs;
    case 'pair':
      return [node.key, node.value];
    default:
      return [];
  }
}

export function makeNode(form: Form): Node {
  const depth = partsOf(form).reduce((most, part) => Math.max(most, part.depth), 0) + 1;
  if (depth > depthMax) tooDeepExpression();
  return { ...form, depth };
}

export function tooDeepExpression(): never {
  return fail(`the expression is nested more than ${depthMax} deep`);
}

/** Puts another part in the place of this one. */
export function become(node: Node, other: Form & { type?: GoType | undefined }): void {
  for (const key of Object.keys(node)) if (key !== 'depth') Reflect.deleteProperty(node, key);
  Object.assign(node, other);
}

/** Every part with what `change` makes of it, inner ones first. Parts that stand in two places stay one. */
export function rewrite(node: Node, change: (node: Node) => Node | undefined): Node {
  const done = new Map<Node, Node>();
  const walk = (part: Node): Node => {
    const known = done.get(part);
    if (known) return known;
    const inner = withParts(part, walk);
    const result = change(inner) ?? inner;
    done.set(part, result);
    return result;
  };
  return walk(node);
}

function withParts(node: Node, walk: (part: Node) => Node): Node {
  switch (node.is) {
    case 'unary':
    case 'chain':
    case 'predicate':
      return { ...node, node: walk(node.node) };
    case 'binary':
      return { ...node, left: walk(node.left), right: walk(node.right) };
    case 'member':
      return { ...node, node: walk(node.node), property: walk(node.property) };
    case 'slice': {
      const [inner, from, to] = [node.node, node.from, node.to].map((part) => part && walk(part));
      return { ...node, node: inner ?? node.node, from, to };
    }
    case 'call':
      return { ...node, callee: walk(node.callee), args: node.args.map(walk) };
    case 'builtin':
      return { ...node, args: node.args.map(walk) };
    case 'let':
      return { ...node, value: walk(node.value), body: walk(node.body) };
    case 'sequence':
    case 'array':
      return { ...node, nodes: node.nodes.map(walk) };
    case 'if': {
      const condition = walk(node.condition);
      return { ...node, condition, yes: walk(node.yes), no: walk(node.no) };
    }
    case 'map':
      return { ...node, pairs: node.pairs.map(walk) };
    case 'pair':
      return { ...node, key: walk(node.key), value: walk(node.value) };
    default:
      return node;
  }
}

/** Whether two parts are written alike. */
export function isSame(left: Node, right: Node): boolean {
  return shape(left) === shape(right);
}

function shape(node: Node): string {
  return JSON.stringify(node, (key, value: unknown) => {
    if (key === 'type' || key === 'depth' || key === 'throws') return undefined;
    return typeof value === 'bigint' ? `${value}n` : value;
  });
}
