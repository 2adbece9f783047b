import type { RolloutView } from '../lib/model/view.ts';
import { plainAll } from './text.ts';
import { phaseText } from './tree.ts';

/** `॥ Paused - CanaryPauseStep (step 1/6, weight 1)` */
export function statusLine(
  view: Pick<RolloutView, 'phase' | 'message' | 'step' | 'setWeight'>,
  colour = false,
): string {
  const { phase, message, step, setWeight } = plainAll(view);
  const saying = message === '' ? '' : ` - ${message}`;
  const where = [
    ...(step === undefined ? [] : [`step ${step.index}/${step.count}`]),
    ...(setWeight === undefined ? [] : [`weight ${setWeight}`]),
  ];
  return `${phaseText(phase, colour)}${saying}${where.length > 0 ? ` (${where.join(', ')})` : ''}`;
}
