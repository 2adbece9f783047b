import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fits } from '../../lib/hooks/ruleText.ts';
import { makeHook, makeRule, setsImage } from './support.ts';

/** What a pattern means, in the plainest way: each star tries every length there is. */
function fitsPlainly(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  const stars = /^\*+/.exec(pattern)?.[0].length ?? 0;
  if (stars === 0) return pattern[0] === name[0] && fitsPlainly(pattern.slice(1), name.slice(1));
  const rest = pattern.slice(stars);
  for (let length = 0; length <= name.length; length += 1) {
    if (stars === 1 && name.slice(0, length).includes('/')) return false;
    if (fitsPlainly(rest, name.slice(length))) return true;
  }
  return false;
}

describe('a pattern of a rule', () => {
  it.each([
    ['main', 'main', true],
    ['main', 'main2', false],
    ['main', 'xmain', false],
    ['v*', 'v', true],
    ['v*', 'v1.2', true],
    ['v*', 'v1/2', false],
    ['v**', 'v1/2', true],
    ['release/*', 'release/7', true],
    ['release/*', 'release/7/x', false],
    ['**/hotfix', 'a/b/hotfix', true],
    ['*/*', 'a/b', true],
    ['*/*', 'a/b/c', false],
    ['***', 'a/b\nc', true],
    ['v1.2', 'v1x2', false],
    ['v[12]', 'v1', false],
    ['v[12]', 'v[12]', true],
    ['V1', 'v1', false],
    ['', '', true],
    ['', 'a', false],
  ])('%j and %j: %s', (pattern, name, is) => {
    expect(fits(pattern, name)).toBe(is);
    expect(fitsPlainly(pattern, name)).toBe(is);
  });

  it('means what the plainest reading of it means', () => {
    const pattern = fc.string({
      unit: fc.constantFrom('*', '*', '/', 'a', 'b', '.'),
      maxLength: 7,
    });
    const name = fc.string({ unit: fc.constantFrom('/', 'a', 'b', '.', '\n'), maxLength: 8 });
    const both = fc.property(pattern, name, (asked, given) => {
      expect(fits(asked, given)).toBe(fitsPlainly(asked, given));
    });
    fc.assert(both, { numRuns: 2000 });
  });

  // The longest that settings and events can hold.
  it.each([
    ['few stars', `${'*a'.repeat(7)}b`, 'a'.repeat(1024)],
    ['many stars', `${'*a'.repeat(120)}*b`, 'a'.repeat(1024)],
    ['many folders', `${'**/'.repeat(80)}b`, 'a/'.repeat(512)],
    ['one long star', `${'*'.repeat(200)}b`, 'a'.repeat(1024)],
  ])('takes no time to speak of: %s', (_, pattern, name) => {
    const since = performance.now();
    for (let rule = 0; rule < 10; rule += 1) expect(fits(pattern, name)).toBe(false);
    expect(performance.now() - since).toBeLessThan(2000);
  });

  it('may have as many stars as somebody likes', () => {
    const tag = 'v*.*.*-*.*.*+*.*.*';
    expect(makeHook('hmac', [makeRule('hmac', { tag }, setsImage)]).rules[0]?.when.tag).toBe(tag);
  });
});
