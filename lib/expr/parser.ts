import { own } from '../model/own.ts';
import { type Form, makeNode, type Node, tooDeepExpression } from './ast.ts';
import { depthMax, fail, nodesMax } from './failure.ts';
import { isWordPart, Lexer, type Token, type TokenKind, tokenText } from './lexer.ts';
import { integerLiteral } from './literals.ts';
import { binary, comparisons, negatable, predicates, unary } from './operators.ts';
import { builtinNames } from './signatures.ts';
import { parseFloat64 } from './text.ts';

/** The tree of an expression, or a Failure. expr v1.17.7 parser/parser.go */
export function parse(source: string): Node {
  return new Parser(source).parse();
}

class Parser {
  readonly #lexer: Lexer;
  #current: Token = { kind: 'EOF', value: '' };
  #stashed: Token | undefined;
  /** In how many predicates this is: only there a `#` has a meaning. */
  #predicates = 0;
  #nesting = 0;
  #nodes = 0;

  constructor(source: string) {
    this.#lexer = new Lexer(source);
  }

  parse(): Node {
    this.#next();
    const node = this.#sequence();
    if (!this.#is('EOF')) this.#unexpected();
    return node;
  }

  #next(): void {
    this.#current = this.#stashed ?? this.#lexer.next();
    this.#stashed = undefined;
  }

