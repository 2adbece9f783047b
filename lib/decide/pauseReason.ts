import { pauseReasons } from '../model/names.ts';

/** Whether a pause belongs to the release itself: of a step, or before the switch. */
export function isOfRelease(reason: string): boolean {
  return reason === pauseReasons.step || reason === pauseReasons.blueGreen;
}
