import { describe, expect, it } from 'vitest';
import { builtins } from '../../lib/expr/builtins.ts';
import { evaluate } from '../../lib/expr/condition.ts';
import { Budget, Failure } from '../../lib/expr/failure.ts';
import { jsonPath } from '../../lib/expr/jsonPath.ts';
import { predicates } from '../../lib/expr/operators.ts';
import { run } from '../../lib/expr/run.ts';
import type { Value } from '../../lib/expr/value.ts';

// Whatever a condition calls over and over with much, it is over soon. docs/adr/0105

const list = Array.from({ length: 100_000 }, (_, at) => at);
const text = `${'ab'.repeat(300_000)}ä`;
const spaces = `x${' '.repeat(300_000)}x`;
const pairs = list.slice(0, 50_000).map((at): Value => [`k${at}`, at]);
const map = Object.fromEntries(list.map((at) => [`k${at}`, at]));
const texts = Array.from({ length: 1000 }, (_, at) => `${'a'.repeat(1000)}${at % 7}`);
const result = { list, other: [...list], text, same: `${text}`, spaces, pairs, map, texts };
const digits = { ...result, digits: `${'1'.repeat(300_000)}x` };

/** For each builtin, calls of it with what takes long. */
const calls: Record<string, string[]> = {
  abs: ['abs(-1)'],
  ceil: ['ceil(1.5)'],
  floor: ['floor(1.5)'],
  round: ['round(1.5)'],
  int: ['int(string(len(r.text)))', 'int(12)'],
  float: ['float("12")'],
  max: ['max(r.list)'],
  min: ['min(r.list, 1)'],
  mean: ['mean(r.list)'],
  median: ['median(r.list)'],
  ...Object.fromEntries(
    ['bitand', 'bitor', 'bitxor', 'bitnand', 'bitshl', 'bitshr', 'bitushr'].map((name) => [
      name,
      [`${name}(1, 2)`],
    ]),
  ),
  bitnot: ['bitnot(1)'],
  len: ['len(r.text)', 'len(r.map)'],
  type: ['type(r)'],
  first: ['first(r.text)', 'first(r.list)'],
  last: ['last(r.text)'],
  get: ['get(r.text, 1)', 'get(r.map, "k1")'],
  take: ['take(r.list, 99999)'],
  keys: ['keys(r.map)'],
  values: ['values(r.map)'],
  toPairs: ['toPairs(r.map)'],
  fromPairs: ['fromPairs(r.pairs)'],
  reverse: ['reverse(r.list)'],
  uniq: ['uniq(r.list)', 'uniq(r.texts)'],
  concat: ['concat(r.list, r.list)'],
  flatten: ['flatten(r.pairs)'],
  sort: ['sort(r.list)', 'sort(r.texts)'],
  string: ['string(r)', 'string(r.list)'],
  trim: ['trim(r.spaces)', 'trim(r.text, "ab")'],
  trimPrefix: ['trimPrefix(r.text, r.text)'],
  trimSuffix: ['trimSuffix(r.text, r.text)'],
  upper: ['upper(r.text)'],
  lower: ['lower(r.text)'],
  split: ['split(r.text, "")', 'split(r.text, "b" + repeat("ab", 100000))'],
  splitAfter: ['splitAfter(r.text, "a")'],
  replace: ['replace(r.text, "b" + repeat("ab", 100000), "")'],
  repeat: ['repeat("ab", 100000)'],
  join: ['join(r.texts, "a")'],
  indexOf: ['indexOf(r.text, "b" + repeat("ab", 100000))', 'indexOf(r.text, "ä")'],
  lastIndexOf: ['lastIndexOf(r.text, repeat("ab", 100000) + "b")'],
  hasPrefix: ['hasPrefix(r.text, r.same)'],
  hasSuffix: ['hasSuffix(r.text, r.same)'],
  toJSON: ['toJSON(r)', 'toJSON(r.list)'],
  fromJSON: ['fromJSON(toJSON(r.list))', 'fromJSON("[" + repeat("1,", 100000) + "1]")'],
  toBase64: ['toBase64(r.text)'],
  fromBase64: ['fromBase64(repeat("AAAA", 100000))'],
  now: ['now().Year()', 'now(timezone("Europe/Berlin")).Day()'],
  duration: ['duration("1h").Hours()'],
  timezone: ['timezone("Europe/Berlin")'],
  date: ['date("2026-01-01")', 'date("2026-01-01 10:00", "2006-01-02 15:04")'],
};

