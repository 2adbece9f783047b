import { describe, expect, it } from 'vitest';
import { evaluate, syntaxError } from '../../lib/expr/condition.ts';
import { results } from '../../lib/expr/typed.ts';
import type { Value } from '../../lib/expr/value.ts';

// Conditions as people write them, and what goes wrong with them. The same against Go's own library, for
// thousands of expressions: vectors.test.ts.

function holds(condition: string, result: Value): boolean | string {
  const judged = evaluate(condition, result);
  return 'holds' in judged ? judged.holds : judged.error;
}

describe('conditions', () => {
  it.each<[string, Value, boolean]>([
    ['result >= 0.95', 0.97, true],
    ['result >= 0.95', 0.9, false],
    ['result[0] < 5 and result[1] < 5', [1, 6], false],
    ['all(result, # < 5)', [1, 2], true],
    ['any(result, {# > 5})', [1, 2], false],
    ['len(result) == 0 or result[0] <= 0.1', [], true],
    ['result.status == "ok" && result.errors in 1..3', { status: 'ok', errors: 2 }, true],
    ['asInt(result.errors) in 1..3', { errors: '2' }, true],
    ['default(result, 0) == 0', null, true],
    ['isNil(result)', null, true],
    ['isNaN(result) or result > 1', Number.NaN, true],
    ['(result.a?.b ?? 7) == 7', { a: null }, true],
    ['let x = result.total; x > 3 ? result.bad / x < 0.5 : true', { total: 4, bad: 1 }, true],
    ['result matches "^v[0-9]+$"', 'v12', true],
    ['result | filter(# > 1) | sum() == 5', [1, 2, 3], true],
    ['sum(result) / len(result) > 1.5', [1, 2, 3], true],
    ['not (result contains "error")', 'no err', true],
    ['1 < result <= 3', 3, true],
    ['if result > 1 { true } else { false }', 2, true],
    ['10 / 4 == 2.5 and 7 % 4 == 3 and 2 ** 3 == 8', null, true],
    ['duration("90s").Minutes() == 1.5', null, true],
  ])('%s of %j is %s', (condition, result, expected) => {
    expect(holds(condition, result)).toBe(expected);
  });

  it('says what is wrong in the words of the peer', () => {
    expect(holds('result = 1', 1)).toBe('unexpected token Operator("=")');
    expect(holds('result + 1', 1)).toBe('expected bool, but got float64');
    expect(holds('result.a.b > 1', { c: 1 })).toBe('cannot fetch b from <nil>');
    expect(holds('asInt(result) == 7', 'x')).toBe('strconv.ParseInt: parsing "x": invalid syntax');
    expect(holds('result[3] > 1', [1])).toBe('index out of range: 3 (array length is 1)');
    expect(holds('result > "a"', 1)).toBe(
      'invalid operation: > (mismatched types float64 and string)',
    );
    expect(holds('reslut > 1', 1)).toBe('unknown name reslut');
    expect(holds('result matches "("', 'a')).toBe('error parsing regexp: missing closing ): `(`');
  });

  it('tells what is wrong whatever the result is', () => {
    expect(syntaxError('result > > 1')).toBe('unexpected token Operator(">")');
    expect(syntaxError('reslut > 1')).toBe('unknown name reslut');
    expect(syntaxError('result + 1 == 2')).toBeUndefined();
    expect(syntaxError('"yes"')).toBe('expected bool, but got string');
    expect(syntaxError('all(result, # > 1) && result[0].x')).toBeUndefined();
  });

  it('knows the type in which the peer has a result', () => {
    const condition = 'result[0] == "a"';
    expect(evaluate(condition, [1])).toEqual({ holds: false });
    expect(evaluate(condition, [1], { type: results.floats })).toEqual({
      error: 'invalid operation: == (mismatched types float64 and string)',
    });
  });

  it('takes the time of the turn', () => {
    const now = 1_800_000_000_000;
    const condition = 'now() == date("2027-01-15T08:00:00Z")';
    expect(evaluate(condition, null, { now })).toEqual({ holds: true });
  });
});

describe('bounds', () => {
  const deep = (depth: number, value: Value = 1): Value => {
    let whole = value;
    for (let level = 0; level < depth; level++) whole = [whole];
    return whole;
  };

  it.each<[string, string, Value]>([
    ['brackets', `${'('.repeat(100_000)}result`, 1],
    ['signs', `${'-'.repeat(100_000)}1 > 0`, 1],
    ['a long sum', `${'result + '.repeat(9000)}1 > 0`, 1],
    ['members', `result${'.a'.repeat(9000)}`, {}],
    ['lists', '['.repeat(50_000), 1],
    ['conditions', `${'true ? '.repeat(50_000)}1`, 1],
    ['a deep value compared', 'result == flatten(result)', deep(50_000)],
    ['a deep value printed', 'string(result) == ""', deep(50_000)],
    ['loops in loops', 'let r = 1..900000; all(r, all(r, all(r, true)))', 1],
    ['a range', 'len(1..10000000) > 1', 1],
    ['a text that doubles', 'len(reduce(1..100, #acc + #acc, "x")) > 1', 1],
    ['a pattern that is counted', 'result matches "(a{1000}){1000}"', 'a'],
    ['a pattern in brackets', `result matches "${'('.repeat(50_000)}"`, 'a'],
  ])('%s is refused at once', (_name, condition, result) => {
    const startedAt = performance.now();
    expect(evaluate(condition, result)).toHaveProperty('error');
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('a pattern that would be tried for ever is not', () => {
    const judged = evaluate('result matches "^(a+)+$"', `${'a'.repeat(50_000)}b`);
    expect(judged).toEqual({ holds: false });
  });
});
