import type { RolloutDurationStatus } from '../model/argo.generated.ts';
import { fromTime, secondMs } from '../model/units.ts';
import type { World } from '../world.ts';
import type { Seen } from './run.ts';

type Timed = { status?: { duration?: RolloutDurationStatus } };

/** Counts a release that a turn has brought to its end, by how it ended. */
export function countRelease({ count }: Pick<World, 'count'>, { object, plan }: Seen): void {
  const { duration: before } = (object as Timed).status ?? {};
  const { duration: after } = (plan as Timed).status ?? {};
  const { rolloutStartedAt, finishedAt, completionStatus: status } = after ?? {};
  if (!rolloutStartedAt || !finishedAt || !status || finishedAt === before?.finishedAt) return;
  const total = (fromTime(finishedAt) - fromTime(rolloutStartedAt)) / secondMs;
  const waited = after?.totalManualPauseDurationSeconds ?? 0;
  count('rollout_duration_seconds', total, { status });
  count('rollout_progression_duration_seconds', total - waited, { status });
  count('rollout_manual_pause_duration_seconds', waited, { status });
}
