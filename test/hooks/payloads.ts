// Deliveries of the documented shapes, in our own words and with made-up values.

export const revision = '4d1c9a7be0f25836a1b0c4d7e8f90123456789ab';

type Over = Record<string, unknown>;

/** `workflow-completed` of a project of CircleCI's GitHub OAuth app. */
export function circleci(over: { vcs?: Over; workflow?: Over; pipeline?: Over } & Over = {}) {
  const { vcs, workflow, pipeline, ...rest } = over;
  return {
    id: '0b6a2f3c-9d1e-4f55-8a77-31c2d4e5f601',
    type: 'workflow-completed',
    happened_at: '2026-11-22T09:59:58.120Z',
    webhook: { id: '7f4b1c2d-1111-4222-8333-944455566677', name: 'serin' },
    project: {
      id: 'c0ffee00-1234-4abc-9def-001122334455',
      name: 'front-api',
      slug: 'gh/acme/front-api',
    },
    organization: { id: 'abad1dea-1234-4abc-9def-001122334455', name: 'acme' },
    workflow: {
      id: '5a5a5a5a-1234-4abc-9def-001122334455',
      name: 'release',
      created_at: '2026-11-22T09:55:00.000Z',
      stopped_at: '2026-11-22T09:59:57.900Z',
      url: 'https://ci.example/pipelines/412/workflows/5a5a5a5a',
      status: 'success',
      ...workflow,
    },
    pipeline: {
      id: '6b6b6b6b-1234-4abc-9def-001122334455',
      number: 412,
      created_at: '2026-11-22T09:54:58.000Z',
      trigger: { type: 'webhook' },
      vcs: {
        provider_name: 'github',
        origin_repository_url: 'https://github.com/acme/front-api',
        target_repository_url: 'https://github.com/acme/front-api',
        revision,
        commit: {
          subject: 'Faster checkout',
          body: '',
          author: { name: 'ada', email: 'ada@acme.example' },
          authored_at: '2026-11-22T09:54:00Z',
          committer: { name: 'ada', email: 'ada@acme.example' },
          committed_at: '2026-11-22T09:54:00Z',
        },
        branch: 'main',
        ...vcs,
      },
      ...pipeline,
    },
    ...rest,
  };
}

export function circleciJob(job: Over = {}) {
  const { workflow, ...rest } = circleci();
  const { status: _, ...withoutStatus } = workflow;
  return {
    ...rest,
    type: 'job-completed',
    workflow: withoutStatus,
    job: { id: 'j', name: 'push-image', number: 7, status: 'success', ...job },
  };
}

/** The same of CircleCI's GitHub App or GitLab: no `vcs`. */
export function circleciApp({
  git = {},
  circleci: how = {},
  from = {},
}: Record<string, Over> = {}) {
  return circleci({
    project: { id: 'c0ffee00-1234-4abc-9def-001122334455', name: 'x', slug: 'circleci/AbC/DeF' },
    pipeline: {
      number: 9,
      vcs: undefined,
      trigger: { type: 'gitlab' },
      trigger_parameters: {
        gitlab: {
          type: 'push',
          user_username: 'grace',
          repo_url: 'git@gitlab.com:acme/front-api.git',
          ...from,
        },
        git: {
          tag: '',
          branch: 'main',
          ref: 'refs/heads/main',
          checkout_sha: revision,
          checkout_url: 'https://gitlab.com/acme/front-api.git',
          ...git,
        },
        circleci: {
          event_time: '2026-11-22T09:54:58Z',
          event_type: 'push',
          trigger_type: 'gitlab',
          ...how,
        },
      },
    },
  });
}

/** `workflow_run` of GitHub. */
export function github(run: Over = {}, rest: Over = {}) {
  return {
    action: 'completed',
    repository: { id: 4711, name: 'front-api', full_name: 'acme/front-api' },
    sender: { id: 1, login: 'ada', type: 'User' },
    workflow: { id: 9, name: 'Release', path: '.github/workflows/release.yml' },
    workflow_run: {
      id: 123456,
      name: 'Release',
      path: '.github/workflows/release.yml',
      event: 'push',
      status: 'completed',
      conclusion: 'success',
      head_branch: 'main',
      head_sha: revision,
      head_repository: { id: 4711, full_name: 'acme/front-api' },
      repository: { id: 4711, full_name: 'acme/front-api' },
      run_number: 88,
      run_attempt: 1,
      created_at: '2026-11-22T09:54:02Z',
      updated_at: '2026-11-22T09:59:58Z',
      actor: { login: 'ada' },
      triggering_actor: { login: 'grace' },
      pull_requests: [],
      ...run,
    },
    ...rest,
  };
}

/** When what `githubPush` tells was pushed, in GitHub's seconds. */
export const pushedAt = Date.parse('2026-11-22T09:54:00Z') / 1000;

/** `push` of GitHub. Of an annotated tag `after` is the tag, and only `head_commit` is the commit. */
export function githubPush({ repository = {}, ...over }: { repository?: Over } & Over = {}) {
  return {
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    after: revision,
    created: false,
    deleted: false,
    repository: {
      ...{ id: 4711, name: 'front-api', full_name: 'acme/front-api', pushed_at: pushedAt },
      ...repository,
    },
    pusher: { name: 'ada' },
    commits: [],
    head_commit: over.deleted === true ? null : { id: over.after ?? revision },
    ...over,
  };
}

/** A push of so many commits, each as long as usual ones are: of 2048, the most that GitHub lists, 2 MiB. */
export function githubPushOf(count: number) {
  const commits = Array.from({ length: count }, (_, at) => {
    const id = at.toString(16).padStart(40, '0');
    const person = { name: 'Ada', email: 'ada@acme.example', username: 'ada' };
    return {
      ...{ id, tree_id: id, distinct: true, timestamp: '2026-11-22T09:54:00Z' },
      message: 'Faster checkout\n\nThe prices come with the basket, and not one by one.',
      url: `https://github.com/acme/front-api/commit/${id}`,
      ...{ author: person, committer: person, added: [], removed: [] },
      modified: Array.from({ length: 12 }, (_, file) => `src/components/part${file}/page${at}.ts`),
    };
  });
  return githubPush({ commits });
}

export function generic(over: Over = {}) {
  return {
    id: 'run-17',
    project: 'acme/front-api',
    workflow: 'release',
    status: 'success',
    branch: 'main',
    revision,
    number: 17,
    by: 'ada',
    ...over,
  };
}
