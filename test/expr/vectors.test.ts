import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Answer, agree, answerOf, onPurpose } from './answers.ts';
import type { Case } from './cases.ts';

// What Go's own libraries answered to random conditions and JSONPaths. test/cluster/expr renews it.

const vectors: [Case, Answer][] = JSON.parse(
  readFileSync(new URL('vectors.json', import.meta.url), 'utf8'),
);

describe('what Go answered to random expressions', () => {
  it('has enough of each', () => {
    const values = vectors.filter(([, answer]) => answer.length === 1);
    const paths = vectors.filter(([{ path }]) => path !== undefined);
    expect(vectors.length).toBeGreaterThan(2000);
    expect(values.length).toBeGreaterThan(vectors.length / 4);
    expect(paths.length).toBeGreaterThan(vectors.length / 10);
  });

  it('is what we answer', () => {
    const differing = vectors.flatMap(([each, gos]) => {
      const ours = answerOf(each);
      return agree(ours, gos) || onPurpose(each, gos) ? [] : [{ each, ours, gos }];
    });
    expect(differing.slice(0, 10)).toEqual([]);
  });

  it('is said in the same words where it is an error, but for few', () => {
    const errors = vectors.filter(([each, gos]) => gos.length === 2 && !onPurpose(each, gos));
    const other = errors.filter(([each, gos]) => answerOf(each)[1] !== gos[1]);
    expect(other.length).toBeLessThan(errors.length / 50);
  });
});
