import type { NodeOf } from './ast.ts';
import { type Budget, fail } from './failure.ts';
import { compileRegExp } from './regExp.ts';
import { durationType, timeType } from './timeTypes.ts';
import * as types from './types.ts';
import { type GoType, isUnknown, mayBe, nameOf } from './types.ts';

const { bool, float64, int, string, unknown } = types;
const { isBool, isDuration, isInteger, isNumber, isString, isTime } = types;

type Rule = (left: GoType, right: GoType) => GoType | undefined;
type Is = (type: GoType) => boolean;

/** The type of an operation, or a Failure if the types of its sides can never fit. */
export function binaryType(
  node: NodeOf<'binary'>,
  [left, right]: [GoType, GoType],
  budget: Budget,
): GoType {
  if (node.operator === 'matches' && node.right.is === 'string') {
    compileRegExp(node.right.value, budget);
  }
  const type = rules[node.operator]?.(left, right);
  if (type) return type;
  const sides = `${nameOf(left)} and ${nameOf(right)}`;
  return fail(`invalid operation: ${node.operator} (mismatched types ${sides})`);
}

function both(is: Is, left: GoType, right: GoType): boolean {
  return is(left) && is(right);
}

const isEqualTo: Rule = (left, right) => (types.isComparable(left, right) ? bool : undefined);
const isLogic: Rule = (left, right) =>
  both(isBool, left, right) || mayBe(left, right, isBool) ? bool : undefined;
const isOrder: Rule = (left, right) => {
  const are = [isNumber, isString, isTime, isDuration];
  return are.some((is) => both(is, left, right)) || mayBe(left, right, ...are) ? bool : undefined;
};
const isText: Rule = (left, right) =>
  both(isString, left, right) || mayBe(left, right, isString) ? bool : undefined;
const isQuotient: Rule = (left, right) =>
  both(isNumber, left, right) || mayBe(left, right, isNumber) ? float64 : undefined;

const rules: Record<string, Rule> = {
  '==': isEqualTo,
  '!=': isEqualTo,
  or: isLogic,
  '||': isLogic,
  and: isLogic,
  '&&': isLogic,
  '<': isOrder,
  '>': isOrder,
  '<=': isOrder,
  '>=': isOrder,
  '+': sum,
  '-': difference,
  '*': product,
  '/': isQuotient,
  '**': isQuotient,
  '^': isQuotient,
  '%': (left, right) =>
    both(isInteger, left, right) || mayBe(left, right, isInteger) ? int : undefined,
  in: isIn,
  matches: isText,
  contains: isText,
  startsWith: isText,
  endsWith: isText,
  '..': (left, right) =>
    both(isInteger, left, right) || mayBe(left, right, isInteger) ? types.listOf(int) : undefined,
  '??': (left, right) => {
    if (types.isNil(left)) return right;
    if (types.isNil(right)) return left;
    return types.isAssignable(right, left) ? left : unknown;
  },
};

function sum(left: GoType, right: GoType): GoType | undefined {
  if (both(isNumber, left, right)) return types.promoted(left, right);
  if (both(isString, left, right)) return string;
  if (isTime(left) && isDuration(right)) return timeType;
  if (isDuration(left) && isTime(right)) return timeType;
  if (both(isDuration, left, right)) return durationType;
  return mayBe(left, right, isNumber, isString, isTime, isDuration) ? unknown : undefined;
}

function difference(left: GoType, right: GoType): GoType | undefined {
  if (both(isNumber, left, right)) return types.promoted(left, right);
  if (both(isTime, left, right)) return durationType;
  if (isTime(left) && isDuration(right)) return timeType;
  if (both(isDuration, left, right)) return durationType;
  return mayBe(left, right, isNumber, isTime, isDuration) ? unknown : undefined;
}

function product(left: GoType, right: GoType): GoType | undefined {
  if (both(isNumber, left, right)) return types.promoted(left, right);
  const are: Is = (type) => isNumber(type) || isDuration(type);
  if (both(are, left, right)) return durationType;
  return mayBe(left, right, isNumber, isDuration) ? unknown : undefined;
}

function isIn(left: GoType, right: GoType): GoType | undefined {
  if ((isString(left) || isUnknown(left)) && right.kind === 'struct') return bool;
  if (types.isMap(right)) {
    const key = right.key ?? types.any;
    if (!isUnknown(left) && !types.isAssignable(left, key)) {
      fail(`cannot use ${nameOf(left)} as type ${nameOf(key)} in map key`);
    }
    return bool;
  }
  if (types.isList(right)) {
    const elem = types.elemOf(right);
    if (!types.isComparable(left, elem)) {
      fail(`cannot use ${nameOf(left)} as type ${nameOf(elem)} in array`);
    }
    return bool;
  }
  return isUnknown(right) || (isUnknown(left) && isString(right)) ? bool : undefined;
}
