import { failedBy, failedText, lastFailed } from '../decide/analysis/measured.ts';
import { phaseWords } from '../decide/analysis/outcome.ts';
import { stepText } from '../decide/steps/kinds.ts';
import { stepsOf } from '../decide/steps/steps.ts';
import type { AnalysisRun, Rollout } from '../model/argo.generated.ts';
import { defined } from '../model/defined.ts';
import type { Actor, Command, Intent } from '../model/intent.ts';
import { pauseReasons } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { LedgerEntry, Progress } from '../model/record.ts';
import { nameOf } from '../model/workload.ts';
import { controllerOf } from './managers.ts';
import { isRestarted, isSameRelease, type Note } from './note.ts';
import { pauseEnds, pauseStarts, userPauses } from './pauses.ts';

const nobody: Actor = { name: 'unknown', proof: 'unknown' };
/** The controller itself: a step that was due, a deadline that passed. */
const serin: Actor = { name: 'serin', proof: 'verified' };

/**
 * What happened between two observations, one entry for each kind of transition. `commands` are
 * those whose write is seen now: they say who did it. A person's transition without a command of ours was
 * made by somebody we do not know, with kubectl or in git. Of a rollout that is seen for the first time
 * only that it was found, and how: what has led there was not seen.
 */
export function transitions(
  known: Progress | undefined,
  after: Progress,
  { rollout, replicaSets, analysis }: Pick<Observed, 'rollout' | 'replicaSets' | 'analysis'>,
  commands: Intent[],
): LedgerEntry[] {
  const before = known?.uid === after.uid ? known : undefined;
  if (before === undefined) return found(after, replicaSets.length > 0);
  const notes = compare(before, after, rollout, analysis?.runs ?? []);
  const controller = controllerOf(rollout) ?? serin;
  const steps = Math.abs((after.currentStepIndex ?? 0) - (before.currentStepIndex ?? 0));
  return notes.map((note) => {
    const command = commands.find((intent) => isOf(intent, note));
    const reason = command?.reason;
    const merged = note.merged || (note.kind === 'step' && steps > 1);
    return {
      ...placeOf(after),
      kind: note.kind,
      at: after.observedAt,
      actor: command?.actor ?? (note.isOurs ? controller : nobody),
      revision: after.revision,
      text: note.text,
      ...defined({ reason, failedBy: note.failedBy, waitsFor: note.waitsFor }),
      ...(merged && { merged }),
      // How long another one kept it is not known: it ended before it was looked at.
      ...(note.pause && controller === serin && { pause: note.pause }),
    };
  });
}

/** What an entry is put under, with its kind: as of what was seen. */
function placeOf({
  uid,
  createdAt,
  resourceVersion,
}: Pick<Progress, 'uid' | 'createdAt' | 'resourceVersion'>) {
  return { uid, ...defined({ createdAt }), resourceVersion };
}

function isOf({ command, applying }: Intent, { kind, causedBy }: Note): boolean {
  if (!causedBy.includes(command.verb)) return false;
  // A promote of what a person has paused may lift nothing else.
  const part = kind === 'resumed' ? 'spec' : 'status';
  return command.verb !== 'promote' || applying?.parts?.includes(part) !== false;
}

/** A rollout that is new has no past: it is told from its beginning. */
function found(after: Progress, hasReplicaSets: boolean): LedgerEntry[] {
  const { phase, message, currentPodHash, currentStepIndex, revision } = after;
  const hasStatus = currentPodHash !== '' || after.stableRS !== '' || phase !== '';
  if (!hasStatus && !hasReplicaSets && revision === 0) return [];
  const isInRelease = currentStepIndex !== null && after.stableRS !== currentPodHash;
  const where = isInRelease ? `, ${currentStepIndex} of ${after.stepCount} steps done` : '';
  const state = hasStatus
    ? `${phase || 'without a phase'}${message && ` (${message})`}`
    : 'without a status';
  return [
    {
      ...placeOf(after),
      kind: 'found',
      at: after.observedAt,
      actor: serin,
      revision,
      text: `Found at revision ${revision} of ${after.images.join(', ')}: ${state}${where}`,
    },
  ];
}

function compare(before: Progress, after: Progress, rollout: Rollout, runs: AnalysisRun[]): Note[] {
  return [
    ...newRevision(before, after),
    ...otherSteps(before, after, rollout),
    ...aborts(before, after, runs),
    ...pauseEnds(before, after, rollout),
    ...stepChanges(before, after, rollout),
    ...pauseStarts(before, after),
    ...userPauses(before, after),
    ...ends(before, after),
    ...rest(before, after),
  ];
}

