import type { Rollout, RolloutStatus } from '../model/argo.generated.ts';
import { revisionAnnotation } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { Action, Announcement, Plan, Wake } from '../model/plan.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { nameOf, versionOf } from '../model/workload.ts';
import { decideBlueGreen } from './blueGreen.ts';
import { decideCanary } from './canary.ts';
import { noChanges, patchActions } from './changes.ts';
import { reasons } from './conditions.ts';
import { deferredUntil, isResize } from './deferral.ts';
import { withDuration } from './duration.ts';
import { refuseIntents, settleIntents } from './intents.ts';
import { findStatus } from './lost.ts';
import { syncMetadata } from './metadata.ts';
import { scaleWorkload } from './migrate.ts';
import { withPausedConditions } from './progress.ts';
import {
  asRecorded,
  hasNewDesign,
  isAborted,
  isBlueGreen,
  type Release,
  releaseOf,
  withStatus,
} from './release.ts';
import { carriedOut, restartPods } from './restart.ts';
import { annotationsPatch, newReplicaSet, pruneHistory, syncCurrent } from './revision.ts';
import { isDrivenHere, othersIn, rivalUntil } from './rival.ts';
import { scaleAll } from './scale.ts';
import { serviceFaults, switchServices } from './services.ts';
import {
  adoptOrphans,
  defaultReplicas,
  faultText,
  invalid,
  keepAway,
  leaveAlone,
  leaveToOthers,
  refused,
  rest,
  statusAction,
  withInvalidSpec,
} from './standstill.ts';
import type { Decided } from './status.ts';
import { faultLine, typeFaults, unsupported, validate } from './validate.ts';
import { explain } from './why.ts';

/**
 * The plan of one turn, from what was observed. Pure and total: the same input gives the same plan,
 * and a faulty spec is a plan too. The stages are asked in this order, and the first that has a
 * plan has the turn: commands of people come before anything that can go wrong.
 */
export function decide(observed: Observed, now: Millis): Plan {
  const alone = leaveAlone(observed);
  if (alone)
    return { ...alone, intents: refuseIntents(observed, now, alone.reasons[0]?.text ?? '') };
  const rival = rivalUntil(observed, now);
  const settled = settleIntents(observed, now, rival);
  if (settled.actions.length > 0) return command(observed, settled.actions, settled.steps, now);
  const driven = drive(observed, now);
  // Whoever drives what Serin leaves alone is no rival.
  const kept = driven.leftFor === undefined ? rival : undefined;
  const goesOn = isAbortAsked(observed) && driven.status.abort === true;
  const plan = kept && !goesOn ? keepAway(observed, kept, now) : driven;
  const others = othersIn(observed, now);
  return { ...plan, ...(kept && { rival: kept.rival }), others, intents: settled.steps };
}

function command(
  observed: Observed,
  actions: Action[],
  intents: Plan['intents'],
  now: Millis,
): Plan {
  const plan = rest(
    observed,
    { text: 'A command is being carried out.' },
    {
      at: now + secondMs,
      why: 'what follows from the command',
    },
  );
  // Not urgent: it must be marked in the table before it is carried out.
  return { ...plan, actions, intents };
}

/** An abort is carried out whoever else is at it: both would do the same. */
function isAbortAsked({ rollout }: Observed): boolean {
  const { abort, stableRS, currentPodHash } = rollout.status ?? {};
  return abort === true && Boolean(stableRS) && stableRS !== currentPodHash;
}

