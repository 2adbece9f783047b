import type { RolloutStatus } from '../../model/argo.generated.ts';
import { pauseReasons } from '../../model/names.ts';
import { availableOf, currentOf, podHashOf, readyOf, sum } from '../../model/workload.ts';
import { isPostPromotionDone, isPrePromotionDone, verdictOf } from '../analysis/outcome.ts';
import { isOnHold } from '../release/pauseReason.ts';
import {
  currentHash,
  isAborted,
  isHeldByFault,
  podTemplateOrStepsChanged,
  type Release,
} from '../release/release.ts';
import { isRollbackInWindow } from '../release/rollback.ts';
import { selectorText } from '../release/selector.ts';
import { isFastRollback } from '../replicaSets/scaleDownDelay.ts';
import {
  abortOf,
  abortTo,
  type Decided,
  finish,
  promote,
  startAnew,
  withCounts,
  withoutAbort,
} from '../status/status.ts';
import { withoutPauses, withPause } from '../steps/pause.ts';
import { type Cutover, canServe, cutoverOf, strategyOf } from './cutover.ts';

/**
 * The status of a blue-green release as this turn leaves it: whether the new version waits in
 * preview, is switched to, or was aborted. argo v1.10.1 rollout/bluegreen.go
 */
export function decideBlueGreen(release: Release, restartedAt: string | undefined): Decided {
  const counted = withCounts(release, restartedAt);
  const cutover = cutoverOf(release);
  // Of a turn in which Services are not touched.
  const still = { activeAfter: cutover.active, previewAfter: cutover.preview };
  if (isHeldByFault(release)) {
    const { scaleUpPreviewCheckPoint = false, ...known } = release.status.blueGreen ?? {};
    // Where one led that is not there any more.
    still.activeAfter ||= known.activeSelector ?? '';
    still.previewAfter ||= known.previewSelector ?? '';
    const base = withTraffic(release, counted, still, scaleUpPreviewCheckPoint);
    return finish(release, base, { aborted: isAborted(release) });
  }
  if (podTemplateOrStepsChanged(release)) {
    const base = withTraffic(release, counted, still, false);
    return finish(release, startAnew(release, base), { aborted: false });
  }
  const reason = promotionReason(release, cutover);
  if (reason !== undefined) {
    return promote(release, withTraffic(release, counted, cutover, false), reason);
  }
  const base = withTraffic(release, counted, cutover, hasPassedPreview(release, cutover));
  const shortcut =
    release.status.promoteFull === true || (isRollbackInWindow(release) && !isAborted(release));
  const { failed, inconclusive } = verdictOf(release);
  const abort = abortOf(release, base, { shortcut, failed: failed?.message });
  if (abort.aborted) {
    // A consent given before the abort is none to what comes after a retry.
    const withdrawn = withTraffic(release, counted, cutover, false);
    return finish(release, abortTo(release, withdrawn), abort);
  }
  const kept = paused(release, withoutAbort(release, base), cutover);
  const status = inconclusive ? withPause(kept, pauseReasons.inconclusive, release.now) : kept;
  return finish(release, status, abort);
}

/**
 * Why the new version is the stable one after this turn: traffic comes to it.
 * argo v1.10.1 rollout/sync.go shouldFullPromote
 */
function promotionReason(release: Release, { activeAfter }: Cutover): string | undefined {
  const { current, stable, status } = release;
  if (isOnHold(status)) return undefined;
  if (!stable) return current && !status.stableRS ? 'Initial deploy' : undefined;
  const hash = currentHash(release);
  const isFirst = activeAfter === '' && status.stableRS === hash;
  if (!current || (activeAfter !== hash && !isFirst)) return undefined;
  // The Service may have led to it all along, and its pods may have gone meanwhile.
  if (status.stableRS !== hash && !canServe(release, current)) return undefined;
  if (isAborted(release) && !status.promoteFull) return undefined;
  if (isFirst) return 'Initial deploy';
  if (status.promoteFull) return 'Full promotion requested';
  if (isRollbackInWindow(release)) return 'Rollback within window';
  if (isFastRollback(release)) return 'Fast rollback';
  return isPostPromotionDone(release) ? 'Completed blue-green update' : undefined;
}

function paused(release: Release, base: RolloutStatus, { pause }: Cutover): RolloutStatus {
  if (pause === 'begins') return withPause(base, pauseReasons.blueGreen, release.now);
  // A consent to what is still being looked at is none.
  const isEarly = !base.pauseConditions?.length && !isPrePromotionDone(release);
  if (pause === 'stays') return isEarly ? withoutPauses(base) : base;
  const left = (base.pauseConditions ?? []).filter((p) => p.reason !== pauseReasons.blueGreen);
  return left.length > 0 ? { ...base, pauseConditions: left } : withoutPauses(base);
}

/**
 * Set once the previewed pods are available and the pause is over: from then on the version grows to
 * its whole size. argo v1.10.1 rollout/bluegreen.go calculateScaleUpPreviewCheckPoint
 */
function hasPassedPreview(release: Release, { pause }: Cutover): boolean {
  const { previewReplicaCount } = strategyOf(release);
  if (previewReplicaCount === undefined) return false;
  if (release.status.blueGreen?.scaleUpPreviewCheckPoint) return true;
  const available = release.current ? availableOf(release.current) : 0;
  return pause === 'over' && available === previewReplicaCount;
}

/** What an autoscaler and `kubectl get` see of the rollout is the version with the traffic. */
function withTraffic(
  release: Release,
  { blueGreen: before, ...base }: RolloutStatus,
  { activeAfter, previewAfter }: Pick<Cutover, 'activeAfter' | 'previewAfter'>,
  passedPreview: boolean,
): RolloutStatus {
  const { prePromotionAnalysisRunStatus: pre, postPromotionAnalysisRunStatus: post } = before ?? {};
  const active = release.all.find((set) => podHashOf(set) === activeAfter);
  const counted = active ? [active] : release.all;
  const blueGreen = {
    ...(pre && { prePromotionAnalysisRunStatus: pre }),
    ...(post && { postPromotionAnalysisRunStatus: post }),
    ...(previewAfter !== '' && { previewSelector: previewAfter }),
    ...(activeAfter !== '' && { activeSelector: activeAfter }),
    ...(passedPreview && { scaleUpPreviewCheckPoint: true }),
  };
  return {
    ...base,
    blueGreen,
    HPAReplicas: sum(counted, currentOf),
    availableReplicas: sum(counted, availableOf),
    readyReplicas: sum(counted, readyOf),
    ...(active && { selector: selectorText(active.spec?.selector) }),
  };
}
