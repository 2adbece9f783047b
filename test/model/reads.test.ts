import { expect, it } from 'vitest';
import { type Answer, answersIn, type Need, readKey, unmetOf } from '../../lib/model/reads.ts';

it('a list is missing where its kind is not served: that can be borne', () => {
  const read = { list: 'HTTPRoute', namespace: 'app' } as const;
  const answers = answersIn(new Map<string, Answer>([[readKey(read), { missing: true }]]));
  const isMet = (bears: Need['bears']) => unmetOf([{ read, bears }], answers) === undefined;
  expect([isMet('none'), isMet('lasting'), isMet('all')]).toEqual([false, true, true]);
});
