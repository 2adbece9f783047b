import type { ReplicaSet, Rollout, RolloutStatus } from '../../model/argo.generated.ts';
import { revisionAnnotation } from '../../model/names.ts';
import { type PlannedEvent, refOf, type Write } from '../../model/plan.ts';
import { toTime } from '../../model/units.ts';
import { nameOf, revisionOf } from '../../model/workload.ts';
import { runAnalyses } from '../analysis/runs.ts';
import { runExperiments } from '../experiments/runs.ts';
import type { Draft } from '../release/draft.ts';
import {
  isBlueGreen,
  isHeldByFault,
  podTemplateOrStepsChanged,
  type Release,
  withStatus,
} from '../release/release.ts';
import { syncMetadata } from '../replicaSets/metadata.ts';
import { scaled } from '../replicaSets/resize.ts';
import {
  annotationsPatch,
  newReplicaSet,
  pruneHistory,
  syncCurrent,
} from '../replicaSets/revision.ts';
import { scaleAll, sizeIn } from '../replicaSets/scale.ts';
import { reasons } from '../status/conditions.ts';
import { withDuration } from '../status/duration.ts';
import { decideBlueGreen } from '../strategy/blueGreen.ts';
import { decideCanary } from '../strategy/canary.ts';
import { switchServices } from '../strategy/services.ts';
import { scaleWorkload } from '../strategy/workloadScaleDown.ts';
import { withTraffic } from '../traffic/observedTraffic.ts';
import { routeTraffic } from '../traffic/routes.ts';

/** Part of a turn: adds to what those before it have come to. The release is as it was observed. */
type Stage = (release: Release, draft: Draft) => Draft;

/** A turn, from what was observed to what is to be written. Each stage may use what those before it found. */
export const stages: readonly Stage[] = [
  findRevision,
  createReplicaSet,
  decideStatus,
  beginAndEndRuns,
  beginAndEndExperiments,
  sizeNewReplicaSet,
  sendTraffic,
  setRoleMetadata,
  resizeReplicaSets,
  pointServices,
  deleteOldReplicaSets,
  annotateRollout,
  scaleDownWorkload,
];

function findRevision(release: Release, draft: Draft): Draft {
  const { rollout, fault } = release;
  const revision = fault === undefined ? syncCurrent(release, draft) : revisionOf(rollout);
  return { ...draft, revision };
}

function createReplicaSet(release: Release, draft: Draft): Draft {
  // With a faulty spec none is created, and an abort has to do without.
  if (release.current || release.fault || hasCollided(release)) return draft;
  const { rollout, templateHash } = release;
  const object = newReplicaSet(rollout, templateHash, draft.revision);
  return {
    ...draft,
    writes: [...draft.writes, { phase: 'create', do: 'create', kind: 'ReplicaSet', object }],
    events: [...draft.events, ...creationNotes(release, draft.revision)],
  };
}

function decideStatus(release: Release, draft: Draft): Draft {
  // The same is decided again, under another hash.
  if (hasCollided(release)) return { ...draft, status: bumpCollisions(release) };
  const { rollout } = release;
  const announced = {
    ...release,
    rollout: { ...rollout, ...withRevision(rollout, draft.revision) },
  };
  const { status, events } = isBlueGreen(release)
    ? decideBlueGreen(announced, draft.restartedAt)
    : decideCanary(announced, draft.restartedAt);
  return {
    ...draft,
    status: withDuration(announced, status),
    events: [...draft.events, ...events],
  };
}

/** After the status, which says what is due: a step that has just come gets its run at once. */
function beginAndEndRuns(release: Release, draft: Draft): Draft {
  return hasCollided(release) || isHeldByFault(release) ? draft : runAnalyses(release, draft);
}

/** The Experiment of a step that has just come is created at once. */
function beginAndEndExperiments(release: Release, draft: Draft): Draft {
  return hasCollided(release) || isHeldByFault(release) ? draft : runExperiments(release, draft);
}

/** As the next turn would: docs/adr/0041-a-replicaset-is-created-in-its-size.md */
function sizeNewReplicaSet(release: Release, draft: Draft): Draft {
  if (!podTemplateOrStepsChanged(release)) return draft;
  const events = [...draft.events];
  const writes = draft.writes.map((write): Write => {
    if (write.do !== 'create' || write.kind !== 'ReplicaSet') return write;
    const { object } = write;
    const replicas = firstSize(release, draft, object);
    if (replicas > 0) events.push(scaled(object, replicas));
    return { ...write, object: { ...object, spec: { ...object.spec, replicas } } };
  });
  return { ...draft, writes, events };
}

