import type { Command } from '../model/intent.ts';
import type { LedgerEntry, LedgerKind } from '../model/record.ts';

/** What one entry of the ledger is to tell. */
export type Note = {
  kind: LedgerKind;
  text: string;
  /** Which commands cause this transition; without one the controller itself does. */
  causedBy: Command['verb'][];
  isOurs?: boolean;
  pause?: LedgerEntry['pause'];
};
