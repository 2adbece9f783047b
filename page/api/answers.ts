import type { LedgerEntry } from '../../lib/model/record.ts';
import type { RolloutView } from '../../lib/model/view.ts';

// What the API answers, as far as the page reads it. What a deployment that is older or newer may leave out
// is optional here.

export type Verb =
  | 'promote'
  | 'abort'
  | 'retry'
  | 'pause'
  | 'resume'
  | 'restart'
  | 'undo'
  | 'image';

export type PromoteOptions = { full?: true; skipCurrentStep?: true; skipAllSteps?: true };

/** What may be done with a rollout, and what it would do. */
export type Act = {
  verb: Verb;
  options?: PromoteOptions;
  may: boolean;
  fits: boolean;
  whyNot?: string;
  remedy?: string;
  does: string[];
};

export type StepView = {
  index: number;
  kind: string;
  text: string;
  state: 'done' | 'current' | 'toCome';
  begunAt?: number;
  doneAt?: number;
};

export type Rollout = Omit<RolloutView, 'steps'> & { acts?: Act[]; steps?: StepView[] };

export type Ledger = { items: LedgerEntry[]; cursor?: string };
export type Me = { name: string; proof: string; kind: string; groups: string[] };

export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  mismatches?: { field: string; expected: string | number; actual: unknown }[];
};
