import { stepField, stepText } from '../decide/steps/kinds.ts';
import { stepIndexOf, stepsOf } from '../decide/steps/steps.ts';
import type { Rollout } from '../model/argo.generated.ts';
import { defined } from '../model/defined.ts';
import type { Millis } from '../model/units.ts';
import type { RolloutView, StepView } from '../model/view.ts';
import { uidOf } from '../model/workload.ts';

/**
 * The steps of a canary, each with the time at which it was seen to be begun and done. No status keeps those
 * times: they follow from the view of the turn before.
 */
export function stepsShown(
  rollout: Rollout,
  before: RolloutView | undefined,
  now: Millis,
): StepView[] {
  const steps = stepsOf(rollout).map((step) => ({ kind: stepField(step), text: stepText(step) }));
  const index = stepIndexOf(rollout);
  const known = timesOf(rollout, before, steps);
  if (known === undefined) {
    // One that was under way before anybody looked began at a time that nobody knows; the first revision of
    // all takes no steps.
    const isBegun = before?.steps !== undefined && before.stableHash !== '' && index === 0;
    return steps.map((step, place) => (isBegun && place === 0 ? { ...step, begunAt: now } : step));
  }
  // An abort goes back to the first step, and what was done until then stays to be seen.
  if (rollout.status?.abort === true) return known.steps;
  return known.steps.map(({ begunAt, doneAt, ...step }, place) => ({
    ...step,
    ...defined({
      begunAt: place > known.index && place <= index ? now : begunAt,
      doneAt: place >= known.index && place < index ? now : doneAt,
    }),
  }));
}

/** What the view before knows of the same release, unless that has gone back since. */
function timesOf(
  rollout: Rollout,
  before: RolloutView | undefined,
  steps: StepView[],
): { steps: StepView[]; index: number } | undefined {
  if (before?.steps === undefined || before.step === undefined || before.stableHash === '') {
    return undefined;
  }
  const { status = {} } = rollout;
  const isSame = before.uid === uidOf(rollout) && before.podHash === (status.currentPodHash ?? '');
  const isRetried = before.aborted && status.abort !== true;
  const isBack = stepIndexOf(rollout) < before.step.index && status.abort !== true;
  if (!isSame || isRetried || isBack || textsOf(before.steps) !== textsOf(steps)) return undefined;
  return { steps: before.steps, index: before.step.index };
}

function textsOf(steps: StepView[]): string {
  return JSON.stringify(steps.map(({ text }) => text));
}
