import type { Command, Intent, Verb } from '../../model/intent.ts';
import type { Observed } from '../../model/observed.ts';
import type { MergePatch } from '../../model/plan.ts';
import type { Seen } from './seen.ts';

/** Why a command makes no sense for what its author can have seen, and what would. */
export type Objection = { text: string; remedy?: string };

/** The patches that carry a command out, in this order, and what is told of them once they are done. */
export type Deed = {
  status?: MergePatch;
  spec?: MergePatch;
  template?: MergePatch;
  detail: string;
};

/** Either a deed still to do, or why there is none. */
export type Verdict = { deed: Deed } | { refuse: string } | { done: string };

/** What does the same without Serin: a command of the plugin, or a patch of the spec. */
type Kubectl = { plugin: string; args?: string[] } | { spec: MergePatch };

/** On what terms a command is accepted: asked by functions that see no cluster, and have no rules in them. */
export type CommandTerms<V extends Verb = Verb> = {
  /** Absent where it makes sense at any time. */
  objection?: (seen: Seen, command: CommandOf<V>) => Objection | undefined;
  kubectl: (command: CommandOf<V>) => Kubectl;
  /**
   * It takes a release back: it goes before all others, depends on nothing but that release, and waits as
   * long as that lives.
   */
  urgent?: true;
};

/** What a command means to a rollout. Each verb has a file here and a row in rules.ts. */
export type CommandRule<V extends Verb = Verb> = {
  terms: CommandTerms<V>;
  /** What is to be written for it, as `kubectl argo rollouts` would have written it. */
  judge: (observed: Observed, command: CommandOf<V>, intent: Intent) => Verdict;
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

export type CommandOf<V extends Verb> = Extract<Command, { verb: V }>;

export function verdictOf(isDone: boolean, deed: Deed): Verdict {
  return isDone ? { done: deed.detail } : { deed };
}
