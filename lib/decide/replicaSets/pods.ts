import type { Pod } from '../../model/argo.generated.ts';
import { type ListRead, type Need, okOf } from '../../model/reads.ts';
import type { Millis } from '../../model/units.ts';
import { isControlledBy, uidOf } from '../../model/workload.ts';
import type { Gathered } from '../release/gathered.ts';
import { hasRoleMetadata } from './metadata.ts';
import { openRestart } from './restart.ts';

/** Pods are read where they are restarted, where they carry metadata of a role, and for people. */
export function podNeeds(gathered: Gathered, now: Millis): Need[] {
  const read = podsRead(gathered);
  const isWanted = gathered.seed.withPods || arePodsDue(gathered, now);
  return read && isWanted ? [{ read, bears: 'none' }] : [];
}

/** Those of its ReplicaSets, where they were read. */
export function ownPods(gathered: Gathered): Pod[] | undefined {
  const read = podsRead(gathered);
  const pods = read && okOf(gathered.answers.list(read));
  const owners = gathered.sets?.owned ?? [];
  return pods?.filter((pod) => owners.some((set) => isControlledBy(pod, uidOf(set))));
}

/** After the ReplicaSets: a pod that is there has one then. */
export function podsRead({ seed, template, sets }: Gathered): ListRead<'Pod'> | undefined {
  if (!template || !sets) return undefined;
  return { list: 'Pod', namespace: seed.key.namespace, selector: template.selector };
}

function arePodsDue({ template, sets }: Gathered, now: Millis): boolean {
  if (!template?.isTyped || !sets) return false;
  const { rollout } = template;
  const { status = {} } = rollout;
  const isRestartDue = openRestart({ rollout, status }, now)?.isDue === true;
  return isRestartDue || hasRoleMetadata({ rollout, replicaSets: sets.owned });
}
