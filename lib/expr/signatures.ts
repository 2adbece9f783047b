import { fail } from './failure.ts';
import { predicates } from './operators.ts';
import { durationType, locationType, timeType } from './timeTypes.ts';
import * as types from './types.ts';
import { func, type GoType, type Kind, type Signature } from './types.ts';

// What the builtins take and give, as far as that is checked before an expression is evaluated.
// expr v1.17.7 builtin/builtin.go

/** The type of the result, or a Failure. */
export type Validate = (args: GoType[]) => GoType;

const { any, anys, int, float64, string } = types;
const numbers: Kind[] = ['int', 'int64', 'uint8', 'float64'];
const lists: Kind[] = ['interface', 'slice', 'array'];

/** Of a function with one type each for different arguments, the first that fits counts. */
export const overloads: Record<string, Signature[]> = {
  type: [sign([any], string)],
  string: [sign([any], string)],
  trim: [sign([string], string), sign([string, string], string)],
  trimPrefix: [sign([string, string], string), sign([string], string)],
  trimSuffix: [sign([string, string], string), sign([string], string)],
  upper: [sign([string], string)],
  lower: [sign([string], string)],
  split: [sign([string, string], types.strings), sign([string, string, int], types.strings)],
  splitAfter: [sign([string, string], types.strings), sign([string, string, int], types.strings)],
  replace: [sign([string, string, string, int], string), sign([string, string, string], string)],
  repeat: [sign([string, int], string)],
  join: [
    sign([types.strings, string], string),
    sign([anys, string], string),
    sign([anys], string),
    sign([types.strings, string], string),
    sign([types.strings], string),
  ],
  indexOf: [sign([string, string], int)],
  lastIndexOf: [sign([string, string], int)],
  hasPrefix: [sign([string, string], types.bool)],
  hasSuffix: [sign([string, string], types.bool)],
  toJSON: [sign([any], string)],
  fromJSON: [sign([string], any)],
  toBase64: [sign([string], string)],
  fromBase64: [sign([string], string)],
  duration: [sign([string], durationType)],
  timezone: [sign([string], locationType)],
  sort: [
    ...[anys, types.ints, types.floats, types.strings].map((list) => sign([list, string], anys)),
    ...[anys, types.floats, types.strings, types.ints].map((list) => sign([list], anys)),
  ],
  bitnot: [sign([int], int)],
  ...Object.fromEntries(
    ['bitand', 'bitor', 'bitxor', 'bitnand', 'bitshl', 'bitshr', 'bitushr'].map((name) => [
      name,
      [sign([int, int], int)],
    ]),
  ),
};

export const validators: Record<string, Validate> = {
  len: one(['array', 'map', 'slice', 'string', 'interface'], int, invalidFor('len')),
  abs: (args) => one([...numbers, 'interface'], args[0] ?? any, invalidFor('abs'))(args),
  ceil: one([...numbers, 'interface'], float64, invalidFor('ceil')),
  floor: one([...numbers, 'interface'], float64, invalidFor('floor')),
  round: one([...numbers, 'interface'], float64, invalidFor('round')),
  int: one([...numbers, 'interface', 'string'], int, invalidFor('int')),
  float: one([...numbers, 'interface', 'string'], float64, invalidFor('float')),
  max: aggregate('max'),
  min: aggregate('min'),
  mean: aggregate('mean'),
  median: aggregate('median'),
  now: nowType,
  date: dateType,
  first: endOf('first'),
  last: endOf('last'),
  take: takeType,
  keys: one(['interface', 'map'], anys, (type) => `cannot get keys from ${type}`),
  values: one(['interface', 'map'], anys, (type) => `cannot get values from ${type}`),
  toPairs: one(['interface', 'map'], anys, (type) => `cannot transform ${type} to pairs`),
  fromPairs: one(lists, types.anyMap, (type) => `cannot transform ${type} from pairs`),
  reverse: one(lists, anys, (type) => `cannot reverse ${type}`),
  uniq: one(lists, anys, (type) => `cannot uniq ${type}`),
  flatten: one(lists, anys, (type) => `cannot flatten ${type}`),
  concat: concatType,
};

export const builtinNames: ReadonlySet<string> = new Set([
  ...Object.keys(predicates),
  ...Object.keys(overloads),
  ...Object.keys(validators),
  'get',
]);

/** What `result` and the functions beside it are called with. argo v1.10.1 utils/evaluate/evaluate.go */
export const ownFunctions: Record<string, GoType> = {
  asInt: func([any], types.int64),
  asFloat: func([any], float64),
  isNaN: func([float64], types.bool),
  isInf: func([float64], types.bool),
  isNil: func([any], types.bool),
  default: func([any, any], any),
};

function sign(inputs: GoType[], output: GoType): Signature {
  return { inputs, output };
}

function kindOf(type: GoType | undefined): Kind {
  return type ? types.deref(type).kind : 'invalid';
}

function invalidFor(name: string): (type: string) => string {
  return (type) => `invalid argument for ${name} (type ${type})`;
}

function expected(count: number, args: GoType[]): void {
  if (args.length === count) return;
  fail(`invalid number of arguments (expected ${count}, got ${args.length})`);
}

function one(kinds: Kind[], result: GoType, wrong: (type: string) => string): Validate {
  return (args) => {
    expected(1, args);
    return kinds.includes(kindOf(args[0])) ? result : fail(wrong(goName(args[0])));
  };
}

function aggregate(name: string): Validate {
  return (args) => {
    const [first] = args;
    if (!first) return fail(`not enough arguments to call ${name}`);
    for (const arg of args) {
      if (lists.includes(kindOf(arg))) return any;
      if (!numbers.includes(kindOf(arg))) fail(invalidFor(name)(goName(arg)));
    }
    return first;
  };
}

/** A type as Go prints one that may be none. */
function goName(type: GoType | undefined): string {
  return type === undefined || type.kind === 'invalid' ? '%!s(<nil>)' : type.name;
}

function nowType(args: GoType[]): GoType {
  const isPlace = args.length === 1 && args[0]?.name === locationType.name;
  if (args.length === 0 || isPlace) return timeType;
  return fail(`invalid number of arguments (expected 0, got ${args.length})`);
}

function dateType(args: GoType[]): GoType {
  if (args.length < 1) fail('invalid number of arguments (expected at least 1, got 0)');
  const rest = args[0]?.name === locationType.name ? args.slice(1) : args;
  if (rest.length <= 3) return timeType;
  return fail(`invalid number of arguments (expected at most 3, got ${rest.length})`);
}

function endOf(name: string): Validate {
  return (args) => {
    expected(1, args);
    const [list = any] = args;
    if (kindOf(list) === 'interface') return any;
    if (lists.includes(kindOf(list))) return list.elem ?? any;
    return fail(`cannot get ${name} element from ${goName(list)}`);
  };
}

function takeType(args: GoType[]): GoType {
  expected(2, args);
  const [list = any, count = any] = args;
  if (!lists.includes(kindOf(list))) fail(`cannot take from ${goName(list)}`);
  if (!['interface', 'int', 'int64'].includes(kindOf(count))) {
    fail(`cannot take ${goName(count)} elements`);
  }
  return list;
}

function concatType(args: GoType[]): GoType {
  if (args.length === 0) fail('invalid number of arguments (expected at least 1, got 0)');
  for (const arg of args) {
    if (!lists.includes(kindOf(arg))) fail(`cannot concat ${goName(arg)}`);
  }
  return anys;
}
