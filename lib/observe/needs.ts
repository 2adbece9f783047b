import { hasEphemeralMetadata } from '../decide/metadata.ts';
import { openRestart } from '../decide/restart.ts';
import type { ReplicaSet, Rollout } from '../model/argo.generated.ts';
import { podTemplateHash } from '../model/hash.ts';
import type { Millis } from '../model/units.ts';
import { isTrusted, podHashOf } from '../model/workload.ts';

/** Which of the costly reads a turn needs. */
export type Needs = { pods: boolean; dryRun: boolean };

export function needsOf(rollout: Rollout, replicaSets: ReplicaSet[], now: Millis): Needs {
  const status = rollout.status ?? {};
  const isRestartDue = openRestart({ rollout, status }, now)?.isDue === true;
  const hash = podTemplateHash(rollout.spec?.template, status.collisionCount);
  const isKnown = replicaSets.some((set) => podHashOf(set) === hash && isTrusted(set));
  return { pods: isRestartDue || hasEphemeralMetadata({ rollout }), dryRun: !isKnown };
}
