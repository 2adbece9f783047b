import { phaseOf } from '../decide/status/phase.ts';
import { stepText } from '../decide/steps/kinds.ts';
import { releasePause } from '../decide/steps/pause.ts';
import { currentStep, stepIndexOf, stepsOf } from '../decide/steps/steps.ts';
import type {
  CanaryStrategy,
  Pod,
  ReplicaSet,
  Rollout,
  RolloutStatus,
} from '../model/argo.generated.ts';
import { defined } from '../model/defined.ts';
import { scaleDownDeadlineAnnotation } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { Reason, Wake } from '../model/plan.ts';
import { generationOf } from '../model/reference.ts';
import { byCodeUnit } from '../model/text.ts';
import type { Millis } from '../model/units.ts';
import type {
  AnalysisRunView,
  ExperimentView,
  PodView,
  ReplicaSetView,
  RevisionView,
  RolloutView,
} from '../model/view.ts';
import {
  annotationOf,
  availableOf,
  createdAt,
  currentOf,
  desiredOf,
  imagesOf,
  nameOf,
  podHashOf,
  replicasOf,
  revisionOf,
  uidOf,
  versionOf,
} from '../model/workload.ts';
import { comingShown } from './comingView.ts';
import { experimentsShown } from './experimentsView.ts';
import { podView } from './podView.ts';
import { routesShown } from './routesView.ts';
import { runsShown } from './runsView.ts';
import { stepsShown } from './stepsView.ts';
import { weightsOf } from './weights.ts';

type Seen = {
  observed: Observed;
  /** The status as the turn leaves it; without it, as it was observed. */
  status?: RolloutStatus;
  reasons: Reason[];
  wake: Wake;
  now: Millis;
};

/**
 * What `kubectl argo rollouts get rollout` shows, and why the release waits.
 * argo v1.10.1 pkg/kubectl-argo-rollouts/info/rollout_info.go
 */
export function view({ observed, status, reasons, wake, now }: Seen): RolloutView {
  const rollout: Rollout = { ...observed.rollout, ...(status === undefined ? {} : { status }) };
  const { spec = {} } = rollout;
  const after = rollout.status ?? {};
  const replicaSets = observed.replicaSets
    .map((set) => ({
      revision: revisionOf(set),
      view: replicaSetView(set, rollout, observed.pods),
    }))
    .sort((a, b) => b.revision - a.revision || byCodeUnit(a.view.name, b.view.name));
  const experiments = experimentsShown(observed);
  const phase = phaseShown({ ...observed, rollout }, after, now);
  const coming = comingShown(observed, { rollout, reasons, ...phase }, now);
  return {
    ...observed.key,
    uid: uidOf(rollout),
    resourceVersion: versionOf(rollout),
    generation: rollout.metadata?.generation ?? 0,
    observedAt: now,
    createdAt: createdAt(rollout),
    ...phase,
    ...routesShown({ ...observed, rollout }),
    ...strategyShown(rollout, observed.replicaSets, { record: observed.record, now }),
    ...defined({ coming }),
    images: imagesShown(
      replicaSets.map((set) => set.view),
      experiments.map(({ experiment }) => experiment),
    ),
    replicas: {
      desired: replicasOf(rollout),
      current: after.replicas ?? 0,
      updated: after.updatedReplicas ?? 0,
      ready: after.readyReplicas ?? 0,
      available: after.availableReplicas ?? 0,
    },
    revisions: byRevision(replicaSets, runsShown(observed), experiments),
    revision: revisionOf(rollout),
    podHash: after.currentPodHash ?? '',
    stableHash: after.stableRS ?? '',
    pauseStart: releasePause(after)?.startTime ?? null,
    paused: spec.paused === true || (after.pauseConditions ?? []).length > 0,
    aborted: after.abort === true,
    reasons,
    wake,
  };
}

/** A status that has not caught up with the spec, or with a promote, is not shown as it stands. */
function phaseShown(
  { rollout, workload }: Pick<Observed, 'rollout' | 'workload'>,
  status: RolloutStatus,
  now: Millis,
): { phase: string; message: string } {
  const seen = Number(status.observedGeneration ?? Number.NaN);
  const template = Number(status.workloadObservedGeneration ?? Number.NaN);
  const isBehind =
    seen < (rollout.metadata?.generation ?? 0) ||
    (workload !== undefined && template < Number(generationOf(workload.object)));
  if (isBehind) {
    return { phase: 'Progressing', message: 'waiting for rollout spec update to be observed' };
  }
  if (status.controllerPause && (status.pauseConditions ?? []).length === 0) {
    return { phase: 'Progressing', message: 'waiting for rollout to unpause' };
  }
  if (!status.phase) return phaseOf(rollout.spec ?? {}, status, now);
  return { phase: status.phase, message: status.message ?? '' };
}

type Strategy = Pick<RolloutView, 'strategy' | 'step' | 'steps' | 'setWeight' | 'actualWeight'>;

