import type { PauseCondition, RolloutStatus } from '../../model/argo.generated.ts';
import { pauseReasons } from '../../model/names.ts';

/** Whether a pause belongs to the release itself: of a step, or before the switch. */
export function isOfRelease(reason: string): boolean {
  return reason === pauseReasons.step || reason === pauseReasons.blueGreen;
}

/** A hold of Serin's own, which only a person lifts: docs/adr/0006-lost-status.md */
export function isHold({ reason }: PauseCondition): boolean {
  return reason === pauseReasons.statusLost || reason === pauseReasons.stableLost;
}

export function isOnHold({ pauseConditions = [] }: RolloutStatus): boolean {
  return pauseConditions.some(isHold);
}
