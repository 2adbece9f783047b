import { podTemplateHash } from '../../model/hash.ts';
import type { Observed } from '../../model/observed.ts';
import type { Millis } from '../../model/units.ts';
import { podHashOf } from '../../model/workload.ts';
import { isDoubtful, type Known } from '../release/knownSets.ts';
import { hasRoleMetadata } from '../replicaSets/metadata.ts';
import { openRestart } from '../replicaSets/restart.ts';

/** Which of the costly reads a turn needs. */
export type Needs = { pods: boolean; dryRun: boolean };

export function needsOf(seen: Known & Pick<Observed, 'replicaSets'>, now: Millis): Needs {
  const { rollout, replicaSets } = seen;
  const status = rollout.status ?? {};
  const isRestartDue = openRestart({ rollout, status }, now)?.isDue === true;
  const hash = podTemplateHash(rollout.spec?.template, status.collisionCount);
  const byHash = replicaSets.find((set) => podHashOf(set) === hash);
  const isKnown = byHash !== undefined && !isDoubtful(byHash, seen, status);
  return { pods: isRestartDue || hasRoleMetadata(seen), dryRun: !isKnown };
}
