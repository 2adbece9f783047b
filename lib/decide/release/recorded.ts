import type {
  Rollout,
  RolloutSpec,
  RolloutStatus,
  RolloutStrategy,
} from '../../model/argo.generated.ts';
import { stepHash } from '../../model/hash.ts';
import { desiredReplicasAnnotation } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import type { Millis } from '../../model/units.ts';
import { annotationOf, createdAt, desiredOf, podHashOf, sum } from '../../model/workload.ts';
import type { Fault, Release } from './release.ts';
import { checkFenceposts, typeFaults } from './typeFaults.ts';

/**
 * The release that the status records, whatever the spec says by now: what goes on while the spec is
 * faulty, and what an abort goes back from. Nothing of the template is looked at.
 * docs/adr/0026-what-a-fault-holds-up.md
 */
export function recordedRelease(
  observed: Observed,
  status: RolloutStatus,
  now: Millis,
  fault?: Fault,
): Release {
  const all = [...observed.replicaSets].sort((a, b) => createdAt(a) - createdAt(b));
  const byHash = (hash = '') => all.find((set) => hash !== '' && podHashOf(set) === hash);
  const current = byHash(status.currentPodHash);
  const stable = byHash(status.stableRS);
  const { rollout } = observed;
  const noted = Number(annotationOf(stable ?? {}, desiredReplicasAnnotation));
  const replicas = soundReplicas(rollout) ?? (noted || sum(all, desiredOf));
  const spec = { ...soundSpec(rollout), replicas, strategy: recordedStrategy(rollout, status) };
  return {
    ...{ now, observed, status, all },
    rollout: { ...rollout, status, spec },
    templateHash: status.currentPodHash ?? '',
    stepHash: status.currentStepHash ?? '',
    ...(current && { current }),
    ...(stable && { stable }),
    others: all.filter((set) => set !== current && set !== stable),
    ...(fault && { fault }),
  };
}

/** How many pods somebody asks for; undefined where that is itself the fault, or nobody has said it. */
export function soundReplicas({ spec }: Rollout): number | undefined {
  const { replicas } = spec ?? {};
  return Number.isInteger(replicas) && Number(replicas) >= 0 ? replicas : undefined;
}

/** Of a spec with values of a wrong type only what is looked at here. */
function soundSpec(rollout: Rollout): RolloutSpec {
  const { spec = {} } = rollout;
  return typeFaults(rollout).length === 0 ? spec : { paused: spec.paused === true };
}

/**
 * Both strategies may be there by mistake, or neither; the status knows which it was. Limits that are
 * sound are kept, and so are the steps unless they are others than those the release is at.
 */
function recordedStrategy(rollout: Rollout, status: RolloutStatus): RolloutStrategy {
  const { strategy } = soundSpec(rollout);
  if (status.blueGreen?.activeSelector || (strategy?.blueGreen && !strategy.canary)) {
    return { blueGreen: strategy?.blueGreen ?? { activeService: '' } };
  }
  const { maxSurge, maxUnavailable, steps = [], ...canary } = strategy?.canary ?? {};
  const isSame = stepHash(strategy) === (status.currentStepHash ?? '');
  const hasLimits = checkFenceposts(strategy?.canary ?? {}, '').length === 0;
  return {
    canary: {
      ...canary,
      ...(hasLimits && maxSurge !== undefined && { maxSurge }),
      ...(hasLimits && maxUnavailable !== undefined && { maxUnavailable }),
      ...(isSame && { steps }),
    },
  };
}

/** Whether the steps of the recorded release are known. */
export function hasSteps({ rollout }: Release): boolean {
  return rollout.spec?.strategy?.canary?.steps !== undefined;
}
