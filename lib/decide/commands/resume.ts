import type { Rollout } from '../../model/argo.generated.ts';
import { releasePause } from '../steps/pause.ts';
import { stepIndexOf, stepsOf } from '../steps/steps.ts';
import { type CommandRule, type Deed, verdictOf } from './rule.ts';

export const resume: CommandRule<'resume'> = {
  judge: ({ rollout }) => verdictOf(!rollout.spec?.paused, unpausing(rollout)),
};

/** Lifts what a person has paused, and not what else it pauses for. */
export function unpausing(rollout: Rollout): Deed {
  const { status = {} } = rollout;
  const isOther = (status.pauseConditions ?? []).length > 0;
  const where = placeIn(rollout, stepIndexOf(rollout));
  const left = releasePause(status) ? `it still pauses ${where}` : 'it is still held';
  const detail = `The pause by a person is lifted${isOther ? `; ${left}` : ''}.`;
  return { spec: { spec: { paused: false } }, detail };
}

export function placeIn(rollout: Rollout, index: number): string {
  const count = stepsOf(rollout).length;
  return count === 0 ? 'before the switch' : `at step ${index + 1} of ${count}`;
}
