import type { Rollout, RolloutStatus } from '../../model/argo.generated.ts';
import { pauseReasons } from '../../model/names.ts';
import type { MergePatch } from '../../model/plan.ts';
import { hasPause } from '../release/release.ts';
import { stepIndexOf, stepsOf } from '../steps/steps.ts';
import { boundTo } from './bound.ts';
import { placeIn, unpausing } from './resume.ts';
import {
  type CommandOf,
  type CommandRule,
  type CommandTerms,
  type Objection,
  verdictOf,
} from './rule.ts';
import { hasNoSteps, isReleasing, noRelease, type Seen } from './seen.ts';

export const promoteTerms: CommandTerms<'promote'> = {
  objection,
  kubectl: ({ full, skipCurrentStep, skipAllSteps }) => ({
    plugin: 'promote',
    args: [
      ...(full ? ['--full'] : []),
      ...(skipCurrentStep ? ['--skip-current-step'] : []),
      ...(skipAllSteps ? ['--skip-all-steps'] : []),
    ],
  }),
};

export const promote: CommandRule<'promote'> = {
  terms: promoteTerms,
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
      // A promote of the step that is skipped, not dealt with yet, must not lift the next pause.
      const isLifted = status.controllerPause && !status.pauseConditions?.length;
      const lifted = isHeldByRun(status)
        ? { pauseConditions: null, controllerPause: false }
        : isLifted && { controllerPause: null };
      return verdictOf(isThere, { status: { currentStepIndex: goal, ...lifted }, detail });
    }
    if (spec.paused) return { deed: unpausing(rollout) };
    const seen = boundTo(rollout);
    const where = bound.pauseStart === null ? '' : ` ${placeIn(rollout, at)}`;
    const detail = `The pause${where} is lifted.`;
    const isSamePause = bound.pauseStart === seen.pauseStart && bound.stepIndex === seen.stepIndex;
    if (isInconclusive(rollout) && isSamePause) {
      return {
        deed: { status: pastAnalysis(rollout), detail: `${detail} Its analysis is passed over.` },
      };
    }
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

/** Whoever skips what an analysis could not tell need not promote that as well, as with the peer. */
function isHeldByRun(status: RolloutStatus): boolean {
  const { inconclusive, inconclusiveExperiment } = pauseReasons;
  return hasPause(status, inconclusive) || hasPause(status, inconclusiveExperiment);
}

/** The pause is for the analysis of a step. argo v1.10.1 pkg/kubectl-argo-rollouts/cmd/promote/promote.go */
function isInconclusive({ spec, status = {} }: Rollout): boolean {
  const isPaused = status.controllerPause === true && (status.pauseConditions ?? []).length > 0;
  const run = status.canary?.currentStepAnalysisRunStatus;
  return isPaused && spec?.strategy?.canary !== undefined && run?.status === 'Inconclusive';
}

function pastAnalysis(rollout: Rollout): MergePatch {
  const goal = Math.min(stepIndexOf(rollout) + 1, stepsOf(rollout).length);
  return { pauseConditions: null, controllerPause: false, currentStepIndex: goal };
}

function objection(
  seen: Seen,
  { full, skipCurrentStep, skipAllSteps }: CommandOf<'promote'>,
): Objection | undefined {
  const { stepIndex, stepCount, phase } = seen;
  if (full) return isReleasing(seen) ? undefined : { text: noRelease(seen) };
  if (seen.aborted) {
    return {
      text: 'the release is aborted.',
      remedy:
        'To start it again from its first step, use retry; to finish it at once, promote with full.',
    };
  }
  if (skipCurrentStep || skipAllSteps) {
    if (!isReleasing(seen)) return { text: noRelease(seen) };
    if (hasNoSteps(seen)) {
      return { text: 'the rollout has no steps to skip.', remedy: 'To finish at once, use full.' };
    }
    return (stepIndex ?? 0) < stepCount
      ? undefined
      : { text: `all ${stepCount} steps are done already.` };
  }
  if (seen.heldByPause || seen.userPaused) return undefined;
  const text = `nothing is paused: the rollout is ${phase}.`;
  if (!isReleasing(seen)) return { text };
  const remedy = hasNoSteps(seen)
    ? 'To finish at once, use full.'
    : 'To go on anyway, use skipCurrentStep.';
  return { text, remedy };
}
