import * as z from 'zod';
import { defined } from '../model/defined.ts';
import { fromTime } from '../model/units.ts';
import {
  actorText,
  type CiEvent,
  claimOf,
  faultOf,
  longSlug,
  type Read,
  refName,
  statusOf,
  valuesOf,
} from './event.ts';

// The shape that CircleCI documents in its outbound webhooks reference. Pipelines of the GitHub OAuth app and
// of Bitbucket Cloud have `vcs`; those of the GitHub App and GitLab have `trigger_parameters`.

const text = z.string().max(1024);
const optional = text.nullish();
const time = text.refine((at) => !Number.isNaN(fromTime(at)), 'must be a time');

const vcs = z.looseObject({
  origin_repository_url: optional,
  target_repository_url: optional,
  revision: optional,
  branch: optional,
  tag: optional,
  commit: z.looseObject({ author: z.looseObject({ name: optional }).nullish() }).nullish(),
});

const provider = z.looseObject({
  repo_url: optional,
  user_username: optional,
  user_name: optional,
});

const parameters = z.looseObject({
  circleci: z.looseObject({ event_type: text }),
  git: z
    .looseObject({
      branch: optional,
      tag: optional,
      ref: optional,
      checkout_sha: optional,
      checkout_url: optional,
    })
    .nullish(),
  gitlab: provider.nullish(),
  github_app: provider.nullish(),
});

const payload = z.looseObject({
  type: text,
  happened_at: time,
  project: z.looseObject({ id: text, slug: text }),
  workflow: z.looseObject({ name: text, status: optional }),
  job: z.looseObject({ name: text, status: text }).optional(),
  pipeline: z.looseObject({
    number: z.int(),
    vcs: vcs.nullish(),
    trigger_parameters: parameters.nullish(),
  }),
});
type Payload = z.infer<typeof payload>;

/** What was built, and whether it may be a stranger's. */
type Build = {
  branch?: string | undefined;
  tag?: string | undefined;
  /** The full name of the branch or tag, where CircleCI documents one: undefined where it does not. */
  ref?: string | undefined;
  revision?: string | undefined;
  person?: string | undefined;
  outsider?: string | undefined;
};

const types = ['workflow-completed', 'job-completed'];

export function readCircleci(body: unknown): Read {
  const type = z.looseObject({ type: text }).safeParse(body);
  if (type.success && !types.includes(type.data.type)) {
    return { ignored: `Rules know ${types.join(' and ')} only.` };
  }
  const parsed = payload.safeParse(body);
  if (!parsed.success) return faultOf('CircleCI', parsed.error.issues);
  const { data } = parsed;
  const { project, workflow, job, pipeline } = data;
  // The documented example of a job of the GitHub App calls itself workflow-completed.
  const said = job === undefined ? workflow.status : job.status;
  if (!said) return { fault: 'This is not what CircleCI documents: workflow.status is missing' };
  const { outsider, person, ...build } = buildOf(data.pipeline);
  const refs = refsOf(build);
  const number = String(pipeline.number);
  return {
    event: {
      what: job === undefined ? 'workflow-completed' : 'job-completed',
      project: { id: project.id, slug: longSlug(project.slug) },
      workflows: [workflow.name],
      ...(job === undefined ? {} : { job: job.name }),
      ...refs,
      status: statusOf(said),
      said,
      ...defined({ outsider }),
      at: fromTime(data.happened_at),
      values: valuesOf({ branch: refs.branch, tag: refs.tag, revision: build.revision, number }),
      actor: actorText({
        kind: 'circleci',
        project: project.slug.split('/').slice(1).join('/'),
        workflow: job === undefined ? workflow.name : `${workflow.name}/${job.name}`,
        number,
        ref: build.branch ?? build.tag,
        revision: build.revision,
        person,
      }),
    },
  };
}

/** What was built, if all that CircleCI says of it agrees. */
function refsOf({ branch, tag, ref }: Build): Pick<CiEvent, 'branch' | 'tag' | 'claimed'> {
  const kind = branch === undefined ? 'tag' : 'branch';
  const name = branch ?? tag;
  if (name === undefined) return {};
  const isOne = branch === undefined || tag === undefined;
  const isSame = ref === undefined || ref === refName(kind, name);
  if (isOne && isSame) return kind === 'branch' ? { branch: name } : { tag: name };
  const more = ref === undefined ? '' : ', and the same one in git.ref';
  return { claimed: claimOf(name, `it is to name one of them${more}`) };
}

function buildOf(pipeline: Payload['pipeline']): Build {
  if (pipeline.vcs) return ofVcs(pipeline.vcs);
  const { trigger_parameters: given } = pipeline;
  if (given?.git) return ofParameters(given);
  return { outsider: 'it does not say which repository was built' };
}

function ofVcs(built: z.infer<typeof vcs>): Build {
  const { origin_repository_url: origin, target_repository_url: target } = built;
  const branch = built.branch || undefined;
  const build = {
    branch,
    tag: built.tag || undefined,
    revision: built.revision || undefined,
    person: built.commit?.author?.name || undefined,
  };
  if (!origin || !target) return { ...build, outsider: 'it does not say whose commit was built' };
  if (repository(origin) !== repository(target)) {
    return { ...build, outsider: `the commit is of ${origin}, a fork of ${target}` };
  }
  // What CircleCI calls the branch of a pull request that it builds, and of nothing else.
  if (branch !== undefined && /^pull(?:-requests)?\/\d+/.test(branch)) {
    return { ...build, outsider: `${branch} is a pull request` };
  }
  return build;
}

function ofParameters({ circleci, git, ...providers }: z.infer<typeof parameters>): Build {
  const from = providers.github_app ?? providers.gitlab;
  const build = {
    branch: git?.branch || undefined,
    tag: git?.tag || undefined,
    ref: git?.ref ?? '',
    revision: git?.checkout_sha || undefined,
    person: from?.user_username || from?.user_name || undefined,
  };
  const { event_type: event } = circleci;
  if (event !== 'push') {
    return { ...build, outsider: `the pipeline was started by ${event}, not by a push` };
  }
  if (!git?.checkout_url || !from?.repo_url) {
    return { ...build, outsider: 'it does not say whose commit was built' };
  }
  if (repository(git.checkout_url) !== repository(from.repo_url)) {
    return { ...build, outsider: `${git.checkout_url} was built for ${from.repo_url}` };
  }
  return build;
}

/** One repository has several addresses: by HTTPS or SSH, with .git or without. */
function repository(url: string): string {
  return url
    .replace(/^git@([^:/]+):/, '$1/')
    .replace(/^(?:https?|ssh|git):\/\/(?:[^@/]*@)?/, '')
    .replace(/(?:\.git)?\/*$/, '')
    .toLowerCase();
}