/** Of the processor: others may be busy on it too. */
function spentMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What keeps a loop from its end, with an eighth of the budget, and how long that takes. */
function looped(call: string, value: Value): { why: string; ms: number } {
  const startedAt = spentMs();
  const condition = `let r = result; all(1..60000, {let x = ${call}; all(1..3, true)})`;
  try {
    run(condition, value, 0, new Budget(125_000));
    return { why: 'nothing', ms: 0 };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { why: error.message, ms: spentMs() - startedAt };
  }
}

function took(condition: string, value: Value): { judged: object; ms: number } {
  const startedAt = spentMs();
  const judged = evaluate(condition, value);
  return { judged, ms: spentMs() - startedAt };
}

describe('a builtin in a loop', () => {
  it('is tried, each of them', () => {
    expect(Object.keys(calls).sort()).toEqual(Object.keys(builtins).sort());
  });

  const all = Object.values(calls).flat();
  const tooMuch = ['string(r)', 'toJSON(r)', 'uniq(r.list)', 'sort(r.list)'];
  it.each(all)('%s is over within a second', (call) => {
    const { why, ms } = looped(call, result);
    expect(why).toMatch(/steps|budget exceeded/);
    expect(ms).toBeLessThan(1000);
  });

  it.each(all.filter((call) => !tooMuch.includes(call)))('%s once is well', (call) => {
    expect(evaluate(`let r = result; let x = ${call}; true`, result)).toEqual({ holds: true });
  });
});

describe('in a loop', () => {
  it.each([
    ...Object.keys(predicates)
      .filter((name) => !['reduce', 'groupBy', 'sortBy'].includes(name))
      .map((name) => `${name}(r.list, ${['map', 'sum'].includes(name) ? '#' : '# > 50000'})`),
    'groupBy(r.texts, #)',
    'sortBy(r.texts, #)',
    'reduce(r.list, #acc + #, 0)',
    'all(r.text, true)',
    'r.list == r.other',
    'r.map == r.map',
    'r.text == r.same',
    'r.text + "a" < r.same + "b"',
    '-1 in r.list',
    '"x" in r.texts',
    'r.text in r.map',
    'r.text contains ("b" + repeat("ab", 100000))',
    'r.text startsWith r.same',
    'r.text endsWith r.same',
    'r.text matches "c$"',
    'r.text matches "[ab]{500}ä"',
    'r.texts[0] matches (string(len(r)) + "(a[b-z]{50}){20}")',
    '"a" matches ("(x[" + repeat("a-cd-f", 1000) + "])" + repeat("y", 1000))',
    'len(1..100000)',
    'r.text[1]',
    'r.list[1:]',
    'r.text[1:]',
    'asInt("12")',
  ])('%s is over within a second', (call) => {
    const { why, ms } = looped(call, result);
    expect(why).toMatch(/steps|budget exceeded/);
    expect(ms).toBeLessThan(1000);
  });

  it('patterns that differ each time are over within a second', () => {
    const pattern = '(string(i) + "(a[b-z0-9]{2,30}){30}")';
    const { judged, ms } = took(`all(1..400000, {let i = #; not ("a" matches ${pattern})})`, 1);
    expect(judged).toHaveProperty('error', expect.stringContaining('steps'));
    expect(ms).toBeLessThan(1000);
  });
});

describe('at once', () => {
  const doubled = Array.from({ length: 30 }, (_, at) => `let a${at + 1} = [a${at}, a${at}];`);
  it.each([
    ['a number that is none', 'float(result.digits) > 0'],
    ['a number in an own function', 'asFloat(result.digits) > 0'],
    ['a value printed in an error', `let a0 = [1]; ${doubled.join(' ')} asInt(a30) > 0`],
    ['a value printed deep', `let a0 = [1]; ${doubled.join(' ')} toJSON(a30) == ""`],
    ['a class without an end', `"a" matches ("[" + repeat("[:", 300000))`],
    ['a literal pattern', `"a" matches ("\\\\Q" + repeat("ab", 300000))`],
    ['the greatest of what is huge', 'max(1..200000) > 0 and all(1..100000, {max(1..200000) > 0})'],
  ])('%s is refused within a second', (_name, condition) => {
    const { judged, ms } = took(condition, digits);
    expect(judged).toHaveProperty('error');
    expect(ms).toBeLessThan(1000);
  });

  it.each([
    ['{.list[*]}{.other[*]}{.list[*]}'.repeat(20)],
    [`{.list[${'0:,'.repeat(1000)}0:]}`],
    ['{.pairs[?(@[?(@.x)])]}'.repeat(10)],
    [`{.list[${' '.repeat(100_000)}x,${' '.repeat(100_000)}]}`],
    [`{['list${'.a'.repeat(200_000)}']}`],
  ])('a path is refused within a second', (path) => {
    const startedAt = spentMs();
    expect(jsonPath(path, result)).toHaveProperty('error');
    expect(spentMs() - startedAt).toBeLessThan(1000);
  });
});
