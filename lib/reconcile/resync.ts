import { apply } from '../apply/apply.ts';
import { freeServices } from '../decide/rollout/cleanup.ts';
import { Conflict, ifWritten, MissingRight, NotFound, Terminal, Unreachable } from '../errors.ts';
import type { ReplicaSet, Rollout } from '../model/argo.generated.ts';
import { type Key, keyText, type RolloutKey } from '../model/key.ts';
import {
  hashLabel,
  instanceIdLabel,
  managedByAnnotation,
  workloadGenerationAnnotation,
} from '../model/names.ts';
import { deepEqual } from '../model/patch.ts';
import type { RolloutRecord } from '../model/record.ts';
import { generationOf, referenceOf } from '../model/reference.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
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
import { openRuns } from './resyncRuns.ts';

/** Records read at a time. */
const pageSize = 200;

/** Whatever is under way is due again after so long: a write that an outage cut off, too. */
const underwayMs: Millis = minuteMs;
/**
 * An API server that has just begun refuses for a moment what it allows once it has read its rules. A list
 * that is refused at the end of an outage is asked for again after so long.
 */
const rulesReadMs: Millis = 15 * secondMs;
/** How often Services are looked through for the marks of rollouts that nobody knows. */
const markedEveryMs: Millis = 24 * 60 * minuteMs;

type Resyncing = Pick<
  World,
  'clock' | 'cluster' | 'store' | 'wakes' | 'instanceId' | 'processId' | 'log'
>;

/**
 * Compares a cluster's rollouts and their ReplicaSets with the table and wakes those that are not as
 * last accounted for, the new and the deleted among them: what a lost notice would have told; and the runs
 * that go on. Of a cluster
 * that has not answered until now it wakes what is due or under way as well: that is the end of an outage.
 * Answers how many. Rejects with Unreachable where the cluster gives no answer; with MissingRight where it
 * does, and Serin may not see its rollouts.
 */
export async function resync(world: Resyncing, name: string): Promise<number> {
  const cluster = await world.cluster(name);
  const outage = await outageOf(world.store.documents, name);
  const [found, known] = await Promise.all([
    listed(cluster, { name, instanceId: world.instanceId }),
    recordedIn(world, name),
  ]);
  const dueBefore = outage ? world.clock.now() + underwayMs : Number.NEGATIVE_INFINITY;
  const stale =
    'refused' in found
      ? [...known.values()].filter(({ dueAt }) => dueAt <= dueBefore)
      : [
          ...(await outdated({ ...found, cluster }, { known, dueBefore })),
          ...found.open.map((key) => ({ key })),
        ];
  await Promise.all(stale.map(({ key }) => world.wakes.send({ key }, 0)));
  // Before the outage is over: what a notice would have told of during it, only a list tells.
  if (outage && 'refused' in found) await world.wakes.send({ list: name }, rulesReadMs);
  if (outage) await endOutage(world.store.documents, outage);
  if ('refused' in found) throw found.refused;
  await cleanUpAfterUnknown(world, { name, cluster }, found.rollouts);
  return stale.length;
}

/** What a cluster has: its rollouts, those of this instance, and the sizes of their ReplicaSets. */
type Listed = {
  rollouts: Rollout[];
  /** What else has turns and goes on. */
  open: Key[];
  ours: { key: RolloutKey; rollout: Rollout }[];
  sizes: Map<string, string>;
};

/** A right that Serin lacks is an answer. What cannot be listed otherwise is as if there were none. */
async function listed(
  cluster: Cluster,
  { name, instanceId }: { name: string; instanceId: string },
): Promise<Listed | { refused: MissingRight }> {
  try {
    const [rollouts, sets] = await Promise.all([
      cluster.list('Rollout', ''),
      cluster.list('ReplicaSet', '', hashLabel),
    ]);
    // A cluster that is away is asked no more than that.
    const open = await openRuns(cluster, { name, instanceId });
    const ours = rollouts.flatMap((rollout) => {
      const isOurs = (rollout.metadata?.labels?.[instanceIdLabel] ?? '') === instanceId;
      const key = isOurs && keyOf(name, rollout, 'Rollout');
      return key ? [{ key, rollout }] : [];
    });
    return { rollouts, open, ours, sizes: sizesByRollout(sets, name) };
  } catch (error) {
    if (error instanceof MissingRight) return { refused: error };
    throw new Unreachable(`cluster ${name}: ${(error as Error).message}`, { cause: error });
  }
}

/** Those that are not as recorded, or were due before that time; and those that are gone. */
async function outdated(
  { cluster, ours, sizes }: Listed & { cluster: Cluster },
  { known, dueBefore }: { known: Map<string, Recorded>; dueBefore: Millis },
): Promise<{ key: RolloutKey }[]> {
  const changed = await withOtherWorkload(
    cluster,
    ours.map(({ rollout }) => rollout),
  );
  const gone = new Map(known);
  const stale = ours.filter(({ key, rollout }) => {
    const id = keyText(key);
    gone.delete(id);
    const { mark, dueAt = Number.POSITIVE_INFINITY } = known.get(id) ?? {};
    const isAsKnown = deepEqual(mark, { version: versionOf(rollout), sizes: sizes.get(id) ?? '' });
    return !isAsKnown || changed.has(rollout) || dueAt <= dueBefore;
  });
  return [...stale, ...gone.values()];
}

/**
 * A rollout of which the table knows leaves nothing behind. One that was deleted before the table knew of it
 * may have left its mark on Services, which have to be listed for that: once a day.
 */
async function cleanUpAfterUnknown(
  world: Resyncing,
  { name: clusterName, cluster }: { name: string; cluster: Cluster },
  rollouts: Rollout[],
): Promise<void> {
  const { documents } = world.store;
  const done = { kind: 'idempotency' as const, of: 'marked Services', id: clusterName };
  if (await documents.get(done)) return;
  const names = new Set(rollouts.map((each) => `${each.metadata?.namespace}/${nameOf(each)}`));
  for (const service of await cluster.list('Service', '')) {
    const name = annotationOf(service, managedByAnnotation);
    const { namespace = 'default' } = service.metadata ?? {};
    if (name === undefined || names.has(`${namespace}/${name}`)) continue;
    const key = { cluster: clusterName, namespace, name };
    await apply(world, key, freeServices(name, [service])).catch(ifNotNow);
  }
  const body = { by: world.processId, isDone: true };
  const expiresAt = world.clock.now() + markedEveryMs;
  await documents.put({ ...done, version: 0, body, expiresAt }).catch(ifWritten);
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

/**
 * What is recorded of a rollout; `mark` tells of a change: pods that go change only its ReplicaSets. One
 * that has to be stored again has none.
 */
type Recorded = {
  key: RolloutKey;
  mark?: { version: string | undefined; sizes: string };
  dueAt: Millis;
};

/** By key. */
async function recordedIn({ store }: Resyncing, cluster: string): Promise<Map<string, Recorded>> {
  const recorded = new Map<string, Recorded>();
  let cursor: string | undefined;
  do {
    const page = await store.list(cluster, { limit: pageSize, ...(cursor && { cursor }) });
    for (const record of page.items) {
      const { key, progress, view, isUnlisted, dueAt = Number.POSITIVE_INFINITY } = record;
      const mark = { version: progress?.resourceVersion, sizes: sizesIn(view) };
      recorded.set(keyText(key), { key, dueAt, ...(!isUnlisted && { mark }) });
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return recorded;
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
    const id = keyText(key);
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