function drive(observed: Observed, now: Millis): Plan {
  const wrong = typeFaults(observed.rollout);
  if (wrong.length > 0) return invalid(observed, wrong.map(faultLine), now);
  const missing = unsupported(observed.rollout);
  // What the objects are like that a rollout names which is left alone is for others to say.
  const strangers = missing === undefined ? strangerFaults(observed) : [];
  const faults = [...validate(observed.rollout), ...strangers].map(faultLine);
  const found = findStatus(observed, now);
  const base = withPausedConditions(observed.rollout, found.status, now);
  const release = releaseOf(observed, base, now);
  // An abort goes back to what ran before; a faulty spec or a refused template is no reason not to.
  const recorded = asRecorded(release);
  const goesBack = isAborted(recorded) && recorded.stable !== undefined;
  if (faults.length > 0) {
    return goesBack
      ? move(recorded, undefined, faultText(observed, faults))
      : invalid(observed, faults, now);
  }
  if (missing !== undefined) {
    const isOurs = goesBack && recorded.current !== undefined && isDrivenHere(observed);
    return isOurs ? move(recorded) : leaveToOthers(observed, missing);
  }
  if (observed.orphans) {
    // Somebody may forbid to take them over, or the table may be down: an abort waits for neither.
    const isUntaken = observed.record === undefined || observed.record.refused !== undefined;
    if (!goesBack || !isUntaken) return adoptOrphans(release, observed.orphans);
    return move(
      recorded,
      undefined,
      faultText(observed, ['its ReplicaSets have lost their owner']),
    );
  }
  if (observed.rollout.spec?.replicas === undefined) return defaultReplicas(observed, now);
  if (!release.current && observed.dryRun?.refused !== undefined) {
    const { refused: why } = observed.dryRun;
    return goesBack ? move(recorded, undefined, faultText(observed, [why])) : refused(release, why);
  }
  return { ...withRestart(release), ...(found.restored && { restored: true }) };
}

/**
 * The turn, and the evictions of a restart in it. They come last, since a disruption budget may hold them
 * up for ever, and not in a turn that resizes or switches: the counts do not yet know of that.
 */
function withRestart(release: Release): Plan {
  const restart = restartPods(release);
  const moved = move(release, restart?.isDone ? restart.open.restartAt : undefined);
  const isBusy = moved.actions.some(
    (action) => isResize(action) || ['patchService', 'createReplicaSet'].includes(action.do),
  );
  return isBusy || !restart ? moved : { ...moved, actions: [...moved.actions, ...restart.evicts] };
}

/** What is wrong with the objects the spec names; without its template no Service can be judged. */
function strangerFaults(observed: Observed): { path: string; message: string }[] {
  const { workloadFault: message } = observed;
  return message === undefined ? serviceFaults(observed) : [{ path: 'spec.workloadRef', message }];
}

/**
 * The turn of a healthy controller: sizes, Services, history, and the status. `fault` is what is
 * wrong with the spec when it acts all the same.
 */
