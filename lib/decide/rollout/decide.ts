import type { RolloutStatus } from '../../model/argo.generated.ts';
import type { Observed } from '../../model/observed.ts';
import {
  isPatchOf,
  type Plan,
  type PlannedEvent,
  type Wake,
  type Write,
} from '../../model/plan.ts';
import { type Millis, secondMs } from '../../model/units.ts';
import { withAnalyses } from '../analysis/faults.ts';
import { openIntents, refuseIntents, settleIntents } from '../commands/intents.ts';
import { conflictUntil, isDrivenHere, othersIn } from '../guards/conflictingController.ts';
import {
  adoptions,
  adoptOrphans,
  defaultReplicas,
  faultNotes,
  invalid,
  keepAway,
  leaveAlone,
  leaveToOthers,
  ownerFault,
  refused,
  rest,
  specFault,
  statusWrite,
  templateFault,
  withFault,
} from '../guards/guards.ts';
import { findStatus } from '../guards/statusRecovery.ts';
import { unsupported, validate } from '../guards/validate.ts';
import { emptyDraft, patchWrites } from '../release/draft.ts';
import { recordedRelease } from '../release/recorded.ts';
import {
  type Fault,
  isAborted,
  isHeldByFault,
  podTemplateOrStepsChanged,
  type Release,
  releaseOf,
} from '../release/release.ts';
import { faultLine, typeFaults } from '../release/typeFaults.ts';
import { carriedOut, restartPods } from '../replicaSets/restart.ts';
import { reasons } from '../status/conditions.ts';
import { withPausedConditions } from '../status/progress.ts';
import { deferredUntil, isResize } from '../status/statusThrottle.ts';
import { serviceFaults } from '../strategy/services.ts';
import { withTraffic } from '../traffic/observedTraffic.ts';
import { explain } from './explain.ts';
import { stages } from './stages.ts';

/**
 * The plan of one turn, from what was observed. Pure and total: the same input gives the same plan,
 * and a faulty spec is a plan too. The stages are asked in this order, and the first that has a
 * plan has the turn: commands of people come before anything that can go wrong.
 */
export function decide(observed: Observed, now: Millis): Plan {
  const alone = leaveAlone(observed);
  if (alone)
    return { ...alone, intents: refuseIntents(observed, now, alone.reasons[0]?.text ?? '') };
  const conflictingController = conflictUntil(observed, now);
  const driven = drive(observed, now);
  // A command is about a release, of which a status that was wiped does not tell: it is put back before.
  if (driven.restored && !conflictingController) return beforeCommands(observed, driven, now);
  const settled = settleIntents(observed, now, conflictingController);
  if (settled.writes.length > 0) return command(observed, settled.writes, settled.steps, now);
  // Whoever drives what Serin leaves alone is no conflicting controller.
  const kept = driven.leftFor === undefined ? conflictingController : undefined;
  const goesOn = isAbortAsked(observed) && driven.status.abort === true;
  const plan = kept && !goesOn ? keepAway(observed, kept, now) : driven;
  const others = othersIn(observed, now);
  return {
    ...plan,
    ...(kept && { conflictingController: kept.conflictingController }),
    others,
    intents: settled.steps,
  };
}

function beforeCommands(observed: Observed, driven: Plan, now: Millis): Plan {
  const isAsked = openIntents(observed).length > 0;
  const wake = isAsked ? sooner(driven.wake, { at: now, why: 'a command' }) : driven.wake;
  return { ...driven, wake, others: othersIn(observed, now) };
}

function command(observed: Observed, writes: Write[], intents: Plan['intents'], now: Millis): Plan {
  const plan = rest(
    observed,
    { text: 'A command is being carried out.' },
    {
      at: now + secondMs,
      why: 'what follows from the command',
    },
  );
  // Not urgent: it must be marked in the table before it is carried out.
  return { ...plan, writes, intents };
}

/** An abort is carried out whoever else is at it: both would do the same. */
function isAbortAsked({ rollout }: Observed): boolean {
  const { abort, stableRS, currentPodHash } = rollout.status ?? {};
  return abort === true && Boolean(stableRS) && stableRS !== currentPodHash;
}

