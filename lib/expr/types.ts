// Types as Go has them, both those that are known before an expression is evaluated and those of its values.

export type Kind =
  | 'invalid'
  | 'interface'
  | 'bool'
  | 'int'
  | 'int64'
  | 'uint8'
  | 'float64'
  | 'string'
  | 'slice'
  | 'array'
  | 'map'
  | 'func'
  | 'struct'
  | 'ptr';

/** Two types are the same if their names are. */
export type GoType = {
  kind: Kind;
  /** As Go prints it: `[]interface {}`. */
  name: string;
  /** Of a list or map. */
  elem?: GoType;
  /** What is known of a list's elements, if that is more than its type says. */
  ref?: GoType;
  key?: GoType;
  fields?: Record<string, GoType>;
  /** Called by `value.Name(…)`. */
  methods?: () => Record<string, GoType>;
  signature?: Signature;
  /** The builtin function that a name without a call stands for. */
  builtin?: string;
  /** Go's full path of a named type, for the function `type`. */
  path?: string;
};

export type Signature = { inputs: GoType[]; output: GoType };

/** Nothing is known of it. */
export const unknown: GoType = { kind: 'invalid', name: 'unknown' };
export const nil: GoType = { kind: 'invalid', name: 'nil' };
export const any: GoType = { kind: 'interface', name: 'interface {}' };
export const bool: GoType = { kind: 'bool', name: 'bool' };
export const int: GoType = { kind: 'int', name: 'int' };
export const int64: GoType = { kind: 'int64', name: 'int64' };
export const uint8: GoType = { kind: 'uint8', name: 'uint8' };
export const float64: GoType = { kind: 'float64', name: 'float64' };
export const string: GoType = { kind: 'string', name: 'string' };
export const anys = slice(any);
export const ints = slice(int);
export const floats = slice(float64);
export const strings = slice(string);
export const pair: GoType = { kind: 'array', name: '[2]interface {}', elem: any };
export const pairs = slice(pair);
export const record = map(string, any);
export const anyMap = map(any, any);
/** What `groupBy` makes. */
export const groups = map(any, anys);

export function slice(elem: GoType): GoType {
  return { kind: 'slice', name: `[]${elem.name}`, elem };
}

export function map(key: GoType, elem: GoType): GoType {
  return { kind: 'map', name: `map[${key.name}]${elem.name}`, key, elem };
}

export function func(inputs: GoType[], output: GoType): GoType {
  const name = `func(${inputs.map((input) => input.name).join(', ')}) ${output.name}`;
  return { kind: 'func', name, signature: { inputs, output } };
}

/** A list whose elements are known: its type is that of any list. */
export function listOf(elem: GoType): GoType {
  return { ...anys, ref: elem };
}

/** What is left of a type when only Go's own type is kept. */
export function bare(type: GoType): GoType {
  const { ref: _, builtin: __, ...rest } = type;
  return rest;
}

export function isUnknown(type: GoType): boolean {
  return type === unknown || (type.kind === 'invalid' && type.name !== 'nil') || isAny(type);
}

function isAny(type: GoType): boolean {
  return type.kind === 'interface';
}

export function isNil(type: GoType): boolean {
  return type.kind === 'invalid' && type.name === 'nil';
}

/** As messages name it. */
export function nameOf(type: GoType): string {
  return isNil(type) ? 'unknown' : type.name;
}

const integers = new Set(['int', 'int64', 'uint8']);

export function isInteger(type: GoType): boolean {
  return integers.has(type.name);
}

export function isFloat(type: GoType): boolean {
  return type.name === 'float64';
}

export function isNumber(type: GoType): boolean {
  return isInteger(type) || isFloat(type);
}

export function isBool(type: GoType): boolean {
  return type.kind === 'bool';
}

export function isString(type: GoType): boolean {
  return type.kind === 'string';
}

export function isTime(type: GoType): boolean {
  return type.name === 'time.Time';
}

export function isDuration(type: GoType): boolean {
  return type.name === 'time.Duration';
}

export function isList(type: GoType): boolean {
  return type.kind === 'slice' || type.kind === 'array';
}

export function isMap(type: GoType): boolean {
  return type.kind === 'map';
}

/** What one finds in a list or map of this type. */
export function elemOf(type: GoType): GoType {
  return type.ref ?? type.elem ?? unknown;
}

export function deref(type: GoType): GoType {
  return type.kind === 'ptr' && type.elem ? deref(type.elem) : type;
}

const nillable: Kind[] = ['ptr', 'interface', 'func', 'map', 'slice'];

export function isAssignable(from: GoType, to: GoType): boolean {
  if (isNil(from) && nillable.includes(to.kind)) return true;
  if (from.kind === 'invalid' || to.kind === 'invalid') return false;
  return to.kind === 'interface' || from.name === to.name;
}

export function isComparable(left: GoType, right: GoType): boolean {
  return (
    isUnknown(left) ||
    isUnknown(right) ||
    isNil(left) ||
    isNil(right) ||
    [isNumber, isDuration, isTime, isList].some((is) => is(left) && is(right)) ||
    isAssignable(left, right)
  );
}

/** Whether one of them is unknown, and the other unknown or one of these. */
export function mayBe(left: GoType, right: GoType, ...are: ((type: GoType) => boolean)[]): boolean {
  const known = isUnknown(left) ? right : left;
  if (!isUnknown(left) && !isUnknown(right)) return false;
  return isUnknown(known) || are.some((is) => is(known));
}

/** Of a sum, difference or product of two numbers. */
export function promoted(left: GoType, right: GoType): GoType {
  return isFloat(left) || isFloat(right) ? float64 : int;
}
