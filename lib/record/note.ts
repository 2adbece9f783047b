import type { Command } from '../model/intent.ts';
import { pauseReasons } from '../model/names.ts';
import type { LedgerEntry, LedgerKind, Progress } from '../model/record.ts';

/** What one entry of the ledger is to tell. */
export type Note = {
  kind: LedgerKind;
  text: string;
  /** Which commands cause this transition; without one the controller itself does. */
  causedBy: Command['verb'][];
  isOurs?: boolean;
  /** More than one transition in one entry. */
  merged?: boolean;
  pause?: LedgerEntry['pause'];
  failedBy?: LedgerEntry['failedBy'];
  waitsFor?: LedgerEntry['waitsFor'];
};

/** Whether it is still the same release: another template or other steps begin one anew, at no pause. */
export function isSameRelease(before: Progress, after: Progress): boolean {
  const isSameSteps = before.currentStepHash === after.currentStepHash;
  return isSameSteps && before.currentPodHash === after.currentPodHash;
}

/**
 * Whether it was aborted and started again in between. Within a release nothing else goes back to the first
 * step, or leaves a pause and stays there.
 */
export function isRestarted(before: Progress, after: Progress): boolean {
  const [from, to] = [before.currentStepIndex, after.currentStepIndex];
  if (from === null || to === null || !isSameRelease(before, after)) return false;
  const isKept = [before, after].every(
    (each) =>
      isInRelease(each) &&
      !(each.abort || each.promoteFull) &&
      // Before the first step nothing tells a lost status from a release that began anew.
      each.pauseReason !== pauseReasons.statusLost,
  );
  const isLifted = after.pauseStart === null && after.controllerPause;
  const wasAtPause = before.pauseReason === pauseReasons.step && !before.isPassed;
  const isOther = wasAtPause && before.pauseStart !== after.pauseStart && !isLifted;
  return isKept && to === 0 && (from > 0 || isOther);
}

function isInRelease({ stableRS, currentPodHash }: Progress): boolean {
  return stableRS !== '' && stableRS !== currentPodHash;
}
