import { type Budget, fail } from './failure.ts';
import { type Pattern, type Place, parsePattern } from './regExpParser.ts';

// Go's regular expressions, which are matched in time that grows with the length of the text and nothing
// else: all ways through a pattern are followed at once, character by character. JavaScript's own would try
// them one after the other, which some patterns make take for ever. Only single characters are given to them.

type Step =
  | { is: 'char'; test: (char: string) => boolean; next: number }
  | { is: 'at'; place: Place; next: number }
  | { is: 'split'; next: number; other: number }
  | { is: 'end' };

export type Compiled = { steps: Step[]; start: number };

/** Of a pattern with its repetitions written out. */
const stepsMax = 50_000;
const compiledMax = 64;
const compiled = new Map<string, Compiled>();

/** Compiles a pattern, or throws a Failure in the words of Go's regexp. */
export function compileRegExp(source: string): Compiled {
  const known = compiled.get(source);
  if (known) return known;
  const steps: Step[] = [{ is: 'end' }];
  const start = build(parsePattern(source), 0, steps, source);
  if (compiled.size >= compiledMax) compiled.clear();
  const result = { steps, start };
  compiled.set(source, result);
  return result;
}

function push(steps: Step[], step: Step, source: string): number {
  if (steps.length >= stepsMax) fail(`error parsing regexp: expression too large: \`${source}\``);
  return steps.push(step) - 1;
}

/** Adds the steps of a pattern that go on at `next`; the first of them. */
function build(pattern: Pattern, next: number, steps: Step[], source: string): number {
  switch (pattern.is) {
    case 'char':
      return push(steps, { is: 'char', test: testOf(pattern.source, pattern.folds), next }, source);
    case 'any':
      return push(
        steps,
        { is: 'char', test: (char) => pattern.lines || char !== '\n', next },
        source,
      );
    case 'at':
      return push(steps, { is: 'at', place: pattern.place, next }, source);
    case 'all':
      return pattern.parts.reduceRight((after, part) => build(part, after, steps, source), next);
    case 'either':
      return pattern.parts
        .map((part) => build(part, next, steps, source))
        .reduceRight((other, one) => push(steps, { is: 'split', next: one, other }, source));
    default:
      return buildRepeat(pattern, next, steps, source);
  }
}

function buildRepeat(
  { part, min, max }: Pattern & { is: 'repeat' },
  next: number,
  steps: Step[],
  source: string,
): number {
  let start = next;
  if (max === undefined) {
    const loop: Step & { is: 'split' } = { is: 'split', next, other: next };
    start = push(steps, loop, source);
    loop.next = build(part, start, steps, source);
  }
  for (let count = min; count < (max ?? min); count++) {
    const inner = build(part, start, steps, source);
    start = push(steps, { is: 'split', next: inner, other: next }, source);
  }
  for (let count = 0; count < min; count++) start = build(part, start, steps, source);
  return start;
}

function testOf(source: string, folds: boolean): (char: string) => boolean {
  const pattern = new RegExp(`^${source}$`, folds ? 'vi' : 'v');
  return (char) => pattern.test(char);
}

/** Whether a pattern is found somewhere in a text. */
export function matches(source: string, text: string, budget: Budget): boolean {
  const { steps, start } = compileRegExp(source);
  const chars = [...text];
  let current = new Set<number>();
  for (let at = 0; at <= chars.length; at++) {
    const [before, char] = [chars[at - 1], chars[at]];
    const reached = closure([...current, start], steps, before, char);
    budget.step(reached.size);
    if (reached.has(0)) return true;
    if (char === undefined) return false;
    current = new Set();
    for (const index of reached) {
      const step = steps[index];
      if (step?.is === 'char' && step.test(char)) current.add(step.next);
    }
  }
  return false;
}

/** All steps that are reached without a character, between `before` and `after`. */
function closure(
  from: number[],
  steps: Step[],
  before: string | undefined,
  after: string | undefined,
): Set<number> {
  const reached = new Set<number>();
  const open = from;
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const step = steps[index];
    if (step?.is === 'split') open.push(step.next, step.other);
    else if (step?.is === 'at' && isAt(step.place, before, after)) open.push(step.next);
  }
  return reached;
}

function isAt(place: Place, before: string | undefined, after: string | undefined): boolean {
  const isWord = (char: string | undefined) => char !== undefined && /^\w$/.test(char);
  switch (place) {
    case 'start':
      return before === undefined;
    case 'end':
      return after === undefined;
    case 'lineStart':
      return before === undefined || before === '\n';
    case 'lineEnd':
      return after === undefined || after === '\n';
    case 'wordEdge':
      return isWord(before) !== isWord(after);
    default:
      return isWord(before) === isWord(after);
  }
}
