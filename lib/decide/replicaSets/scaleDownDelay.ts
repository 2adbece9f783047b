import type { ReplicaSet } from '../../model/argo.generated.ts';
import { desiredReplicasAnnotation, scaleDownDeadlineAnnotation } from '../../model/names.ts';
import { selectedHash } from '../../model/reference.ts';
import { fromTime, type Millis, secondMs, toTimeUp } from '../../model/units.ts';
import {
  annotationOf,
  availableOf,
  createdAt,
  currentOf,
  desiredOf,
  podHashOf,
  replicasOf,
  revisionOf,
  sum,
} from '../../model/workload.ts';
import { change, type Draft } from '../release/draft.ts';
import { activeHashOf, isHandedBack } from '../release/handback.ts';
import { currentHash, isAborted, type Release } from '../release/release.ts';
import { isRollbackInWindow } from '../release/rollback.ts';
import { keepsOldPods } from '../release/runs.ts';
import { resize } from './resize.ts';

/** argo v1.10.1 utils/defaults/defaults.go */
export const defaultDelaySeconds = 30;

/** When a ReplicaSet that is kept running is to go; undefined when it is not marked to go. */
export function scaleDownAt(set: ReplicaSet): Millis | undefined {
  const at = fromTime(annotationOf(set, scaleDownDeadlineAnnotation) ?? '');
  return Number.isNaN(at) ? undefined : at;
}

/**
 * The sizes of a blue-green rollout: the stable version whole, the new one as far as it is to be
 * previewed, older ones for as long as they are kept for a way back.
 * argo v1.10.1 rollout/bluegreen.go reconcileBlueGreenReplicaSets
 */
export function scaleBlueGreen(release: Release, draft: Draft): void {
  const { current, stable } = release;
  if (isHandedBack(release)) {
    emptyAll(release, draft);
    return;
  }
  const isOne = current === stable;
  if (stable) resize(release, draft, stable, replicasOf(release.rollout));
  if (current && !isOne) {
    if (isAborted(release) && stable) retireAborted(release, draft, current, stable);
    // Until it is the stable one, its deadline says that nothing is to be looked at.
    else
      resize(release, draft, current, previewSize(release), {
        keepDeadline: isFastRollback(release),
      });
  }
  retireOthers(release, draft);
}

/**
 * For the way back to a Deployment. What the active Service leads to goes last: without its hash that one
 * leads to every pod there is, and pods that nobody has consented to are not to be among them.
 */
function emptyAll(release: Release, draft: Draft): void {
  const active = activeHash(release);
  const isActive = (set: ReplicaSet): boolean => podHashOf(set) === active;
  const others = release.all.filter((set) => !isActive(set));
  for (const set of others) resize(release, draft, set, 0);
  if (sum(others, currentOf) > 0) return;
  for (const set of release.all.filter(isActive)) resize(release, draft, set, 0);
}

/** How many pods the current ReplicaSet is to have. argo v1.10.1 utils/replicaset/replicaset.go */
export function previewSize(release: Release): number {
  const { rollout, status, current, stable, all } = release;
  const active = activeHash(release);
  const whole = replicasOf(rollout);
  const preview = rollout.spec?.strategy?.blueGreen?.previewReplicaCount;
  const isServing = active !== currentHash(release) && all.some((set) => podHashOf(set) === active);
  const isPreview = isServing && current !== stable;
  if (preview === undefined || !isPreview || status.promoteFull) return whole;
  if (isHandedBack(release)) return 0;
  // Without a stable version it becomes that, and is no preview any more.
  if (!stable || isWayBack(release)) return whole;
  const isPaused = rollout.spec?.paused === true || (status.pauseConditions ?? []).length > 0;
  return status.blueGreen?.scaleUpPreviewCheckPoint && !isPaused ? whole : preview;
}

/** All the pods it is to have before the switch. argo v1.10.1 utils/replicaset/bluegreen.go */
export function isPreviewReady(release: Release): boolean {
  const { current } = release;
  if (!current) return false;
  const wanted = previewSize(release);
  return desiredOf(current) === wanted && availableOf(current) === wanted;
}

/** What the active Service leads to. The status may not say so yet, or may be lost. */
function activeHash(release: Release): string {
  return activeHashOf(release) || (release.status.blueGreen?.activeSelector ?? '');
}

/**
 * A version that was live before and still runs is gone back to as it is. A process that ended right after
 * the switch has not marked it to go: then it has all its pods.
 */
