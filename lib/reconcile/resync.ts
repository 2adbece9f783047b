import { apply } from '../apply/apply.ts';
import { cleanup } from '../decide/rollout/cleanup.ts';
import { Conflict, NotFound, Terminal, Unreachable } from '../errors.ts';
import type { ReplicaSet, Rollout, Service } from '../model/argo.generated.ts';
import {
  hashLabel,
  instanceIdLabel,
  managedByAnnotation,
  workloadGenerationAnnotation,
} from '../model/names.ts';
import { deepEqual } from '../model/patch.ts';
import type { RolloutRecord } from '../model/record.ts';
import { generationOf, referenceOf } from '../model/reference.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import {
  annotationOf,
  availableOf,
  currentOf,
  desiredOf,
  nameOf,
  versionOf,
} from '../model/workload.ts';
import { keyOf } from '../queue/keys.ts';
import { endOutage, outageOf } from '../queue/outage.ts';
import type { Cluster, World } from '../world.ts';

/** Records read at a time. */
const pageSize = 200;

/** Whatever is under way is due again after so long: a write that an outage cut off, too. */
const underwayMs: Millis = minuteMs;

type Resyncing = Pick<World, 'clock' | 'cluster' | 'store' | 'wakes' | 'instanceId' | 'log'>;

/**
 * Compares a cluster's rollouts and their ReplicaSets with the table and wakes those that are not as
 * last accounted for, the new and the deleted among them: what a lost notice would have told. Of a cluster
 * that has not answered until now it wakes what is due or under way as well: that is the end of an outage.
 * Answers how many.
 */
export async function resync(world: Resyncing, name: string): Promise<number> {
  const cluster = await world.cluster(name);
  const outage = await outageOf(world.store.documents, name);
  const [{ rollouts, sets }, known] = await Promise.all([
    listed(cluster, name),
    recordedIn(world, name),
  ]);
  const dueBefore = outage ? world.clock.now() + underwayMs : Number.NEGATIVE_INFINITY;
  const sizes = sizesByRollout(sets, name);
  const ours = rollouts.filter(
    (rollout) => (rollout.metadata?.labels?.[instanceIdLabel] ?? '') === world.instanceId,
  );
  const outdated = await withOtherWorkload(cluster, ours);
  const stale: { namespace: string; name: string }[] = [];
  for (const rollout of ours) {
    const namespace = rollout.metadata?.namespace ?? 'default';
    const id = `${namespace}/${nameOf(rollout)}`;
    const { dueAt = Number.POSITIVE_INFINITY, ...mark } = known.get(id) ?? {};
    const isAsKnown = deepEqual(mark, {
      version: versionOf(rollout),
      sizes: sizes.get(id) ?? '',
    });
    if (!isAsKnown || outdated.has(rollout) || dueAt <= dueBefore) {
      stale.push({ namespace, name: nameOf(rollout) });
    }
    known.delete(id);
  }
  for (const id of known.keys()) {
    const [namespace = '', name = ''] = id.split('/');
    stale.push({ namespace, name });
  }
  await cleanUpAfter(world, name, { services: await cluster.list('Service', ''), rollouts });
  await Promise.all(stale.map((each) => world.wakes.send({ key: { cluster: name, ...each } }, 0)));
  if (outage) await endOutage(world.store.documents, outage);
  return stale.length;
}

/** What cannot even be listed is as if it did not answer, whatever the reason. */
async function listed(cluster: Cluster, name: string) {
  try {
    const [rollouts, sets] = await Promise.all([
      cluster.list('Rollout', ''),
      cluster.list('ReplicaSet', '', hashLabel),
    ]);
    return { rollouts, sets };
  } catch (error) {
    throw new Unreachable(`cluster ${name}: ${(error as Error).message}`, { cause: error });
  }
}

/** Cleans up after rollouts that were deleted while nobody looked: their Services still carry the mark. */
async function cleanUpAfter(
  world: Resyncing,
  cluster: string,
  { services, rollouts }: { services: Service[]; rollouts: Rollout[] },
): Promise<void> {
  const names = new Set(rollouts.map((each) => `${each.metadata?.namespace}/${nameOf(each)}`));
  for (const service of services) {
    const name = annotationOf(service, managedByAnnotation);
    const { namespace = 'default' } = service.metadata ?? {};
    if (name === undefined || names.has(`${namespace}/${name}`)) continue;
    await apply(world, { cluster, namespace, name }, cleanup(name, [service])).catch(ifNotNow);
  }
}

/** Changed since, gone, or forbidden: the next list shows whether anything is left to do. */
function ifNotNow(error: unknown): void {
  if (![Conflict, NotFound, Terminal].some((kind) => error instanceof kind)) throw error;
}

/** Those whose workload is not in the state they have taken in. */
async function withOtherWorkload(cluster: Cluster, rollouts: Rollout[]): Promise<Set<Rollout>> {
  const referring = rollouts.flatMap((rollout) => {
    const reference = referenceOf(rollout);
    return reference && 'kind' in reference ? [{ rollout, ...reference }] : [];
  });
  const kinds = [...new Set(referring.map(({ kind }) => kind))];
  const generations = new Map<string, string>();
  for (const kind of kinds) {
    for (const object of await cluster.list(kind, '').catch(ifRefused)) {
      generations.set(
        `${kind}/${object.metadata?.namespace}/${nameOf(object)}`,
        generationOf(object),
      );
    }
  }
  const changed = referring.filter(({ rollout, kind, name }) => {
    const generation = generations.get(`${kind}/${rollout.metadata?.namespace}/${name}`);
    return generation !== annotationOf(rollout, workloadGenerationAnnotation);
  });
  return new Set(changed.map(({ rollout }) => rollout));
}

/** Then each rollout that refers to one is looked at, and says itself what it may not read. */
function ifRefused(error: unknown): [] {
  if (error instanceof Terminal) return [];
  throw error;
}

/** What tells whether a rollout is as last accounted for: pods that go change only its ReplicaSets. */
type Mark = { version: string | undefined; sizes: string; dueAt?: Millis };

/** The marks of the recorded rollouts, by namespace and name. */
async function recordedIn({ store }: Resyncing, cluster: string): Promise<Map<string, Mark>> {
  const marks = new Map<string, Mark>();
  let cursor: string | undefined;
  do {
    const page = await store.list(cluster, { limit: pageSize, ...(cursor && { cursor }) });
    for (const { key, progress, view, dueAt } of page.items) {
      const version = progress?.resourceVersion;
      const due = dueAt === undefined ? {} : { dueAt };
      marks.set(`${key.namespace}/${key.name}`, { version, sizes: sizesIn(view), ...due });
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return marks;
}

function sizesIn(view: RolloutRecord['view']): string {
  const sets = (view?.revisions ?? []).flatMap(({ replicaSets }) => replicaSets);
  return sets.map(sizeText).sort().join(' ');
}

function sizesByRollout(sets: ReplicaSet[], cluster: string): Map<string, string> {
  const found = new Map<string, string[]>();
  for (const set of sets) {
    const key = keyOf(cluster, set, 'ReplicaSet');
    if (key === undefined) continue;
    const id = `${key.namespace}/${key.name}`;
    const size = sizeText({
      name: nameOf(set),
      desired: desiredOf(set),
      current: currentOf(set),
      available: availableOf(set),
    });
    found.set(id, [...(found.get(id) ?? []), size]);
  }
  return new Map([...found].map(([id, sizes]) => [id, sizes.sort().join(' ')]));
}

function sizeText(set: { name: string; desired: number; current: number; available: number }) {
  return `${set.name}:${set.desired}/${set.current}/${set.available}`;
}
