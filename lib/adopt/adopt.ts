import { conflictUntil } from '../decide/guards/conflictingController.ts';
import { unsupported } from '../decide/guards/validate.ts';
import { decide } from '../decide/rollout/decide.ts';
import { loadBalancersOf, openRegion } from '../elb/regions.ts';
import { Conflict, NotFound, Terminal, Transient } from '../errors.ts';
import type { Rollout } from '../model/argo.generated.ts';
import type { RolloutKey } from '../model/key.ts';
import { instanceIdLabel } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import { humanDuration, type Millis } from '../model/units.ts';
import { uidOf } from '../model/workload.ts';
import { observe } from '../observe/observe.ts';
import { rolloutController } from '../reconcile/rolloutController.ts';
import { reconcile } from '../reconcile.ts';
import { blankRecord } from '../record/blank.ts';
import { shadowCluster, type Touched } from '../simulate/shadow.ts';
import { memoryStore } from '../store/embedded.ts';
import { view } from '../view/view.ts';
import {
  type Cluster,
  type ReadableCluster,
  unaskedMetrics,
  unmeasured,
  type World,
} from '../world.ts';
import { endingsOf, metricsService, notificationConfigMap } from './afterArgo.ts';
import {
  type ArgoController,
  controllerSelectors,
  incumbents,
  isControllers,
  isLock,
  type Scope,
} from './argoController.ts';
import { type Change, changesOf, isRemade } from './changes.ts';
import { pendingChanges } from './pendingChanges.ts';
import { type RouterObject, routerObjectsOf, sharedIngresses } from './routerObjects.ts';

/**
 * What taking a rollout would do: nothing; write its counts or wording anew; carry on what is under way;
 * something nobody would expect; nothing ever, since Serin cannot drive it. Or it cannot be told.
 */
export type Verdict = 'nothing' | 'catchesUp' | 'goesOn' | 'unexpected' | 'leftAlone' | 'unknown';

export type Adopted = {
  namespace: string;
  name: string;
  /** As it is now; absent when it could not be read. */
  phase?: string;
  /** Of a canary: `index` steps of `count` are done. */
  step?: { index: number; count: number };
  verdict: Verdict;
  /** What its routers have; absent where there is none. */
  routes?: RouterObject[];
  /** What Serin's first turns would write. */
  changes: string[];
  why?: string;
  /** What a person can do about it. */
  unblock?: string;
};

export type Adoption = {
  isReady: boolean;
  controllers: ArgoController[];
  /** Rollouts that another controller has written to just now. */
  writers: { namespace: string; name: string; manager: string; secondsAgo: number }[];
  /** The Ingresses whose ALB actions another controller goes on to write. */
  shared: { where: string; message: string }[];
  /** What stops working with Argo's controller: in which object, and why. */
  endings: { where: string; message: string }[];
  /** What could not be looked at. */
  unseen: string[];
  /** Nothing could be looked at where a controller is likely to be. */
  isBlind: boolean;
  rollouts: Adopted[];
  /** How many rollouts there belong to other instances. */
  others: number;
};

/** How many rollouts are looked at together. */
const together = 8;
/** Where Argo's controller is by default. */
const argoNamespace = 'argo-rollouts';

/** Looks at all that a takeover is about, and writes nothing. */
export async function adoption(
  live: ReadableCluster,
  scope: Scope,
  now: () => Millis,
): Promise<Adoption> {
  const all = await inAll(scope.namespaces, (namespace) => live.list('Rollout', namespace));
  const ours = all.filter(
    ({ metadata }) => (metadata?.labels?.[instanceIdLabel] ?? '') === scope.instanceId,
  );
  const { controllers, unseen, isBlind } = await findControllers(live, scope, now);
  const rollouts: Adopted[] = [];
  for (let start = 0; start < ours.length; start += together) {
    const some = ours.slice(start, start + together);
    rollouts.push(...(await Promise.all(some.map((each) => adopt(live, scope, each, now())))));
  }
  const writers = writersOf(ours, now());
  const ends = await findEndings(live, controllers, ours);
  const fine: Verdict[] = ['nothing', 'catchesUp', 'goesOn'];
  return {
    isReady:
      !controllers.some(({ isRival }) => isRival) &&
      writers.length === 0 &&
      !isBlind &&
      rollouts.every(({ verdict }) => fine.includes(verdict)),
    ...{ controllers, writers, isBlind, rollouts },
    shared: sharedIngresses(all, scope.instanceId),
    endings: ends.endings,
    unseen: [...unseen, ...ends.unseen],
    others: all.length - ours.length,
  };
}

