import { describe, expect, it } from 'vitest';
import { key } from '../api/support.ts';
import {
  circleci,
  circleciApp,
  circleciJob,
  generic,
  github,
  githubPush,
  revision,
} from './payloads.ts';
import { image, imageRule, makeHook, makeHooks, makeRule, setsImage, signed } from './support.ts';

describe('a delivery that a rule is for', () => {
  it.each([
    ['circleci', circleci(), 'circleci:acme/front-api release #412 main@4d1c9a7 (ada)'],
    ['github', github(), 'github:acme/front-api Release #88 main@4d1c9a7 (grace)'],
    ['hmac', generic(), 'hmac:acme/front-api release #17 main@4d1c9a7 (ada)'],
  ] as const)('of %s sets the image, and the command names the run', async (kind, body, actor) => {
    const hooks = await makeHooks([makeHook(kind)]);
    if (kind === 'github') await hooks.send(signed(kind, githubPush()));
    const told = await hooks.send(signed(kind, body));
    expect(told.status).toBe(200);
    expect(told.body).toMatchObject({ hook: 'shop', actor, rules: [{ rule: 1, result: 'done' }] });
    expect(told.body.rules[0].says).toBe('image of prod/shop/front-api: It is done.');
    const [intent] = (await hooks.stored())?.intents ?? [];
    expect(intent).toMatchObject({
      command: { verb: 'image', container: 'front-api', image },
      actor: { name: actor, proof: 'verified' },
      reason: expect.stringMatching(/^[Rr]elease: success$/),
    });
    expect(told.body.rules[0].command).toBe(
      `/v1/clusters/${key.cluster}/namespaces/shop/rollouts/front-api/commands/${intent?.id}`,
    );
  });

  it('by the id of the project, a job, a tag', async () => {
    const rules = [
      imageRule('circleci', { project: 'c0ffee00-1234-4abc-9def-001122334455', job: 'push-image' }),
    ];
    const hooks = await makeHooks([makeHook('circleci', rules)]);
    expect((await hooks.send(signed('circleci', circleciJob()))).body.rules[0].result).toBe('done');
    const whole = await hooks.send(signed('circleci', circleci()));
    expect(whole.body.rules[0]).toMatchObject({
      result: 'nothing',
      says: expect.stringMatching(/job push-image/),
    });
  });

  it('of the GitHub App of CircleCI, which has no vcs', async () => {
    const project = 'circleci/AbC/DeF';
    const hooks = await makeHooks([makeHook('circleci', [imageRule('circleci', { project })])]);
    const told = await hooks.send(signed('circleci', circleciApp()));
    expect(told.body.rules[0].result).toBe('done');
    expect(told.body.actor).toBe('circleci:AbC/DeF release #9 main@4d1c9a7 (grace)');
  });

  it('of a tag, and only that', async () => {
    const rule = makeRule('github', { tag: 'v*' }, { ...setsImage, image: 'front-api:{tag}' });
    const hooks = await makeHooks([makeHook('github', [rule])]);
    const tagged = github({ head_branch: 'v1.4.0', event: 'release' });
    expect((await hooks.send(signed('github', tagged))).body.rules[0].result).toBe('done');
    expect((await hooks.stored())?.intents[0]?.command).toMatchObject({
      image: 'front-api:v1.4.0',
    });
    const other = await hooks.send(signed('github', github()));
    expect(other.body.rules[0].says).toBe('it is for tag v*, and this is main');
  });

  it('with values of a sender of its own, a digest among them', async () => {
    const action = { ...setsImage, image: 'registry.example:5000/front-api@{digest}' };
    const hooks = await makeHooks([makeHook('hmac', [makeRule('hmac', {}, action)])]);
    const digest = `sha256:${'ab'.repeat(32)}`;
    const told = await hooks.send(signed('hmac', generic({ values: { digest } })));
    expect(told.body.rules[0].result).toBe('done');
    const { intents } = (await hooks.stored()) ?? { intents: [] };
    expect(intents[0]?.command).toMatchObject({
      image: `registry.example:5000/front-api@${digest}`,
    });
  });
});

