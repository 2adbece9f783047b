import * as z from 'zod';
import { defined } from '../model/defined.ts';
import { fromTime, secondMs } from '../model/units.ts';
import {
  actorText,
  type CiEvent,
  claimOf,
  faultOf,
  type Read,
  statusOf,
  valuesOf,
} from './event.ts';

// The shapes that GitHub documents for the events workflow_run and push. Which event it is follows from the
// signed body, not from a header.

const text = z.string().max(1024);
const time = text.refine((at) => !Number.isNaN(fromTime(at)), 'must be a time');
const repository = z.looseObject({ id: z.int(), full_name: text });

const payload = z.looseObject({
  action: text,
  repository,
  workflow_run: z.looseObject({
    event: text,
    name: text.nullish(),
    path: text.optional(),
    conclusion: text.nullable(),
    head_branch: text.nullable(),
    head_sha: text,
    head_repository: z.looseObject({ id: z.int() }).nullable(),
    run_number: z.int(),
    // The first time that it was started: to start it again leaves this as it is.
    created_at: time,
    updated_at: time,
    triggering_actor: z.looseObject({ login: text }).nullish(),
    actor: z.looseObject({ login: text }).nullish(),
  }),
});
type Run = z.infer<typeof payload>['workflow_run'];

const object = z.string().regex(/^[0-9a-f]{40,64}$/, 'must be the id of a Git object');

const pushed = z.looseObject({
  ref: text,
  after: object,
  head_commit: z.looseObject({ id: object }).nullish(),
  deleted: z.boolean(),
  // When it was pushed: in this event in seconds, in all others as a time.
  repository: repository.extend({ pushed_at: z.union([z.int(), time]) }),
});

/**
 * Events that only somebody with the right to write can cause. A pull request, a comment or an issue is
 * anybody's, and what it starts may run under the name of the default branch.
 */
const trustedEvents = ['push', 'workflow_dispatch', 'repository_dispatch', 'schedule', 'release'];

export function readGithub(body: unknown): Read {
  if (typeof body !== 'object' || body === null) return { fault: 'The body is not a JSON object.' };
  if ('ref' in body && 'after' in body) return readPush(body);
  if (!('workflow_run' in body)) {
    return { ignored: 'Rules know the events workflow_run and push only.' };
  }
  const parsed = payload.safeParse(body);
  if (!parsed.success) return faultOf('GitHub', parsed.error.issues);
  const { action, workflow_run: run, repository: own } = parsed.data;
  if (action !== 'completed') return { ignored: `The run is ${action}, not completed.` };
  const said = run.conclusion ?? 'none';
  const outsider = outsiderOf(run, own);
  const ref = run.head_branch ?? undefined;
  const refs = refsOf(run, own);
  const number = String(run.run_number);
  // A workflow of another repository is called `path@ref`.
  const path = run.path?.replace(/@.*$/s, '');
  return {
    event: {
      what: 'workflow_run',
      project: { id: String(own.id), slug: own.full_name.toLowerCase() },
      workflows: [run.name, path].flatMap((name) => (name ? [name] : [])),
      ...refs,
      status: statusOf(said),
      said,
      ...defined({ outsider }),
      at: fromTime(run.updated_at),
      values: valuesOf({ branch: refs.branch, tag: refs.tag, revision: run.head_sha, number }),
      actor: actorText({
        kind: 'github',
        project: own.full_name,
        workflow: run.name ?? path ?? 'workflow',
        number,
        ref,
        revision: run.head_sha,
        person: run.triggering_actor?.login ?? run.actor?.login,
      }),
    },
  };
}

function outsiderOf(run: Run, own: { id: number; full_name: string }): string | undefined {
  if (run.head_repository === null) return 'the repository of its commit is gone';
  if (run.head_repository.id !== own.id) return `its commit is of a fork of ${own.full_name}`;
  if (trustedEvents.includes(run.event)) return undefined;
  return `it was started by ${run.event}, which takes no right to write`;
}

/**
 * GitHub gives the name of a branch and of a tag in the same field. A release is of a tag, and what runs by
 * itself is of the default branch; all others need the push as their proof.
 */
function refsOf(run: Run, own: { id: number }): Pick<CiEvent, 'branch' | 'tag' | 'claimed'> {
  const { event, head_branch: name, head_sha: revision } = run;
  if (!name) return {};
  if (event === 'release') return { tag: name };
  if (event === 'schedule' || event === 'repository_dispatch') return { branch: name };
  const startedAt = event === 'push' ? { startedAt: fromTime(run.created_at) } : {};
  const push = { repository: String(own.id), revision, ...startedAt };
  return { claimed: { ...claimOf(name, remedy), push } };
}

const remedy =
  'let this webhook send the event Pushes too, which tells that; then redeliver the push, then the run';

function readPush(body: object): Read {
  const parsed = pushed.safeParse(body);
  if (!parsed.success) return faultOf('GitHub', parsed.error.issues);
  const { ref, after, head_commit: commit, deleted, repository: own } = parsed.data;
  if (!/^refs\/(?:heads|tags)\/./.test(ref))
    return { ignored: 'It is neither a branch nor a tag.' };
  const { pushed_at: said } = own;
  const at = typeof said === 'number' ? said * secondMs : fromTime(said);
  const push = { repository: String(own.id), ref, at };
  if (deleted) return { push };
  // What an annotated tag was moved to is the tag itself; a run is of the commit behind it.
  return { push: { ...push, revision: commit?.id ?? after } };
}