/** The size that the next turn would give to what this one creates. */
function firstSize(release: Release, { status }: Draft, object: ReplicaSet): number {
  const metadata = { ...object.metadata, creationTimestamp: toTime(release.now) };
  const current = { ...object, metadata };
  const next = withStatus({ ...release, current, all: [...release.all, current] }, status);
  return sizeIn(withTraffic(next), current);
}

function sendTraffic(release: Release, draft: Draft): Draft {
  if (hasCollided(release)) return draft;
  return routeTraffic(release, afterStatus(release, draft), draft);
}

function setRoleMetadata(release: Release, draft: Draft): Draft {
  if (!isDeployed(release) || isHeldByFault(release)) return draft;
  const { pods, refused } = syncMetadata(afterStatus(release, draft), draft);
  return {
    ...draft,
    writes: [...draft.writes, ...pods],
    ...(refused && { refusedMetadata: refused }),
  };
}

function resizeReplicaSets(release: Release, draft: Draft): Draft {
  if (isDeployed(release)) scaleAll(afterStatus(release, draft), draft);
  return draft;
}

function pointServices(release: Release, draft: Draft): Draft {
  const isHeld = isHeldByFault(release);
  if (isDeployed(release) && !isHeld) switchServices(afterStatus(release, draft), draft);
  return draft;
}

function deleteOldReplicaSets(release: Release, draft: Draft): Draft {
  // Not before the status has been written that makes one an older one.
  if (isDeployed(release) && release.fault === undefined) pruneHistory(release, draft);
  return draft;
}

function annotateRollout(release: Release, draft: Draft): Draft {
  const { observed, fault } = release;
  const isLeft = hasCollided(release) || fault !== undefined;
  const patch = isLeft ? undefined : annotationsPatch(observed, draft.revision);
  if (patch === undefined) return draft;
  const ref = refOf('Rollout', observed.rollout);
  return { ...draft, writes: [...draft.writes, { phase: 'rollout', do: 'patch', ref, patch }] };
}

function scaleDownWorkload(release: Release, draft: Draft): Draft {
  if (release.fault !== undefined) return draft;
  const { writes, events } = scaleWorkload(afterStatus(release, draft), draft.status);
  return {
    ...draft,
    writes: [...draft.writes, ...writes],
    events: [...draft.events, ...events],
  };
}

/**
 * The release as the stages after the status see it: a canary's pods follow the step that was just decided,
 * while the cutover of a blue-green is decided from the status as it was.
 */
function afterStatus(release: Release, { status }: Draft): Release {
  return isBlueGreen(release) ? release : withTraffic(withStatus(release, status));
}

/** Whether the current version has its ReplicaSet, and the status knows of it. */
function isDeployed(release: Release): boolean {
  const { current, fault } = release;
  const isThere = current !== undefined || fault !== undefined;
  return isThere && !podTemplateOrStepsChanged(release);
}

function hasCollided({ fault, current, observed }: Release): boolean {
  return !fault && !current && observed.dryRun?.taken === true;
}

function withRevision(rollout: Rollout, revision: number): Pick<Rollout, 'metadata'> {
  const annotations = { ...rollout.metadata?.annotations, [revisionAnnotation]: String(revision) };
  return { metadata: { ...rollout.metadata, annotations } };
}

/** Another object has the name the new ReplicaSet would get: another hash gives another name. */
function bumpCollisions(release: Release): RolloutStatus {
  return { ...release.status, collisionCount: (release.status.collisionCount ?? 0) + 1 };
}

function creationNotes(release: Release, revision: number): PlannedEvent[] {
  const name = `${nameOf(release.rollout)}-${release.templateHash}`;
  const { status, metadata } = release.observed.rollout;
  const isFirst = status?.currentPodHash === undefined && release.all.length === 0;
  const taken: PlannedEvent[] = [
    {
      type: 'Normal',
      // Argo's reason for it; there is no informer here.
      reason: 'RolloutAddedToInformer',
      message: `Serin drives Rollout ${metadata?.namespace}/${metadata?.name} from now on`,
      ofObject: true,
    },
  ];
  return [
    ...(isFirst ? taken : []),
    {
      type: 'Normal',
      reason: 'RolloutUpdated',
      message: `Rollout updated to revision ${revision}`,
      ofObject: true,
    },
    {
      type: 'Normal',
      reason: reasons.created,
      message: `Created ReplicaSet ${name} (revision ${revision})`,
      ofObject: true,
    },
  ];
}
