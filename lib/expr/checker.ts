import { own } from '../model/own.ts';
import { become, type Node, type NodeOf } from './ast.ts';
import { binaryType } from './checkOperator.ts';
import { type Budget, fail } from './failure.ts';
import { builtinNames, overloads, validators } from './signatures.ts';
import * as types from './types.ts';
import { deref, type GoType, isAssignable, isUnknown, nameOf, type Signature } from './types.ts';

type Variable = { name: string; type: GoType };
type Scope = { list: GoType; names: Record<string, GoType> };

/**
 * Gives every part of an expression its type, or throws a Failure: types that never fit are told before
 * anything is evaluated. `env` has the types of what an expression can name. expr v1.17.7 checker/checker.go
 */
export class Checker {
  readonly #env: Record<string, GoType>;
  readonly #budget: Budget;
  readonly #scopes: Scope[] = [];
  readonly #variables: Variable[] = [];
  /** What is done: a part that stands in two places would otherwise be looked at over and over. */
  readonly #done = new Map<Node, GoType>();

  constructor(env: Record<string, GoType>, budget: Budget) {
    this.#budget = budget;
    this.#env = env;
  }

  visit(node: Node): GoType {
    const known = this.#done.get(node);
    if (known) return known;
    const type = this.#typeOf(node);
    node.type = type;
    this.#done.set(node, type);
    return type;
  }