function strategyShown(
  rollout: Rollout,
  sets: ReplicaSet[],
  { record, now }: { record: Observed['record']; now: Millis },
): Strategy {
  const { canary, blueGreen } = rollout.spec?.strategy ?? {};
  if (!canary) return { strategy: blueGreen ? 'BlueGreen' : 'Unknown' };
  const count = stepsOf(rollout).length;
  const step = currentStep(rollout);
  const hasStep = count > 0 && rollout.status?.currentStepIndex !== undefined;
  return {
    strategy: 'Canary',
    ...(hasStep && {
      step: {
        index: stepIndexOf(rollout),
        count,
        ...(step === undefined ? {} : { current: stepText(step) }),
      },
      steps: stepsShown(rollout, record?.view, now),
    }),
    ...weightsOf(rollout, sets),
  };
}

// argo v1.10.1 pkg/kubectl-argo-rollouts/info/replicaset_info.go
function replicaSetView(
  set: ReplicaSet,
  rollout: Rollout,
  pods: Pod[] | undefined,
): ReplicaSetView {
  const deadline = annotationOf(set, scaleDownDeadlineAnnotation);
  return {
    name: nameOf(set),
    podHash: podHashOf(set),
    status: health(set),
    createdAt: createdAt(set),
    images: imagesOf(set.spec?.template),
    desired: desiredOf(set),
    current: currentOf(set),
    available: availableOf(set),
    roles: rolesOf(podHashOf(set), rollout),
    ...(deadline ? { scaleDownDeadline: deadline } : {}),
    ...(pods === undefined ? {} : { pods: podsOf(set, pods) }),
  };
}

function health(set: ReplicaSet): ReplicaSetView['status'] {
  if ((set.metadata?.generation ?? 0) > (set.status?.observedGeneration ?? 0)) return 'Progressing';
  const failure = set.status?.conditions?.find((each) => each.type === 'ReplicaFailure');
  if (failure?.status === 'True') return 'ReplicaFailure';
  if (availableOf(set) < desiredOf(set)) return 'Progressing';
  return desiredOf(set) === 0 ? 'ScaledDown' : 'Healthy';
}

function rolesOf(hash: string, { spec, status = {} }: Rollout): ReplicaSetView['roles'] {
  const isStable = hash === status.stableRS;
  if (spec?.strategy?.canary) {
    const role = isStable ? 'stable' : hash === status.currentPodHash ? 'canary' : undefined;
    return role ? [role, ...turnOf(role, spec.strategy.canary, status)] : [];
  }
  if (!spec?.strategy?.blueGreen) return [];
  const { activeSelector, previewSelector } = status.blueGreen ?? {};
  const roles: ReplicaSetView['roles'] = isStable ? ['stable'] : [];
  if (hash === activeSelector) roles.push('active');
  else if (hash === previewSelector) roles.push('preview');
  return roles;
}

/** Which of ping and pong a role has. argo v1.10.1 pkg/kubectl-argo-rollouts/info/replicaset_info.go */
function turnOf(
  role: 'stable' | 'canary',
  { pingPong }: CanaryStrategy,
  { canary }: RolloutStatus,
): ReplicaSetView['roles'] {
  if (!pingPong) return [];
  const isPing = (canary?.stablePingPong === 'ping') === (role === 'stable');
  return [isPing ? 'ping' : 'pong'];
}

function podsOf(set: ReplicaSet, pods: Pod[]): PodView[] {
  const uid = uidOf(set);
  return pods
    .filter((pod) => pod.metadata?.ownerReferences?.some((owner) => owner.uid === uid))
    .map(podView)
    .sort((a, b) => a.createdAt - b.createdAt || byCodeUnit(a.name, b.name));
}

/** The images of the ReplicaSets that have pods, each once, with the roles it plays. */
function imagesShown(sets: ReplicaSetView[], experiments: ExperimentView[]): RolloutView['images'] {
  const tagsOf = new Map<string, string[]>();
  const trials = experiments
    .flatMap((each) => each.replicaSets)
    .map(({ images, current, template }) => ({ images, current, roles: [`Σ:${template}`] }));
  for (const { image, roles } of [...sets, ...trials]
    .filter((set) => set.current > 0)
    .flatMap((set) => set.images.map((image) => ({ image, roles: set.roles })))) {
    const known = tagsOf.get(image);
    tagsOf.set(image, known === undefined ? [...roles] : merged(known, roles));
  }
  return [...tagsOf]
    .map(([image, tags]) => ({ image, tags }))
    .sort((a, b) => byCodeUnit(a.image, b.image));
}

function merged(known: string[], more: string[]): string[] {
  return [...new Set([...known, ...more])].sort(byCodeUnit);
}

function byRevision(
  sets: { revision: number; view: ReplicaSetView }[],
  runs: { revision: number; run: AnalysisRunView }[],
  trials: { revision: number; experiment: ExperimentView }[],
): RevisionView[] {
  const numbers = new Set([...sets, ...runs, ...trials].map(({ revision }) => revision));
  return [...numbers]
    .sort((a, b) => b - a)
    .map((revision) => {
      const of = <T extends { revision: number }>(all: T[]): T[] =>
        all.filter((each) => each.revision === revision);
      const analysisRuns = of(runs).map(({ run }) => run);
      const experiments = of(trials).map(({ experiment }) => experiment);
      return {
        revision,
        replicaSets: of(sets).map((each) => each.view),
        ...(analysisRuns.length > 0 && { analysisRuns }),
        ...(experiments.length > 0 && { experiments }),
      };
    });
}
