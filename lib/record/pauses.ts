import { isOfRelease } from '../decide/release/pauseReason.ts';
import { pauseSeconds } from '../decide/steps/pause.ts';
import type { Rollout } from '../model/argo.generated.ts';
import { pauseReasons } from '../model/names.ts';
import type { LedgerEntry, Progress } from '../model/record.ts';
import { fromTime, humanDuration, secondMs } from '../model/units.ts';
import { isRestarted, isSameRelease, type Note } from './note.ts';

// A full promotion or a skipped step leaves the pause and the abort in the status until the controller takes
// them off, some turns later. Who did it shows when it is asked for, and so it is told then, and only then.

/** What had to wait and goes on: somebody promoted it, its time was up, or nothing is to wait for. */
export function pauseEnds(before: Progress, after: Progress, rollout: Rollout): Note[] {
  if (!isSameRelease(before, after)) return [];
  const isFull = isPromotedInFull(before, after);
  const kept = keptPause(before, after, rollout);
  if (isFull && (before.abort || kept === undefined)) {
    const what = `The aborted update to revision ${after.revision} is promoted in full`;
    return [promoted(before.abort ? what : 'Promoted in full')];
  }
  if (kept === undefined) return [];
  if (isFull) return [promotedIn(kept, 'Promoted in full')];
  // An abort ends every pause, and shows in what is seen after it.
  if (before.abort || after.abort || !isOver(before, after)) return [];
  if (isRestarted(before, after)) return [];
  // It is not over: the status was wiped, and is held.
  if (after.pauseReason === pauseReasons.statusLost) return [];
  if (!isSkipped(before, after) && !isLifted(before, after)) return [overBySerin(kept)];
  // What lifts the pause by a person lifts that alone: the step's begins again.
  const isHeld = before.userPaused && before.pauseReason === pauseReasons.step;
  return isHeld && !isSkipped(before, after) ? [] : [promotedIn(kept, 'Promoted')];
}

function promotedIn({ keptMs, pause }: Kept, how: string): Note {
  const span = humanDuration(keptMs);
  if (pause === undefined) return promoted(`${how} after a pause of ${span}`);
  const asked = humanDuration(pause.askedMs);
  return { ...promoted(`${how} after ${span} of a pause of ${asked}`), pause };
}

function overBySerin({ keptMs, pause }: Kept): Note {
  const asked = pause ? ` of ${humanDuration(pause.askedMs)}` : '';
  const isInTime = pause !== undefined && keptMs >= pause.askedMs;
  // There was nothing to wait for any more: the spec is another, or it goes to a version that was there.
  const early = isInTime ? '' : ` after ${humanDuration(keptMs)}`;
  const text = `The pause${asked} is over${early}`;
  return { kind: 'resumed', text, causedBy: [], isOurs: true, ...(pause && { pause }) };
}

/**
 * Whether somebody promoted it: that takes the condition away and leaves `controllerPause`, as Serin does
 * not. A hold has none, and ends in no other way.
 */
function isLifted(before: Progress, after: Progress): boolean {
  const isHold = !isOfRelease(before.pauseReason ?? '');
  return after.pauseStart === null && (after.controllerPause || isHold);
}

function promoted(text: string): Note {
  return { kind: 'promoted', text, causedBy: ['promote'] };
}

/** Asked for since, and no abort came after it. */
function isPromotedInFull(before: Progress, after: Progress): boolean {
  const isAborted = after.abort && !before.abort;
  const isInRelease = after.stableRS !== after.currentPodHash;
  return after.promoteFull && !before.promoteFull && !isAborted && isInRelease;
}

type Kept = { keptMs: number; pause?: NonNullable<LedgerEntry['pause']> };

/** The pause in which it was seen, unless its end is told; of one that has a length, that too. */
function keptPause(before: Progress, after: Progress, rollout: Rollout): Kept | undefined {
  if (!before.pauseStart || before.promoteFull || before.isPassed) return undefined;
  const keptMs = after.observedAt - fromTime(before.pauseStart);
  const seconds = before.pauseSeconds ?? askedSeconds(before, rollout);
  return {
    keptMs,
    ...(seconds !== undefined && { pause: { askedMs: seconds * secondMs, keptMs } }),
  };
}

/** Of a pause that was seen before its length was kept. */
function askedSeconds(before: Progress, rollout: Rollout): number | undefined {
  const { currentStepIndex, pauseSeconds: known } = before;
  if (known === null) return undefined;
  const status = { ...rollout.status, ...(currentStepIndex !== null && { currentStepIndex }) };
  return pauseSeconds({ ...rollout, status });
}

function isOver(before: Progress, after: Progress): boolean {
  return before.pauseStart !== after.pauseStart || isSkipped(before, after);
}

/** Whether it is at another step with the pause of the one before. */
export function isSkipped(before: Progress, after: Progress): boolean {
  const isSame = before.pauseStart === after.pauseStart;
  const isMoved = before.currentStepIndex !== after.currentStepIndex;
  return isSame && isMoved && after.pauseReason === pauseReasons.step;
}

export function pauseStarts(before: Progress, after: Progress): Note[] {
  if (!after.pauseStart || after.isPassed || !isOver(before, after)) return [];
  const { currentStepIndex: index, stepCount } = after;
  const where = index === null ? '' : ` at step ${index + 1}`;
  // There may be fewer by now.
  const count = index !== null && index < stepCount ? ` of ${stepCount}` : '';
  const text = `Paused${where}${count} (${after.pauseReason})`;
  return [{ kind: 'paused', text, causedBy: [], isOurs: true, ...waitsOf(after) }];
}

const lost: string[] = [pauseReasons.statusLost, pauseReasons.stableLost];

function waitsOf({ pauseReason, pauseSeconds: seconds }: Progress): Pick<Note, 'waitsFor'> {
  if (lost.includes(pauseReason ?? '')) return { waitsFor: 'recovery' };
  return seconds === null ? { waitsFor: 'person' } : {};
}

export function userPauses(before: Progress, after: Progress): Note[] {
  if (before.userPaused === after.userPaused) return [];
  return after.userPaused
    ? [{ kind: 'paused', text: 'Paused by a person', causedBy: ['pause'], waitsFor: 'person' }]
    : [{ kind: 'resumed', text: 'Resumed by a person', causedBy: ['resume', 'promote'] }];
}
