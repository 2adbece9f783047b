import { describe, expect, it } from 'vitest';
import { knownIssuer } from '../../lib/settings/issuers.ts';
import { parseSettings } from '../../lib/settings/parse.ts';

const github = {
  name: 'github',
  issuer: 'https://token.actions.githubusercontent.com',
  audience: 'serin',
  claims: { repository_id: 74, ref: 'refs/heads/main' },
};
const org = '11111111-2222-3333-4444-555555555555';
const circleci = {
  name: 'circleci',
  issuer: `https://oidc.circleci.com/org/${org}`,
  audience: 'serin',
  claims: {
    'oidc.circleci.com/project-id': 'p',
    'oidc.circleci.com/vcs-ref': 'refs/heads/main',
    'oidc.circleci.com/vcs-origin': 'github.com/acme/front-api',
  },
};
const own = { name: 'own', issuer: 'https://id.acme.example', audience: ['serin', 'serin-test'] };

/** What is wrong with these issuers, each as `path message`. */
function faultsOf(...issuers: object[]): string[] {
  const { faults } = parseSettings(JSON.stringify({ issuers }));
  return faults.map(({ path, message }) => `${path} ${message}`);
}

function without(claim: string, from: { claims: object }) {
  const rest = Object.entries(from.claims).filter(([name]) => name !== claim);
  return { ...from, claims: Object.fromEntries(rest) };
}

describe('settings', () => {
  it('may be empty, or hold what they are for', () => {
    for (const text of ['', '# nothing yet', '{}', 'issuers: []']) {
      const { settings, faults } = parseSettings(text);
      expect([settings, faults]).toEqual([
        {
          issuers: [],
          policies: '',
          hooks: [],
          clusters: {},
          metrics: { hosts: [] },
          messages: [],
        },
        [],
      ]);
    }
    expect(faultsOf(github, circleci, own)).toEqual([]);
    const { settings } = parseSettings(JSON.stringify({ issuers: [github] }));
    expect(settings?.issuers[0]).toMatchObject({
      audience: ['serin'],
      claims: { repository_id: ['74'], ref: ['refs/heads/main'] },
      maxAge: 3_600_000,
    });
  });

  it('are read in little time, whatever is in them', () => {
    const ref = `refs/heads/${'/'.repeat(100_000)}*x`;
    const since = performance.now();
    expect(faultsOf({ ...github, claims: { ...github.claims, ref } })[0]).toMatch(/may have a \*/);
    expect(performance.now() - since).toBeLessThan(2000);
  });

  it.each<[string, number, RegExp]>([
    ['a: [', 1, /^ is not YAML: /],
    ['issuers: 7', 1, /^issuers must be of type array, not number$/],
    ['policies: []', 1, /^policies must be of type string, not array$/],
    ['\nisuers: []', 2, /^isuers is not known here; did you mean issuers\?$/],
    [
      'waves: []',
      1,
      /^waves is not known here; known are issuers, policies, hooks, clusters, metrics, messages, page$/,
    ],
    [
      'issuers:\n  - name: a\n    audiance: x',
      3,
      /^issuers\[0\]\.audiance .* did you mean audience\?$/m,
    ],
    [
      'clusters:\n  prod:\n    verifyLoadBalancers: off',
      3,
      /^clusters\.prod\.verifyLoadBalancers must be of type boolean, not string$/,
    ],
    ['a: 1\na: 2', 2, /^ is not YAML: .*unique/],
    ['a: *nobody', 1, /^ (?:is not YAML|cannot be read): .*nobody/],
    ['---\na: 1\n---\nb: 2', 3, /^ begins a second document here: put all into one$/],
    ['- a\n- b', 1, /^ must be of type object, not array$/],
    [`policies: ${'x'.repeat(200_001)}`, 1, /^ is longer than 200000 characters/],
  ])('%#: %s', (text, line, message) => {
    const { settings, faults } = parseSettings(text);
    expect(settings).toBeUndefined();
    const found = faults.find((each) => message.test(`${each.path} ${each.message}`));
    expect(found?.line, JSON.stringify(faults)).toBe(line);
  });

  it('that unfold to very much are refused, quickly', () => {
    const levels = Array.from({ length: 12 }, (_, i) =>
      i === 0 ? 'a0: &a0 [x]' : `a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]`,
    );
    const { faults } = parseSettings(levels.join('\n'));
    expect(faults[0]?.message).toMatch(/^cannot be read/);
  });

  it('know on which line of the file a line of the policies is', () => {
    const block = 'hooks: []\npolicies: |\n  permit (\n  x';
    expect(parseSettings(block).policyLine(2)).toBe(4);
    expect(parseSettings('policies: "permit"').policyLine(1)).toBe(1);
  });
});

