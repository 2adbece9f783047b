import { beforeAll, describe, expect, it } from 'vitest';
import type { ObjectMeta, ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { keyText, type RolloutKey } from '../../lib/model/key.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { uidOf, versionOf } from '../../lib/model/workload.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import type { SimulatedCluster } from '../../lib/simulate/cluster.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { sqliteTable } from '../../lib/store/sqlite.ts';
import { storeOn } from '../../lib/store/store.ts';
import type { Item, Table } from '../../lib/store/table.ts';
import type { Cluster, QueueMessage, Store, World } from '../../lib/world.ts';
import { consumer } from '../../server/consumer.ts';
import { templateOf } from '../faults/scenario.ts';

// What a release costs in AWS must not depend on how many other rollouts there are.

/** Invocations of the function, calls of API servers, and DynamoDB's units. */
type Cost = { invocations: number; calls: number; reads: number; writes: number };

const none = (): Cost => ({ invocations: 0, calls: 0, reads: 0, writes: 0 });
const bytesOf = (items: Item[]) => Buffer.byteLength(JSON.stringify(items));

/** Reads are billed by 4 KiB and writes by 1 KiB, of the index too. */
function metered(table: Table, cost: Cost): Table {
  const written = (item: Item): void => {
    cost.writes += Math.ceil(bytesOf([item]) / 1024) + (item.dueAt === undefined ? 0 : 1);
  };
  return {
    get: async (key) => {
      const item = await table.get(key);
      cost.reads += Math.max(1, Math.ceil(bytesOf(item ? [item] : []) / 4096));
      return item;
    },
    put: async (item, condition) => {
      written(item);
      return await table.put(item, condition);
    },
    remove: async (key, condition) => {
      cost.writes += 1;
      return await table.remove(key, condition);
    },
    query: async (query) => {
      const found = await table.query(query);
      cost.reads += Math.max(1, Math.ceil(bytesOf(found.items) / 4096));
      return found;
    },
  };
}

function meteredCluster(cluster: Cluster, cost: Cost): Cluster {
  const counted = Object.entries(cluster).map(([name, value]) => [
    name,
    typeof value === 'function'
      ? (...args: unknown[]) => {
          cost.calls += 1;
          return (value as (...args: unknown[]) => unknown)(...args);
        }
      : value,
  ]);
  return Object.fromEntries(counted);
}

/** How long is counted: a pause is beyond the queue's reach, and ends meanwhile. */
const minutes = 22;

const released: RolloutKey = { cluster: 'cluster-0', namespace: 'shop', name: 'web' };
const resting = { namespace: 'rest', name: 'idle' };

function manifest({ namespace, name }: typeof resting, replicas: number): Rollout {
  const steps = [
    ...[{ setWeight: 25 }, { pause: { duration: '2m' } }],
    ...[{ setWeight: 50 }, { pause: { duration: '16m' } }],
  ];
  return {
    metadata: { name, namespace },
    spec: {
      ...{ replicas, selector: { matchLabels: { app: 'web' } } },
      ...{ template: templateOf('web:v1'), strategy: { canary: { steps } } },
    },
  };
}

type Costs = Record<'release' | 'others' | 'lists' | 'sweeps', Cost>;

/** So many clusters, and rollouts at rest in each of them. */
type Size = { clusters: number; each: number };

async function costsOfRelease(size: Size): Promise<Costs> {
  const clock = virtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const table = sqliteTable();
  const store = storeOn(table, clock.now);
  const names = Array.from({ length: size.clusters }, (_, index) => `cluster-${index}`);
  const clusters = Object.fromEntries(names.map((name) => [name, {}]));
  const simulated = simulatedWorld({ clock, seed: 1, store, clusters });
  /** All but the first have the same rollouts, and one is there for them all. */
  const played = (name: string) => (name === names[0] ? name : (names[1] ?? name));
  const costs: Costs = { release: none(), others: none(), lists: none(), sweeps: none() };
  const meter = (world: World, cost: Cost): World => {
    cost.invocations += 1;
    return {
      ...world,
      store: storeOn(metered(table, cost), clock.now),
      cluster: async (name) => meteredCluster(await world.cluster(played(name)), cost),
    };
  };
  const costOf = (message: QueueMessage): Cost => {
    if ('list' in message) return costs.lists;
    return keyText(message.key) === keyText(released) ? costs.release : costs.others;
  };
  simulated.connect({
    deliver: (message, world) => consumer.deliver(message, meter(world, costOf(message))),
    sweep: async (world) => await consumer.sweep?.(meter(world, costs.sweeps)),
  });
  const pass = (spanMs: number) => clock.run({ until: clock.now() + spanMs, eventsMax: 1e6 });
  const { cluster } = simulated;
  cluster.apply('Rollout', manifest(released, 4));
  // Without pods, which would only take time.
  cluster.apply('Rollout', manifest(resting, 0));
  await pass(20 * minuteMs);
  const rest = await restOf(cluster, store);
  const addAll = async (playing: SimulatedCluster, its: string[]): Promise<void> => {
    for (let index = 0; index < size.each; index += 1) {
      const namespace = `rest-${index}`;
      const record = await addResting(playing.cluster, rest, namespace);
      for (const name of its) {
        const key = { ...record.key, cluster: name, namespace };
        await store.save({ ...record, key, version: 0 });
      }
    }
  };
  const [, second] = simulated.clusters.values();
  await addAll(cluster, names.slice(0, 1));
  if (second) await addAll(second, names.slice(1));
  await pass(secondMs);
  for (const cost of Object.values(costs)) Object.assign(cost, none());
  const { namespace, name } = released;
  const spec = { template: { spec: { containers: templateOf('web:v2').spec?.containers } } };
  await cluster.as('kubectl').patch({ kind: 'Rollout', namespace, name }, { spec });
  await pass(minutes * minuteMs);
  const { status } = cluster.read.get('Rollout', namespace, name);
  expect(status).toMatchObject({ phase: 'Healthy', currentStepIndex: 4 });
  return costs;
}

type Rest = { rollout: Rollout; set: ReplicaSet; record: RolloutRecord };

async function restOf(cluster: SimulatedCluster, store: Store): Promise<Rest> {
  const { namespace, name } = resting;
  const rollout = cluster.read.get('Rollout', namespace, name);
  const [set] = cluster.read.list('ReplicaSet', namespace);
  const record = await store.load({ cluster: released.cluster, namespace, name });
  if (!set || !record || record.dueAt !== undefined) throw new Error('nothing is at rest');
  return { rollout, set, record };
}

/** Another one at rest, as Serin would have left it, and its record. */
async function addResting(
  cluster: Cluster,
  { rollout, set, record }: Rest,
  namespace: string,
): Promise<RolloutRecord> {
  const made = await cluster.create('Rollout', anew(rollout, { namespace }));
  const status = { status: rollout.status } as MergePatch;
  const ref = { kind: 'Rollout', namespace, name: resting.name } as const;
  const stored = await cluster.patch(ref, status, { subresource: 'status' });
  const owners = set.metadata?.ownerReferences ?? [];
  const ownerReferences = owners.map((owner) => ({ ...owner, uid: uidOf(made) }));
  const its = await cluster.create('ReplicaSet', anew(set, { namespace, ownerReferences }));
  const versionText = (object: Rollout) => `"resourceVersion":"${versionOf(object)}"`;
  const text = JSON.stringify(record)
    .replaceAll(uidOf(rollout), uidOf(made))
    .replaceAll(uidOf(set), uidOf(its))
    .replaceAll(versionText(rollout), versionText(stored));
  return JSON.parse(text);
}

/** Without what the API server gives an object. */
function anew<T extends { metadata?: ObjectMeta }>(object: T, changes: ObjectMeta): T {
  const {
    uid: _,
    resourceVersion: __,
    creationTimestamp: ___,
    ...metadata
  } = object.metadata ?? {};
  return { ...object, metadata: { ...metadata, ...changes } };
}

describe('a release among thousands of rollouts', () => {
  const sizes = { few: { clusters: 1, each: 10 }, many: { clusters: 200, each: 50 } };
  let few: Costs;
  let many: Costs;
  beforeAll(async () => {
    few = await costsOfRelease(sizes.few);
    many = await costsOfRelease(sizes.many);
  }, 120_000);

  it('takes as many invocations, calls and units of the table as among ten', () => {
    expect(few.release.invocations).toBeGreaterThan(5);
    expectAlike(many.release, few.release);
  });

  it('wakes none of the others', () => {
    expect([few.others, many.others]).toEqual([none(), none()]);
  });

  it('is swept for no longer', () => {
    expect(few.sweeps.invocations).toBe(minutes);
    expectAlike(many.sweeps, few.sweeps);
  });

  it('has each cluster listed every ten minutes', () => {
    const { clusters, each } = sizes.many;
    const lists = clusters * Math.floor(minutes / 10);
    // Its rollouts and their ReplicaSets, and what else has turns: runs and Experiments.
    expect(many.lists).toMatchObject({ invocations: lists, calls: 4 * lists, writes: 0 });
    // A record of a rollout at rest is two and a half KiB with its row, and a unit reads four.
    expect(many.lists.reads).toBeLessThan(lists * (2 + 0.65 * each));
  });
});

/** But for five in a hundred. */
function expectAlike(many: Cost, few: Cost): void {
  for (const field of Object.keys(few) as (keyof Cost)[]) {
    expect(many[field]).toBeGreaterThanOrEqual(few[field] * 0.95);
    expect(many[field]).toBeLessThanOrEqual(few[field] * 1.05);
  }
}
