/** expr v1.17.7 parser/operator/operator.go */
type Operator = { precedence: number; isRight?: boolean };

export const unary: Record<string, number> = { not: 50, '!': 50, '-': 90, '+': 90 };

export const binary: Record<string, Operator> = {
  '|': { precedence: 0 },
  or: { precedence: 10 },
  '||': { precedence: 10 },
  and: { precedence: 15 },
  '&&': { precedence: 15 },
  '==': { precedence: 20 },
  '!=': { precedence: 20 },
  '<': { precedence: 20 },
  '>': { precedence: 20 },
  '>=': { precedence: 20 },
  '<=': { precedence: 20 },
  in: { precedence: 20 },
  matches: { precedence: 20 },
  contains: { precedence: 20 },
  startsWith: { precedence: 20 },
  endsWith: { precedence: 20 },
  '..': { precedence: 25 },
  '+': { precedence: 30 },
  '-': { precedence: 30 },
  '*': { precedence: 60 },
  '/': { precedence: 60 },
  '%': { precedence: 60 },
  '**': { precedence: 100, isRight: true },
  '^': { precedence: 100, isRight: true },
  '??': { precedence: 500 },
};

export const negatable = new Set(['contains', 'matches', 'startsWith', 'endsWith', 'in']);
export const comparisons = new Set(['<', '>', '>=', '<=']);

/** What the arguments of builtins with a predicate are. */
export const predicates: Record<
  string,
  ('expression' | 'predicate' | 'predicate?' | 'expression?')[]
> = {
  all: ['expression', 'predicate'],
  none: ['expression', 'predicate'],
  any: ['expression', 'predicate'],
  one: ['expression', 'predicate'],
  filter: ['expression', 'predicate'],
  map: ['expression', 'predicate'],
  count: ['expression', 'predicate?'],
  sum: ['expression', 'predicate?'],
  find: ['expression', 'predicate'],
  findIndex: ['expression', 'predicate'],
  findLast: ['expression', 'predicate'],
  findLastIndex: ['expression', 'predicate'],
  groupBy: ['expression', 'predicate'],
  sortBy: ['expression', 'predicate', 'expression?'],
  reduce: ['expression', 'predicate', 'expression?'],
};
