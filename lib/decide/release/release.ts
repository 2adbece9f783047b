import type { ReplicaSet, Rollout, RolloutStatus } from '../../model/argo.generated.ts';
import type { FieldError } from '../../model/faults.ts';
import { podTemplateHash, stepHash } from '../../model/hash.ts';
import { pauseReasons } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import type { Millis } from '../../model/units.ts';
import { createdAt, nameOf, podHashOf } from '../../model/workload.ts';
import { isDoubtful, mayRun } from './knownSets.ts';
import { sameTemplate } from './template.ts';
import type { Traffic } from './traffic.ts';

/** The facts of one turn that every later stage builds on. */
export type Release = {
  now: Millis;
  observed: Observed;
  /** As observed, its status replaced when a wiped one was restored. */
  rollout: Rollout;
  status: RolloutStatus;
  templateHash: string;
  stepHash: string;
  /** The ReplicaSet of the current template; absent until it is created. */
  current?: ReplicaSet;
  /** The ReplicaSet an abort goes back to; the same as `current` once the release is complete. */
  stable?: ReplicaSet;
  /** Neither of them, oldest first. */
  others: ReplicaSet[];
  all: ReplicaSet[];
  /** What keeps it from being carried out: then it is the release that the status records. */
  fault?: Fault;
  /** What is wrong with analyses that are still to begin: the release goes no step further with it. */
  analysisFaults?: readonly FieldError[];
  /** Of a canary with a router. */
  traffic?: Traffic;
};

/**
 * Something wrong in the spec or in what it names, in the template, or in who owns the ReplicaSets.
 * `field` is what to correct, where that is known more exactly.
 */
export type Fault = {
  of: 'spec' | 'template' | 'owner';
  message: string;
  remedy?: string;
  field?: string;
};

/**
 * Nothing goes a step further, to another version or another Service; but an abort goes back, unless a full
 * promotion was asked for since.
 */
export function isHeldByFault(release: Release): boolean {
  const { fault, stable, status } = release;
  const goesBack = isAborted(release) && !status.promoteFull && stable !== undefined;
  return fault !== undefined && !goesBack;
}

export function releaseOf(observed: Observed, status: RolloutStatus, now: Millis): Release {
  const rollout: Rollout = { ...observed.rollout, status };
  const all = [...observed.replicaSets].sort((a, b) => createdAt(a) - createdAt(b));
  const templateHash = podTemplateHash(rollout.spec?.template ?? {}, status.collisionCount);
  const current = findCurrent(observed, all, { status, templateHash });
  const stable = status.stableRS ? findStable(all, status.stableRS, current) : undefined;
  const others = all.filter((set) => nameOf(set) !== nameOf(current ?? {}) || !current);
  return {
    now,
    observed,
    rollout,
    status,
    templateHash,
    stepHash: stepHash(rollout.spec?.strategy),
    ...(current && { current }),
    ...(stable && { stable }),
    others: others.filter((set) => !stable || nameOf(set) !== nameOf(stable)),
    all,
  };
}

/** The same facts under another status: what it calls stable may be another ReplicaSet. */
export function withStatus(release: Release, status: RolloutStatus): Release {
  const { stable: _, ...rest } = release;
  const stable = status.stableRS
    ? findStable(release.all, status.stableRS, release.current)
    : undefined;
  return {
    ...rest,
    status,
    rollout: { ...release.rollout, status },
    ...(stable && { stable }),
    others: release.all.filter((set) => set !== release.current && set !== stable),
  };
}

/**
 * By hash, and where no hash matches by comparing templates with the API server's defaults filled
 * in: so a template that another version hashed differently is not rolled out again.
 * argo v1.10.1 utils/replicaset/replicaset.go FindNewReplicaSet
 */
function findCurrent(
  observed: Observed,
  all: ReplicaSet[],
  { status, templateHash }: { status: RolloutStatus; templateHash: string },
): ReplicaSet | undefined {
  const byHash = all.find((set) => podHashOf(set) === templateHash);
  if (byHash && !isDoubtful(byHash, observed, status)) return byHash;
  const wanted = observed.dryRun?.replicaSet;
  const candidates = wanted ? all.filter((set) => mayRun(set, observed, templateHash)) : [];
  return wanted && candidates.find((set) => sameTemplate(set, wanted, observed.rollout));
}

function findStable(
  all: ReplicaSet[],
  stableHash: string,
  current: ReplicaSet | undefined,
): ReplicaSet | undefined {
  return podHashOf(current) === stableHash
    ? current
    : all.find((set) => podHashOf(set) === stableHash);
}

/** The hash the status records as current: that of the ReplicaSet, or the one it will get. */
export function currentHash(release: Release): string {
  return release.current ? podHashOf(release.current) : release.templateHash;
}

export function isFullyPromoted(release: Release): boolean {
  return (release.status.stableRS ?? '') === (release.status.currentPodHash ?? '');
}

/** Aborted, and there is a release that the abort stops: a completed one drops it. */
export function isAborted(release: Release): boolean {
  return release.status.abort === true && !isFullyPromoted(release);
}

export function hasPause(status: RolloutStatus, reason: string): boolean {
  return (status.pauseConditions ?? []).some((pause) => pause.reason === reason);
}

export function isBlueGreen({ rollout }: Pick<Release, 'rollout'>): boolean {
  return rollout.spec?.strategy?.blueGreen !== undefined;
}

export const pausedByPerson = 'it is paused by a person (spec.paused)';
export const undecided = 'an analysis was inconclusive';

/** Why the release may not go on, whatever else holds; undefined when it may. */
export function haltReason(release: Release): string | undefined {
  // An abort is a person's too, and the later one: what was paused is to go back.
  if (release.rollout.spec?.paused && !isAborted(release)) {
    return pausedByPerson;
  }
  if (hasPause(release.status, pauseReasons.inconclusive)) return undecided;
  if (hasPause(release.status, pauseReasons.statusLost)) return 'its status was lost';
  return undefined;
}

/** Canary and stable as two, which they are only during a release. */
export function setsOf(release: Release): {
  canary?: ReplicaSet;
  stable?: ReplicaSet;
  others: ReplicaSet[];
} {
  const { current, stable, others } = release;
  const separate = stable && (!current || nameOf(stable) !== nameOf(current));
  return {
    ...(current && { canary: current }),
    ...(separate && { stable }),
    others,
  };
}

/**
 * Whether the template or the steps are others than the status records, so that the release starts
 * anew. argo v1.10.1 utils/replicaset/replicaset.go PodTemplateOrStepsChanged
 */
export function podTemplateOrStepsChanged(release: Release): boolean {
  const { status } = release;
  if ((status.currentStepHash ?? '') !== release.stepHash) return true;
  return Boolean(status.currentPodHash) && status.currentPodHash !== currentHash(release);
}
