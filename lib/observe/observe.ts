import { unsupported, validate } from '../decide/guards/validate.ts';
import { selectorText } from '../decide/release/selector.ts';
import { sameTemplate } from '../decide/release/template.ts';
import { typeFaults } from '../decide/release/typeFaults.ts';
import { resolved } from '../decide/release/workloadRef.ts';
import { newReplicaSet } from '../decide/replicaSets/revision.ts';
import { needsOf } from '../decide/rollout/needs.ts';
import { Conflict, ifGone, NotFound, remedyOf, Terminal, Transient } from '../errors.ts';
import type { Pod, ReplicaSet, Rollout, Service } from '../model/argo.generated.ts';
import { podTemplateHash } from '../model/hash.ts';
import type { RolloutKey } from '../model/key.ts';
import { hashLabel, managedByAnnotation } from '../model/names.ts';
import { withoutNulls } from '../model/nulls.ts';
import type { DryRun, Observed } from '../model/observed.ts';
import type { RolloutRecord } from '../model/record.ts';
import { referenceOf, serviceNames } from '../model/reference.ts';
import type { Millis } from '../model/units.ts';
import {
  annotationOf,
  createdAt,
  isControlledBy,
  nameOf,
  podHashOf,
  uidOf,
} from '../model/workload.ts';
import type { Cluster, World } from '../world.ts';

/**
 * Everything one turn needs to know of a rollout, read now; undefined when it is gone. `record` is
 * undefined while the table cannot be read.
 */
export async function observe(
  world: World,
  key: RolloutKey,
  record: RolloutRecord | undefined,
  options: { now: Millis; pods?: boolean },
): Promise<Observed | undefined> {
  const cluster = await world.cluster(key.cluster);
  const found = await cluster
    .get({ kind: 'Rollout', namespace: key.namespace, name: key.name })
    .catch(ifGone);
  if (!found) return undefined;
  const source = await resolve(cluster, withoutNulls(found), key.namespace);
  const { rollout } = source;
  const isTyped = typeFaults(rollout).length === 0;
  const faults = isTyped ? validate(rollout) : [];
  const canSelect = isTyped && !faults.some(({ path }) => path.startsWith('spec.selector'));
  const selector = canSelect ? selectorOf(rollout) : hashLabel;
  const { owned: all, orphans: free } = await findReplicaSets(cluster, rollout, {
    ...{ namespace: key.namespace, selector, isTyped },
  });
  const isSound =
    isTyped &&
    source.workloadFault === undefined &&
    faults.length === 0 &&
    unsupported(rollout) === undefined;
  const seen = { rollout, replicaSets: all, record };
  const needs = isTyped ? needsOf(seen, options.now) : { pods: false, dryRun: false };
  const [pods, services, dryRun] = await Promise.all([
    needs.pods || options.pods ? ownedPods(cluster, all, key.namespace, selector) : undefined,
    readServices(cluster, rollout, key.namespace, record),
    needs.dryRun && isSound ? tryCreate(cluster, rollout, [...all, ...free]) : undefined,
  ]);
  // One that has the hash of this template and another template is no ReplicaSet of this rollout.
  const isOurs = dryRun?.replicaSet !== undefined;
  const orphans = canSelect
    ? free.filter((set) => isOurs || podHashOf(set) !== hashOf(rollout))
    : [];
  return {
    key,
    ...source,
    replicaSets: all,
    ...(orphans.length > 0 && { orphans }),
    services,
    instanceId: world.instanceId,
    doorbell: cluster.doorbell,
    ...(pods && { pods }),
    ...(dryRun && { dryRun }),
    ...(record && { record }),
  };
}

type Source = Pick<Observed, 'rollout' | 'workload' | 'workloadFault' | 'workloadRemedy'>;

/** The rollout with its template, wherever that is written. */
async function resolve(cluster: Cluster, rollout: Rollout, namespace: string): Promise<Source> {
  const reference = referenceOf(rollout);
  if (!reference) return { rollout };
  if ('fault' in reference) return { rollout, workloadFault: reference.fault };
  const { kind, name } = reference;
  try {
    return resolved(rollout, kind, withoutNulls(await cluster.get({ kind, namespace, name })));
  } catch (error) {
    if (error instanceof NotFound) {
      return { rollout, workloadFault: `names the ${kind} ${name}, which does not exist` };
    }
    if (!(error instanceof Terminal)) throw error;
    const workloadFault = `names the ${kind} ${name}, which cannot be read: ${error.message}`;
    const { remedy: workloadRemedy } = remedyOf(error);
    return { rollout, workloadFault, ...(workloadRemedy && { workloadRemedy }) };
  }
}

/** Where it is faulty, or that of a missing workload: every ReplicaSet of a rollout has this label. */
function selectorOf({ spec }: Rollout): string {
  return selectorText(spec?.selector) || hashLabel;
}

type Where = { namespace: string; selector: string; isTyped: boolean };

