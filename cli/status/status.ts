import type { RolloutView } from '../../lib/model/view.ts';
import { markedIn, markWords } from '../marks.ts';
import { plainAll } from '../text.ts';
import { phaseText } from '../tree.ts';

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

/** The line, and behind it what it does not say. */
export function markedLine(view: RolloutView, colour = false): string {
  const marked = markedIn(view);
  if (marked === undefined) return statusLine(view, colour);
  const { mark, text, unblock } = plainAll(marked);
  const todo = mark === 'leftAlone' || unblock === undefined ? '' : ` To do: ${unblock}`;
  return `${statusLine(view, colour)}. ${markWords[mark]}: ${text}${todo}`;
}