describe('a branch and a tag may have one name', () => {
  const tagRule = makeRule('github', { tag: 'v*' }, { ...setsImage, image: 'front-api:{tag}' });
  const branchRule = imageRule('github', { branch: 'v*' });
  const run = (over: object = {}) => signed('github', github({ head_branch: 'v1.4.0', ...over }));
  const pushed = (ref: string, over: object = {}) => signed('github', githubPush({ ref, ...over }));

  it('GitHub: a run proves neither, and the answer says how to prove it', async () => {
    const hooks = await makeHooks([makeHook('github', [tagRule, branchRule])]);
    for (const event of ['push', 'workflow_dispatch']) {
      const told = await hooks.send(run({ event }));
      expect(told.status).toBe(200);
      expect(told.body.rules.map(({ result }: { result: string }) => result)).toEqual([
        'nothing',
        'nothing',
      ]);
      for (const { says } of told.body.rules) {
        expect(says).toMatch(/does not say whether v1\.4\.0 is a branch or a tag/);
        expect(says).toMatch(/event Pushes/);
      }
    }
    expect(hooks.done).toEqual([]);
  });

  it.each([
    ['refs/heads/v1.4.0', ['nothing', 'done']],
    ['refs/tags/v1.4.0', ['done', 'nothing']],
  ])('GitHub: the push to %s proves it', async (ref, results) => {
    const hooks = await makeHooks([makeHook('github', [tagRule, branchRule])]);
    const noted = await hooks.send(pushed(ref));
    expect(noted.status).toBe(200);
    expect(noted.body).toMatchObject({ hook: 'shop', rules: [] });
    expect(noted.body.says).toContain(`4d1c9a7 was pushed to ${ref}`);
    expect((await hooks.send(pushed(ref))).status).toBe(200);
    const told = await hooks.send(run());
    expect(told.body.rules.map(({ result }: { result: string }) => result)).toEqual(results);
    expect(hooks.done).toEqual(['image']);
  });

  it.each([
    ['another commit', pushed('refs/tags/v1.4.0', { after: 'ab'.repeat(20) })],
    ['another repository', pushed('refs/tags/v1.4.0', { repository: { id: 1, full_name: 'a/b' } })],
    ['another tag', pushed('refs/tags/v1.4.1')],
    ['its deletion', pushed('refs/tags/v1.4.0', { deleted: true, after: '0'.repeat(40) })],
    ['a ref of another kind', pushed('refs/notes/v1.4.0')],
  ])('GitHub: %s pushed proves nothing', async (_, push) => {
    const hooks = await makeHooks([makeHook('github', [tagRule])]);
    expect((await hooks.send(push)).status).toBe(200);
    expect((await hooks.send(run())).body.rules[0].result).toBe('nothing');
    expect(hooks.done).toEqual([]);
  });

  it.each([
    ['an annotated tag', { after: 'ab'.repeat(20), head_commit: { id: revision } }],
    ['a lightweight tag', {}],
    ['a tag, told without its head_commit', { head_commit: null }],
  ])('GitHub: %s is of the commit that it names', async (_, over) => {
    const hooks = await makeHooks([makeHook('github', [tagRule])]);
    const noted = await hooks.send(pushed('refs/tags/v1.4.0', over));
    expect(noted.body.says).toContain('4d1c9a7 was pushed to refs/tags/v1.4.0');
    expect((await hooks.send(run())).body.rules[0].result).toBe('done');
  });

  it('GitHub: a push told to another hook proves nothing here', async () => {
    const other = { ...makeHook('github', [tagRule]), id: 'other' };
    const hooks = await makeHooks([makeHook('github', [tagRule]), other]);
    await hooks.send(signed('github', githubPush({ ref: 'refs/tags/v1.4.0' }), { id: 'other' }));
    expect((await hooks.send(run())).body.rules[0].result).toBe('nothing');
  });

  it.each([
    ['schedule', ['nothing', 'done']],
    ['repository_dispatch', ['nothing', 'done']],
    ['release', ['done', 'nothing']],
  ])('GitHub: %s can be of one of them only', async (event, results) => {
    const hooks = await makeHooks([makeHook('github', [tagRule, branchRule])]);
    const told = await hooks.send(run({ event }));
    expect(told.body.rules.map(({ result }: { result: string }) => result)).toEqual(results);
  });

  const project = 'circleci/AbC/DeF';
  it.each([
    ['of its project', { tag: 'main' }, circleci({ vcs: { tag: 'main' } })],
    [
      'and its full ref',
      { project, tag: 'main' },
      circleciApp({ git: { branch: '', tag: 'main' } }),
    ],
    ['and no full ref', { project, tag: 'main' }, circleciApp({ git: { ref: '', tag: 'main' } })],
    ['and its ref', { project, branch: 'main' }, circleciApp({ git: { ref: 'refs/tags/main' } })],
  ])(
    'CircleCI: a branch and a tag %s that contradict each other are neither',
    async (_, when, body) => {
      const hooks = await makeHooks([makeHook('circleci', [imageRule('circleci', when)])]);
      const told = await hooks.send(signed('circleci', body));
      expect(told.body.rules[0]).toMatchObject({ result: 'nothing' });
      expect(told.body.rules[0].says).toMatch(/whether main is a branch or a tag/);
      expect(hooks.done).toEqual([]);
    },
  );

  it('CircleCI: a tag of its own is one', async () => {
    const rules = [imageRule('circleci', { project, tag: 'v1' })];
    const hooks = await makeHooks([makeHook('circleci', rules)]);
    const git = { branch: '', tag: 'v1', ref: 'refs/tags/v1' };
    const told = await hooks.send(signed('circleci', circleciApp({ git })));
    expect(told.body.rules[0].result).toBe('done');
  });
});

