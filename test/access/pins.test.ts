import type { JWTPayload } from 'jose';
import { describe, expect, it } from 'vitest';
import { makeAccess, permitAll, settingsText, startIssuer } from './support.ts';

// What CI services say of a job, as they document it.
const github = {
  sub: 'repo:acme/front-api:ref:refs/heads/main',
  repository: 'acme/front-api',
  repository_id: '74',
  repository_owner_id: '65',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  event_name: 'push',
  actor: 'ada',
  run_id: '991',
};
const org = '11111111-2222-3333-4444-555555555555';
const circleci = {
  sub: `org/${org}/project/p-1/user/u-1`,
  'oidc.circleci.com/project-id': 'p-1',
  'oidc.circleci.com/org-id': org,
  'oidc.circleci.com/vcs-origin': 'github.com/acme/front-api',
  'oidc.circleci.com/vcs-ref': 'refs/heads/main',
  'oidc.circleci.com/job-id': 'j-9',
  'oidc.circleci.com/context-ids': ['c-1', 'c-2'],
  'oidc.circleci.com/ssh-rerun': false,
};
const gitlab = {
  sub: 'project_path:acme/front-api:ref_type:branch:ref:main',
  project_path: 'acme/front-api',
  project_id: '22',
  namespace_id: '72',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  job_id: '5',
  user_login: 'ada',
};

async function stage(kind: string, claims: JWTPayload, pins: object, more: object = {}) {
  const issuer = await startIssuer(claims, kind === 'github' ? '/_services/token' : '');
  const settings = {
    name: 'ci',
    issuer: issuer.url,
    kind,
    audience: 'serin',
    claims: pins,
    ...more,
  };
  return { issuer, ...(await makeAccess(settingsText([settings], permitAll))) };
}

const githubPins = { repository_id: 74, ref: 'refs/heads/main' };
const circleciPins = {
  'oidc.circleci.com/project-id': 'p-1',
  'oidc.circleci.com/vcs-ref': 'refs/heads/main',
  'oidc.circleci.com/vcs-origin': 'github.com/acme/front-api',
  'oidc.circleci.com/ssh-rerun': false,
};
const gitlabPins = { project_id: '22', ref_path: ['refs/heads/main', 'refs/tags/v*'] };

