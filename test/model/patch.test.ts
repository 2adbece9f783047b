import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMergePatch, deepEqual, diffMergePatch, mergePatches } from '../../lib/model/patch.ts';

// Fields of Kubernetes objects are never null: null is how a patch takes one away.
const leaf = fc.oneof(fc.integer(), fc.string({ maxLength: 2 }), fc.boolean());
const withFields = <T>(value: fc.Arbitrary<T>) =>
  fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { maxKeys: 3, noNullPrototype: true });
const inner = fc.oneof(leaf, fc.array(leaf, { maxLength: 2 }), withFields(leaf));
const object = withFields(fc.oneof(inner, withFields(inner), fc.array(inner, { maxLength: 2 })));

describe('a merge patch', () => {
  it('of the difference gives what it was the difference to', () => {
    fc.assert(
      fc.property(object, object, (before, after) => {
        const patch = diffMergePatch(before, after);
        if (patch === undefined) return isDeepStrictEqual(before, after);
        return (
          !isDeepStrictEqual(before, after) &&
          isDeepStrictEqual(applyMergePatch(before, patch), after)
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('joined with a later one asks for both, and for the later where they differ', () => {
    const first = { spec: { replicas: 1, paused: true }, metadata: null, list: [1] };
    const second = { spec: { replicas: 2, name: null }, list: [2] };
    expect(mergePatches(first, second)).toEqual({
      spec: { replicas: 2, paused: true, name: null },
      metadata: null,
      list: [2],
    });
  });

  it('changes nothing it was given', () => {
    const before = { a: { b: 1 }, list: [1] };
    expect(applyMergePatch(before, { a: { b: null, c: 2 }, list: [2] })).toEqual({
      a: { c: 2 },
      list: [2],
    });
    expect(before).toEqual({ a: { b: 1 }, list: [1] });
  });

  it('takes undefined for absent', () => {
    expect(diffMergePatch({ a: 1, b: undefined }, { a: 1 })).toBeUndefined();
    expect(diffMergePatch({ a: 1 }, { a: undefined })).toEqual({ a: null });
    expect(deepEqual({ a: undefined }, {})).toBe(true);
  });

  // RFC 7396, the examples of its appendix that are objects.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (before, patch, after) => {
    expect(applyMergePatch<object>(before, patch)).toEqual(after);
  });
});
