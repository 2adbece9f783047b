import * as z from 'zod';
import { fromTime } from '../model/units.ts';
import { actorText, type CiEvent, faultOf, type Read, statusOf, valuesOf } from './event.ts';

// The shape that GitHub documents for the event workflow_run. Which event it is follows from the signed body,
// not from a header.

const text = z.string().max(1024);
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
    updated_at: text.refine((at) => !Number.isNaN(fromTime(at)), 'must be a time'),
    triggering_actor: z.looseObject({ login: text }).nullish(),
    actor: z.looseObject({ login: text }).nullish(),
  }),
});
type Run = z.infer<typeof payload>['workflow_run'];

/**
 * Events that only somebody with the right to write can cause. A pull request, a comment or an issue is
 * anybody's, and what it starts may run under the name of the default branch.
 */
const trustedEvents = ['push', 'workflow_dispatch', 'repository_dispatch', 'schedule', 'release'];

export function readGithub(body: unknown): Read {
  if (typeof body !== 'object' || body === null) return { fault: 'The body is not a JSON object.' };
  if (!('workflow_run' in body)) return { ignored: 'Rules know the event workflow_run only.' };
  const parsed = payload.safeParse(body);
  if (!parsed.success) return faultOf('GitHub', parsed.error.issues);
  const { action, workflow_run: run, repository: own } = parsed.data;
  if (action !== 'completed') return { ignored: `The run is ${action}, not completed.` };
  const said = run.conclusion ?? 'none';
  const outsider = outsiderOf(run, own);
  const ref = run.head_branch ?? undefined;
  const refs = refsOf(run.event, ref);
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
      ...(outsider === undefined ? {} : { outsider }),
      at: fromTime(run.updated_at),
      values: valuesOf({ ...refs, revision: run.head_sha, number }),
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

/** GitHub gives the name of a branch and of a tag in the same field. */
function refsOf(event: string, ref: string | undefined): Pick<CiEvent, 'branch' | 'tag'> {
  if (!ref) return {};
  return event === 'release' ? { tag: ref } : { branch: ref, tag: ref };
}
