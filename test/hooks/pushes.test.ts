import { describe, expect, it } from 'vitest';
import { github, githubPushOf } from './payloads.ts';
import { makeHook, makeHooks, signed } from './support.ts';

describe('the size of a push', () => {
  it.each([
    ['the most commits that GitHub lists', 2048],
    ['as much as a function can be sent', 6000],
  ])('a push of %s is noted', async (_what, count) => {
    const hooks = await makeHooks([makeHook('github')]);
    expect((await hooks.send(signed('github', githubPushOf(count)))).status).toBe(200);
    expect((await hooks.send(signed('github', github()))).body.rules[0].result).toBe('done');
  });

  it('a push that is too large: the answer says what its runs need instead', async () => {
    const hooks = await makeHooks([makeHook('github')]);
    const told = await hooks.send(signed('github', githubPushOf(7000)));
    expect(told.status).toBe(413);
    expect(told.body.detail).toMatch(/larger than 6291456 bytes.*push another commit/);
  });
});