function drive(observed: Observed, now: Millis): Plan {
  const wrong = typeFaults(observed.rollout);
  if (wrong.length > 0) return driveMistyped(observed, wrong.map(faultLine), now);
  const missing = unsupported(observed.rollout);
  // What the objects are like that a rollout names which is left alone is for others to say.
  const strangers = missing === undefined ? strangerFaults(observed) : [];
  const faults = [...validate(observed.rollout), ...strangers].map(faultLine);
  const found = findStatus(observed, now);
  const base = withPausedConditions(observed.rollout, found.status, now);
  const recorded = recordedRelease(observed, base, now);
  const restored = found.restored ? { restored: true } : {};
  const hold = (fault: Fault): Plan => ({ ...withRestart({ ...recorded, fault }), ...restored });
  const isKnown = found.restored || isRecorded(observed);
  // An abort goes back to what ran before; a faulty spec or a refused template is no reason not to.
  const goesBack = isAborted(recorded) && recorded.stable !== undefined;
  if (faults.length > 0) {
    const isOurs = goesBack || (missing === undefined && isKnown);
    return isOurs ? hold(specFault(observed, faults)) : invalid(observed, faults, now);
  }
  if (missing !== undefined) {
    const isOurs = goesBack && recorded.current !== undefined && isDrivenHere(observed);
    return isOurs ? move(recorded) : leaveToOthers(observed, missing);
  }
  const release = withAnalyses(releaseOf(observed, base, now));
  if (observed.orphans) {
    // Somebody may forbid to take them over, or the table may be down: an abort waits for neither.
    const isForbidden = observed.record?.refused !== undefined;
    if (goesBack && (isForbidden || !observed.record)) {
      return hold(specFault(observed, ['its ReplicaSets have lost their owner']));
    }
    if (!isForbidden || !isKnown) return adoptOrphans(release, observed.orphans);
    // It is tried again beside everything else.
    const held = hold(ownerFault(observed.orphans));
    return { ...held, writes: [...held.writes, ...adoptions(release, observed.orphans)] };
  }
  if (observed.rollout.spec?.replicas === undefined) return defaultReplicas(observed, now);
  const named = [
    ...(withTraffic(release).traffic?.faults ?? []),
    ...(release.analysisFaults ?? []),
  ];
  if (named.length > 0) {
    // What goes on does so in everything but its weights and its analyses. A new version is not begun.
    const lines = named.map(faultLine);
    if (!isKnown) return invalid(observed, lines, now);
    if (podTemplateOrStepsChanged(release)) return hold(specFault(observed, lines));
  }
  if (!release.current && observed.dryRun?.refused !== undefined) {
    const { refused: why } = observed.dryRun;
    if (goesBack) return hold(specFault(observed, [why]));
    return isKnown ? hold(templateFault(release, why)) : refused(release, why);
  }
  return { ...withRestart(release), ...restored };
}

/** With values of a wrong type there is no template to speak of, and no hash. */
function driveMistyped(observed: Observed, faults: string[], now: Millis): Plan {
  const { rollout } = observed;
  const base = withPausedConditions(rollout, rollout.status ?? {}, now);
  const recorded = recordedRelease(observed, base, now, specFault(observed, faults));
  const isOurs = isDrivenHere(observed) && isRecorded(observed);
  return isOurs ? move(recorded) : invalid(observed, faults, now);
}

/** Whether the status tells of a release that can go on. */
function isRecorded({ rollout }: Observed): boolean {
  return Boolean(rollout.status?.currentPodHash);
}

/**
 * The turn, and the evictions of a restart in it. They come last, since a disruption budget may hold them
 * up for ever, and not in a turn that resizes or switches: the counts do not yet know of that.
 */
function withRestart(release: Release): Plan {
  const restart = restartPods(release);
  const moved = move(release, restart?.isDone ? restart.open.restartAt : undefined);
  const isBusy = moved.writes.some(
    (write) => isResize(write) || isPatchOf('Service', write) || write.do === 'create',
  );
  return isBusy || !restart ? moved : { ...moved, writes: [...moved.writes, ...restart.evicts] };
}

/** What is wrong with the objects the spec names; without its template no Service can be judged. */
function strangerFaults(observed: Observed): { path: string; message: string }[] {
  const { workloadFault: message } = observed;
  return message === undefined ? serviceFaults(observed) : [{ path: 'spec.workloadRef', message }];
}

/**
 * The turn of a healthy controller, stage by stage. Of one whose spec is at fault, as much of it as that is
 * not about: docs/adr/0026-what-a-fault-holds-up.md
 */
function move(found: Release, restartedAt?: string): Plan {
  const release = withTraffic(found);
  const { observed, now } = release;
  const start = emptyDraft(release.status, restartedAt ?? carriedOut(release.status, now));
  const draft = stages.reduce((sofar, stage) => stage(release, sofar), start);
  const status = withFault(release, draft.status);
  const writes = [...patchWrites(draft, release.all), ...draft.writes];
  const later = deferredUntil(observed, status, { now, writes });
  // Where a write was refused, the status comes first: it says so.
  const phase = observed.record?.refused === undefined ? 'status' : 'first';
  const written = later === undefined ? statusWrite(observed, status, phase) : [];
  const why = explain(release, status, draft.refusedMetadata);
  const events = [...draft.events, ...faultNotes(release)];
  return {
    writes: [...writes, ...written],
    events: [...events.filter((event) => !isEnd(event)), ...events.filter(isEnd)],
    status,
    ...why,
    ...(draft.refusedMetadata && { refusedMetadata: draft.refusedMetadata }),
    ...(draft.routes && { routes: draft.routes }),
    ...(later !== undefined && {
      wake: sooner(why.wake, { at: later, why: 'counts that moved' }),
      deferred: true,
    }),
    intents: [],
    urgent: !isHeldByFault(release) && isUrgent(release, status),
  };
}

/** The end of a release is told after the sizes that bring it about. */
function isEnd({ reason }: PlannedEvent): boolean {
  return reason === reasons.completed || reason === reasons.aborted;
}

function sooner(wake: Wake, other: Wake & { at: Millis }): Wake {
  return 'at' in wake && wake.at <= other.at ? wake : other;
}

/** What may go ahead while the table cannot be written: an abort, a deadline, a promote. */
function isUrgent(release: Release, after: RolloutStatus): boolean {
  const { status } = release;
  const isLifted = status.controllerPause === true && !status.pauseConditions?.length;
  return after.abort === true || status.promoteFull === true || isLifted;
}
