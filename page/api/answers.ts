import type { RolloutAnswer } from '../../lib/model/act.ts';
import type { LedgerEntry } from '../../lib/model/record.ts';

// What the API answers, as far as the page reads it. What a deployment that is older or newer may leave out
// is optional here.

export type Rollout = RolloutAnswer;

export type Ledger = { items: LedgerEntry[]; cursor?: string };

export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  mismatches?: { field: string; expected: string | number; actual: unknown }[];
};
