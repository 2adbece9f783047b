import type { RolloutStatus } from '../../model/argo.generated.ts';
import { largest } from '../../model/extremes.ts';
import { pauseReasons } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import type { Progress } from '../../model/record.ts';
import { selectedHash, serviceNamed } from '../../model/reference.ts';
import { type Millis, toTime, toTimeUp } from '../../model/units.ts';
import { currentOf, desiredOf, podHashOf, revisionOf } from '../../model/workload.ts';
import { currentHash, hasPause, type Release, releaseOf } from '../release/release.ts';
import { stepsOf } from '../steps/steps.ts';

export type Found = { status: RolloutStatus; restored: boolean };

/**
 * The status to decide from. One that was wiped in mid-release looks like a first deployment and
 * would promote the canary at once; it is put back from the record if everything fits, and held in
 * a pause otherwise: docs/adr/0006-lost-status.md
 */
export function findStatus(observed: Observed, now: Millis): Found {
  const status = withLatestWish(observed.rollout.status ?? {});
  const release = releaseOf(observed, status, now);
  if (isWiped(release)) return recover(release);
  if (isStableGone(release)) return { status: holdWithoutStable(release), restored: false };
  return { status, restored: false };
}

/**
 * An abort that nobody has acted on yet came after the full promotion that is on its way, and takes
 * its place. One that was acted on came before it: docs/adr/0013-an-abort-always-acts.md
 */
function withLatestWish(status: RolloutStatus): RolloutStatus {
  if (!status.abort || status.abortedAt || !status.promoteFull) return status;
  const { promoteFull: _, ...aborted } = status;
  return aborted;
}

function isWiped(release: Release): boolean {
  const { status, others, observed } = release;
  if (status.currentPodHash || status.stableRS || release.all.length === 0) return false;
  const record = observed.record?.progress;
  const isOurs = record?.uid === observed.rollout.metadata?.uid;
  // A release whose stable ReplicaSet was lost has a current one only.
  if (isOurs && (record?.stableRS || record?.currentPodHash)) return true;
  // Without a record, or with one that lags behind, pods of other templates say that this is no first
  // deployment; where only the current one runs, there is no release that could be lost.
  return others.some((set) => desiredOf(set) > 0 || currentOf(set) > 0);
}

function recover(release: Release): Found {
  const progress = release.observed.record?.progress;
  if (progress && fits(release, progress)) {
    const { abort, promoteFull } = release.status;
    const asked = { ...(abort && { abort }), ...(promoteFull && { promoteFull }) };
    const status = { ...statusOf(progress), ...asked };
    return { status: withPingPong(release, status), restored: true };
  }
  const stableHash = release.all.some((set) => podHashOf(set) === progress?.stableRS)
    ? progress?.stableRS
    : undefined;
  const pause = { reason: pauseReasons.statusLost, startTime: toTimeUp(release.now) };
  const status: RolloutStatus = {
    currentPodHash: currentHash(release),
    ...(stepsOf(release.rollout).length > 0 && { currentStepIndex: 0 }),
    ...(stableHash && { stableRS: stableHash }),
    pauseConditions: [pause],
  };
  return { status: withPingPong(release, status), restored: false };
}

/**
 * Which of ping and pong is the stable one: whichever alone leads to the stable pods. Where both or neither
 * do, what was last known of it. By the wrong one the canary would get what the stable version is to have.
 */
function withPingPong({ rollout, observed }: Release, status: RolloutStatus): RolloutStatus {
  const { pingPong } = rollout.spec?.strategy?.canary ?? {};
  const { stableRS } = status;
  if (!pingPong || !stableRS) return status;
  const { pingService = '', pongService = '' } = pingPong;
  const [ping, pong] = [pingService, pongService].map(
    (name) => selectedHash(serviceNamed(observed, name)) === stableRS,
  );
  const known = observed.record?.routes?.routings[0]?.stablePingPong;
  const stablePingPong = ping === pong ? known : ping ? 'ping' : 'pong';
  return stablePingPong ? { ...status, canary: { stablePingPong } } : status;
}

/** Both ReplicaSets there, none newer, the same template and steps, the same rollout. */
function fits(release: Release, progress: Progress): boolean {
  const hashes = release.all.map((set) => podHashOf(set));
  const newest = largest(release.all.map((set) => revisionOf(set)));
  // Where the spec has the stable template there is no release whose steps could matter.
  const isStable = progress.stableRS === currentHash(release);
  return (
    progress.uid === release.observed.rollout.metadata?.uid &&
    progress.currentPodHash === currentHash(release) &&
    (isStable || progress.currentStepHash === release.stepHash) &&
    hashes.includes(progress.currentPodHash) &&
    hashes.includes(progress.stableRS) &&
    newest <= progress.revision
  );
}

function statusOf(progress: Progress): RolloutStatus {
  const pause =
    progress.pauseReason !== null && progress.pauseStart !== null
      ? [{ reason: progress.pauseReason, startTime: progress.pauseStart }]
      : [];
  return {
    currentPodHash: progress.currentPodHash,
    currentStepHash: progress.currentStepHash,
    stableRS: progress.stableRS,
    ...(progress.currentStepIndex !== null && { currentStepIndex: progress.currentStepIndex }),
    ...(pause.length > 0 && { pauseConditions: pause }),
    ...(progress.controllerPause && { controllerPause: true }),
    ...(progress.abort && { abort: true, abortedAt: toTime(progress.observedAt) }),
    ...(progress.promoteFull && { promoteFull: true }),
    ...(progress.restartedAt !== null && { restartedAt: progress.restartedAt }),
  };
}

/**
 * The ReplicaSet to go back to was deleted while a release was on its way. Where the spec has its template
 * again it is made anew, and there is nothing to hold.
 */
function isStableGone(release: Release): boolean {
  const { status, stable, observed } = release;
  if (!status.stableRS || stable) return false;
  // One that is only nobody's is taken over.
  const orphans = (observed.orphans ?? []).map(podHashOf);
  return ![status.currentPodHash, currentHash(release), ...orphans].includes(status.stableRS);
}

function holdWithoutStable(release: Release): RolloutStatus {
  const { stableRS: _, ...status } = release.status;
  if (hasPause(status, pauseReasons.stableLost)) return status;
  const pause = { reason: pauseReasons.stableLost, startTime: toTimeUp(release.now) };
  return { ...status, pauseConditions: [pause, ...(status.pauseConditions ?? [])] };
}
