import { describe, expect, it } from 'vitest';
import { Transient } from '../../lib/errors.ts';
import { github, githubPush, githubPushOf, pushedAt, revision } from './payloads.ts';
import { imageRule, makeHook, makeHooks, signed } from './support.ts';

const other = 'cd'.repeat(20);
const tag = 'refs/tags/v1';
const branch = 'refs/heads/v1';

/** A push that was made so many seconds after the first one. */
function pushed(seconds: number, ref: string, after = revision, repository: object = {}) {
  const told = { pushed_at: pushedAt + seconds, ...repository };
  return () => signed('github', githubPush({ ref, after, repository: told }));
}

function deleted(seconds: number, ref: string) {
  const told = { pushed_at: pushedAt + seconds };
  const body = { ref, deleted: true, before: revision, after: '0'.repeat(40), repository: told };
  return () => signed('github', githubPush(body));
}

/** What a rule for the tags and one for the branches v* make of a run, after these deliveries. */
async function resultsOf(pushes: (() => Request)[], run: object = {}) {
  const rules = [imageRule('github', { tag: 'v*' }), imageRule('github', { branch: 'v*' })];
  const hooks = await makeHooks([makeHook('github', rules)]);
  for (const push of pushes) expect((await hooks.send(push())).status).toBe(200);
  const body = github({ head_branch: 'v1', ...run });
  const { rules: lines } = (await hooks.send(signed('github', body))).body;
  const says: string[] = lines.map((line: { says: string }) => line.says);
  return { results: lines.map(({ result }: { result: string }) => result), says };
}

/** Every order of them, with each of them delivered a second time at the end. */
function orders<T>(items: T[]): T[][] {
  const [first, ...rest] = items;
  if (first === undefined) return [[]];
  return orders(rest).flatMap((order) =>
    [...order, undefined].map((_, at) => [...order.slice(0, at), first, ...order.slice(at)]),
  );
}
function deliveriesOf<T>(items: T[]): T[][] {
  return orders(items).flatMap((order) => [order, ...items.map((again) => [...order, again])]);
}

const [met, not] = ['done', 'nothing'];