describe('an issuer', () => {
  it.each<[string, object, RegExp]>([
    ['no name', { ...own, name: undefined }, /^issuers\[0\]\.name is missing$/],
    ['an odd name', { ...own, name: 'My Issuer' }, /^issuers\[0\]\.name must be a short name/],
    ['a name that could be another’s', { ...own, name: 'a:b' }, /name must be a short name/],
    ['no address', { ...own, issuer: 'id.acme.example' }, /issuer must be an address such as/],
    ['no https', { ...own, issuer: 'http://id.acme.example' }, /issuer must begin with https/],
    ['a password', { ...own, issuer: 'https://a:b@id.acme.example' }, /must be a plain address/],
    ['keys without https', { ...own, jwks: 'http://a.example/keys' }, /jwks must begin with https/],
    ['no audience', { ...own, audience: undefined }, /audience must be the audience that tokens/],
    ['an empty audience', { ...own, audience: '' }, /audience/],
    ['an empty list of audiences', { ...own, audience: [] }, /audience/],
    ['a long life', { ...own, maxAge: '25h' }, /maxAge must be a time such as 15m or 1h, at most/],
    ['no life', { ...own, maxAge: '0s' }, /maxAge must be a time/],
    ['a template of nothing', { ...own, actor: 'somebody' }, /actor must name a claim in braces/],
    ['a brace too many', { ...own, actor: '{sub}}' }, /actor has a brace that is not closed/],
    ['a group of another issuer', { ...own, groups: ['people:x'] }, /groups\[0\] must be a name/],
    ['a pin that is none', { ...own, claims: { sub: { a: 1 } } }, /claims\.sub must be a text/],
    ['an empty pin', { ...own, claims: { sub: [] } }, /claims\.sub/],
    [
      'a pin for anything',
      { ...own, claims: { sub: '*' } },
      /claims\.sub may have a \* at the end/,
    ],
    ['an unknown kind', { ...own, kind: 'gitea' }, /kind must be one of/],
    [
      'a kind it is not',
      { ...github, kind: 'oidc' },
      /kind is oidc, but by its address it is github/,
    ],
  ])('with %s is refused', (_name, issuer, message) => {
    expect(faultsOf(issuer).join('\n')).toMatch(message);
  });

  it('has a name of its own', () => {
    expect(faultsOf(own, own)).toEqual([
      'issuers[1].name is the name of another issuer too: policies could not tell own from own',
    ]);
  });
});