async function findReplicaSets(
  cluster: Cluster,
  rollout: Rollout,
  { namespace, selector, isTyped }: Where,
): Promise<{ owned: ReplicaSet[]; orphans: ReplicaSet[] }> {
  const sets = await cluster.list('ReplicaSet', namespace, selector);
  const isOwned = (set: ReplicaSet): boolean => isControlledBy(set, uidOf(rollout));
  const listed = sets.filter(isOwned);
  const { stableRS, currentPodHash } = rollout.status ?? {};
  const hashes = [isTyped ? hashOf(rollout) : undefined, stableRS, currentPodHash];
  const missing = hashes.filter((hash) => hash && !listed.some((set) => podHashOf(set) === hash));
  const strays = selector === hashLabel ? [] : await findStrays(cluster, namespace, missing);
  const owned = [...listed, ...strays.filter(isOwned)].sort((a, b) => createdAt(a) - createdAt(b));
  return { owned, orphans: sets.filter((set) => isOrphanOf(rollout, set)) };
}

/** The two that matter most, should somebody have taken off them what the selector asks for. */
async function findStrays(
  cluster: Cluster,
  namespace: string,
  missing: (string | undefined)[],
): Promise<ReplicaSet[]> {
  if (missing.length === 0) return [];
  const hashes = [...new Set(missing)].join(',');
  return cluster.list('ReplicaSet', namespace, `${hashLabel} in (${hashes})`);
}

/** A rollout's ReplicaSet that nobody owns, and that has the name this rollout would give it. */
function isOrphanOf({ metadata }: Rollout, set: ReplicaSet): boolean {
  const { ownerReferences = [], deletionTimestamp, name } = set.metadata ?? {};
  const isFree = !deletionTimestamp && !ownerReferences.some(({ controller }) => controller);
  return isFree && podHashOf(set) !== '' && name === `${metadata?.name}-${podHashOf(set)}`;
}

function hashOf({ spec, status }: Rollout): string {
  return podTemplateHash(spec?.template, status?.collisionCount);
}

async function ownedPods(
  cluster: Cluster,
  sets: ReplicaSet[],
  namespace: string,
  selector: string,
): Promise<Pod[]> {
  const pods = await cluster.list('Pod', namespace, selector);
  return pods.filter((pod) => sets.some((set) => isControlledBy(pod, uidOf(set))));
}

/**
 * Those it names, and those it named: they still lead where it pointed them. Where nothing is known of
 * it yet these are told by the mark they carry.
 */
async function readServices(
  cluster: Cluster,
  rollout: Rollout,
  namespace: string,
  record: RolloutRecord | undefined,
): Promise<Record<string, Service | null>> {
  const marked = record?.progress ? [] : await cluster.list('Service', namespace);
  const former = marked
    .filter((service) => annotationOf(service, managedByAnnotation) === nameOf(rollout))
    .map(nameOf);
  const names = [...new Set([...serviceNames(rollout), ...(record?.services ?? []), ...former])];
  return servicesBy(cluster, namespace, names);
}

/** Services by name: null where there is none. */
export async function servicesBy(
  cluster: Cluster,
  namespace: string,
  names: string[],
): Promise<Record<string, Service | null>> {
  const found = await Promise.all(
    names.map((name) => cluster.get({ kind: 'Service', namespace, name }).catch(ifGone)),
  );
  return Object.fromEntries(names.map((name, index) => [name, found[index] ?? null]));
}

/**
 * Asks the API server what it would make of the new ReplicaSet, without creating it. One that has its name
 * already, and that nobody has vouched for, is it only if it runs the same.
 */
async function tryCreate(cluster: Cluster, rollout: Rollout, known: ReplicaSet[]): Promise<DryRun> {
  const hash = hashOf(rollout);
  const namesake = known.find((set) => podHashOf(set) === hash);
  try {
    const set = newReplicaSet(rollout, hash, 0);
    // Under another name, since its own is taken.
    const named = { ...set, metadata: { ...set.metadata, name: `${set.metadata?.name}-0` } };
    const asked = namesake === undefined ? set : named;
    const replicaSet = await cluster.create('ReplicaSet', asked, { dryRun: true });
    const isOther = namesake !== undefined && !sameTemplate(namesake, replicaSet, rollout);
    return isOther ? { taken: true } : { replicaSet };
  } catch (error) {
    if (error instanceof Conflict) return whoseName(cluster, rollout, hash);
    // An abort does not need the new template, and so it does not wait for its answer.
    const isMoot = error instanceof Transient && rollout.status?.abort === true;
    if (error instanceof Terminal || isMoot) return { refused: error.message, ...remedyOf(error) };
    throw error;
  }
}

/** The name is taken: by a stranger, or by this rollout since the ReplicaSets were listed. */
async function whoseName(cluster: Cluster, rollout: Rollout, hash: string): Promise<DryRun> {
  const { name, namespace = 'default' } = rollout.metadata ?? {};
  const set = await cluster
    .get({ kind: 'ReplicaSet', namespace, name: `${name}-${hash}` })
    .catch(ifGone);
  const isOurs = set !== undefined && isControlledBy(set, uidOf(rollout));
  if (set && !isOurs) return { taken: true };
  const wanted = { [hashLabel]: hash, ...rollout.spec?.selector?.matchLabels };
  const lost = Object.entries(wanted).filter(
    ([key, value]) => set?.metadata?.labels?.[key] !== value,
  );
  if (set && lost.length > 0) {
    const labels = lost.map(([key, value]) => `${key}=${value}`).join(',');
    return { refused: `ReplicaSet ${name}-${hash} has lost its labels; put them back: ${labels}` };
  }
  throw new Conflict(`ReplicaSet ${name}-${hash} appeared while it was being looked for`);
}
