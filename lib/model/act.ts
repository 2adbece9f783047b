import type { Verb } from './intent.ts';
import type { RolloutView } from './view.ts';

/** A command that can be given to a rollout: whether it fits the state that is known, and what it will do. */
export type Act = {
  verb: Verb;
  /** The fields of its body, where it is one of several ways of a verb. */
  options?: Record<string, true | number>;
  fits: boolean;
  /** What stands against it, in a sentence. */
  whyNot?: string;
  /** What would do instead. */
  remedy?: string;
  /** What it will do, in sentences, where it fits. */
  does: string[];
};

/** With whether the caller may give it. If not, `whyNot` says so, whether it fits or not. */
export type CallersAct = Act & { may: boolean };

/** A rollout by itself: lists, and answers of commands, have no acts. */
export type RolloutAnswer = RolloutView & { acts?: CallersAct[] };