async function inAll<T>(
  namespaces: string[],
  list: (namespace: string) => Promise<T[]>,
): Promise<T[]> {
  const places = namespaces.length > 0 ? [...new Set(namespaces)] : [''];
  return (await Promise.all(places.map(list))).flat();
}

/** Who else wrote to the status of a rollout just now. */
export function writersOf(rollouts: Rollout[], now: Millis): Adoption['writers'] {
  return rollouts.flatMap((rollout) => {
    const { conflictingController } = conflictUntil({ rollout }, now) ?? {};
    const { namespace = '', name = '' } = rollout.metadata ?? {};
    const secondsAgo = Math.round((now - (conflictingController?.wroteAt ?? 0)) / 1000);
    return conflictingController
      ? [{ namespace, name, manager: conflictingController.manager, secondsAgo }]
      : [];
  });
}

export async function findControllers(live: ReadableCluster, scope: Scope, now: () => Millis) {
  const near = [...new Set([argoNamespace, ...scope.namespaces])];
  const byLabel = <K extends 'Deployment' | 'Pod'>(kind: K) =>
    seen(near, kind, async (namespace) => {
      const lists = controllerSelectors.map((selector) => live.list(kind, namespace, selector));
      const found = (await Promise.all(lists)).flat();
      return [...new Map(found.map((each) => [uidOf(each), each])).values()].filter(isControllers);
    });
  const [leases, deployments, pods] = await Promise.all([
    seen(near, 'Lease', async (namespace) => (await live.list('Lease', namespace)).filter(isLock)),
    byLabel('Deployment'),
    byLabel('Pod'),
  ]);
  const traces = { leases: leases.items, deployments: deployments.items, pods: pods.items };
  return {
    controllers: incumbents(traces, scope, now()),
    unseen: [leases, deployments, pods].flatMap(({ unseen }) => unseen ?? []),
    isBlind: [leases, deployments, pods].every(({ isBlind }) => isBlind),
  };
}

/** Of the rollouts, and of what is in the controllers' namespaces by default. */
async function findEndings(
  live: ReadableCluster,
  controllers: ArgoController[],
  rollouts: Rollout[],
): Promise<{ endings: Adoption['endings']; unseen: string[] }> {
  const places = new Set([argoNamespace, ...controllers.map(({ namespace }) => namespace)]);
  const wanted = [...places].flatMap((namespace) => [
    { kind: 'ConfigMap' as const, namespace, name: notificationConfigMap },
    { kind: 'Service' as const, namespace, name: metricsService },
  ]);
  const unseen: string[] = [];
  const look = async ({ kind, namespace, name }: (typeof wanted)[number]) => {
    try {
      return [{ ...(await live.get({ kind, namespace, name })), kind }];
    } catch (error) {
      if (error instanceof Terminal) unseen.push(`${kind} ${namespace}/${name}: ${error.message}`);
      else if (!(error instanceof NotFound)) throw error;
      return [];
    }
  };
  const objects = [
    ...rollouts.map((rollout) => ({ ...rollout, kind: 'Rollout' as const })),
    ...(await Promise.all(wanted.map(look))).flat(),
  ];
  const endings = objects.flatMap((object) => {
    const { kind, metadata } = object;
    const where = `${kind} ${metadata?.namespace}/${metadata?.name}`;
    return endingsOf(object).map(({ path, message }) => {
      return { where, message: path === 'metadata.name' ? message : `${path} ${message}` };
    });
  });
  return { endings, unseen };
}

type Seen<T> = { items: T[]; unseen?: string; isBlind?: boolean };

/** All there are or, where that is forbidden, those of the likely namespaces. */
async function seen<T>(
  near: string[],
  kind: string,
  list: (namespace: string) => Promise<T[]>,
): Promise<Seen<T>> {
  try {
    return { items: await list('') };
  } catch (error) {
    // A server that does not know the kind has none of it.
    if (error instanceof NotFound) return { items: [] };
    if (!(error instanceof Terminal)) throw error;
    const found = await Promise.allSettled(near.map(list));
    const lists = found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const places = near.filter((_, index) => found[index]?.status === 'fulfilled');
    const looked = places.length > 0 ? `only those of ${places.join(', ')} were` : 'none was';
    const unseen = `${kind}s: ${looked} looked at: ${error.message}`;
    return { items: lists.flat(), unseen, isBlind: !places.includes(argoNamespace) };
  }
}

