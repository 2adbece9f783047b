import { Budget, Failure } from '../../expr/failure.ts';
import { matches } from '../../expr/regExp.ts';

/** Whether a rule's pattern is found in a metric's name, as Go reads it. One that is none matches nothing. */
export function matchesName(pattern: string, name: string): boolean {
  try {
    return matches(pattern, name, new Budget());
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
