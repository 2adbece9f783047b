// A cluster of the mind: what a plan leaves behind, with pods that obey at once.

import { decide } from '../../lib/decide/rollout/decide.ts';
import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import type { Observed } from '../../lib/model/observed.ts';
import { applyMergePatch, mergePatches } from '../../lib/model/patch.ts';
import { isStatusWrite, type MergePatch, type Plan, type Write } from '../../lib/model/plan.ts';
import { type Millis, toTime } from '../../lib/model/units.ts';
import { nameOf } from '../../lib/model/workload.ts';

type Meta = { metadata?: NonNullable<Rollout['metadata']>; spec?: object };

/** The object with a patch applied, as the API server stores it. */
export function stored<T extends Meta>(object: T, patch: MergePatch): T {
  const next = applyMergePatch(object, patch);
  const isNewSpec = JSON.stringify(next.spec) !== JSON.stringify(object.spec);
  const { generation = 1, resourceVersion = '0' } = next.metadata ?? {};
  const metadata = {
    ...next.metadata,
    generation: isNewSpec ? generation + 1 : generation,
    resourceVersion: String(Number(resourceVersion) + 1),
  };
  return { ...next, metadata };
}

/** The ReplicaSet once its controller has done what it asks for. */
export function settled(set: ReplicaSet, available = set.spec?.replicas ?? 0): ReplicaSet {
  const replicas = set.spec?.replicas ?? 0;
  const observedGeneration = set.metadata?.generation ?? 1;
  const ready = { readyReplicas: available, availableReplicas: available };
  return { ...set, status: { replicas, ...ready, observedGeneration } };
}

function created(set: ReplicaSet, now: Millis): ReplicaSet {
  const identity = { uid: `uid-of-${nameOf(set)}`, generation: 1, resourceVersion: '1' };
  const metadata = { ...set.metadata, ...identity, creationTimestamp: toTime(now) };
  return { ...set, metadata, status: { replicas: 0, observedGeneration: 1 } };
}

function applied(observed: Observed, write: Write, now: Millis): Observed {
  const { rollout, replicaSets } = observed;
  if (write.do === 'create') {
    if (write.kind !== 'ReplicaSet') return observed;
    return { ...observed, replicaSets: [...replicaSets, created(write.object, now)] };
  }
  const { ref } = write;
  const isIt = (set: ReplicaSet): boolean => ref.kind === 'ReplicaSet' && nameOf(set) === ref.name;
  if (write.do === 'delete') {
    return { ...observed, replicaSets: replicaSets.filter((set) => !isIt(set)) };
  }
  if (write.do !== 'patch') return observed;
  const patch = mergePatches(write.patch, write.optional ?? {});
  if (ref.kind === 'Rollout') return { ...observed, rollout: stored(rollout, patch) };
  const sets = replicaSets.map((set) => (isIt(set) ? stored(set, patch) : set));
  return { ...observed, replicaSets: sets };
}

/** What is observed after a plan was carried out, the table's item included. */
export function carriedOut(observed: Observed, plan: Plan, now: Millis): Observed {
  const next = plan.writes.reduce((seen, write) => applied(seen, write, now), observed);
  if (!observed.record) return next;
  const intents = observed.record.intents.map((intent) => {
    const step = plan.intents.find(({ id }) => id === intent.id);
    if (step?.step === 'close') return { ...intent, outcome: step.outcome };
    if (step?.step !== 'apply') return intent;
    return { ...intent, applying: step.applying };
  });
  const { conflictingController: _, ...record } = observed.record;
  return {
    ...next,
    record: {
      ...record,
      intents,
      ...(plan.conflictingController && { conflictingController: plan.conflictingController }),
    },
  };
}

/** Turns until nothing is left to do; pods come and go at once, or never (`broken`). */
export function play(
  observed: Observed,
  now: Millis,
  broken?: (set: ReplicaSet) => boolean,
): { observed: Observed; plan: Plan; plans: Plan[] } {
  const plans: Plan[] = [];
  let seen = observed;
  for (let turn = 0; turn < 50; turn += 1) {
    const plan = decide(seen, now);
    plans.push(plan);
    if (plan.writes.length === 0) return { observed: seen, plan, plans };
    const next = carriedOut(seen, plan, now);
    const replicaSets = next.replicaSets.map((set) => settled(set, broken?.(set) ? 0 : undefined));
    seen = { ...next, replicaSets };
  }
  throw new Error(`No end of turns: ${JSON.stringify(plans.slice(-2), null, 1)}`);
}

/** The rollout with another image, as `kubectl argo rollouts set image` leaves it. */
export function withImage(observed: Observed, image: string): Observed {
  const containers = [{ name: 'web', image }];
  const patch = { spec: { template: { spec: { containers } } } };
  return { ...observed, rollout: stored(observed.rollout, patch) };
}

/** The rollout as somebody's patch leaves it. */
export function patched(observed: Observed, patch: MergePatch): Observed {
  return { ...observed, rollout: stored(observed.rollout, patch) };
}

/** Desired sizes, by image. */
export function sizes(observed: Observed): Record<string, number> {
  return Object.fromEntries(
    observed.replicaSets.map((set) => [
      set.spec?.template?.spec?.containers?.[0]?.image ?? '',
      set.spec?.replicas ?? 0,
    ]),
  );
}

export function statusPatch(plan: Plan): MergePatch | undefined {
  return plan.writes.find(isStatusWrite)?.patch.status as MergePatch | undefined;
}
