import type { RolloutSpec, RolloutStatus } from '../../model/argo.generated.ts';
import type { Millis } from '../../model/units.ts';
import { isOver } from '../release/runs.ts';
import { openRestart } from '../replicaSets/restart.ts';
import { reasons } from './conditions.ts';

export const restarting = 'rollout is restarting';

/**
 * The phase and its message, from the spec and the rest of the status; the first rule that fits
 * holds. The words are matched by dashboards and health checks. A restart that is planned is no
 * progress: docs/adr/0025-restarts.md
 * argo v1.10.1 utils/rollout/rolloututil.go CalculateRolloutPhase
 */
export function phaseOf(
  spec: RolloutSpec,
  status: RolloutStatus,
  now: Millis,
): { phase: string; message: string } {
  for (const condition of status.conditions ?? []) {
    if (condition.type === 'InvalidSpec') {
      return { phase: 'Degraded', message: `InvalidSpec: ${condition.message}` };
    }
    if (condition.reason === reasons.aborted || condition.reason === reasons.timedOut) {
      return { phase: 'Degraded', message: `${condition.reason}: ${condition.message}` };
    }
  }
  if (spec.paused) return { phase: 'Paused', message: 'manually paused' };
  const pause = status.pauseConditions?.[0];
  if (pause) return { phase: 'Paused', message: pause.reason };
  const isRestarting = openRestart({ rollout: { spec }, status }, now)?.isDue;
  const progressing = isRestarting ? restarting : whatIsLeft(spec, status);
  return progressing === undefined
    ? { phase: 'Healthy', message: '' }
    : { phase: 'Progressing', message: progressing };
}

function isJudgedStill({ strategy }: RolloutSpec, { blueGreen }: RolloutStatus): boolean {
  const run = blueGreen?.postPromotionAnalysisRunStatus;
  return Boolean(strategy?.blueGreen?.postPromotionAnalysis) && !(run && isOver(run.status));
}

function whatIsLeft(spec: RolloutSpec, status: RolloutStatus): string | undefined {
  const updated = status.updatedReplicas ?? 0;
  if (updated < (spec.replicas ?? 1)) return 'more replicas need to be updated';
  if ((status.availableReplicas ?? 0) < updated) {
    return 'updated replicas are still becoming available';
  }
  const isStable = Boolean(status.stableRS) && status.stableRS === status.currentPodHash;
  if (spec.strategy?.blueGreen) {
    const active = status.blueGreen?.activeSelector;
    if (!active || active !== status.currentPodHash) return 'active service cutover pending';
    if (isStable) return undefined;
    return isJudgedStill(spec, status)
      ? 'waiting for analysis to complete'
      : 'waiting for post-promotion verification to complete';
  }
  // With a router they are kept for a while: no request comes to them.
  const isPlain = !spec.strategy?.canary?.trafficRouting;
  if (isPlain && (status.replicas ?? 0) > updated) return 'old replicas are pending termination';
  return isStable ? undefined : 'waiting for all steps to complete';
}
