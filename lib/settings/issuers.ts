// Issuers whose signature strangers can get too: whoever has an account there. A token of theirs says
// something only by its audience and by the claims that name one's own corner and a place in it that not
// every pusher reaches. Configuration that does not ask for those is refused.

export const kinds = ['github', 'circleci', 'gitlab', 'cognito', 'oidc'] as const;
export type IssuerKind = (typeof kinds)[number];

/** One of these must be asked for; `a+b` means both. */
type Need = { any: string[]; what: string };

export type Known = {
  kind: IssuerKind;
  label: string;
  urls: RegExp[];
  needs: Need[];
  /** How the ledger names who came with such a token. See template.ts. */
  actor: string;
  /** Claims that are numbers in quotes: a name in their place would never match. */
  numbers?: string[];
  /** Values that are refused unless the configuration asks for them by name, and why. */
  refused?: { claim: string; value: string; why: string }[];
};

const circleci = (claim: string) => `oidc.circleci.com/${claim}`;
const ids = 'an id, which unlike a name is never given to somebody else';

const knownIssuers: Known[] = [
  {
    kind: 'github',
    label: 'GitHub',
    urls: [
      /^https:\/\/token\.actions\.githubusercontent\.com(?:\/[\w.-]+)?$/,
      /^https:\/\/token\.actions\.[\w-]+\.ghe\.com$/,
      /^https?:\/\/[^/]+\/_services\/token$/,
    ],
    needs: [
      { any: ['repository_id', 'repository_owner_id'], what: `whose repository: ${ids}` },
      { any: ['ref', 'environment'], what: 'the ref or environment that is trusted' },
    ],
    actor: '{repository}@{ref} run {run_id} by {actor}',
    numbers: ['repository_id', 'repository_owner_id'],
    refused: [
      {
        claim: 'event_name',
        value: 'pull_request_target',
        why: "it runs for a stranger's pull request with the ref of the branch it is aimed at",
      },
      ...['issue_comment', 'issues', 'discussion', 'discussion_comment', 'fork', 'watch'].map(
        (value) => ({
          claim: 'event_name',
          value,
          why: 'anybody can cause it, and it runs with the ref of the default branch',
        }),
      ),
    ],
  },
  {
    kind: 'circleci',
    label: 'CircleCI',
    urls: [/^https:\/\/oidc\.circleci\.com\/org\/[0-9a-f-]{36}$/],
    needs: [
      {
        any: [circleci('project-id'), circleci('org-id')],
        what: `the project or organisation: ${ids}`,
      },
      { any: [circleci('vcs-ref')], what: 'the ref that is trusted' },
      {
        any: [circleci('vcs-origin')],
        what: "the repository itself, since a fork's run has its own",
      },
    ],
    actor: `{${circleci('vcs-origin')}}@{${circleci('vcs-ref')}} job {${circleci('job-id')}} by {sub/user}`,
  },
  {
    kind: 'gitlab',
    label: 'GitLab',
    urls: [/^https:\/\/gitlab\.com$/],
    needs: [
      { any: ['project_id', 'namespace_id'], what: `the project or group: ${ids}` },
      {
        any: ['ref_path', 'environment', 'ref+ref_type'],
        what: 'the ref (a tag may have the name of a branch) or environment that is trusted',
      },
    ],
    actor: '{project_path}@{ref} job {job_id} by {user_login}',
    numbers: ['project_id', 'namespace_id'],
  },
  {
    kind: 'cognito',
    label: 'Cognito',
    urls: [/^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/[\w-]+$/],
    needs: [],
    actor: '{cognito:username|username|sub}',
  },
  others('Buildkite', /^https:\/\/agent\.buildkite\.com$/, [
    { any: ['pipeline_id', 'organization_id'], what: `the pipeline or organisation: ${ids}` },
    { any: ['build_branch', 'build_tag'], what: 'the branch or tag that is trusted' },
  ]),
  others('HCP Terraform', /^https:\/\/app(?:\.eu)?\.terraform\.io$/, [
    {
      any: ['terraform_workspace_id', 'terraform_project_id', 'terraform_organization_id'],
      what: `the workspace, project or organisation: ${ids}`,
    },
    { any: ['terraform_run_phase'], what: 'the phase, since anybody can have a plan made' },
  ]),
  others(
    'Bitbucket',
    /^https:\/\/api\.bitbucket\.org\/2\.0\/workspaces\/[^/]+\/pipelines-config\/identity\/oidc$/,
    [
      { any: ['repositoryUuid'], what: `the repository: ${ids}` },
      { any: ['branchName', 'deploymentEnvironmentUuid'], what: 'the branch or environment' },
    ],
  ),
  others('Vercel', /^https:\/\/oidc\.vercel\.com$/, [
    { any: ['project_id', 'owner_id'], what: `the project or team: ${ids}` },
    { any: ['environment'], what: 'the environment that is trusted' },
  ]),
  others('Google', /^https:\/\/accounts\.google\.com$/, [
    { any: ['sub', 'hd'], what: 'the account, or the domain of your organisation' },
  ]),
  // They sign for all of their customers, and `sub` says for whom.
  ...[
    /^https:\/\/oidc\.codefresh\.io$/,
    /^https:\/\/api\.pulumi\.com\/oidc$/,
    /^https:\/\/scalr\.io$/,
    /^https:\/\/studio\.datachain\.ai\/api$/,
    /^https:\/\/proidc\.upbound\.io$/,
    /^https:\/\/appleid\.apple\.com$/,
    /^https:\/\/www\.facebook\.com$/,
    /^https:\/\/www\.amazon\.com$/,
  ].map((url) =>
    others('This issuer', url, [{ any: ['sub'], what: 'whose token it is, among all customers' }]),
  ),
];

function others(label: string, url: RegExp, needs: Need[]): Known {
  return { kind: 'oidc', label, urls: [url], needs, actor: '{sub}' };
}

/** What is known of an issuer: by its address, else by the kind it is said to be. */
export function knownIssuer(issuer: string, kind: IssuerKind | undefined): Known {
  return (
    knownIssuers.find(({ urls }) => urls.some((url) => url.test(issuer))) ??
    knownIssuers.find((known) => known.kind === kind && kind !== 'oidc') ?? {
      kind: 'oidc',
      label: 'This issuer',
      urls: [],
      needs: [],
      actor: '{sub}',
    }
  );
}
