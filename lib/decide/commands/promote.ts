import { stepIndexOf, stepsOf } from '../steps/steps.ts';
import { boundTo } from './bound.ts';
import { placeIn, unpausing } from './resume.ts';
import { type CommandRule, verdictOf } from './rule.ts';

export const promote: CommandRule<'promote'> = {
  judge: ({ rollout }, command, { bound, applying }) => {
    const { status = {}, spec = {} } = rollout;
    const count = stepsOf(rollout).length;
    const at = bound.stepIndex ?? 0;
    if (command.full) {
      const promoted = status.stableRS === status.currentPodHash || status.promoteFull === true;
      return verdictOf(promoted && !spec.paused, {
        ...(!promoted && { status: { promoteFull: true } }),
        ...(spec.paused && { spec: { spec: { paused: false } } }),
        detail: 'The release is promoted in full.',
      });
    }
    if (command.skipAllSteps || command.skipCurrentStep) {
      const goal = command.skipAllSteps ? count : Math.min(at + 1, count);
      const detail = `The release went on from step ${at} to step ${goal} of ${count}.`;
      const isThere = stepIndexOf(rollout) >= goal;
      return verdictOf(isThere, { status: { currentStepIndex: goal }, detail });
    }
    if (spec.paused) return { deed: unpausing(rollout) };
    const seen = boundTo(rollout);
    const where = bound.pauseStart === null ? '' : ` ${placeIn(rollout, at)}`;
    const detail = `The pause${where} is lifted.`;
    const isSamePause = bound.pauseStart === seen.pauseStart && bound.stepIndex === seen.stepIndex;
    if ((status.pauseConditions ?? []).length > 0 && isSamePause) {
      return { deed: { status: { pauseConditions: null }, detail } };
    }
    const isSameRelease = bound.uid === seen.uid && bound.podHash === seen.podHash;
    if (applying !== undefined && isSameRelease) return { done: detail };
    const anyway =
      count === 0
        ? 'finish at once, use full'
        : 'skip the current step anyway, use skipCurrentStep';
    return { refuse: `Nothing is paused. To ${anyway}.` };
  },
  mayRepeat: ({ full, skipAllSteps, skipCurrentStep }, deed) => {
    // The second half of a full promotion.
    if (full) return deed.status === undefined;
    // A pause is known by its start: while that one is there, nobody has promoted it.
    return skipAllSteps !== true && skipCurrentStep !== true;
  },
};
