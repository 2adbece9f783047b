import type { Reason } from '../../model/plan.ts';
import type { Progress, RolloutRecord } from '../../model/record.ts';
import type { Millis } from '../../model/units.ts';
import type { RolloutView } from '../../model/view.ts';
import { isOfRelease } from '../release/pauseReason.ts';

/** What is known of a rollout when a command for it arrives: what its author can have seen. */
export type Seen = {
  observedAt: Millis;
  uid: string;
  generation: number;
  revision: number;
  podHash: string;
  stableHash: string;
  images: string[];
  stepIndex: number | null;
  stepCount: number;
  pauseStart: string | null;
  phase: string;
  message: string;
  /** A step, or Serin itself, holds the release. */
  heldByPause: boolean;
  /** A person holds it: `spec.paused`. */
  userPaused: boolean;
  aborted: boolean;
  /** The revisions that can be gone back to, where known. */
  revisions?: number[];
  /** Why Serin leaves the rollout as it is, where it does. */
  leftAlone?: Reason;
};

/** From the last turn's record or from a fresh look, whichever is later. */
export function latest(
  { progress, view }: Pick<RolloutRecord, 'progress' | 'view'>,
  fresh: RolloutView | undefined,
): Seen | undefined {
  if (fresh !== undefined && fresh.observedAt >= (progress?.observedAt ?? 0)) return ofView(fresh);
  return progress && ofProgress(progress, view);
}

function ofProgress(progress: Progress, view: RolloutView | undefined): Seen {
  const { observedAt, uid, generation, revision, images, stepCount, phase, message } = progress;
  return {
    ...{ observedAt, uid, generation, revision, images, stepCount, phase, message },
    podHash: progress.currentPodHash,
    stableHash: progress.stableRS,
    stepIndex: progress.currentStepIndex,
    // Commands are bound to the pause of a step; others have a start that no command depends on.
    pauseStart: isOfRelease(progress.pauseReason ?? '') ? progress.pauseStart : null,
    heldByPause: progress.pauseReason !== null,
    userPaused: progress.userPaused,
    aborted: progress.abort,
    ...(view?.uid === uid ? { revisions: revisionsOf(view), ...leftAloneIn(view) } : {}),
  };
}

function ofView(view: RolloutView): Seen {
  const { observedAt, uid, generation, revision, podHash, stableHash, pauseStart } = view;
  const { phase, message, aborted } = view;
  const sets = view.revisions.flatMap((each) => each.replicaSets);
  // The message tells whose pause it is: a person's hides the step's.
  const bySteps = phase === 'Paused' ? message !== 'manually paused' : pauseStart !== null;
  return {
    ...{ observedAt, uid, generation, revision, podHash, stableHash, pauseStart },
    ...{ phase, message, aborted },
    images: sets.find((set) => set.podHash === podHash)?.images ?? [],
    stepIndex: view.step?.index ?? null,
    stepCount: view.step?.count ?? 0,
    heldByPause: view.paused && (bySteps || pauseStart !== null),
    userPaused: view.paused && !bySteps,
    revisions: revisionsOf(view),
    ...leftAloneIn(view),
  };
}

function leftAloneIn({ reasons }: RolloutView): Pick<Seen, 'leftAlone'> {
  const leftAlone = reasons.find(({ mark }) => mark === 'leftAlone');
  return leftAlone === undefined ? {} : { leftAlone };
}

function revisionsOf(view: RolloutView): number[] {
  return view.revisions.map(({ revision }) => revision);
}

export function isReleasing({ podHash, stableHash }: Seen): boolean {
  return stableHash !== '' && podHash !== '' && podHash !== stableHash;
}

export function noRelease({ stableHash, revision }: Seen): string {
  return stableHash === ''
    ? `revision ${revision} is the first, and there is no release before it.`
    : `no release is in progress: revision ${revision} is the stable one.`;
}

/** As blue-green, whose only pause is the one before the switch. */
export function hasNoSteps({ stepCount }: Seen): boolean {
  return stepCount === 0;
}
