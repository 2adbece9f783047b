import type { Command } from '../model/intent.ts';
import type { LedgerEntry, LedgerKind, Progress } from '../model/record.ts';

/** What one entry of the ledger is to tell. */
export type Note = {
  kind: LedgerKind;
  text: string;
  /** Which commands cause this transition; without one the controller itself does. */
  causedBy: Command['verb'][];
  isOurs?: boolean;
  pause?: LedgerEntry['pause'];
};

/** Whether it is still the same release: another template or other steps begin one anew, at no pause. */
export function isSameRelease(before: Progress, after: Progress): boolean {
  const isSameSteps = before.currentStepHash === after.currentStepHash;
  return isSameSteps && before.currentPodHash === after.currentPodHash;
}