describe('promote and abort', () => {
  const expected = (tag: string) => ({ expect: { image: `front-api:{${tag}}` } });

  it('a promote is of the version that was tested, and of no other', async () => {
    const action = { action: 'promote', ...expected('tag') };
    const rule = makeRule('hmac', { workflow: 'smoke' }, action);
    const hooks = await makeHooks([makeHook('hmac', [rule])]);
    const smoke = (id: string, tag: string) =>
      signed('hmac', generic({ id, workflow: 'smoke', tag }));
    const other = await hooks.send(smoke('1', 'newer'));
    expect(other.status).toBe(200);
    expect(other.body.rules[0].result).toBe('refused');
    expect(other.body.rules[0].says).toMatch(
      /image front-api:newer was expected and is front-api:new /,
    );
    expect(hooks.done).toEqual([]);
    expect((await hooks.send(smoke('2', 'new'))).body.rules[0].result).toBe('done');
    expect(hooks.done).toEqual(['promote']);
  });

  it('an abort may react to a failure, and to nothing else', async () => {
    const rule = makeRule('circleci', { status: 'failed' }, { action: 'abort' });
    const hooks = await makeHooks([makeHook('circleci', [rule])]);
    const good = await hooks.send(signed('circleci', circleci()));
    expect(good.body.rules[0].says).toBe('it is for status failed, and this is success');
    const canceled = circleci({ workflow: { status: 'canceled' } });
    expect((await hooks.send(signed('circleci', canceled))).body.rules[0].result).toBe('nothing');
    const failed = circleci({ workflow: { status: 'failed' } });
    expect((await hooks.send(signed('circleci', failed))).body.rules[0].result).toBe('done');
    expect(hooks.done).toEqual(['abort']);
  });
});

