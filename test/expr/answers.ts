import { Failure } from '../../lib/expr/failure.ts';
import { findAll } from '../../lib/expr/jsonPath.ts';
import { run } from '../../lib/expr/run.ts';
import { results, typed } from '../../lib/expr/typed.ts';
import type { Value } from '../../lib/expr/value.ts';
import type { Case } from './cases.ts';
import { show } from './show.ts';

/** What comes of a case: the value with its types, or an empty text and the error. */
export type Answer = [string] | [string, string];

export function answerOf({ condition, path, value, type }: Case): Answer {
  try {
    const result = typed(value as Value, type === 'floats' ? results.floats : undefined);
    if (path !== undefined) return [show(findAll(path, result))];
    return [show(run(condition ?? '', result, 0))];
  } catch (error) {
    if (error instanceof Failure) return ['', error.message];
    throw error;
  }
}

/**
 * Why an answer of ours may be another one. A panic ends the peer's controller. Go's findLast leaves a bool
 * on the stack for each element it looks at, which the operator before it then takes for its operand.
 */
export function onPurpose({ condition }: Case, gos: Answer): string | undefined {
  if (gos[1]?.startsWith('panic: ')) return 'Go panics';
  const looksBack = /findLast|\[-1\]|\blast\(/.test(condition ?? '');
  return looksBack ? 'findLast leaves something on the stack' : undefined;
}

/** Whether two answers say the same: the value, or that it is an error. */
export function agree(ours: Answer, gos: Answer): boolean {
  return ours.length === gos.length && (ours.length === 2 || ours[0] === gos[0]);
}