describe('what GitHub’s pushes prove, in whatever order they come, and how often', () => {
  it.each([
    ['a tag', [pushed(0, tag)], [met, not]],
    ['a branch', [pushed(0, branch)], [not, met]],
    ['a tag that was deleted', [pushed(0, tag), deleted(9, tag)], [not, not]],
    ['a branch that was deleted', [pushed(0, branch), deleted(9, branch)], [not, not]],
    ['a tag made and deleted in one second', [pushed(0, tag), deleted(0, tag)], [not, not]],
    ['a tag made anew', [pushed(0, tag), deleted(9, tag), pushed(10, tag)], [met, not]],
    ['a branch made anew', [pushed(0, branch), deleted(9, branch), pushed(10, branch)], [not, met]],
    ['a tag that was moved away', [pushed(0, tag), pushed(9, tag, other)], [not, not]],
    ['a tag that was moved here', [pushed(0, tag, other), pushed(9, tag)], [met, not]],
    ['a branch that went on', [pushed(0, branch), pushed(9, branch, other)], [not, met]],
    ['another tag was deleted', [pushed(0, tag), deleted(9, 'refs/tags/v2')], [met, not]],
    ['a branch of its name was deleted', [pushed(0, tag), deleted(9, branch)], [met, not]],
    [
      'another commit on a branch of its name',
      [pushed(0, tag), pushed(9, branch, other)],
      [met, not],
    ],
    ['a branch and a tag', [pushed(0, tag), pushed(9, branch)], [not, not]],
    [
      'a branch of the name of a tag that was deleted',
      [pushed(0, tag), deleted(9, tag), pushed(10, branch)],
      [not, not],
    ],
    [
      'a tag of the name of a branch that was deleted',
      [pushed(0, tag), pushed(9, branch), deleted(10, branch)],
      [not, not],
    ],
  ])('%s', async (_what, pushes, results) => {
    for (const deliveries of deliveriesOf(pushes)) {
      expect((await resultsOf(deliveries)).results).toEqual(results);
    }
  });

  it('the answer says why it proves nothing, and what to do', async () => {
    const both = await resultsOf([pushed(0, tag), pushed(9, branch)]);
    for (const says of both.says) {
      expect(says).toMatch(/pushed to a branch v1 and to a tag v1.*keep .* apart.*another name/);
    }
    const gone = await resultsOf([pushed(0, tag), deleted(9, tag)]);
    expect(gone.says[0]).toMatch(/^the tag v1 was deleted or moved .*push it again/);
    const left = await resultsOf([pushed(0, branch), deleted(9, branch)]);
    expect(left.says[1]).toMatch(/^the branch v1 was deleted .*push it again/);
  });

  it.each([
    ['a push of the day', 'push', '2026-11-23T09:54:00Z', met],
    ['a push that was not told', 'push', '2026-11-23T09:54:01Z', not],
    ['a person, later', 'workflow_dispatch', '2026-12-22T09:54:01Z', met],
  ])('a run that was started by %s, of a tag', async (_what, event, startedAt, result) => {
    const { results, says } = await resultsOf([pushed(0, tag)], { event, created_at: startedAt });
    expect(results).toEqual([result, not]);
    if (result === not) {
      expect(says[0]).toMatch(
        /a push started it at 2026-11-23T.*the tag v1 at 2026-11-22T09:54:00.*redeliver that push/,
      );
    }
  });

  it('a run of a release is of the tag, whatever is called like it', async () => {
    const { results } = await resultsOf([pushed(0, branch), pushed(9, tag)], { event: 'release' });
    expect(results).toEqual([met, not]);
  });

  it('a push with its time as in other events is noted, and one without is not', async () => {
    const time = { pushed_at: '2026-11-22T09:54:00Z' };
    expect((await resultsOf([pushed(0, tag, revision, time)])).results).toEqual([met, not]);
    const hooks = await makeHooks([makeHook('github')]);
    const told = await hooks.send(pushed(0, tag, revision, { pushed_at: null })());
    expect(told.status).toBe(422);
    expect(told.body.detail).toMatch(/repository\.pushed_at/);
  });

  it('many at the same time are noted, the latest included', async () => {
    const hooks = await makeHooks([makeHook('github', [imageRule('github', { tag: 'v*' })])]);
    const pushes = [0, 1, 2, 3].map((seconds) => pushed(seconds, tag));
    const told = await Promise.all([...pushes, deleted(2, tag)].map((push) => hooks.send(push())));
    expect(told.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const run = signed('github', github({ head_branch: 'v1' }));
    expect((await hooks.send(run)).body.rules[0].result).toBe(met);
  });

  it('a tag that was moved while the table failed is not where it was', async () => {
    let putsLeft = Number.POSITIVE_INFINITY;
    const rules = [imageRule('github', { tag: 'v*' })];
    const hooks = await makeHooks([makeHook('github', rules)], {
      store: ({ documents }) => ({
        documents: {
          ...documents,
          put: async (document) => {
            putsLeft -= 1;
            if (putsLeft < 0) throw new Transient('throttled');
            return documents.put(document);
          },
        },
      }),
    });
    const runOf = (sha: string) => signed('github', github({ head_branch: 'v1', head_sha: sha }));
    await hooks.send(pushed(0, tag)());
    putsLeft = 1;
    expect((await hooks.send(pushed(9, tag, other)())).status).toBe(503);
    putsLeft = Number.POSITIVE_INFINITY;
    expect((await hooks.send(runOf(revision))).body.rules[0].result).toBe(not);
    expect((await hooks.send(pushed(9, tag, other)())).status).toBe(200);
    expect((await hooks.send(runOf(other))).body.rules[0].result).toBe(met);
  });
});

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