describe('a job that is pinned', () => {
  it.each([
    ['github', github, githubPins, 'ci:acme/front-api@refs/heads/main run 991 by ada'],
    [
      'circleci',
      circleci,
      circleciPins,
      'ci:github.com/acme/front-api@refs/heads/main job j-9 by u-1',
    ],
    ['gitlab', gitlab, gitlabPins, 'ci:acme/front-api@main job 5 by ada'],
  ])('%s gets in, and the ledger names it', async (kind, claims, pins, name) => {
    const { issuer, status, who } = await stage(kind, claims, pins);
    const token = await issuer.sign();
    expect(await status(token)).toBe(200);
    expect((await who(token))?.actor).toEqual({ name, proof: 'verified' });
  });

  it.each<[string, string, JWTPayload, object, JWTPayload]>([
    ['another repository of that name', 'github', github, githubPins, { repository_id: '75' }],
    ['another branch', 'github', github, githubPins, { ref: 'refs/heads/main2' }],
    ['a pull request of a fork', 'github', github, githubPins, { ref: 'refs/pull/7/merge' }],
    ['a tag called main', 'github', github, githubPins, { ref: 'refs/tags/main' }],
    ['no ref', 'github', github, githubPins, { ref: undefined }],
    ['pull_request_target', 'github', github, githubPins, { event_name: 'pull_request_target' }],
    ["anybody's comment", 'github', github, githubPins, { event_name: 'issue_comment' }],
    [
      "a fork's run on CircleCI",
      'circleci',
      circleci,
      circleciPins,
      { 'oidc.circleci.com/vcs-origin': 'github.com/eve/front-api' },
    ],
    [
      "a fork's pull request on CircleCI",
      'circleci',
      circleci,
      circleciPins,
      { 'oidc.circleci.com/vcs-ref': 'refs/heads/pull/7' },
    ],
    [
      'another project of the organisation',
      'circleci',
      circleci,
      circleciPins,
      { 'oidc.circleci.com/project-id': 'p-2' },
    ],
    [
      'a job that somebody is in by SSH',
      'circleci',
      circleci,
      circleciPins,
      { 'oidc.circleci.com/ssh-rerun': true },
    ],
    ['a merge request', 'gitlab', gitlab, gitlabPins, { ref_path: 'refs/merge-requests/1/head' }],
    ['a branch called v', 'gitlab', gitlab, gitlabPins, { ref_path: 'refs/heads/v1' }],
  ])('%s does not', async (_name, kind, claims, pins, over) => {
    const { issuer, status } = await stage(kind, claims, pins);
    expect(await status(await issuer.sign(over))).toBe(401);
  });

  it('may be one of several, a tag by its beginning, or one of a list in a claim', async () => {
    const tags = await stage('gitlab', gitlab, gitlabPins);
    expect(await tags.status(await tags.issuer.sign({ ref_path: 'refs/tags/v1.2' }))).toBe(200);
    const pins = { ...circleciPins, 'oidc.circleci.com/context-ids': 'c-2' };
    const contexts = await stage('circleci', circleci, pins);
    expect(await contexts.status(await contexts.issuer.sign())).toBe(200);
  });

  it('may run for pull_request_target if the settings say so', async () => {
    const pins = { ...githubPins, event_name: 'pull_request_target' };
    const { issuer, status } = await stage('github', github, pins);
    expect(await status(await issuer.sign({ event_name: 'pull_request_target' }))).toBe(200);
    expect(await status(await issuer.sign())).toBe(401);
  });

  it('is who the first issuer that fits says it is', async () => {
    const issuer = await startIssuer(github, '/_services/token');
    const entry = (name: string, ref: string) => ({
      ...{ name, issuer: issuer.url, audience: 'serin', groups: [name] },
      claims: { repository_id: 74, ref },
    });
    const settings = [entry('releases', 'refs/heads/release/*'), entry('main', 'refs/heads/main')];
    const { who } = await makeAccess(settingsText(settings));
    expect((await who(await issuer.sign()))?.principal.groups).toEqual(['main']);
    const other = await issuer.sign({ ref: 'refs/heads/release/7' });
    expect((await who(other))?.principal.groups).toEqual(['releases']);
    expect(issuer.asked).toEqual({ discovery: 1, keys: 1 });
  });
});

describe('what claims become', () => {
  it('groups of an issuer are its own: it cannot put anybody into those of others', async () => {
    const groups = { groups: ['people'], groupsClaim: 'cognito:groups' };
    const { issuer, who } = await stage('oidc', { 'cognito:groups': ['admins'] }, {}, groups);
    const { principal } = (await who(await issuer.sign()))!;
    expect(principal.groups).toEqual(['people', 'ci:admins']);
  });

  it('an access token of Cognito has a client in place of an audience', async () => {
    const claims = {
      aud: undefined as never,
      client_id: 'serin',
      username: 'ada',
      token_use: 'access',
    };
    const { issuer, who, status } = await stage('cognito', claims, {});
    expect((await who(await issuer.sign()))?.actor.name).toBe('ci:ada');
    expect(await status(await issuer.sign({ client_id: 'other-app' }))).toBe(401);
    // That is so of Cognito only.
    const other = await stage('oidc', claims, {});
    expect(await other.status(await other.issuer.sign())).toBe(401);
  });

  it('a name is one line, whatever others chose for a branch', async () => {
    const pins = { ...githubPins, ref: 'refs/heads/release/*' };
    const { issuer, who } = await stage('github', github, pins);
    const ref = `refs/heads/release/\u202e\n\u0000${'x'.repeat(500)}`;
    const { name } = (await who(await issuer.sign({ ref })))!.actor;
    expect(name).toMatch(/^ci:acme\/front-api@refs\/heads\/release\/x+$/);
    expect(name.length).toBeLessThan(320);
  });

  it('a template of one’s own makes the name', async () => {
    const actor = '{nothing|repository} ({missing})';
    const { issuer, who } = await stage('github', github, githubPins, { actor });
    expect((await who(await issuer.sign()))?.actor.name).toBe('ci:acme/front-api (?)');
  });
});
