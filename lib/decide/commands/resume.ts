import type { Rollout } from '../../model/argo.generated.ts';
import { releasePause } from '../steps/pause.ts';
import { stepIndexOf, stepsOf } from '../steps/steps.ts';
import { type CommandRule, type CommandTerms, type Deed, verdictOf } from './rule.ts';
import { hasNoSteps, type Seen } from './seen.ts';

export const resumeTerms: CommandTerms<'resume'> = {
  objection: (seen) => {
    if (seen.userPaused) return undefined;
    if (!seen.heldByPause) return { text: 'the rollout is not paused.' };
    const text = `its pause is ${pauseText(seen)}.`;
    return { text, remedy: 'To go on from it, use promote.' };
  },
  // The plugin has no word for it: its promote would end a pause of the steps as well.
  kubectl: () => ({ spec: { paused: false } }),
};

export const resume: CommandRule<'resume'> = {
  terms: resumeTerms,
  judge: ({ rollout }) => verdictOf(!rollout.spec?.paused, unpausing(rollout)),
};

function pauseText(seen: Seen): string {
  if (seen.pauseStart === null) return 'not one by a person';
  return hasNoSteps(seen) ? 'the one before the switch' : 'one of the steps';
}

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
