import type {
  RolloutStatus,
  TrafficWeights,
  WeightDestination,
} from '../../model/argo.generated.ts';
import { deepEqual } from '../../model/patch.ts';
import type { PlannedEvent } from '../../model/plan.ts';
import { podHashOf } from '../../model/workload.ts';
import type { Release } from '../release/release.ts';
import {
  isTakingOver,
  namedServices,
  shareOf,
  totalWeightOf,
  type Verification,
} from '../release/traffic.ts';

/**
 * The weights that were observed to be there, in the peer's shape. Ping and pong are not named there.
 * argo v1.10.1 rollout/trafficrouting.go calculateWeightStatus
 */
export function weightsIn(release: Release): TrafficWeights | undefined {
  const { rollout, traffic, current, stable, status } = release;
  const { verification, isAsked } = traffic ?? {};
  if (!traffic?.goal || !isAsked) return undefined;
  const { weight, additional } = traffic.goal;
  const services = namedServices(rollout);
  const led = isTakingOver(stable, traffic) ? stable : (current ?? stable);
  const to = (serviceName: string, podTemplateHash: string, share: number): WeightDestination => ({
    weight: share,
    ...(serviceName !== '' && { serviceName }),
    ...(podTemplateHash !== '' && { podTemplateHash }),
  });
  return {
    canary: to(services.canary, podHashOf(led), weight),
    stable: to(
      services.stable,
      podHashOf(stable),
      totalWeightOf(rollout) - weight - shareOf(traffic.goal),
    ),
    ...(additional.length > 0 && {
      additional: additional.map((each) => to(each.service, each.hash, each.weight)),
    }),
    ...verifiedIn(status, weight, verification),
  };
}

/** Absent where no load balancer is looked at. What was verified is so still while nobody looks again. */
function verifiedIn(
  { canary }: RolloutStatus,
  weight: number,
  verification: Verification | undefined,
): { verified?: boolean } {
  if (verification) return { verified: verification.state === 'verified' };
  const { weights } = canary ?? {};
  return weights?.verified && weights.canary?.weight === weight ? { verified: true } : {};
}

/** The status with these weights; without any where there is no router. */
export function withWeights(
  { canary, ...status }: RolloutStatus,
  weights: TrafficWeights | undefined,
): RolloutStatus {
  const { weights: _, ...rest } = canary ?? {};
  const after = { ...rest, ...(weights && { weights }) };
  return Object.keys(after).length > 0 ? { ...status, canary: after } : status;
}

/** argo v1.10.1 rollout/trafficrouting.go trafficWeightUpdatedMessage */
export function weightNotes(
  before: TrafficWeights | undefined,
  after: TrafficWeights | undefined,
): PlannedEvent[] {
  const [was, is] = [before?.canary?.weight, after?.canary?.weight];
  if (is === undefined || was === is || deepEqual(before, after)) return [];
  const from = was === undefined ? '' : `from ${was} `;
  const message = `Traffic weight updated ${from}to ${is}`;
  return [{ type: 'Normal', reason: 'TrafficWeightUpdated', message }];
}
