import { Failure } from '../../../expr/failure.ts';
import { typeText } from '../../../expr/goValue.ts';
import { run } from '../../../expr/run.ts';
import { Time } from '../../../expr/time.ts';
import type { Millis } from '../../../model/units.ts';

/**
 * An instant, as a range query names it: `now() - duration("1h")`. argo v1.10.1 utils/evaluate/evaluate.go
 * EvalTime
 */
export function timeOf(expression: string, now: Millis): Millis | { error: string } {
  try {
    const value = run(expression, null, now);
    if (value instanceof Time) return Number(value.nanos / 1_000_000n);
    return { error: `expected time.Time, but got ${typeText(value)}` };
  } catch (error) {
    if (error instanceof Failure) return { error: error.message };
    throw error;
  }
}
