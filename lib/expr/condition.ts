import type { Millis } from '../model/units.ts';
import { Failure } from './failure.ts';
import { typeText } from './goValue.ts';
import { check, run } from './run.ts';
import { typed } from './typed.ts';
import type { GoType } from './types.ts';
import * as types from './types.ts';
import type { Value } from './value.ts';

// A metric's conditions: expr-lang v1.17.7 as Argo calls it. argo v1.10.1 utils/evaluate/evaluate.go

export type Judged = { holds: boolean } | { error: string };
export type Circumstances = {
  /** The turn's time, for `now()`. */
  now?: Millis;
  /** The Go type in which the peer has the result, if it is another than that of JSON: see `results`. */
  type?: GoType;
};

/**
 * Whether a condition holds for a result. The error is Go's, for what the peer says after
 * `could not evaluate successCondition "…": `.
 */
export function evaluate(
  condition: string,
  result: Value,
  { now = 0, type }: Circumstances = {},
): Judged {
  return caught(() => {
    const answer = run(condition, typed(result, type), now);
    if (typeof answer === 'boolean') return { holds: answer };
    return { error: `expected bool, but got ${typeText(answer)}` };
  });
}

/** What is wrong with a condition whatever the result is: it does not parse, or names what is not there. */
export function syntaxError(condition: string): string | undefined {
  const checked = caught(() => {
    const type = check(condition);
    if (types.isBool(type) || types.isUnknown(type)) return { holds: true };
    return { error: `expected bool, but got ${types.isNil(type) ? '<nil>' : type.name}` };
  });
  return 'error' in checked ? checked.error : undefined;
}

function caught(judge: () => Judged): Judged {
  try {
    return judge();
  } catch (error) {
    if (error instanceof Failure) return { error: error.message };
    throw error;
  }
}
