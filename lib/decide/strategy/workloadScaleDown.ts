import type { Deployment, RolloutStatus } from '../../model/argo.generated.ts';
import { fieldManager } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import { type PlannedEvent, refOf, type Write } from '../../model/plan.ts';
import type { RolloutRecord } from '../../model/record.ts';
import { availableOf, nameOf, replicasOf, sum, uidOf } from '../../model/workload.ts';
import type { Release } from '../release/release.ts';
import { conditionOf } from '../status/conditions.ts';

// The way from a Deployment to the rollout that refers to it: docs/adr/0016-scale-down-of-a-workload.md
// argo v1.10.1 rollout/replicaset.go, rollout/sync.go promoteStable

export type Scaled = { writes: Write[]; events: PlannedEvent[] };

/** Takes the Deployment's own pods away, once or as far as the rollout has pods of its own. */
export function scaleWorkload(release: Release, after: RolloutStatus): Scaled {
  const { observed } = release;
  const deployment = deploymentOf(observed);
  if (!deployment) return { writes: [], events: [] };
  const before = sizeOf(deployment);
  const wanted = wantedSize(release, after) ?? before;
  if (wanted === before) return { writes: [], events: [] };
  const name = nameOf(deployment);
  const direction = wanted < before ? 'down' : 'up';
  const message = `Scaled ${direction} Deployment ${name} from ${before} to ${wanted}`;
  return {
    writes: [
      {
        ...{ phase: 'prune', do: 'patch', ref: refOf('Deployment', deployment) },
        patch: { spec: { replicas: wanted } },
      },
    ],
    events: [{ type: 'Normal', reason: 'ScalingDeployment', message, ofObject: true }],
  };
}

/** The size the Deployment is to have; undefined when it is nobody's business here. */
function wantedSize({ observed, rollout, all }: Release, after: RolloutStatus): number | undefined {
  const scaleDown = observed.workload?.scaleDown ?? 'never';
  const replicas = replicasOf(rollout);
  // A rollout without pods is no reason to take others away: somebody is on the way back.
  if (scaleDown === 'never' || replicas === 0) return undefined;
  if (after.phase === 'Healthy') return 0;
  const full = fullSizeOf(observed);
  if (!full) return undefined;
  // Together never fewer than there were, nor than there are to be.
  const both = Math.max(full.replicas, replicas);
  return Math.max(0, Math.min(full.replicas, both - sum(all, availableOf)));
}

/**
 * How many pods the Deployment had, while they go one by one: the most there will be again should the
 * rollout's pods break. Undefined otherwise.
 */
export function fullSizeOf(observed: Observed): RolloutRecord['migrating'] {
  const { record, workload } = observed;
  const deployment = deploymentOf(observed);
  // Without the table nobody knows how many it had: none are taken from it meanwhile.
  if (!deployment || !record || workload?.scaleDown !== 'progressively') return undefined;
  if (wasHealthy(observed)) return undefined;
  const uid = uidOf(deployment);
  // A size that somebody else gave it since counts, be it larger or smaller.
  const isKnown = record.migrating?.uid === uid && isSizedHere(deployment);
  const known = isKnown ? (record.migrating?.replicas ?? 0) : 0;
  return { uid, replicas: Math.max(known, sizeOf(deployment)) };
}

/**
 * Whether the rollout has been healthy before. The condition is there from the first time on, but it goes
 * with a status that is wiped, and the way to the rollout does not begin anew for that.
 */
export function wasHealthy({ rollout, record }: Observed): boolean {
  const isSaid = conditionOf(rollout.status ?? {}, 'Healthy') !== undefined;
  return isSaid || (record?.healthyOnce !== undefined && record.healthyOnce === uidOf(rollout));
}

/** Whether the last to give it another size was Serin. */
function isSizedHere({ metadata }: Deployment): boolean {
  return (metadata?.managedFields ?? []).some(({ manager, fieldsV1 }) => {
    const { 'f:spec': spec = {} } = (fieldsV1 ?? {}) as { 'f:spec'?: object };
    return manager === fieldManager && 'f:replicas' in spec;
  });
}

function deploymentOf({ workload }: Observed): Deployment | undefined {
  return workload?.kind === 'Deployment' ? (workload.object as Deployment) : undefined;
}

function sizeOf({ spec }: Deployment): number {
  return spec?.replicas ?? 1;
}
