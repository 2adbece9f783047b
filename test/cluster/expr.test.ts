import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { agree, answerOf, onPurpose } from '../expr/answers.ts';
import { casesOf } from '../expr/cases.ts';
import { askGo, vectorText } from './expr/ask.ts';

// Conditions and JSONPaths against Go's own libraries.

it('the committed answers are what Go answers', () => {
  const committed = readFileSync(new URL('../expr/vectors.json', import.meta.url), 'utf8');
  expect(vectorText() === committed, 'renew test/expr/vectors.json').toBe(true);
});

it('fresh cases are answered as Go answers them', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const cases = casesOf(seed, 5000);
  const answers = askGo(cases);
  const differing = cases.flatMap((each, at) => {
    const gos = answers[at] ?? [''];
    const ours = answerOf(each);
    return agree(ours, gos) || onPurpose(each, gos) ? [] : [{ each, ours, gos }];
  });
  expect(differing.slice(0, 10), `seed ${seed}`).toEqual([]);
});
