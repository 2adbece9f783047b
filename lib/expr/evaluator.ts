import type { Millis } from '../model/units.ts';
import * as arithmetic from './arithmetic.ts';
import type { Node, NodeOf } from './ast.ts';
import { callBuiltin } from './builtins.ts';
import { asBool, asInt, asString, refuse } from './conversion.ts';
import { chargeAll, chargeText, timeSteps } from './cost.ts';
import { type Budget, fail } from './failure.ts';
import { fetch, isIn, needLength, slice } from './fetch.ts';
import {
  Func,
  type Go,
  type GoRecord,
  isNilValue,
  Keyed,
  List,
  Named,
  newRecord,
  typeText,
} from './goValue.ts';
import { callPredicate, type Place } from './predicates.ts';
import { matches } from './regExp.ts';
import { placeIn } from './search.ts';
import * as types from './types.ts';

type Frame = { place?: Place | undefined; variables?: Variables | undefined };
type Variables = { name: string; value: Go; outer: Variables | undefined };

/** Thrown by a `?.` that finds nil. */
class Broken {}
const broken = new Broken();

/** Evaluates what the checker and the optimizer have gone over. expr v1.17.7 vm/vm.go */
export class Evaluator {
  readonly env: GoRecord;
  readonly budget: Budget;
  readonly now: Millis;

  constructor(env: GoRecord, budget: Budget, now: Millis) {
    this.env = env;
    this.budget = budget;
    this.now = now;
  }

  evaluate(node: Node, frame: Frame = {}): Go {
    this.budget.step();
    switch (node.is) {
      case 'nil':
        return null;
      case 'int':
      case 'float':
      case 'bool':
      case 'string':
      case 'constant':
        return node.value;
      case 'name':
        return this.#name(node.name, frame);
      case 'unary':
        return this.#unary(node, frame);
      case 'binary':
        return this.#binary(node, frame);
      case 'chain':
        return this.#chain(node, frame);
      case 'member':
        return this.#member(node, frame);
      case 'slice':
        return this.#slice(node, frame);
      case 'call':
        return this.#call(node, frame);
      case 'builtin':
        return this.#builtin(node, frame);
      case 'predicate':
        return this.evaluate(node.node, frame);
      case 'pointer':
        return this.#pointer(node.name, frame);
      default:
        return this.#compound(node, frame);
    }
  }