describe('a run that could be a stranger’s does nothing', () => {
  const fork = 'https://github.com/mallory/front-api';
  it.each([
    ['a fork', circleci({ vcs: { origin_repository_url: fork } }), /fork of/],
    ['a pull request', circleci({ vcs: { branch: 'pull/7' } }), /branch main, and this is pull\/7/],
    ['no repository', circleci({ vcs: { origin_repository_url: undefined } }), /whose commit/],
    ['no vcs at all', circleci({ pipeline: { vcs: undefined } }), /branch main, and this is none/],
  ])('CircleCI: %s', async (_what, body, why) => {
    const hooks = await makeHooks([makeHook('circleci')]);
    const told = await hooks.send(signed('circleci', body));
    expect(told.status).toBe(200);
    expect(told.body.rules[0]).toMatchObject({ result: 'nothing' });
    expect(told.body.rules[0].says).toMatch(why);
    expect(hooks.done).toEqual([]);
  });

  it('CircleCI: a pull request, whatever the pattern of the branch', async () => {
    const hooks = await makeHooks([
      makeHook('circleci', [imageRule('circleci', { branch: '**' })]),
    ]);
    const told = await hooks.send(signed('circleci', circleci({ vcs: { branch: 'pull/7/head' } })));
    expect(told.body.rules[0].says).toBe('pull/7/head is a pull request');
  });

  it.each([
    ['a merge request', { circleci: { event_type: 'merge_request' } }, /started by merge_request/],
    ['another repository', { git: { checkout_url: 'git@gitlab.com:mallory/x.git' } }, /mallory/],
    ['no repository', { from: { repo_url: '' } }, /whose commit/],
  ])('CircleCI’s GitHub App: %s', async (_what, parts, why) => {
    const rule = imageRule('circleci', { project: 'circleci/AbC/DeF' });
    const hooks = await makeHooks([makeHook('circleci', [rule])]);
    const told = await hooks.send(signed('circleci', circleciApp(parts)));
    expect(told.body.rules[0].says).toMatch(why);
    expect(hooks.done).toEqual([]);
  });

  it.each([
    ['a fork', { head_repository: { id: 666 } }, /a fork of acme\/front-api/],
    ['a fork that is gone', { head_repository: null }, /is gone/],
    ['a pull request', { event: 'pull_request' }, /started by pull_request/],
    ['pull_request_target', { event: 'pull_request_target' }, /started by pull_request_target/],
    ['a comment', { event: 'issue_comment' }, /started by issue_comment/],
  ])('GitHub: %s', async (_what, run, why) => {
    const hooks = await makeHooks([makeHook('github')]);
    const told = await hooks.send(signed('github', github(run)));
    expect(told.status).toBe(200);
    expect(told.body.rules[0].says).toMatch(why);
    expect(hooks.done).toEqual([]);
  });

  it.each([
    [
      'another branch',
      github({ head_branch: 'main2' }),
      'it is for branch main, and this is main2',
    ],
    ['no branch', github({ head_branch: null }), 'it is for branch main, and this is none'],
    [
      'another project',
      github({}, { repository: { id: 1, full_name: 'acme/other' } }),
      'it is for project acme/front-api, and this is acme/other',
    ],
    [
      'another workflow',
      github({ name: 'CI', path: 'x' }),
      'it is for workflow Release, and this is CI',
    ],
    [
      'a failure',
      github({ conclusion: 'failure' }),
      'it is for status success, and this is failure',
    ],
    [
      'old news',
      github({ updated_at: '2026-11-22T08:59:59Z' }),
      expect.stringMatching(/too long ago/),
    ],
  ])('GitHub: %s', async (_what, body, says) => {
    const hooks = await makeHooks([makeHook('github')]);
    const told = await hooks.send(signed('github', body));
    expect(told.body.rules).toEqual([{ rule: 1, result: 'nothing', says }]);
    expect(hooks.done).toEqual([]);
  });
});

describe('what an event holds cannot break out of an image reference', () => {
  it.each([
    'feature/x',
    'a b',
    'v1" --full "',
    "v1'",
    'v1\nimage: evil',
    'v1@sha256:0',
    'evil.example/x:1',
    '../x',
    '{revision}',
    '$(id)',
    '-v1',
    'v'.repeat(129),
    '‮1v',
  ])('%j', async (branch) => {
    const action = { ...setsImage, image: 'registry.example/front-api:{branch}' };
    const hooks = await makeHooks([makeHook('hmac', [makeRule('hmac', { branch: '**' }, action)])]);
    const told = await hooks.send(signed('hmac', generic({ branch })));
    expect(told.status).toBe(200);
    expect(told.body.rules[0].says).toMatch(
      /^branch is ".*", which cannot be part of an image ref/,
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be in it
    expect(told.body.actor).not.toMatch(/[\x00-\x1f\u202e]/);
    expect(hooks.done).toEqual([]);
  });

  it('nor can the revision or a missing value', async () => {
    const hooks = await makeHooks([makeHook('hmac')]);
    const none = generic({ revision: undefined });
    expect((await hooks.send(signed('hmac', none))).body.rules[0].says).toBe(
      'the event has no revision',
    );
  });
});
