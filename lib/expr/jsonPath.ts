import { chargeAll, chargeText } from './cost.ts';
import { Budget, Failure, fail, tooDeep, valueDepthMax } from './failure.ts';
import { bytes, type Go, goText, kindText, recordOf, typeText } from './goValue.ts';
import { type PathNode, parsePath } from './jsonPathParser.ts';
import { compareText } from './text.ts';
import type { Value } from './value.ts';

// JSONPath as client-go has it, where a key that is missing is an error: so Argo's web provider uses it.
// k8s.io/client-go v0.34.5 util/jsonpath/jsonpath.go, argo v1.10.1 metricproviders/webmetric/webmetric.go

export type Found = { found: Value[] } | { error: string };

/** Everything a path finds, in order. The keys of a map come in the order of their names; Go has none. */
export function jsonPath(path: string, value: Value): Found {
  try {
    return { found: findAll(path, value) as Value[] };
  } catch (error) {
    if (error instanceof Failure) return { error: error.message };
    throw error;
  }
}

/** What is wrong with a path whatever it is applied to. */
export function pathError(path: string): string | undefined {
  try {
    parsePath(path);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

export function findAll(path: string, value: Go): Go[] {
  return new Finder().find(parsePath(path).nodes, value);
}

const elementsMax = 1_000_000;

class Finder {
  readonly #budget = new Budget();
  /** How many `range` are open, and how many are just beginning or ending. */
  #open = 0;
  #beginning = 0;
  #ending = 0;
  #lastEnd: PathNode | undefined;
  #found = 0;

  find(nodes: readonly PathNode[], value: Go): Go[] {
    const found: Go[] = [];
    for (let at = 0; at < nodes.length; at++) {
      const node = nodes[at] as PathNode;
      const results = this.#walk([value], node);
      if (this.#ending > 0 && this.#ending <= this.#open) {
        this.#ending--;
        this.#lastEnd = node;
        break;
      }
      if (this.#beginning === 0) {
        this.#add(found, results);
        continue;
      }
      this.#beginning--;
      this.#open++;
      const rest = nodes.slice(at + 1);
      for (const each of results) this.#add(found, this.find(rest, each));
      // What has nothing to go over is still looked through for its end.
      if (results.length === 0) this.find(rest, null);
      this.#open--;
      const end = nodes.findIndex((each, index) => index > at && each === this.#lastEnd);
      if (end > at) at = end;
    }
    return found;
  }

  /** One by one: as the arguments of one call, so many do not fit onto the stack. */
  #add(found: Go[], results: readonly Go[]): void {
    this.#found += results.length;
    this.#budget.step(results.length);
    if (this.#found > elementsMax) fail(`the path finds more than ${elementsMax} values`);
    for (const each of results) found.push(each);
  }

  /** Charges before and after: what one step finds may be more than it looks at. */
  #walk(values: Go[], node: PathNode): Go[] {
    this.#budget.step(values.length + 1);
    const found = this.#step(values, node);
    if (found !== values) this.#budget.step(found.length);
    return found;
  }

  #step(values: Go[], node: PathNode): Go[] {
    switch (node.is) {
      case 'list':
        return node.nodes.reduce((found, part) => this.#walk(found, part), values);
      case 'text':
        return [node.text];
      case 'literal':
        return values.map(() => node.value);
      case 'field':
        return this.#field(values, node.name);
      case 'array':
        return values.flatMap((value) => elements(value, node) ?? []);
      case 'wildcard':
        return values.flatMap(children);
      case 'recursive':
        return this.#descend(values, 0);
      case 'union':
        return node.nodes.flatMap((part) => this.#walk(values, part));
      case 'filter':
        return values.flatMap((value) => this.#filter(value, node));
      default:
        return this.#word(values, node.name);
    }
  }

  #word(values: Go[], name: string): Go[] {
    if (name === 'range') {
      this.#beginning++;
      return values;
    }
    if (name !== 'end') return fail(`unrecognized identifier ${name}`);
    if (this.#open === 0) fail('not in range, nothing to end');
    this.#ending++;
    return [];
  }

  #field(values: Go[], name: string): Go[] {
    if (values.length === 0) return [];
    const found = values.flatMap((value): Go[] => {
      const record = recordOf(value);
      return record && Object.hasOwn(record, name) ? [record[name] ?? null] : [];
    });
    return found.length > 0 ? found : fail(`${name} is not found`);
  }

  #descend(values: Go[], depth: number): Go[] {
    if (depth > valueDepthMax) return tooDeep();
    return values.flatMap((value) => {
      const inner = children(value);
      this.#budget.step(inner.length);
      return inner.length === 0 ? [] : [value, ...this.#descend(inner, depth + 1)];
    });
  }

  #filter(value: Go, node: Extract<PathNode, { is: 'filter' }>): Go[] {
    if (!Array.isArray(value)) {
      chargeAll(value, this.#budget);
      return fail(`${shown(value)} is not array or slice and cannot be filtered`);
    }
    return value.filter((item) => {
      if (node.operator === 'exists') return this.#exists(item, node.left);
      const lefts = this.#walk([item], node.left);
      const left = one(lefts);
      if (left === undefined) return false;
      const right = one(this.#walk([item], node.right));
      if (right === undefined) return false;
      chargeText(left, this.#budget);
      return compares(node.operator, left, right);
    });
  }

  /** What cannot be found is not there. */
  #exists(item: Go, node: PathNode): boolean {
    try {
      return this.#walk([item], node).length > 0;
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  }
}

/** What a filter compares: undefined if there is nothing. */
function one(values: Go[]): Go | undefined {
  if (values.length > 1) fail('can only compare one element at a time');
  return values[0];
}

function children(value: Go): Go[] {
  if (typeof value === 'string') return bytes(value);
  if (Array.isArray(value)) return value;
  const record = recordOf(value);
  if (!record) return [];
  return Object.keys(record)
    .sort()
    .map((name) => record[name] ?? null);
}

function elements(value: Go, node: Extract<PathNode, { is: 'array' }>): Go[] | undefined {
  if (value === null) return undefined;
  if (!Array.isArray(value)) return fail(`${typeText(value)} is not array or slice`);
  const { length } = value;
  let from = node.from.known ? node.from.value : 0;
  if (from < 0) from += length;
  let to = node.to.known ? node.to.value : length;
  if (to < 0 || (to === 0 && node.to.derived)) to += length;
  if (to === from) return [];
  const outside = (index: number): never =>
    fail(`array index out of bounds: index ${index}, length ${length}`);
  if (from >= length || from < 0) outside(from);
  if (to > length || to < 0) outside(to - 1);
  if (from > to) fail(`starting index ${from} is greater than ending index ${to}`);
  if (node.step.known && node.step.value <= 0) fail('step must be > 0');
  const step = node.step.known ? node.step.value : 1;
  return value.slice(from, to).filter((_, at) => at % step === 0);
}

function shown(value: Go): string {
  return value === null ? '<nil>' : goText(value);
}

const basic = ['bool', 'int', 'uint8', 'float64', 'string'];

/** client-go v0.34.5 third_party/forked/golang/template/funcs.go */
function compares(operator: string, left: Go, right: Go): boolean {
  const orders: Record<string, (by: number) => boolean> = {
    '==': (by) => by === 0,
    '!=': (by) => by !== 0,
    '<': (by) => by < 0,
    '<=': (by) => by <= 0,
    '>': (by) => !(by <= 0),
    '>=': (by) => !(by < 0),
  };
  const order = orders[operator];
  if (!order) return fail(`unrecognized filter operator ${operator}`);
  const [a, b] = [kindText(left), kindText(right)];
  if (!basic.includes(a) || !basic.includes(b)) return fail('invalid type for comparison');
  if (a !== b) return fail('incompatible types for comparison');
  const isEquality = operator === '==' || operator === '!=';
  if (a === 'bool' && !isEquality) return fail('invalid type for comparison');
  return order(by(left, right));
}

function by(left: Go, right: Go): number {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  if (left === right) return 0;
  return Number(left) < Number(right) ? -1 : Number(left) > Number(right) ? 1 : Number.NaN;
}