  #is(kind: TokenKind, value?: string): boolean {
    return this.#current.kind === kind && (value === undefined || this.#current.value === value);
  }

  #take(kind: TokenKind, value?: string): boolean {
    if (!this.#is(kind, value)) return false;
    this.#next();
    return true;
  }

  #expect(kind: TokenKind, value?: string): Token {
    const token = this.#current;
    if (!this.#take(kind, value)) this.#unexpected();
    return token;
  }

  #unexpected(token = this.#current): never {
    return fail(`unexpected token ${tokenText(token)}`);
  }

  #make(form: Form): Node {
    this.#nodes++;
    if (this.#nodes > nodesMax)
      fail('compilation failed: expression exceeds maximum allowed nodes');
    return makeNode(form);
  }

  #sequence(): Node {
    const first = this.#expression(0);
    const nodes = [first];
    while (this.#take('Operator', ';')) {
      if (this.#is('EOF')) break;
      nodes.push(this.#expression(0));
    }
    return nodes.length === 1 ? first : this.#make({ is: 'sequence', nodes });
  }

  #expression(precedence: number): Node {
    this.#nesting++;
    if (this.#nesting > depthMax) tooDeepExpression();
    const node = this.#whole(precedence);
    this.#nesting--;
    return node;
  }

  #whole(precedence: number): Node {
    if (precedence === 0 && this.#is('Operator', 'let')) return this.#let();
    if (precedence === 0 && this.#is('Operator', 'if')) return this.#if();
    let node = this.#primary();
    let before = '';
    while (this.#is('Operator')) {
      const operator = this.#binaryOperator(precedence);
      if (operator === undefined) break;
      const next = this.#operation(node, operator.token, before, operator.isNegated);
      if (next === undefined) break;
      node = next;
      before = operator.token.value;
    }
    return precedence === 0 ? this.#conditional(node) : node;
  }

  /** The operator that comes next, if it binds as tightly. A `not` is gone over if one follows it. */
  #binaryOperator(precedence: number): { token: Token; isNegated: boolean } | undefined {
    const token = this.#current;
    const binds = (name: string): boolean => {
      const operator = own(binary, name);
      return operator !== undefined && operator.precedence >= precedence;
    };
    if (token.value !== 'not') return binds(token.value) ? { token, isNegated: false } : undefined;
    this.#next();
    if (!negatable.has(this.#current.value)) this.#unexpected();
    if (binds(this.#current.value)) return { token: this.#current, isNegated: true };
    this.#stashed = this.#current;
    this.#current = token;
    return undefined;
  }

  #operation(left: Node, token: Token, before: string, isNegated: boolean): Node | undefined {
    const operator = token.value;
    this.#next();
    if (operator === '|') return this.#call(this.#expect('Identifier'), [left]);
    if (before === '??' && operator !== '??') {
      fail(
        `Operator (${operator}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.`,
      );
    }
    const { precedence = 0, isRight } = own(binary, operator) ?? {};
    if (comparisons.has(operator)) return this.#comparison(left, operator, precedence);
    const right = this.#expression(isRight ? precedence : precedence + 1);
    const node = this.#make({ is: 'binary', operator, left, right });
    return isNegated ? this.#make({ is: 'unary', operator: 'not', node }) : node;
  }

  /** `1 < x < 3` is both comparisons. */
  #comparison(first: Node, firstOperator: string, precedence: number): Node {
    let [left, operator] = [first, firstOperator];
    let whole: Node | undefined;
    for (;;) {
      const right = this.#expression(precedence + 1);
      const one = this.#make({ is: 'binary', operator, left, right });
      whole = whole ? this.#make({ is: 'binary', operator: '&&', left: whole, right: one }) : one;
      left = right;
      operator = this.#current.value;
      if (!this.#is('Operator') || !comparisons.has(operator)) return whole;
      this.#next();
    }
  }

  #let(): Node {
    this.#next();
    const name = this.#expect('Identifier').value;
    this.#expect('Operator', '=');
    const value = this.#expression(0);
    this.#expect('Operator', ';');
    const body = this.#nested(() => this.#sequence());
    return this.#make({ is: 'let', name, value, body });
  }

  #nested(parse: () => Node): Node {
    this.#nesting++;
    const node = parse();
    this.#nesting--;
    return node;
  }

  #if(): Node {
    this.#next();
    const condition = this.#expression(0);
    this.#expect('Bracket', '{');
    const yes = this.#sequence();
    this.#expect('Bracket', '}');
    this.#expect('Operator', 'else');
    if (this.#is('Operator', 'if')) {
      const no = this.#expression(0);
      return makeNode({ is: 'if', condition, yes, no });
    }
    this.#expect('Bracket', '{');
    const no = this.#sequence();
    this.#expect('Bracket', '}');
    return makeNode({ is: 'if', condition, yes, no });
  }

  #conditional(first: Node): Node {
    let condition = first;
    while (this.#take('Operator', '?')) {
      let yes = condition;
      if (!this.#take('Operator', ':')) {
        yes = this.#expression(0);
        this.#expect('Operator', ':');
      }
      const no = this.#expression(0);
      condition = this.#make({ is: 'if', condition, yes, no });
    }
    return condition;
  }

  #primary(): Node {
    const token = this.#current;
    const precedence = token.kind === 'Operator' ? own(unary, token.value) : undefined;
    if (precedence !== undefined) {
      this.#next();
      const node = this.#expression(precedence);
      return this.#postfix(this.#make({ is: 'unary', operator: token.value, node }));
    }
    if (this.#take('Bracket', '(')) {
      const node = this.#sequence();
      this.#expect('Bracket', ')');
      return this.#postfix(node);
    }
    if (this.#predicates > 0 && (this.#is('Operator', '#') || this.#is('Operator', '.'))) {
      return this.#postfix(this.#pointer());
    }
    if (this.#take('Operator', '::')) {
      return this.#postfix(this.#call(this.#expect('Identifier'), []));
    }
    return this.#secondary();
  }

  #pointer(): Node {
    let name = '';
    if (this.#take('Operator', '#') && this.#is('Identifier')) {
      name = this.#current.value;
      this.#next();
    }
    return this.#make({ is: 'pointer', name });
  }

  #secondary(): Node {
    const token = this.#current;
    if (token.kind === 'Number') return this.#number(token.value);
    if (token.kind === 'Identifier') {
      this.#next();
      if (token.value === 'true') return this.#make({ is: 'bool', value: true });
      if (token.value === 'false') return this.#make({ is: 'bool', value: false });
      if (token.value === 'nil') return this.#make({ is: 'nil' });
      const isCall = this.#is('Bracket', '(');
      const node = isCall ? this.#call(token, []) : this.#make({ is: 'name', name: token.value });
      return this.#postfix(node);
    }
    if (token.kind === 'String') {
      this.#next();
      return this.#postfix(this.#make({ is: 'string', value: token.value }));
    }
    if (this.#is('Bracket', '[')) return this.#postfix(this.#array());
    if (this.#is('Bracket', '{')) return this.#postfix(this.#map());
    return this.#unexpected();
  }

  #number(text: string): Node {
    this.#next();
    const plain = text.replaceAll('_', '');
    const lower = plain.toLowerCase();
    if (lower.startsWith('0x') || !/[.e]/.test(lower)) {
      return this.#make({ is: 'int', value: integerLiteral(plain) });
    }
    const value = parseFloat64(plain);
    if (typeof value !== 'number') return fail(`invalid float literal: ${value.error}`);
    return this.#make({ is: 'float', value });
  }

  /** `before` is what a pipe puts in front of the arguments. */
  #call({ value: name }: Token, before: Node[]): Node {
    if (Object.hasOwn(predicates, name)) return this.#predicateCall(name, before);
    if (builtinNames.has(name)) {
      return this.#make({ is: 'builtin', name, args: this.#args(before) });
    }
    const callee = this.#make({ is: 'name', name });
    return this.#make({ is: 'call', callee, args: this.#args(before) });
  }

  #predicateCall(name: string, before: Node[]): Node {
    this.#expect('Bracket', '(');
    const args = [...before];
    const rest = (own(predicates, name) ?? []).slice(before.length);
    for (const [index, form] of rest.entries()) {
      if (this.#is('Bracket', ')')) {
        if (form.endsWith('?')) break;
        fail(`expected at least ${rest.length} arguments`);
      }
      if (index > 0) this.#expect('Operator', ',');
      args.push(form.startsWith('expression') ? this.#expression(0) : this.#predicate());
    }
    this.#take('Operator', ',');
    this.#expect('Bracket', ')');
    return this.#make({ is: 'builtin', name, args });
  }

  #args(before: Node[]): Node[] {
    this.#expect('Bracket', '(');
    return [...before, ...this.#items(')', () => this.#expression(0))];
  }

  /** Items with commas between them, and perhaps one behind the last. */
  #items(end: string, parse: () => Node): Node[] {
    const items: Node[] = [];
    while (!this.#is('Bracket', end)) {
      if (items.length > 0) this.#expect('Operator', ',');
      if (this.#is('Bracket', end)) break;
      items.push(parse());
    }
    this.#expect('Bracket', end);
    return items;
  }

  #predicate(): Node {
    const isBraced = this.#take('Bracket', '{');
    this.#predicates++;
    const node = isBraced ? this.#sequence() : this.#expression(0);
    if (!isBraced && this.#is('Operator', ';')) fail('wrap predicate with brackets { and }');
    this.#predicates--;
    if (isBraced) this.#expect('Bracket', '}');
    return this.#make({ is: 'predicate', node });
  }

  #array(): Node {
    this.#next();
    return this.#make({ is: 'array', nodes: this.#items(']', () => this.#expression(0)) });
  }

  #map(): Node {
    this.#next();
    return this.#make({ is: 'map', pairs: this.#items('}', () => this.#pair()) });
  }

  #pair(): Node {
    const key = this.#key();
    this.#expect('Operator', ':');
    return this.#make({ is: 'pair', key, value: this.#expression(0) });
  }

  #key(): Node {
    const { kind, value } = this.#current;
    if (kind === 'Number' || kind === 'String' || kind === 'Identifier') {
      const node = this.#make({ is: 'string', value });
      this.#next();
      return node;
    }
    if (this.#is('Bracket', '(')) return this.#expression(0);
    if (this.#is('Operator', ',')) this.#unexpected();
    return fail(
      'a map key must be a quoted string, a number, a identifier, or an expression enclosed in ' +
        `parentheses (unexpected token ${tokenText(this.#current)})`,
    );
  }

  #postfix(first: Node): Node {
    let node = first;
    for (;;) {
      if (this.#is('Operator', '.') || this.#is('Operator', '?.')) {
        const isOptional = this.#is('Operator', '?.');
        this.#next();
        const isIndex = isOptional && this.#is('Bracket', '[');
        node = isIndex ? this.#index(node, true) : this.#member(node, isOptional);
      } else if (this.#is('Bracket', '[')) node = this.#index(node, false);
      else return node;
    }
  }

  #member(before: Node, optional: boolean): Node {
    const { kind, value } = this.#current;
    this.#next();
    const isName = kind === 'Identifier' || (kind === 'Operator' && isWord(value));
    if (!isName) fail('expected name');
    const property = this.#make({ is: 'string', value });
    const isChain = before.is === 'chain';
    const inner = isChain ? before.node : before;
    const method = this.#is('Bracket', '(');
    const member = this.#make({ is: 'member', node: inner, property, optional, method });
    const node = method ? this.#make({ is: 'call', callee: member, args: this.#args([]) }) : member;
    return isChain || optional ? this.#make({ is: 'chain', node }) : node;
  }

  #index(node: Node, optional: boolean): Node {
    this.#next();
    const end = (): Node | undefined =>
      this.#is('Bracket', ']') ? undefined : this.#expression(0);
    const from = this.#is('Operator', ':') ? undefined : this.#expression(0);
    if (this.#take('Operator', ':')) {
      const slice = this.#make({ is: 'slice', node, from, to: end() });
      this.#expect('Bracket', ']');
      return slice;
    }
    if (!from) return this.#unexpected();
    const member = this.#make({ is: 'member', node, property: from, optional, method: false });
    const whole = optional ? this.#make({ is: 'chain', node: member }) : member;
    this.#expect('Bracket', ']');
    return whole;
  }
}

function isWord(text: string): boolean {
  return !/^\p{Nd}/u.test(text) && [...text].every(isWordPart) && text !== '';
}
