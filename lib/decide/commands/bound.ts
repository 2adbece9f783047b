import type { Rollout } from '../../model/argo.generated.ts';
import type { Bound } from '../../model/intent.ts';
import { uidOf } from '../../model/workload.ts';
import { releasePause } from '../steps/pause.ts';

/** What a command's author saw, as of this rollout. */
export function boundTo(rollout: Rollout): Bound {
  return {
    uid: uidOf(rollout),
    generation: rollout.metadata?.generation ?? 0,
    podHash: rollout.status?.currentPodHash ?? '',
    stepIndex: rollout.status?.currentStepIndex ?? null,
    pauseStart: releasePause(rollout.status ?? {})?.startTime ?? null,
  };
}