function newRevision(before: Progress, after: Progress): Note[] {
  if (before.currentPodHash === after.currentPodHash || after.currentPodHash === '') return [];
  // A status that was found wiped is rebuilt, and nothing is released by that.
  const isRebuilt = before.currentPodHash === '' && before.revision === after.revision;
  if (isRebuilt && after.revision > 0) return [];
  const isBack = after.currentPodHash === after.stableRS;
  const text = isBack
    ? `Revision ${after.revision} takes ${after.images.join(', ')} back`
    : `Revision ${after.revision} of ${after.images.join(', ')} is to be released`;
  return [{ kind: 'revision', text, causedBy: ['image', 'undo'] }];
}

/** A release begins anew with them, which is no promotion, and an abort of before is over. */
function otherSteps(before: Progress, after: Progress, { spec }: Rollout): Note[] {
  const { blueGreen } = spec?.strategy ?? {};
  const { currentStepHash, currentStepIndex, currentPodHash, stableRS, revision } = after;
  if (before.currentStepHash === currentStepHash || before.currentPodHash !== currentPodHash) {
    return [];
  }
  // Only a canary has a hash of steps; one that was wiped tells nothing.
  if (currentStepHash === '' && !blueGreen) return [];
  const isOther = before.currentStepHash === '' || currentStepHash === '';
  const what = `The ${isOther ? 'strategy is' : 'steps are'} changed`;
  // A way back within the window is at its end at once.
  const isAtEnd = after.stepCount > 0 && currentStepIndex === after.stepCount;
  const isInRelease = stableRS !== '' && stableRS !== currentPodHash && !isAtEnd;
  const which = `the ${before.abort ? 'aborted ' : ''}update to revision ${revision}`;
  const how = after.stepCount === 0 && !blueGreen ? 'goes on without any' : 'begins anew';
  const text = isInRelease ? `${what}: ${which} ${how}` : what;
  return [{ kind: 'steps', text, causedBy: [] }];
}

function aborts(before: Progress, after: Progress, runs: AnalysisRun[]): Note[] {
  if (!before.abort && after.abort) {
    // A person's abort shows before the message that follows from it; a deadline's comes with it.
    const isOurs = after.message.includes('timed out') || after.message.includes(phaseWords);
    const text = `The update to revision ${after.revision} is aborted`;
    if (!isOurs) return [{ kind: 'aborted', text, causedBy: ['abort'], isOurs }];
    return [{ kind: 'aborted', causedBy: [], isOurs, ...failureOf(after, runs) }];
  }
  // A full promotion of one that was aborted is told as such, when it is seen for the first time.
  const isFull = before.promoteFull || after.promoteFull;
  // A status that was wiped tells of no abort either.
  const isHeld = after.pauseReason === pauseReasons.statusLost;
  // Outside a release an abort has no effect, and nothing starts again when it goes. What is stable by now
  // was promoted in full, and the abort went with that.
  const isInRelease = [before, after].every((each) => each.stableRS !== each.currentPodHash);
  const isRetried = isInRelease && !isFull && !isHeld && isSameRelease(before, after);
  if (before.abort && !after.abort && isRetried) {
    const text = `The aborted update to revision ${after.revision} starts again`;
    return [{ kind: 'retried', text, causedBy: ['retry'] }];
  }
  if (isRestarted(before, after)) {
    const text = `The update to revision ${after.revision} was aborted and starts again`;
    return [{ kind: 'retried', text, causedBy: ['retry'], merged: true }];
  }
  return [];
}

/** Which run it was, what it has measured, and which measurements it failed by. */
function failureOf(
  { message, currentPodHash }: Progress,
  runs: AnalysisRun[],
): Pick<Note, 'text' | 'failedBy'> {
  const run = message.includes(phaseWords) ? lastFailed(runs, currentPodHash) : undefined;
  if (!run) return { text: message };
  const measured = failedText(run);
  return {
    text: `${message} (analysis run ${nameOf(run)}${measured && `: ${measured}`})`,
    failedBy: failedBy(run),
  };
}

