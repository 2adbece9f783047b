import type { Rollout } from '../../lib/model/argo.generated.ts';

export function isStatusOnly({ object, before }: { object: object; before?: object }): boolean {
  const generationOf = (each: { metadata?: { generation?: number } }) => each.metadata?.generation;
  return before !== undefined && generationOf(before) === generationOf(object);
}

/** A change as a line of the trace. */
export function summary(change: { kind: string; object: object; before?: object }): string {
  const { spec = {}, status = {} } = change.object as { spec?: object; status?: object };
  if (change.kind === 'ReplicaSet') {
    const { replicas: desired } = spec as { replicas?: number };
    const { replicas = 0, availableReplicas = 0 } = status as Record<string, number>;
    return `desired ${desired} current ${replicas} available ${availableReplicas}`;
  }
  const { metadata } = change.object as Rollout;
  const { phase, message, currentStepIndex, stableRS, currentPodHash, pauseConditions, abort } =
    status as NonNullable<Rollout['status']>;
  const { replicas, paused } = spec as NonNullable<Rollout['spec']>;
  const pauses = (pauseConditions ?? []).map((pause) => `${pause.reason}@${pause.startTime}`);
  return [
    `v${metadata?.resourceVersion} n=${replicas}${paused ? ' paused' : ''}`,
    `${phase}/${message ?? ''} step ${currentStepIndex} ${stableRS}->${currentPodHash}`,
    `${pauses}${abort === undefined ? '' : ` abort=${abort}`}`,
  ].join(' ');
}
