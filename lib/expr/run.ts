import type { Millis } from '../model/units.ts';
import { Checker } from './checker.ts';
import { asFloat, asInt64, isInfinite, isNotANumber } from './conditionFunctions.ts';
import { Evaluator } from './evaluator.ts';
import { Budget } from './failure.ts';
import { Func, type Go, type GoRecord, newRecord, typeOf } from './goValue.ts';
import { optimize } from './optimizer.ts';
import { parse } from './parser.ts';
import { ownFunctions } from './signatures.ts';
import type { GoType } from './types.ts';
import * as types from './types.ts';

/** What an expression comes to, or a Failure. argo v1.10.1 utils/evaluate/evaluate.go EvalCondition */
export function run(expression: string, result: Go, now: Millis, budget = new Budget()): Go {
  const env = environment(result);
  const tree = parse(expression);
  new Checker(typesOf(env), budget).visit(tree);
  return new Evaluator(env, budget, now).evaluate(optimize(tree));
}

/** The type of an expression, as far as it is known without a result; or a Failure. */
export function check(expression: string): GoType {
  const tree = parse(expression);
  const type = new Checker({ ...ownFunctions, result: types.unknown }, new Budget()).visit(tree);
  optimize(tree);
  return type;
}

function typesOf(env: GoRecord): Record<string, GoType> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, typeOf(value)]));
}

function environment(result: Go): GoRecord {
  const isNil = result === null;
  const calls: Record<string, (args: Go[]) => Go> = {
    asInt: ([value = null]) => asInt64(value),
    asFloat: ([value = null]) => asFloat(value),
    isNaN: ([value = null]) => isNotANumber(value),
    isInf: ([value = null]) => isInfinite(value),
    // As the peer: they look at the result, not at what they are given.
    isNil: () => isNil,
    default: ([, otherwise = null]) => (isNil ? otherwise : result),
  };
  const env = newRecord();
  env.result = result;
  for (const [name, call] of Object.entries(calls)) {
    env[name] = new Func(ownFunctions[name] ?? types.any, call);
  }
  return env;
}