function move(release: Release, restartedAt?: string, fault?: string): Plan {
  const changes = noChanges();
  const { observed, rollout } = release;
  const revision = syncCurrent(release, changes);
  const isNew = hasNewDesign(release);
  const collided = !release.current && observed.dryRun?.taken === true;
  const announced: Rollout = { ...rollout, metadata: withRevision(rollout, revision) };
  const decided = decideStatus(
    { ...release, rollout: announced },
    restartedAt ?? carriedOut(release.status, release.now),
  );
  // A canary's pods follow the step that was just decided; the cutover is decided from the status as it is.
  const then = isBlueGreen(release) ? release : withStatus(release, decided.status);
  // With a faulty spec no ReplicaSet is created, and an abort has to do without.
  const isSet = !isNew && (release.current !== undefined || fault !== undefined);
  const metadata = isSet ? syncMetadata(then, changes) : { pods: [] };
  if (isSet) {
    scaleAll(then, changes);
    switchServices(then, changes);
    // Not before the status has been written that makes it an older one.
    pruneHistory(release, changes);
  }
  const settled = collided ? bumpCollisions(release) : decided.status;
  const status = fault === undefined ? settled : withInvalidSpec(release, settled, fault);
  const create: Action[] =
    release.current || collided || fault !== undefined
      ? []
      : [
          {
            do: 'createReplicaSet',
            replicaSet: newReplicaSet(rollout, release.templateHash, revision),
          },
        ];
  const rolloutPatch = collided ? undefined : annotationsPatch(observed, revision);
  const resourceVersion = versionOf(observed.rollout);
  const migrated = fault === undefined ? scaleWorkload(then, status) : undefined;
  const actions: Action[] = [
    ...create,
    ...changes.before,
    ...patchActions(changes, release.all),
    ...changes.after,
    ...(rolloutPatch
      ? [{ do: 'patchRollout' as const, resourceVersion, patch: rolloutPatch }]
      : []),
    ...(migrated?.actions ?? []),
  ];
  const created = create.length > 0 ? creationNotes(release, revision) : [];
  const later = deferredUntil(observed, status, { now: release.now, actions });
  const written = later === undefined ? statusAction(observed, status) : [];
  const why = explain(release, status, metadata.refused);
  // After a collision the same is decided again, under another hash.
  const told = collided ? [] : decided.announcements;
  return {
    // Where a write was refused, the status comes first: it says so.
    actions: [
      ...(observed.record?.refused === undefined
        ? [...actions, ...written]
        : [...written, ...actions]),
      // Last, since nothing depends on it.
      ...metadata.pods,
    ],
    announcements: [
      ...created,
      ...told.filter((note) => !isEnd(note)),
      ...changes.announcements,
      ...(migrated?.announcements ?? []),
      ...told.filter(isEnd),
    ],
    status,
    ...why,
    ...(metadata.refused && { refusedMetadata: metadata.refused }),
    ...(later !== undefined && { wake: sooner(why.wake, later), deferred: true }),
    intents: [],
    urgent: isUrgent(release, status),
  };
}

/** The end of a release is told after the sizes that bring it about. */
function isEnd({ reason }: Announcement): boolean {
  return reason === reasons.completed || reason === reasons.aborted;
}

function sooner(wake: Wake, at: Millis): Wake {
  return 'at' in wake && wake.at <= at ? wake : { at, why: 'counts that moved' };
}

function decideStatus(release: Release, restartedAt: string | undefined): Decided {
  const decided = isBlueGreen(release)
    ? decideBlueGreen(release, restartedAt)
    : decideCanary(release, restartedAt);
  return { ...decided, status: withDuration(release, decided.status) };
}

function withRevision(rollout: Rollout, revision: number): NonNullable<Rollout['metadata']> {
  const annotations = { ...rollout.metadata?.annotations, [revisionAnnotation]: String(revision) };
  return { ...rollout.metadata, annotations };
}

/** Another object has the name the new ReplicaSet would get: another hash gives another name. */
function bumpCollisions(release: Release): RolloutStatus {
  return { ...release.status, collisionCount: (release.status.collisionCount ?? 0) + 1 };
}

function creationNotes(release: Release, revision: number): Announcement[] {
  const name = `${nameOf(release.rollout)}-${release.templateHash}`;
  const { status, metadata } = release.observed.rollout;
  const isFirst = status?.currentPodHash === undefined && release.all.length === 0;
  const taken: Announcement[] = [
    {
      type: 'Normal',
      // Argo's reason for it; there is no informer here.
      reason: 'RolloutAddedToInformer',
      message: `Serin drives Rollout ${metadata?.namespace}/${metadata?.name} from now on`,
    },
  ];
  return [
    ...(isFirst ? taken : []),
    {
      type: 'Normal',
      reason: 'RolloutUpdated',
      message: `Rollout updated to revision ${revision}`,
    },
    {
      type: 'Normal',
      reason: reasons.created,
      message: `Created ReplicaSet ${name} (revision ${revision})`,
    },
  ];
}

/** What may go ahead while the table cannot be written: an abort, a deadline, a promote. */
function isUrgent(release: Release, after: RolloutStatus): boolean {
  const { status } = release;
  const isLifted = status.controllerPause === true && !status.pauseConditions?.length;
  return after.abort === true || status.promoteFull === true || isLifted;
}