  #typeOf(node: Node): GoType {
    switch (node.is) {
      case 'nil':
        return types.nil;
      case 'name':
        return this.#name(node.name);
      case 'int':
        return types.int;
      case 'float':
        return types.float64;
      case 'bool':
        return types.bool;
      case 'string':
        return types.string;
      case 'unary':
        return this.#unary(node);
      case 'binary':
        return binaryType(
          node,
          [deref(this.visit(node.left)), deref(this.visit(node.right))],
          this.#budget,
        );
      case 'chain':
        return this.visit(node.node);
      case 'member':
        return this.#member(node);
      case 'slice':
        return this.#slice(node);
      case 'call':
        return this.#call(node);
      case 'builtin':
        return this.#builtin(node);
      case 'pointer':
        return this.#pointer(node);
      default:
        return this.#compound(node);
    }
  }

  #compound(node: Node): GoType {
    switch (node.is) {
      case 'let':
        return this.#let(node);
      case 'sequence':
        return node.nodes.map((part) => this.visit(part)).at(-1) ?? types.unknown;
      case 'if':
        return this.#if(node);
      case 'array':
        return this.#array(node);
      case 'map':
        for (const { key, value } of node.pairs.filter((part) => part.is === 'pair')) {
          this.visit(key);
          this.visit(value);
        }
        return types.record;
      default:
        return types.unknown;
    }
  }

  #name(name: string): GoType {
    const variable = this.#variables.findLast((each) => each.name === name);
    if (variable) return variable.type;
    if (name === '$env') return types.unknown;
    return this.#known(name, true) ?? fail(`unknown name ${name}`);
  }

  #known(name: string, hasBuiltins: boolean): GoType | undefined {
    if (Object.hasOwn(this.#env, name)) return this.#env[name];
    if (!hasBuiltins || !builtinNames.has(name)) return undefined;
    return { kind: 'func', name: `func(...interface {}) (interface {}, error)`, builtin: name };
  }

  #unary({ operator, node }: NodeOf<'unary'>): GoType {
    const type = deref(this.visit(node));
    if (operator === '!' || operator === 'not') {
      if (types.isBool(type) || isUnknown(type)) return types.bool;
    } else {
      if (types.isNumber(type)) return type;
      if (isUnknown(type)) return types.unknown;
    }
    return fail(`invalid operation: ${operator} (mismatched type ${nameOf(type)})`);
  }

  #member(node: NodeOf<'member'>): GoType {
    const { property } = node;
    if (node.node.is === 'name' && node.node.name === '$env') {
      if (property.is !== 'string') return types.unknown;
      const type = this.#known(property.value, false);
      if (!type && !node.optional) fail(`unknown name ${property.value}`);
      return type ?? types.unknown;
    }
    const whole = this.visit(node.node);
    const index = this.visit(property);
    if (isUnknown(whole)) return types.unknown;
    const name = property.is === 'string' ? property.value : undefined;
    if (name !== undefined) {
      if (types.isNil(whole)) fail(`type nil has no field ${name}`);
      const method = own(whole.methods?.(), name);
      if (method) return method;
    }
    return this.#element(node, deref(whole), deref(index), name);
  }

  #element(node: NodeOf<'member'>, whole: GoType, index: GoType, name?: string): GoType {
    if (types.isMap(whole)) {
      if (!isAssignable(index, whole.key ?? types.any) && !isUnknown(index)) {
        fail(`cannot use ${nameOf(index)} to get an element from ${nameOf(whole)}`);
      }
      return types.elemOf(whole);
    }
    if (types.isList(whole)) {
      if (!types.isInteger(index) && !isUnknown(index)) {
        fail(`array elements can only be selected using an integer (got ${nameOf(index)})`);
      }
      return types.elemOf(whole);
    }
    if (name === undefined) return fail(`type ${nameOf(whole)}[${nameOf(index)}] is undefined`);
    const field = own(whole.fields, name);
    if (field) return field;
    return fail(`type ${nameOf(whole)} has no ${node.method ? 'method' : 'field'} ${name}`);
  }

  #slice({ node, from, to }: NodeOf<'slice'>): GoType {
    const type = this.visit(node);
    // As Go's library: what stands in the brackets is not looked at then.
    if (isUnknown(type)) return types.unknown;
    if (!types.isString(type) && !types.isList(type)) fail(`cannot slice ${nameOf(type)}`);
    for (const end of [from, to]) {
      if (!end) continue;
      const index = deref(this.visit(end));
      if (!types.isInteger(index) && !isUnknown(index)) {
        fail(`non-integer slice index ${nameOf(index)}`);
      }
    }
    return type;
  }

  #call(node: NodeOf<'call'>): GoType {
    const { callee, args } = node;
    const type = this.visit(callee);
    if (isUnknown(type)) return types.unknown;
    if (type.builtin !== undefined) return this.#function(type.builtin, args);
    const named = callee.is === 'member' ? callee.property : callee;
    const name =
      named.is === 'name' ? named.name : named.is === 'string' ? named.value : 'function';
    if (types.isNil(type)) fail(`${name} is nil; cannot call nil as function`);
    if (!type.signature) return fail(`${nameOf(type)} is not callable`);
    return this.#arguments(name, type.signature, args);
  }

  /** A call of a builtin that takes no predicate. */
  #function(name: string, args: Node[]): GoType {
    const validate = own(validators, name);
    if (validate) {
      const given = args.map((arg) => this.visit(arg));
      return types.bare(validate(given.map((type) => (isUnknown(type) ? types.any : type))));
    }
    let mismatch: string | undefined;
    for (const signature of own(overloads, name) ?? []) {
      mismatch = this.#mismatch(name, signature, args);
      if (mismatch === undefined) return types.bare(signature.output);
    }
    if (mismatch !== undefined) fail(mismatch);
    return types.unknown;
  }

  #arguments(name: string, signature: Signature, args: Node[]): GoType {
    const mismatch = this.#mismatch(name, signature, args);
    return mismatch === undefined ? types.bare(signature.output) : fail(mismatch);
  }

  /** Why a function does not take these arguments, if it does not. */
  #mismatch(name: string, { inputs }: Signature, args: Node[]): string | undefined {
    if (args.length !== inputs.length) {
      for (const arg of args) this.visit(arg);
      return `${args.length > inputs.length ? 'too many' : 'not enough'} arguments to call ${name}`;
    }
    for (const [index, input] of inputs.entries()) {
      const arg = args[index];
      if (!arg) continue;
      const type = this.visit(arg);
      if (types.isFloat(input) && types.isInteger(type)) {
        toFloats(arg, this.#done);
        continue;
      }
      if (types.isInteger(input) && types.isInteger(type)) continue;
      if (types.isNil(type)) {
        if (['ptr', 'interface'].includes(input.kind)) continue;
        return `cannot use nil as argument (type ${input.name}) to call ${name}`;
      }
      if (isUnknown(type) || isAssignable(type, input) || isAssignable(deref(type), input))
        continue;
      return `cannot use ${nameOf(type)} as argument (type ${input.name}) to call ${name} `;
    }
    return undefined;
  }

  #builtin(node: NodeOf<'builtin'>): GoType {
    const [first, second, third] = node.args;
    if (node.name === 'get') return this.#get(node.args);
    if (second?.is !== 'predicate' && !['count', 'sum'].includes(node.name)) {
      return this.#function(node.name, node.args);
    }
    const list = deref(first ? this.visit(first) : types.unknown);
    if (!types.isList(list) && !isUnknown(list)) {
      fail(`builtin ${node.name} takes only array (got ${nameOf(list)})`);
    }
    if (second?.is !== 'predicate') return node.name === 'count' ? types.int : elem(list);
    const made = this.#predicate(node.name, list, second);
    if (third) this.visit(third);
    return this.#predicateResult(node.name, list, made);
  }

  /** What a predicate gives for the elements of a list. */
  #predicate(name: string, list: GoType, predicate: NodeOf<'predicate'>): GoType {
    const names: Record<string, GoType> = {};
    if (name === 'map' || name === 'reduce') names.index = types.int;
    if (name === 'reduce') names.acc = types.unknown;
    this.#scopes.push({ list, names });
    const made = this.visit(predicate.node);
    this.#scopes.pop();
    predicate.type = types.unknown;
    if (!types.isNil(made)) return made;
    const inputs = name === 'reduce' ? 'two' : 'one';
    return fail(`predicate should has ${inputs} input and one output param`);
  }

  #predicateResult(name: string, list: GoType, made: GoType): GoType {
    const isFree = ['map', 'sum', 'groupBy', 'sortBy', 'reduce'].includes(name);
    if (!isFree && !types.isBool(made) && !isUnknown(made)) {
      fail(`predicate should return boolean (got ${nameOf(made)})`);
    }
    switch (name) {
      case 'filter':
        return isUnknown(list) ? types.anys : types.listOf(types.elemOf(list));
      case 'map':
        return types.listOf(made);
      case 'count':
      case 'findIndex':
      case 'findLastIndex':
        return types.int;
      case 'sum':
        return isUnknown(made) ? types.any : types.bare(made);
      case 'find':
      case 'findLast':
        return elem(list);
      case 'groupBy':
        return { ...types.map(types.any, types.anys), ref: types.listOf(elem(list)) };
      case 'sortBy':
        return list;
      case 'reduce':
        return made;
      default:
        return types.bool;
    }
  }

  #get(args: Node[]): GoType {
    if (args.length !== 2) {
      fail(`invalid number of arguments (expected 2, got ${args.length})`);
    }
    const [first, second] = args as [Node, Node];
    const whole = this.visit(first);
    const index = deref(this.visit(second));
    if (first.is === 'name' && first.name === '$env') {
      const known = second.is === 'string' ? this.#known(second.value, false) : undefined;
      return known ?? types.unknown;
    }
    if (isUnknown(whole)) return types.unknown;
    if (types.isList(whole)) {
      if (!types.isInteger(index) && !isUnknown(index)) {
        fail(`non-integer slice index ${nameOf(index)}`);
      }
      return types.elemOf(whole);
    }
    if (!types.isMap(whole)) return fail(`type ${nameOf(whole)} does not support indexing`);
    if (!isAssignable(index, whole.key ?? types.any) && !isUnknown(index)) {
      fail(`cannot use ${nameOf(index)} to get an element from ${nameOf(whole)}`);
    }
    return types.elemOf(whole);
  }

  #pointer({ name }: NodeOf<'pointer'>): GoType {
    const scope = this.#scopes.at(-1);
    if (!scope) return fail('cannot use pointer accessor outside predicate');
    if (name === '') return elem(scope.list);
    return own(scope.names, name) ?? fail(`unknown pointer #${name}`);
  }

  #let({ name, value, body }: NodeOf<'let'>): GoType {
    if (Object.hasOwn(this.#env, name)) fail(`cannot redeclare ${name}`);
    if (builtinNames.has(name)) fail(`cannot redeclare builtin ${name}`);
    if (this.#variables.some((each) => each.name === name)) {
      fail(`cannot redeclare variable ${name}`);
    }
    const type = this.visit(value);
    this.#variables.push({ name, type });
    const result = this.visit(body);
    this.#variables.pop();
    return result;
  }

  #if({ condition, yes, no }: NodeOf<'if'>): GoType {
    const type = deref(this.visit(condition));
    if (!types.isBool(type) && !isUnknown(type)) {
      fail(`non-bool expression (type ${nameOf(type)}) used as condition`);
    }
    const [one, other] = [this.visit(yes), this.visit(no)];
    if (types.isNil(one)) return other;
    if (types.isNil(other)) return one;
    if (!isAssignable(one, other)) return types.unknown;
    if (types.isList(one) && types.isList(other)) {
      const [a, b] = [types.elemOf(one), types.elemOf(other)];
      if (!isAssignable(a, b) || !isAssignable(b, a)) return types.anys;
    }
    return one;
  }

  #array({ nodes }: NodeOf<'array'>): GoType {
    const elems = nodes.map((part) => this.visit(part));
    const isAlike = elems.every((type, at) => at === 0 || type.kind === elems[at - 1]?.kind);
    return isAlike ? types.listOf(elems.at(-1) ?? types.unknown) : types.anys;
  }
}

function elem(list: GoType): GoType {
  return isUnknown(list) ? types.unknown : types.elemOf(list);
}

/** Integers that are written where a float is needed are floats. */
function toFloats(node: Node, done: Map<Node, GoType>): void {
  if (node.is === 'int') {
    become(node, { is: 'float', value: Number(node.value), type: types.float64 });
    done.set(node, types.float64);
  } else if (node.is === 'unary') toFloats(node.node, done);
  else if (node.is === 'binary' && ['+', '-', '*'].includes(node.operator)) {
    toFloats(node.left, done);
    toFloats(node.right, done);
  }
}
