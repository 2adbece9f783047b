import { type Refusal, refusalText } from '../commands/refusal.ts';
import { type Problem, type ProblemKind, problem } from './problem.ts';

/** What a command met with, in HTTP's words. */
const problemKinds = {
  notFound: 'not-found',
  conflictingController: 'refused',
  keyReused: 'key-reused',
  mismatch: 'mismatch',
  notApplicable: 'not-applicable',
  tooMany: 'too-many-commands',
  unavailable: 'unavailable',
} as const satisfies Record<Refusal['kind'], ProblemKind>;

export function problemOfRefusal(refusal: Refusal): Problem {
  const { kind, text: _, remedy: __, ...facts } = refusal;
  return problem(problemKinds[kind], refusalText(refusal), facts);
}