function stepChanges(before: Progress, after: Progress, rollout: Rollout): Note[] {
  const from = before.currentStepIndex;
  const to = after.currentStepIndex;
  if (from === to || to === null || after.abort) return [];
  // An abort goes back to the first step, and a retry right after it begins there.
  if ((before.abort && to === 0) || isRestarted(before, after)) return [];
  if (!isSameRelease(before, after)) return [];
  // The first deployment takes no steps.
  if (before.stableRS === '' && after.stableRS === after.currentPodHash) return [];
  // A status that was lost is held before the first step, which nobody has reached.
  if (after.pauseReason === pauseReasons.statusLost) return [];
  const steps = stepsOf(rollout);
  const step = steps[to];
  const now = step ? `, next is ${stepText(step)}` : '';
  const text = `Step ${to} of ${steps.length} reached${now}`;
  return [{ kind: 'step', text, causedBy: [], isOurs: true }];
}

function ends(before: Progress, after: Progress): Note[] {
  const notes: Note[] = [];
  // The phase of an abort is still there when a retry comes right after it.
  const isOfAbort = after.abort || before.abort || isRestarted(before, after);
  if (before.phase !== 'Healthy' && after.phase === 'Healthy') {
    const text = `Revision ${after.revision} is healthy on ${after.specReplicas} pods`;
    notes.push({ kind: 'completed', text, causedBy: [], isOurs: true });
  }
  if (before.phase !== 'Degraded' && after.phase === 'Degraded' && !isOfAbort) {
    notes.push({ kind: 'degraded', text: after.message, causedBy: [], isOurs: true });
  }
  return notes;
}

function rest(before: Progress, after: Progress): Note[] {
  const notes: Note[] = [];
  if (before.specReplicas !== after.specReplicas) {
    const text = `Scaled from ${before.specReplicas} to ${after.specReplicas} pods`;
    notes.push({ kind: 'scaled', text, causedBy: [] });
  }
  if (after.restartedAt !== before.restartedAt && after.restartedAt !== null) {
    const isRelease = before.currentPodHash !== after.currentPodHash;
    const text = `All pods are newer than ${after.restartedAt}`;
    if (!isRelease) notes.push({ kind: 'restarted', text, causedBy: ['restart'], isOurs: true });
  }
  return notes;
}

/**
 * The command itself, as asked and as it ended: also when it did nothing, and when Serin has not got to see
 * the rollout since the command created its record.
 */
export function commandEntry(intent: Intent, after: Progress | undefined): LedgerEntry {
  const { command, outcome, bound, acceptedAt } = intent;
  const asked = [command.verb, ...flagsOf(command)].join(' ');
  const hasWritten = intent.applying !== undefined && outcome?.result === 'done';
  return {
    ...placeOf(after ?? { uid: bound.uid, createdAt: acceptedAt, resourceVersion: '0' }),
    kind: 'command',
    intentId: intent.id,
    ...(!hasWritten && { acceptedAt }),
    at: outcome?.at ?? after?.observedAt ?? acceptedAt,
    actor: intent.actor,
    revision: after?.revision ?? 0,
    text: `${asked}: ${outcome?.result}. ${outcome?.detail}`,
    ...defined({ reason: intent.reason }),
  };
}

function flagsOf(command: Command): string[] {
  return Object.entries(command)
    .filter(([field, value]) => field !== 'verb' && value !== undefined && value !== false)
    .map(([field, value]) => (value === true ? field : `${field}=${value}`));
}

/** Nobody looks at the load balancers from here on, or somebody does again. */
export function verificationEntry(after: Progress, unverified: string | undefined): LedgerEntry {
  return {
    ...placeOf(after),
    kind: unverified === undefined ? 'verified' : 'unverified',
    at: after.observedAt,
    actor: serin,
    revision: after.revision,
    text:
      unverified === undefined
        ? 'What load balancers do is looked at again'
        : `What load balancers do is not looked at: ${unverified}`,
  };
}

/** Another controller was met for the first time, and Serin keeps away from the rollout for a while. */
export function conflictEntry(after: Progress, manager: string): LedgerEntry {
  return {
    ...placeOf(after),
    kind: 'conflictingController',
    at: after.observedAt,
    actor: { name: manager, proof: 'reported', isClient: true },
    revision: after.revision,
    text: `Another controller, ${manager}, writes to this rollout: Serin keeps away`,
  };
}

/** The status was put back from the record. */
export function restoredEntry(after: Progress): LedgerEntry {
  return {
    ...placeOf(after),
    kind: 'restored',
    at: after.observedAt,
    actor: serin,
    revision: after.revision,
    text: 'The status was wiped in mid-release and is restored from the record',
  };
}
