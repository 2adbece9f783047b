import type { BlueGreenStrategy, ReplicaSet } from '../../model/argo.generated.ts';
import { pauseReasons } from '../../model/names.ts';
import { serviceNamed } from '../../model/reference.ts';
import { availableOf, podHashOf, replicasOf } from '../../model/workload.ts';
import { isPrePromotionDone } from '../analysis/outcome.ts';
import { activeHashOf, hashLedTo, isFree, isHandedBack } from '../release/handback.ts';
import { currentHash, haltReason, hasPause, isAborted, type Release } from '../release/release.ts';
import { isSaturated } from '../replicaSets/resize.ts';
import { isFastRollback, isPreviewReady } from '../replicaSets/scaleDownDelay.ts';
import { pauseEnd } from '../steps/pause.ts';

/** Where the Services of a blue-green rollout lead, now and after this turn, as pod template hashes. */
export type Cutover = {
  active: string;
  preview: string;
  activeAfter: string;
  previewAfter: string;
  pause: 'begins' | 'stays' | 'over';
};

/**
 * Whether this turn exchanges what the active Service leads to. The preview always leads to the
 * current ReplicaSet. From the status as observed: a pause that begins now holds from now on.
 * argo v1.10.1 rollout/service.go reconcileActiveService
 */
export function cutoverOf(release: Release): Cutover {
  const { previewService } = strategyOf(release);
  const { observed, status } = release;
  const active = activeHashOf(release);
  const preview = hashLedTo(observed, previewService, status.blueGreen?.previewSelector);
  const halted = haltReason(release) !== undefined;
  const pause = pauseOf(release, active, halted);
  const previewAfter = previewService && !halted ? currentHash(release) : preview;
  // Where the workload is to have the traffic, the Service is given back to it before anything else.
  const isStill = isYetToBeHandedBack(release);
  const after = isStill ? active : activeAfter(release, active, pause, halted);
  return { active, preview, activeAfter: after, previewAfter, pause };
}

function isYetToBeHandedBack(release: Release): boolean {
  const service = serviceNamed(release.observed, strategyOf(release).activeService);
  return isHandedBack(release) && service != null && !isFree(release.observed, service);
}

export function strategyOf({ rollout }: Pick<Release, 'rollout'>): BlueGreenStrategy {
  return rollout.spec?.strategy?.blueGreen ?? { activeService: '' };
}

function activeAfter(
  release: Release,
  active: string,
  pause: Cutover['pause'],
  halted: boolean,
): string {
  const { current, stable } = release;
  const back = stable && canServe(release, stable) ? podHashOf(stable) : undefined;
  if (isAborted(release)) return back ?? active;
  if (back && isLost(release, active) && !release.status.promoteFull) return back;
  const isDoubtful = (release.analysisFaults ?? []).length > 0;
  const mayGo = pause === 'over' && !halted && !isDoubtful && current !== undefined;
  return mayGo && isPreviewReady(release) && isSaturated(release, current)
    ? podHashOf(current)
    : active;
}

/** A Service that leads nowhere is no consent to the preview: docs/adr/0014-blue-green.md */
function isLost({ current, stable }: Release, active: string): boolean {
  return active === '' && stable !== undefined && stable !== current;
}

export function canServe({ rollout }: Release, set: ReplicaSet): boolean {
  return availableOf(set) > 0 || replicasOf(rollout) === 0;
}

/** argo v1.10.1 rollout/bluegreen.go reconcileBlueGreenPause */
function pauseOf(release: Release, active: string, halted: boolean): Cutover['pause'] {
  const { status } = release;
  if (halted || isAborted(release) || !isPreviewReady(release)) return 'stays';
  const passed = status.blueGreen?.scaleUpPreviewCheckPoint === true;
  if (isFastTracked(release, active)) return 'over';
  if (!isPrePromotionDone(release)) return 'stays';
  if (passed || !isManual(release)) return 'over';
  if (hasPause(status, pauseReasons.blueGreen)) {
    const end = pauseEnd(release);
    return end !== undefined && release.now >= end ? 'over' : 'stays';
  }
  // Its condition is all that a promote takes away.
  return status.controllerPause ? 'over' : 'begins';
}

function isManual(release: Release): boolean {
  const { autoPromotionEnabled, autoPromotionSeconds = 0 } = strategyOf(release);
  return autoPromotionEnabled === false || autoPromotionSeconds > 0;
}

/** There is nothing to look at before the switch: it is a way back, or asked for, or done. */
function isFastTracked(release: Release, active: string): boolean {
  const { current, status } = release;
  if (!current) return false;
  const isFirst = active === '' && !isLost(release, active);
  const isThere = active === podHashOf(current);
  return status.promoteFull === true || isFirst || isThere || isFastRollback(release);
}
