import { Terminal, Transient } from '../../lib/errors.ts';
import type { Deployment, ReplicaSet, Rollout, Service } from '../../lib/model/argo.generated.ts';
import { type Kind, rowOf } from '../../lib/model/kinds.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import type { Envelope, RolloutRecord } from '../../lib/model/record.ts';
import { secondMs } from '../../lib/model/units.ts';
import { versionOf } from '../../lib/model/workload.ts';
import type { Cluster, Store, World } from '../../lib/world.ts';
import type { RolloutWrite, Turns, Watchdog } from './watchdog.ts';

// What arrives at the table and the cluster, as the watchdog hears of it.

const busyMax = 400;
const busyMs = 60 * secondMs;

/** What arrives and has an effect. */
export function below(dog: Watchdog, turns: Turns, world: World): World {
  const { requests } = dog;
  const demandTable = (): void => {
    if (dog.outage.isDown) throw new Transient('the table is down');
  };
  const store: Store = {
    ...world.store,
    load: async (key) => {
      demandTable();
      requests.loads += 1;
      return await world.store.load(key);
    },
    save: async (record) => {
      demandTable();
      requests.saves += 1;
      const saved = await world.store.save(record);
      if (record.key.kind !== undefined) return saved;
      dog.commands.saved(saved as Envelope as RolloutRecord);
      dog.told.saved(saved as Envelope as RolloutRecord);
      return saved;
    },
    forget: async (key, version) => {
      demandTable();
      await world.store.forget(key, version);
      if (key.kind === undefined) dog.commands.forgotten();
    },
    due: async (before, limit) => {
      demandTable();
      return await world.store.due(before, limit);
    },
    append: async (key, entry) => {
      demandTable();
      const isNew = await world.store.append(key, entry);
      if (isNew) dog.note(`ledger ${entry.kind} ${entry.actor.name}: ${entry.text}`);
      if (isNew) dog.commands.appended(entry);
      return isNew;
    },
  };
  return {
    ...world,
    store,
    cluster: async (name) => effectsOf(dog, turns, await world.cluster(name)),
  };
}

/** Its pods are beside the rollout's, and experiments.ts judges them. */
function isOfExperiment({ metadata }: Pick<ReplicaSet, 'metadata'>): boolean {
  return metadata?.ownerReferences?.some(({ kind }) => kind === 'Experiment') ?? false;
}

function changesMetadata(kind: Kind, { spec }: MergePatch): boolean {
  const { template = {} } = (spec ?? {}) as { template?: object };
  return kind === 'Pod' || (kind === 'ReplicaSet' && 'metadata' in template);
}

function effectsOf(dog: Watchdog, turns: Turns, cluster: Cluster): Cluster {
  const { requests } = dog;
  const wrote = (): void => {
    requests.writes += 1;
    dog.writtenAt.push(dog.clock.now());
    while ((dog.writtenAt[0] ?? 0) < dog.clock.now() - busyMs) dog.writtenAt.shift();
    if (dog.writtenAt.length === busyMax) {
      dog.fail('no hot loop', `${busyMax} writes within a minute`);
    }
  };
  const read = <T>(call: Promise<T>): Promise<T> => {
    requests.reads += 1;
    return call;
  };
  return {
    ...cluster,
    get: (ref) => read(cluster.get(ref)),
    // What is listed of all namespaces is the cluster's, not the rollout's.
    list: (kind, namespace, selector) =>
      namespace === ''
        ? cluster.list(kind, namespace, selector)
        : read(cluster.list(kind, namespace, selector)),
    create: async (kind, object, options) => {
      if (options?.dryRun) requests.reads += 1;
      else wrote();
      const after = await cluster.create(kind, object, options);
      const turn = turns.get(object);
      if (turn && rowOf(kind).ofRouters) dog.traffic.sent(turn, versionOf(after));
      else if (turn) dog.sizes.judge(turn, versionOf(after));
      return after;
    },
    patch: async (ref, patch, options) => {
      wrote();
      const { kind, namespace, name } = ref;
      if (dog.policy.forbidsMetadata && changesMetadata(kind, patch)) {
        throw new Terminal(`admission webhook denied the request: ${kind}: a policy forbids it`);
      }
      const before = dog.cluster.read.find(kind, namespace, name);
      const after = await cluster.patch(ref, patch, options);
      const turn = turns.get(ref);
      if (turn === undefined || before === undefined) return after;
      if (rowOf(kind).ofRouters || kind === 'Service') dog.traffic.sent(turn, versionOf(after));
      if (kind === 'Service') {
        dog.traffic.switched(turn, before as Service, after as Service);
        dog.services.switched(turn, before as Service, after as Service);
        dog.analyses.switched(turn, after as Service);
      }
      if (kind === 'Deployment') {
        dog.workload.resized(turn, before as Deployment, after as Deployment);
        dog.commands.wroteTemplate(patch);
      }
      if (kind === 'ReplicaSet' && !isOfExperiment(after)) {
        dog.sizes.judge(turn, versionOf(after));
        dog.traffic.resized(turn, before as ReplicaSet, after as ReplicaSet);
        dog.services.resized(turn, before as ReplicaSet, after as ReplicaSet);
      }
      if (kind === 'Rollout') {
        const write: RolloutWrite = {
          ...{ before: before as Rollout, turn, patch },
          after: after as Rollout,
          isStatus: options?.subresource === 'status',
          condition: ref.resourceVersion,
        };
        if (dog.commands.wrote(write) || !write.isStatus) return after;
        dog.traffic.wrote(write);
        dog.steps.byUs(write);
        dog.restarts.byUs(write);
        dog.told.byUs(write);
        dog.faulty.byUs(write);
        dog.analyses.byUs(write);
        dog.experiments.byUs(write);
      }
      return after;
    },
    remove: (ref) => {
      wrote();
      return cluster.remove(ref);
    },
    evict: (ref) => {
      wrote();
      return cluster.evict(ref);
    },
  };
}
