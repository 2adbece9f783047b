import type { Command, Intent, Verb } from '../../model/intent.ts';
import type { Observed } from '../../model/observed.ts';
import type { MergePatch } from '../../model/plan.ts';

/** The patches that carry a command out, in this order, and what is told of them once they are done. */
export type Deed = {
  status?: MergePatch;
  spec?: MergePatch;
  template?: MergePatch;
  detail: string;
};

/** Either a deed still to do, or why there is none. */
export type Verdict = { deed: Deed } | { refuse: string } | { done: string };

/** What a command means to a rollout. Each verb has a file here and a row in rules.ts. */
export type CommandRule<V extends Verb = Verb> = {
  /** What is to be written for it, as `kubectl argo rollouts` would have written it. */
  judge: (observed: Observed, command: CommandOf<V>, intent: Intent) => Verdict;
  /**
   * It takes a release back: it goes before all others, depends on nothing but that release, and waits as
   * long as that lives.
   */
  urgent?: true;
  /** It writes the template, which may be another object's. */
  ofTemplate?: true;
  /** What comes of it is seen later than its write, and told as it is then. */
  toldLater?: true;
  /**
   * Whether a write that may have been done and undone is done again, now that its effect is not there and
   * its answer was lost. Without this, never.
   */
  mayRepeat?: (command: CommandOf<V>, deed: Deed) => boolean;
};

type CommandOf<V extends Verb> = Extract<Command, { verb: V }>;

export function verdictOf(isDone: boolean, deed: Deed): Verdict {
  return isDone ? { done: deed.detail } : { deed };
}