function isWayBack({ rollout, current, stable, now }: Release): boolean {
  if (!current || !stable || createdAt(current) >= createdAt(stable)) return false;
  const at = scaleDownAt(current);
  if (at !== undefined) return at > now;
  const replicas = replicasOf(rollout);
  return replicas > 0 && desiredOf(current) >= replicas;
}

/**
 * Nothing is to be looked at before it gets its traffic again: it is the stable version, or within the
 * window, or runs still. argo v1.10.1 rollout/sync.go isFastRollback
 */
export function isFastRollback(release: Release): boolean {
  const { current, stable, status, now, rollout } = release;
  if (!current) return false;
  if (status.stableRS === podHashOf(current) || isRollbackInWindow(release)) return true;
  const isOlder = stable !== undefined && createdBefore(current, stable);
  const isKept = (scaleDownAt(current) ?? now) > now;
  return rollout.spec?.strategy?.blueGreen !== undefined && isOlder && isKept;
}

function createdBefore(a: ReplicaSet, b: ReplicaSet): boolean {
  return (a.metadata?.creationTimestamp ?? '') < (b.metadata?.creationTimestamp ?? '');
}

/**
 * The aborted version stays for a while, so that somebody can look at what is wrong with it; for good
 * where the delay is 0. argo v1.10.1 rollout/replicaset.go reconcileNewReplicaSet
 */
function retireAborted(
  release: Release,
  draft: Draft,
  current: ReplicaSet,
  stable: ReplicaSet,
): void {
  const { rollout, now } = release;
  const seconds = rollout.spec?.strategy?.blueGreen?.abortScaleDownDelaySeconds;
  const at = scaleDownAt(current);
  if (seconds === 0 || desiredOf(current) === 0 || activeHash(release) === podHashOf(current))
    return;
  if (at === undefined) {
    const isWhole = availableOf(stable) >= replicasOf(rollout);
    if (isWhole) keepUntil(draft, current, now + (seconds ?? defaultDelaySeconds) * secondMs);
  } else if (now >= at) resize(release, draft, current, 0, { keepDeadline: true });
}

/**
 * Versions that were replaced are kept for `scaleDownDelaySeconds`, the newest
 * `scaleDownDelayRevisionLimit` of them. argo v1.10.1 rollout/replicaset.go scaleDownDelayHelper
 */
function retireOthers(release: Release, draft: Draft): void {
  if (keepsOldPods(release)) return;
  const { scaleDownDelaySeconds = defaultDelaySeconds, scaleDownDelayRevisionLimit } =
    release.rollout.spec?.strategy?.blueGreen ?? {};
  const limit = scaleDownDelayRevisionLimit ?? Number.POSITIVE_INFINITY;
  const running = release.others
    .filter((set) => desiredOf(set) > 0 && !isReferenced(release, set))
    .sort((a, b) => revisionOf(b) - revisionOf(a) || createdAt(b) - createdAt(a));
  running.forEach((set, index) => {
    const at = scaleDownAt(set);
    const isOver = at !== undefined && release.now >= at;
    if (index >= limit || isOver || scaleDownDelaySeconds === 0) resize(release, draft, set, 0);
    else if (at !== undefined) {
      resize(release, draft, set, keptSize(release, set), { keepDeadline: true });
    } else keepUntil(draft, set, release.now + scaleDownDelaySeconds * secondMs);
  });
}

/** A whole version stays whole, so that the way back is short; what was only a preview does not grow. */
export function keptSize({ rollout }: Release, set: ReplicaSet): number {
  const noted = Number(annotationOf(set, desiredReplicasAnnotation) ?? 0);
  const isWhole = desiredOf(set) >= noted;
  return isWhole ? replicasOf(rollout) : Math.min(desiredOf(set), replicasOf(rollout));
}

/** Rounded up, as every wait is: docs/adr/0005-pauses-are-never-short.md */
export function keepUntil(draft: Draft, set: ReplicaSet, at: Millis): void {
  change(draft, set, {
    metadata: { annotations: { [scaleDownDeadlineAnnotation]: toTimeUp(at) } },
  });
}

/** Whether traffic may still come to it, by the status or by a Service as it is. */
export function isReferenced(release: Release, set: ReplicaSet): boolean {
  const { status } = release;
  const { activeSelector, previewSelector } = status.blueGreen ?? {};
  const named = [status.stableRS, currentHash(release), activeSelector, previewSelector];
  return named.includes(podHashOf(set)) || isLedTo(release, set);
}

/** Whether a Service leads to it. */
export function isLedTo({ observed }: Release, set: ReplicaSet): boolean {
  const hash = podHashOf(set);
  return (
    hash !== '' && Object.values(observed.services).some((each) => selectedHash(each) === hash)
  );
}