  #compound(node: Node, frame: Frame): Go {
    switch (node.is) {
      case 'let': {
        const value = this.evaluate(node.value, frame);
        const variables = { name: node.name, value, outer: frame.variables };
        return this.evaluate(node.body, { ...frame, variables });
      }
      case 'sequence': {
        const values = node.nodes.map((part) => this.evaluate(part, frame));
        return values.at(-1) ?? null;
      }
      case 'if': {
        const isMet = asBool(this.evaluate(node.condition, frame));
        return this.evaluate(isMet ? node.yes : node.no, frame);
      }
      case 'array': {
        const items = node.nodes.map((part) => this.evaluate(part, frame));
        this.budget.grow(items.length);
        return items;
      }
      case 'map':
        return this.#map(node, frame);
      default:
        return fail(`undefined node type (${node.is})`);
    }
  }

  #name(name: string, frame: Frame): Go {
    for (let each = frame.variables; each; each = each.outer) {
      if (each.name === name) return each.value;
    }
    if (name === '$env') return this.env;
    return Object.hasOwn(this.env, name) ? (this.env[name] ?? null) : null;
  }

  #pointer(name: string, { place }: Frame): Go {
    if (!place) return fail('cannot use pointer accessor outside predicate');
    if (name === 'index') return BigInt(place.index);
    if (name === 'acc') return place.accumulated;
    return name === '' ? place.at(place.index) : fail(`unknown pointer ${name}`);
  }

  #unary({ operator, node }: NodeOf<'unary'>, frame: Frame): Go {
    const value = this.evaluate(node, frame);
    if (operator === '+') return value;
    return operator === '-' ? arithmetic.negate(value) : !asBool(value);
  }

  #binary(node: NodeOf<'binary'>, frame: Frame): Go {
    const { operator, left: leftNode, right: rightNode } = node;
    const left = this.evaluate(leftNode, frame);
    if (operator === '??') return isNilValue(left) ? this.evaluate(rightNode, frame) : left;
    if (operator === 'or' || operator === '||') {
      return asBool(left) ? left : this.evaluate(rightNode, frame);
    }
    if (operator === 'and' || operator === '&&') {
      return asBool(left) ? this.evaluate(rightNode, frame) : left;
    }
    const right = this.evaluate(rightNode, frame);
    if (operator === '==') return this.#equal(node, left, right);
    if (operator === '!=') return !this.#equal(node, left, right);
    return this.#operate(operator, left, right);
  }

  /** What is taken for two ints or two texts has to be that. */
  #equal({ left: leftNode, right: rightNode }: NodeOf<'binary'>, left: Go, right: Go): boolean {
    const name = leftNode.type?.name;
    if (name === rightNode.type?.name && (name === 'int' || name === 'string')) {
      this.budget.text(typeof left === 'string' ? left.length : 0);
      return asserted(left, name) === asserted(right, name);
    }
    return arithmetic.equal(left, right, this.budget);
  }

  #operate(operator: string, left: Go, right: Go): Go {
    switch (operator) {
      case '+':
        return this.#add(left, right);
      case '-':
        return arithmetic.subtract(left, right);
      case '*':
        return arithmetic.multiply(left, right);
      case '/':
        return arithmetic.divide(left, right);
      case '%':
        return arithmetic.modulo(left, right);
      case '**':
      case '^':
        return arithmetic.power(left, right);
      case '<':
      case '>':
      case '<=':
      case '>=':
        return arithmetic.ordered(operator, left, right, this.budget);
      case 'in':
        return isIn(left, right, this.budget);
      case '..':
        return this.#range(left, right);
      default:
        return this.#text(operator, left, right);
    }
  }

  #add(left: Go, right: Go): Go {
    if (typeof left === 'string' && typeof right === 'string') {
      this.budget.text(left.length + right.length);
    }
    return arithmetic.add(left, right);
  }

  #text(operator: string, left: Go, right: Go): boolean {
    if (isNilValue(left) || isNilValue(right)) return false;
    if (operator === 'matches' && typeof left !== 'string') return refuse(left, '[]uint8');
    const [text, part] = [asString(left), asString(right)];
    this.budget.text(text.length + part.length);
    if (operator === 'matches') return matches(part, text, this.budget);
    if (operator === 'contains') return placeIn(text, part) >= 0;
    return operator === 'startsWith' ? text.startsWith(part) : text.endsWith(part);
  }

  #range(left: Go, right: Go): Go {
    const [from, to] = [arithmetic.toInt(left), arithmetic.toInt(right)];
    const size = arithmetic.wrap(to - from + 1n);
    this.budget.grow(size > 0n ? Number(size) : 0);
    const items = Array.from({ length: Math.max(0, Number(size)) }, (_, at) => from + BigInt(at));
    return new List(types.ints, items);
  }

  #chain({ node }: NodeOf<'chain'>, frame: Frame): Go {
    try {
      const value = this.evaluate(node, frame);
      return isNilValue(value) ? null : value;
    } catch (error) {
      if (error === broken) return null;
      throw error;
    }
  }

  #member(node: NodeOf<'member'>, frame: Frame): Go {
    const whole = this.evaluate(node.node, frame);
    if (node.optional && isNilValue(whole)) throw broken;
    const property = this.evaluate(node.property, frame);
    if (whole instanceof Named) this.budget.step(timeSteps);
    if (whole instanceof Keyed) chargeAll(property, this.budget);
    chargeText(whole, this.budget);
    return fetch(whole, property);
  }

  #slice({ node, from, to }: NodeOf<'slice'>, frame: Frame): Go {
    const whole = this.evaluate(node, frame);
    if (!to) needLength(whole);
    const end = to && this.evaluate(to, frame);
    const start = from && this.evaluate(from, frame);
    chargeText(whole, this.budget);
    return slice(whole, start, end, this.budget);
  }

  #call({ callee, args }: NodeOf<'call'>, frame: Frame): Go {
    const values = args.map((arg) => this.evaluate(arg, frame));
    for (const value of values) chargeText(value, this.budget);
    const called = this.evaluate(callee, frame);
    if (called === null) return fail('invalid operation: cannot call nil');
    if (called instanceof Func) return called.call(values);
    return fail(`invalid operation: cannot call non-function of type ${typeText(called)}`);
  }

  #builtin(node: NodeOf<'builtin'>, frame: Frame): Go {
    const [first, second, third] = node.args;
    const list = first ? this.evaluate(first, frame) : null;
    if (first && (second?.is === 'predicate' || ['count', 'sum'].includes(node.name))) {
      return callPredicate(node, list, {
        budget: this.budget,
        of: (part, place) => this.evaluate(part, { ...frame, place }),
        predicate: second,
        initial: third,
      });
    }
    const rest = node.args.slice(1).map((arg) => this.evaluate(arg, frame));
    return callBuiltin(node.name, first ? [list, ...rest] : [], this);
  }

  #map({ pairs }: NodeOf<'map'>, frame: Frame): Go {
    const entries = pairs.flatMap((pair): [Go, Go][] =>
      pair.is === 'pair'
        ? [[this.evaluate(pair.key, frame), this.evaluate(pair.value, frame)]]
        : [],
    );
    this.budget.grow(entries.length);
    const record = newRecord();
    // As Go's library: of two equal keys the first one counts.
    for (const [key, value] of entries.reverse()) record[asString(key)] = value;
    return record;
  }
}

function asserted(value: Go, type: 'int' | 'string'): bigint | string {
  return type === 'int' ? asInt(value) : asString(value);
}