async function adopt(
  live: ReadableCluster,
  scope: Scope,
  rollout: Rollout,
  now: Millis,
): Promise<Adopted> {
  const { namespace = '', name = '' } = rollout.metadata ?? {};
  const adopted = { namespace, name, changes: [] };
  try {
    return {
      ...adopted,
      ...(await judge(live, scope, { cluster: 'local', namespace, name }, now)),
    };
  } catch (error) {
    const isKnown = [Conflict, NotFound, Terminal, Transient].some((kind) => error instanceof kind);
    if (!isKnown) throw error;
    return { ...adopted, verdict: 'unknown', why: (error as Error).message };
  }
}

/** Takes the rollout's first turns, on a cluster that does not keep what they write. */
async function judge(
  live: ReadableCluster,
  scope: Scope,
  key: RolloutKey,
  now: Millis,
): Promise<Omit<Adopted, 'namespace' | 'name'>> {
  const { cluster, touched } = shadowCluster(live, now);
  const world = await worldOf(cluster, scope, key, now);
  const record = await world.store.load(key);
  const found = await observe(world, key, rolloutController, { record, now });
  if (!found) throw new NotFound('it has just been deleted');
  const { observed } = found;
  const plan = decide(observed, now);
  const status = observed.rollout.status ?? {};
  const { phase, step } = view({ observed, ...plan, status, now });
  const routes = routerObjectsOf(observed);
  await reconcile(world, key);
  const changes = changesOf(touched());
  return {
    phase,
    ...(step && { step: { index: step.index, count: step.count } }),
    ...(routes.length > 0 && { routes }),
    changes: changes.map(({ text }) => text),
    ...verdictOf(observed, plan, { changes, touched: touched() }, now),
  };
}

function verdictOf(
  { rollout, replicaSets }: Observed,
  { reasons: [reason] }: Plan,
  { changes, touched }: { changes: Change[]; touched: Touched[] },
  now: Millis,
): Pick<Adopted, 'verdict' | 'why' | 'unblock'> {
  const { text: why = '', unblock = '' } = reason ?? {};
  if (changes.length === 0) {
    const isDriven = unsupported(rollout) === undefined;
    return isDriven ? { verdict: 'nothing' } : { verdict: 'leftAlone', why, unblock };
  }
  if (changes.every(({ minor }) => minor)) return { verdict: 'catchesUp' };
  const open = isRemade(rollout, replicaSets, touched)
    ? undefined
    : pendingChanges(rollout, replicaSets, now);
  return open === undefined ? { verdict: 'unexpected', why } : { verdict: 'goesOn', why: open };
}

/** A World that stands still at `now`, and in which the last write of another controller was long ago. */
async function worldOf(
  cluster: Cluster,
  { instanceId }: Scope,
  key: RolloutKey,
  now: Millis,
): Promise<World> {
  const clock = { now: () => now, sleepUntil: async () => {} };
  const store = memoryStore(clock);
  const met = { manager: '', seenAt: 0, times: 1, wroteAt: Number.MAX_SAFE_INTEGER };
  await store.save({ ...blankRecord(key), conflictingController: met });
  return {
    ...{ clock, store, instanceId, processId: 'adopt', endsAt: Number.POSITIVE_INFINITY },
    cluster: async () => cluster,
    aws: async () => ({
      ...loadBalancersOf((region) => openRegion({ region }), { clock }),
      ...unaskedMetrics,
    }),
    ...unmeasured,
    clusters: async () => [{ name: key.cluster, doorbell: true }],
    wakes: { send: async () => {} },
    log: () => {},
    count: () => {},
    invoke: async () => {
      throw new Terminal('nothing is invoked here');
    },
    inquire: async () => {
      throw new Terminal('nothing is asked here');
    },
  };
}

/** What to do before Serin is started, in order; empty when it may be. */
export function remedies({ controllers, writers, isBlind, rollouts }: Adoption): string[] {
  const rivals = controllers.filter(({ isRival }) => isRival);
  const writer = rivals.length === 0 ? writers[0] : undefined;
  return [
    ...rivals.flatMap(({ remedy }) => remedy ?? []),
    ...(writer
      ? [
          `stop ${writer.manager}, wherever it runs; if it is stopped already, wait ${humanDuration(10_000)}`,
        ]
      : []),
    ...(isBlind
      ? ['look as somebody who may list leases, or deployments and pods, in all namespaces']
      : []),
    ...rollouts.flatMap(({ namespace, name, verdict, why = '', unblock = '' }) => {
      if (verdict === 'leftAlone') return [`${namespace}/${name}: ${unblock}`];
      if (verdict === 'unknown') return [`${namespace}/${name}: put this right: ${why}`];
      if (verdict === 'unexpected') return [`${namespace}/${name}: find out why that would change`];
      return [];
    }),
  ];
}
