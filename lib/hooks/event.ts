import { faultList } from '../model/faults.ts';
import type { Millis } from '../model/units.ts';

/** The senders whose webhooks are understood. */
export type HookKind = 'circleci' | 'github' | 'hmac';

/** How a run ended, in one word for all senders. */
export type RunStatus = 'success' | 'failed' | 'canceled' | 'other';

/** A run of a pipeline that ended, whoever ran it. */
export type CiEvent = {
  /** In the sender's own words, such as workflow-completed. */
  what: string;
  /** Of the repository or project: what does not change, and what people call it. */
  project: { id: string; slug: string };
  /** The names that a rule may give its workflow. */
  workflows: string[];
  /** Set when the event is of one job. */
  job?: string;
  /** What it was of, where that is proven. */
  branch?: string;
  tag?: string;
  /** What it was of by a name that a branch and a tag may share. */
  claimed?: Claimed;
  status: RunStatus;
  /** How it ended, in the sender's own word. */
  said: string;
  /** Why the run may hold a stranger's code or wish, and thus does nothing. */
  outsider?: string;
  at: Millis;
  /** What the placeholders of a rule stand for. */
  values: Record<string, string>;
  /** Who is behind it, for the ledger: verified is only that the sender says so. */
  actor: string;
};

/** A commit that was pushed to a ref such as `refs/tags/v1`; without one, the deletion of that ref. */
export type Push = { repository: string; ref: string; revision?: string; at: Millis };

/** A name of a branch or a tag, why it is not known of which, and what a push would be that proves it. */
export type Claimed = {
  name: string;
  fault: string;
  /** `startedAt`: of a run that a push started. */
  push?: { repository: string; revision: string; startedAt?: Millis };
};

export function claimOf(name: string, remedy: string): Claimed {
  return {
    name,
    fault: `it does not say whether ${shown(name)} is a branch or a tag: ${remedy}`,
  };
}

/** CircleCI writes `gh` and `github` for the same. */
export function longSlug(slug: string): string {
  return slug.replace(/^gh\//, 'github/').replace(/^bb\//, 'bitbucket/');
}

export function refName(kind: 'branch' | 'tag', name: string): string {
  return `refs/${kind === 'branch' ? 'heads' : 'tags'}/${name}`;
}

/** `ignored`: a delivery that rules have nothing to say of. `fault`: not what the sender documents. */
export type Read = { event: CiEvent } | { push: Push } | { ignored: string } | { fault: string };

const statuses: Record<string, RunStatus> = {
  success: 'success',
  failed: 'failed',
  failure: 'failed',
  error: 'failed',
  timed_out: 'failed',
  startup_failure: 'failed',
  canceled: 'canceled',
  cancelled: 'canceled',
};

export function statusOf(said: string): RunStatus {
  return Object.hasOwn(statuses, said) ? (statuses[said] as RunStatus) : 'other';
}

const shownLengthMax = 120;

/** A sender's text as it may stand in an answer, a log or the ledger: one line, and not a long one. */
export function shown(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return line.length <= shownLengthMax ? line : `${line.slice(0, shownLengthMax)}…`;
}

/** Who did what, for the ledger: `circleci:acme/front-api build #412 main@abc1234 (ada)`. */
export function actorText(run: {
  kind: HookKind;
  project: string;
  workflow: string;
  number: string | undefined;
  ref: string | undefined;
  revision: string | undefined;
  person: string | undefined;
}): string {
  const commit = run.revision?.slice(0, shortLength);
  const at =
    run.ref === undefined ? commit : `${run.ref}${commit === undefined ? '' : `@${commit}`}`;
  const words = [
    `${run.kind}:${shown(run.project)}`,
    shown(run.workflow),
    ...(run.number === undefined ? [] : [`#${shown(run.number)}`]),
    ...(at === undefined ? [] : [shown(at)]),
    ...(run.person === undefined ? [] : [`(${shown(run.person)})`]),
  ];
  return words.join(' ');
}

export const shortLength = 7;

/** The placeholders of a run, without those it has no value for. */
export function valuesOf(run: {
  revision?: string | undefined;
  branch?: string | undefined;
  tag?: string | undefined;
  number?: string | undefined;
}): Record<string, string> {
  const { revision, branch, tag, number } = run;
  const shortRevision = revision?.slice(0, shortLength);
  const all = { revision, shortRevision, branch, tag, number };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
}

/** What a schema found wrong with a payload. */
export function faultOf(
  what: string,
  issues: readonly { path: PropertyKey[]; message: string }[],
): { fault: string } {
  const list = issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return { fault: `This is not what ${what} documents: ${faultList(list)}` };
}
