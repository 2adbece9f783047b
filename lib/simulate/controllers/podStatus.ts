import type {
  ContainerState,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from '../../model/argo.generated.ts';
import { type Millis, toTime } from '../../model/units.ts';

/** What a kubelet knows of a pod's containers; all of them share one fate here. */
export type Containers = {
  phase: 'Pending' | 'Running';
  state: ContainerState;
  ready: boolean;
  restartCount: number;
  lastState?: ContainerState;
};

export function statusWithContainers(pod: Pod, containers: Containers, now: Millis): PodStatus {
  const { phase, state, ready, restartCount, lastState } = containers;
  const statuses = (pod.spec?.containers ?? []).map(
    ({ name, image = '' }): ContainerStatus => ({
      name,
      image,
      imageID: phase === 'Running' ? `simulated://${image}` : '',
      ready,
      started: state.running !== undefined,
      restartCount,
      state,
      ...(lastState ? { lastState } : {}),
    }),
  );
  const status: PodStatus = {
    ...pod.status,
    phase,
    startTime: pod.status?.startTime ?? toTime(now),
    ...(phase === 'Running' && { podIP: addressOf(pod) }),
    containerStatuses: statuses,
  };
  const conditions = conditionsWith(
    status.conditions ?? [],
    {
      PodReadyToStartContainers: phase === 'Running',
      Initialized: true,
      ContainersReady: ready,
    },
    now,
  );
  return withReadiness(pod, { ...status, conditions }, now);
}

/** By its uid, so that no other has had it. */
function addressOf({ metadata }: Pod): string {
  const hex = (metadata?.uid ?? '').replaceAll('-', '').slice(0, 6);
  const parts = [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2) || '0', 16));
  return `10.${parts.join('.')}`;
}

/** Fulfils all readiness gates, as the controllers that set their conditions would. */
export function statusWithGatesOpen(pod: Pod, now: Millis): PodStatus {
  const open = Object.fromEntries(gatesOf(pod).map((type) => [type, true]));
  const conditions = conditionsWith(pod.status?.conditions ?? [], open, now);
  return withReadiness(pod, { ...pod.status, conditions }, now);
}

export function gatesOf(pod: Pod): string[] {
  return (pod.spec?.readinessGates ?? []).map(({ conditionType }) => conditionType);
}

export function isTrue(status: PodStatus | undefined, type: string): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  );
}

/** A pod is ready when its containers are and every gate's condition is true. */
function withReadiness(pod: Pod, status: PodStatus, now: Millis): PodStatus {
  const containersReady = isTrue(status, 'ContainersReady');
  const gatesOpen = gatesOf(pod).every((type) => isTrue(status, type));
  const reason = containersReady ? 'ReadinessGatesNotReady' : 'ContainersNotReady';
  const ready = containersReady && gatesOpen;
  const conditions = conditionsWith(status.conditions ?? [], { Ready: ready }, now, reason);
  return { ...status, conditions };
}

/** The conditions with these set; a condition that stays as it was keeps its time. */
export function conditionsWith(
  conditions: readonly PodCondition[],
  changes: Record<string, boolean>,
  now: Millis,
  reason?: string,
): PodCondition[] {
  const set = Object.entries(changes).map(([type, holds]): PodCondition => {
    const status = holds ? 'True' : 'False';
    const before = conditions.find((condition) => condition.type === type);
    const isSame = before?.status === status;
    return {
      type,
      status,
      lastTransitionTime: (isSame && before.lastTransitionTime) || toTime(now),
      ...(!holds && reason !== undefined ? { reason } : {}),
    };
  });
  return [...conditions.filter(({ type }) => changes[type] === undefined), ...set];
}