describe('an issuer that strangers share', () => {
  it.each<[string, object, RegExp]>([
    [
      'no claims',
      { ...github, claims: {} },
      /claims must hold repository_id or repository_owner_id/,
    ],
    ['no id', without('repository_id', github), /^issuers\[0\]\.claims must hold repository_id/],
    [
      'no ref',
      without('ref', github),
      /claims must hold ref or environment: GitHub signs tokens for/,
    ],
    [
      'a name in place of an id',
      { ...github, claims: { repository: 'acme/front-api', ref: 'refs/heads/main' } },
      /must hold repository_id .* an id, which unlike a name is never given to somebody else/,
    ],
    [
      'a name as the id',
      { ...github, claims: { ...github.claims, repository_id: 'acme/front-api' } },
      /repository_id must be the number, not a name: acme\/front-api could one day be/,
    ],
    [
      'all ids',
      { ...github, claims: { ...github.claims, repository_id: '*' } },
      /repository_id must be the number/,
    ],
    ['all refs', { ...github, claims: { ...github.claims, ref: '*' } }, /ref may have a \*/],
    ['any ref', { ...github, claims: { ...github.claims, ref: 'refs/*' } }, /ref may have a \*/],
    [
      'any branch',
      { ...github, claims: { ...github.claims, ref: 'refs/heads/*' } },
      /ref may have a \*/,
    ],
    [
      'a branch or any',
      { ...github, claims: { ...github.claims, ref: ['refs/heads/main', '*'] } },
      /ref may have a \*/,
    ],
    [
      'the audience of AWS',
      { ...github, audience: ['serin', 'sts.amazonaws.com'] },
      /audience must be Serin’s own/,
    ],
    [
      'no audience',
      { ...github, audience: undefined },
      /audience must be the audience that tokens/,
    ],
    [
      'an enterprise of GitHub',
      { ...github, issuer: `${github.issuer}/acme`, claims: {} },
      /must hold repository_id/,
    ],
    [
      'a GitHub server',
      { ...github, issuer: 'https://git.acme.example/_services/token', claims: {} },
      /must hold repository_id/,
    ],
    [
      'GitHub with data residency',
      { ...github, issuer: 'https://token.actions.acme.ghe.com', claims: {} },
      /must hold repository_id/,
    ],
    [
      'no project',
      without('oidc.circleci.com/project-id', circleci),
      /must hold oidc\.circleci\.com\/project-id or oidc\.circleci\.com\/org-id: CircleCI signs/,
    ],
    [
      'no ref on CircleCI',
      without('oidc.circleci.com/vcs-ref', circleci),
      /must hold oidc\.circleci\.com\/vcs-ref/,
    ],
    [
      'no origin: a fork has its own',
      without('oidc.circleci.com/vcs-origin', circleci),
      /must hold oidc\.circleci\.com\/vcs-origin: .* a fork's run has its own/,
    ],
    [
      'a ref on GitLab that may be a tag',
      { ...own, issuer: 'https://gitlab.com', claims: { project_id: 1, ref: 'main' } },
      /must hold ref_path or environment or ref and ref_type/,
    ],
    [
      'a GitLab of one’s own, said to be shared',
      { ...own, issuer: 'https://git.acme.example', kind: 'gitlab' },
      /must hold project_id or namespace_id/,
    ],
    ...(
      [
        ['https://agent.buildkite.com', /must hold pipeline_id or organization_id/],
        ['https://app.terraform.io', /must hold terraform_run_phase/],
        [
          'https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc',
          /must hold repositoryUuid/,
        ],
        ['https://oidc.vercel.com', /must hold project_id or owner_id/],
        ['https://accounts.google.com', /must hold sub or hd/],
        ['https://oidc.codefresh.io', /must hold sub/],
        ['https://api.pulumi.com/oidc', /must hold sub/],
        ['https://appleid.apple.com', /must hold sub/],
      ] as const
    ).map(([issuer, message]): [string, object, RegExp] => [issuer, { ...own, issuer }, message]),
  ])('with %s is refused, with the reason', (_name, issuer, message) => {
    const faults = faultsOf(issuer);
    expect(faults.join('\n')).toMatch(message);
  });

  it('is let in by what pins it', () => {
    const environment = { repository_owner_id: 65, environment: 'production' };
    const tags = { repository_id: 74, ref: ['refs/heads/main', 'refs/tags/v*', 'refs/heads/r/*'] };
    const gitlab = { project_id: 1, ref: 'main', ref_type: 'branch' };
    expect(
      faultsOf(
        { ...github, claims: environment },
        { ...github, name: 'tags', claims: tags },
        { ...own, name: 'lab', issuer: 'https://gitlab.com', claims: gitlab },
        { ...own, name: 'pool', issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a' },
      ),
    ).toEqual([]);
  });

  it('is known by its address only', () => {
    for (const address of [
      'https://token.actions.githubusercontent.com.evil.example',
      'https://gitlab.com.evil.example',
      'https://oidc.circleci.com/org/x',
    ]) {
      expect(knownIssuer(address, undefined).needs).toEqual([]);
    }
    expect(knownIssuer(github.issuer, undefined).kind).toBe('github');
  });
});
