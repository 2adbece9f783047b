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

/** Steps of a budget that it takes to make what tells whether a character is one of a class. */
const classSteps = 8;

/** Compiles a pattern, or throws a Failure in the words of Go's regexp. */
export function compileRegExp(source: string, budget: Budget): Compiled {
  budget.text(source.length);
  const known = compiled.get(source);
  if (known) return known;
  budget.walk(source.length);
  const made: Making = { source, budget, steps: [{ is: 'end' }], tests: new Map() };
  const start = build(parsePattern(source), 0, made);
  if (compiled.size >= compiledMax) compiled.clear();
  const result = { steps: made.steps, start };
  compiled.set(source, result);
  return result;
}

type Making = {
  source: string;
  budget: Budget;
  steps: Step[];
  tests: Map<string, (char: string) => boolean>;
};

function push({ steps, source, budget }: Making, step: Step): number {
  if (steps.length >= stepsMax) fail(`error parsing regexp: expression too large: \`${source}\``);
  budget.step();
  return steps.push(step) - 1;
}

/** Adds the steps of a pattern that go on at `next`; the first of them. */
function build(pattern: Pattern, next: number, making: Making): number {
  switch (pattern.is) {
    case 'char':
      return push(making, { is: 'char', test: testOf(pattern, making), next });
    case 'any':
      return push(making, { is: 'char', test: (char) => pattern.lines || char !== '\n', next });
    case 'at':
      return push(making, { is: 'at', place: pattern.place, next });
    case 'all':
      return pattern.parts.reduceRight((after, part) => build(part, after, making), next);
    case 'either':
      return pattern.parts
        .map((part) => build(part, next, making))
        .reduceRight((other, one) => push(making, { is: 'split', next: one, other }));
    default:
      return buildRepeat(pattern, next, making);
  }
}

function buildRepeat(
  { part, min, max }: Pattern & { is: 'repeat' },
  next: number,
  making: Making,
): number {
  let start = next;
  if (max === undefined) {
    const loop: Step & { is: 'split' } = { is: 'split', next, other: next };
    start = push(making, loop);
    loop.next = build(part, start, making);
  }
  for (let count = min; count < (max ?? min); count++) {
    const inner = build(part, start, making);
    start = push(making, { is: 'split', next: inner, other: next });
  }
  for (let count = 0; count < min; count++) start = build(part, start, making);
  return start;
}

/** One for each class: what is repeated is written out, and has the same again. */
function testOf(
  { source, folds }: Pattern & { is: 'char' },
  { tests, budget }: Making,
): (char: string) => boolean {
  const flags = folds ? 'vi' : 'v';
  const known = tests.get(flags + source);
  if (known) return known;
  budget.step(classSteps);
  budget.walk(source.length);
  const pattern = new RegExp(`^${source}$`, flags);
  const test = (char: string): boolean => pattern.test(char);
  tests.set(flags + source, test);
  return test;
}

/** Whether a pattern is found somewhere in a text. */
export function matches(source: string, text: string, budget: Budget): boolean {
  const { steps, start } = compileRegExp(source, budget);
  const chars = text[Symbol.iterator]();
  let current = new Set<number>();
  let before: string | undefined;
  for (;;) {
    const char = chars.next().value;
    const reached = closure([...current, start], steps, before, char);
    budget.step(reached.size);
    if (reached.has(0)) return true;
    if (char === undefined) return false;
    current = new Set();
    for (const index of reached) {
      const step = steps[index];
      if (step?.is === 'char' && step.test(char)) current.add(step.next);
    }
    before = char;
  }
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
