import type { RolloutView } from '../lib/model/view.ts';
import { plain } from './text.ts';
import { phaseText } from './tree.ts';

/** `॥ Paused - CanaryPauseStep (step 1/6, weight 1)` */
export function statusLine(
  view: Pick<RolloutView, 'phase' | 'message' | 'step' | 'setWeight'>,
  colour = false,
): string {
  const message = view.message === '' ? '' : ` - ${plain(view.message)}`;
  const where = [
    ...(view.step === undefined ? [] : [`step ${view.step.index}/${view.step.count}`]),
    ...(view.setWeight === undefined ? [] : [`weight ${view.setWeight}`]),
  ];
  return `${phaseText(view.phase, colour)}${message}${where.length > 0 ? ` (${where.join(', ')})` : ''}`;
}
