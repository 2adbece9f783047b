import type { Refusal } from '../decide/replicaSets/metadata.ts';
import { NotFound, Terminal } from '../errors.ts';
import type { RolloutKey } from '../model/key.ts';
import { managedByAnnotation } from '../model/names.ts';
import { mergePatches } from '../model/patch.ts';
import type { Action } from '../model/plan.ts';
import type { RolloutRecord } from '../model/record.ts';
import { givenBack } from '../model/reference.ts';
import { annotationOf, versionOf } from '../model/workload.ts';
import type { Cluster, World } from '../world.ts';

/**
 * Carries a plan's actions out, in order; the sizes of ReplicaSets and the status at the same time, since
 * none of them needs the other to have arrived. Each is conditioned on what was observed, so the first
 * that no longer fits ends the turn with Conflict and nothing after it is done. Metadata of roles that the
 * API server refuses is passed over, and answered. `isIdle` when nothing had an effect: that was refused, or
 * a disruption budget refused every eviction.
 */
export async function apply(
  world: World,
  key: RolloutKey,
  actions: Action[],
): Promise<{ isIdle: boolean; refusals: Refusal[] }> {
  const cluster = await world.cluster(key.cluster);
  const refusals: Refusal[] = [];
  // Writes to the rollout build on each other: the second is conditioned on the first's version.
  let rolloutVersion: string | undefined;
  let effects = 0;
  const carryOut = async (action: Action): Promise<void> => {
    const written = await perform(cluster, key, action, { rolloutVersion, refusals });
    if (written === false) return;
    effects += 1;
    if (typeof written === 'string') rolloutVersion = written;
    world.log('info', action.do, { ...key, ...('name' in action && { object: action.name }) });
  };
  for (const together of grouped(actions)) {
    const results = await Promise.allSettled(together.map(carryOut));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }
  return { isIdle: effects === 0, refusals };
}

/** In order, those that stand side by side and do not depend on each other as one group. */
function grouped(actions: Action[]): Action[][] {
  const groups: Action[][] = [];
  for (const action of actions) {
    const last = groups.at(-1);
    if (last && isFree(action) && last.every(isFree)) last.push(action);
    else groups.push([action]);
  }
  return groups;
}

function isFree(action: Action): boolean {
  return action.do === 'patchReplicaSet' || action.do === 'patchStatus';
}

/**
 * After a rollout was deleted its Services lead to all their pods again, whoever runs those.
 * argo v1.10.1 service/service.go
 */
export async function giveServicesBack(
  world: World,
  { key, services = [] }: RolloutRecord,
): Promise<void> {
  const { namespace } = key;
  const cluster = await world.cluster(key.cluster);
  for (const name of services) {
    const service = await cluster.get('Service', namespace, name).catch(ifGone);
    if (!service || annotationOf(service, managedByAnnotation) !== key.name) continue;
    const target = { namespace, name, resourceVersion: versionOf(service) };
    await cluster.patch('Service', target, givenBack).catch(ifGone);
    world.log('info', 'giveServiceBack', { ...key, object: name });
  }
}

/** Answers the rollout's new version when the action wrote to it, false when it had no effect. */
async function perform(
  cluster: Cluster,
  key: RolloutKey,
  action: Action,
  { rolloutVersion, refusals }: { rolloutVersion: string | undefined; refusals: Refusal[] },
): Promise<string | false | undefined> {
  const { namespace } = key;
  switch (action.do) {
    case 'createReplicaSet':
      await cluster.create('ReplicaSet', action.replicaSet);
      return undefined;
    case 'patchReplicaSet':
      return patchReplicaSet(cluster, namespace, action, refusals);
    case 'patchService':
      await cluster.patch('Service', { namespace, ...targetOf(action) }, action.patch);
      return undefined;
    case 'patchWorkload':
      await cluster.patch(action.kind, { namespace, ...targetOf(action) }, action.patch);
      return undefined;
    case 'patchPod':
      return patchPod(cluster, namespace, action, refusals);
    case 'deleteReplicaSet':
      await cluster
        .remove('ReplicaSet', { namespace, ...targetOf(action), uid: action.uid })
        .catch(ifGone);
      return undefined;
    case 'evictPod':
      // `false`: a disruption budget forbids it now; the pod is still old in the next turn.
      return (await cluster.evict(namespace, action.name, action.uid).catch(ifGone)) === false
        ? false
        : undefined;
    case 'patchRollout':
    case 'patchStatus': {
      const resourceVersion = rolloutVersion ?? action.resourceVersion;
      const options = action.do === 'patchStatus' ? { subresource: 'status' as const } : {};
      const target = { namespace, name: key.name, resourceVersion };
      return versionOf(await cluster.patch('Rollout', target, action.patch, options));
    }
    default:
      return action satisfies never;
  }
}

type ReplicaSetPatch = Extract<Action, { do: 'patchReplicaSet' }>;

/** In one write; without the metadata where the API server refuses that. */
async function patchReplicaSet(
  cluster: Cluster,
  namespace: string,
  action: ReplicaSetPatch,
  refusals: Refusal[],
): Promise<false | undefined> {
  const { patch, metadata } = action;
  const target = { namespace, ...targetOf(action) };
  try {
    await cluster.patch('ReplicaSet', target, mergePatches(patch, metadata ?? {}));
  } catch (error) {
    if (!(error instanceof Terminal) || metadata === undefined) throw error;
    const isAlone = Object.keys(patch).length === 0;
    if (!isAlone) await cluster.patch('ReplicaSet', target, patch);
    refusals.push({ kind: 'ReplicaSet', patch: metadata, why: error.message });
    if (isAlone) return false;
  }
  return undefined;
}

type PodPatch = Extract<Action, { do: 'patchPod' }>;

async function patchPod(
  cluster: Cluster,
  namespace: string,
  action: PodPatch,
  refusals: Refusal[],
): Promise<false | undefined> {
  try {
    await cluster.patch('Pod', { namespace, ...targetOf(action) }, action.patch);
  } catch (error) {
    // One that went away in the meantime needs no metadata.
    if (error instanceof NotFound) return undefined;
    if (!(error instanceof Terminal)) throw error;
    refusals.push({ kind: 'Pod', patch: action.patch, why: error.message });
    return false;
  }
  return undefined;
}

function targetOf(action: { name: string; resourceVersion: string }): {
  name: string;
  resourceVersion: string;
} {
  return { name: action.name, resourceVersion: action.resourceVersion };
}

function ifGone(error: unknown): undefined {
  if (error instanceof NotFound) return undefined;
  throw error;
}
