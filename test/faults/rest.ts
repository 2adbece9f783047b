import type { ReplicaSet } from '../../lib/model/argo.generated.ts';
import { pauseReasons } from '../../lib/model/names.ts';
import { availableOf, desiredOf, imagesOf, podHashOf } from '../../lib/model/workload.ts';
import { isRouted } from './routes.ts';
import type { Stage } from './stage.ts';
import { leadsTo } from './traffic.ts';
import { workloadIn } from './workload.ts';

// Where a rollout may stand still: healthy, or waiting for somebody, for a reason that has a name.

export function isCrashing({ dog }: Stage): boolean {
  const hashes = [dog.live()?.status?.currentPodHash, dog.live()?.status?.stableRS];
  return dog
    .sets()
    .filter((set) => hashes.includes(podHashOf(set)))
    .some((set) => /crash/.test(set.spec?.template?.spec?.containers?.[0]?.image ?? ''));
}

export function isAtRest({ dog, processes }: Stage): boolean {
  const rollout = dog.live();
  if (processes.running > 0) return false;
  if (rollout === undefined) return true;
  const {
    phase,
    message = '',
    conditions,
    pauseConditions,
    abort,
    promoteFull,
    stableRS,
    currentPodHash,
  } = rollout.status ?? {};
  if (rollout.status?.observedGeneration !== String(rollout.metadata?.generation)) return false;
  const isInvalid = conditions?.some(({ type }) => type === 'InvalidSpec');
  switch (phase) {
    case 'Healthy':
      return true;
    case 'Paused':
      if (rollout.spec?.paused === true || isSkipped(rollout, dog)) return true;
      return isIndefinite(rollout, pauseConditions);
    case 'Degraded': {
      // One that is promoted in full all the same goes on once its spec is mended.
      if (abort && !promoteFull && stableRS && stableRS !== currentPodHash) {
        return stableIsBack({ dog });
      }
      // Aborted, and there is nothing to go back to.
      if (isHeld(pauseConditions)) return true;
      if (isInvalid) return true;
      if (isRouted(rollout) && canRun(rollout, dog)) return false;
      // Without an abort it is a retry that nobody has seen yet.
      return /^(ProgressDeadlineExceeded|Failed to create)/.test(message);
    }
    default:
      return false;
  }
}

/** Whether nothing but Serin could keep a release from its end. */
function canRun({ status = {} }: Rollout, dog: Stage['dog']): boolean {
  const sides = [status.currentPodHash, status.stableRS];
  const images = dog
    .sets()
    .filter((set) => sides.includes(podHashOf(set)))
    .flatMap((set) => imagesOf(set.spec?.template));
  return !images.some((image) => /bad|crash/.test(image));
}

type Rollout = NonNullable<ReturnType<Stage['dog']['live']>>;

function stepOf({ spec, status }: Rollout) {
  return spec?.strategy?.canary?.steps?.[status?.currentStepIndex ?? 0];
}

/** Where the next step cannot be reached, the pause that a person skipped stays, as with the peer. */
function isSkipped(rollout: Rollout, dog: Stage['dog']): boolean {
  const workload = workloadIn(dog);
  const { template } = rollout.spec?.workloadRef ? (workload?.spec ?? {}) : (rollout.spec ?? {});
  const image = template?.spec?.containers?.[0]?.image ?? '';
  const isKept = (rollout.status?.pauseConditions ?? []).length > 0;
  return isKept && stepOf(rollout)?.pause === undefined && /bad|crash/.test(image);
}

type Pauses = NonNullable<Rollout['status']>['pauseConditions'];

function isIndefinite(rollout: Rollout, pauses: Pauses = []): boolean {
  if (isHeld(pauses)) return true;
  const has = (wanted: string) => pauses.some(({ reason }) => reason === wanted);
  const { autoPromotionEnabled } = rollout.spec?.strategy?.blueGreen ?? {};
  if (has(pauseReasons.blueGreen)) return autoPromotionEnabled === false;
  const { pause } = stepOf(rollout) ?? {};
  if (has(pauseReasons.inconclusive) || has(pauseReasons.inconclusiveExperiment)) return true;
  return has(pauseReasons.step) && pause !== undefined && pause.duration === undefined;
}

function isHeld(pauses: Pauses = []): boolean {
  const lost: string[] = [pauseReasons.statusLost, pauseReasons.stableLost];
  return pauses.some(({ reason }) => lost.includes(reason));
}

/**
 * After an abort all pods are of the stable version, as many as are wanted, unless they cannot run. Of a
 * blue-green rollout the traffic is; the other version may be kept to be looked at.
 */
export function stableIsBack({ dog }: Pick<Stage, 'dog'>): boolean {
  const { spec, status } = dog.live() ?? {};
  const sets = dog.sets();
  const stable = sets.find((set) => podHashOf(set) === status?.stableRS);
  if (stable === undefined || spec?.paused) return true;
  const image = stable.spec?.template?.spec?.containers?.[0]?.image ?? '';
  if (/bad|crash/.test(image)) return true;
  const wanted = spec?.replicas ?? 1;
  const { activeService } = spec?.strategy?.blueGreen ?? {};
  if (activeService !== undefined) {
    const service = dog.cluster.read.find('Service', dog.key.namespace, activeService);
    // Without pods of its own it leaves the traffic to those of the Deployment.
    const isLent = wanted === 0 && spec?.workloadRef !== undefined && leadsTo(service) === '';
    const isLed = !service || isLent || leadsTo(service) === status?.stableRS;
    return availableOf(stable) === wanted && isLed;
  }
  const others = sets.filter((set) => set !== stable);
  const { trafficRouting, abortScaleDownDelaySeconds } = spec?.strategy?.canary ?? {};
  // The aborted version is kept for good then.
  const isKept = (set: ReplicaSet): boolean =>
    trafficRouting !== undefined &&
    abortScaleDownDelaySeconds === 0 &&
    podHashOf(set) === status?.currentPodHash;
  const isOver = others.every((set) => desiredOf(set) === 0 || isKept(set));
  return availableOf(stable) === wanted && isOver;
}
