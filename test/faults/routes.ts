import type { ReplicaSet, Rollout, Service } from '../../lib/model/argo.generated.ts';
import type { Kind, KubernetesObject } from '../../lib/model/kinds.ts';
import { fieldManager, hashLabel } from '../../lib/model/names.ts';
import type { Millis } from '../../lib/model/units.ts';
import {
  annotationOf,
  availableOf,
  desiredOf,
  nameOf,
  podHashOf,
  replicasOf,
  sum,
  versionOf,
} from '../../lib/model/workload.ts';
import type { Change } from '../../lib/simulate/apiServer/objects.ts';
import { balancedShares, watchBalancers } from './balancers.ts';
import type { Context, Turn } from './watchdog.ts';

// Where the requests of a canary with a router go, worked out here once more from what NGINX and Istio would
// make of their objects: no pod leaves while traffic is sent to it, and none is sent where no pods are.

export type RouteWatch = {
  changed: (change: Change) => void;
  /** After a write of Serin's to a Service or to an object of a router. */
  sent: (turn: Turn, version: string) => void;
  /** After a write of Serin's to a ReplicaSet. */
  resized: (turn: Turn, before: ReplicaSet, after: ReplicaSet) => void;
};

const routeKinds = ['Service', 'Ingress', 'VirtualService', 'DestinationRule'];

/** What is sent to a version, in hundredths, by its hash; '' is to pods of any version. */
type Shares = Map<string, number>;

export function isRouted({ spec }: Rollout): boolean {
  return spec?.strategy?.canary?.trafficRouting != null;
}

export function watchRoutes(context: Context): RouteWatch {
  /** When somebody else last changed where requests go, or pods went by themselves. */
  let disturbedAt: Millis = Number.NEGATIVE_INFINITY;
  let before: Shares = new Map();
  watchBalancers(context);
  /** What each of Serin's writes made of it, by the version of the object. */
  const moves = new Map<string, Move>();
  return {
    changed: (change) => {
      const { kind, writer, type, object } = change;
      const isRoute = routeKinds.includes(kind);
      const isOurs = writer.manager === fieldManager;
      if (kind === 'Rollout' && !isOurs) disturbedAt = context.clock.now();
      if (kind === 'ReplicaSet' && !isOurs && hasLost(change)) disturbedAt = context.clock.now();
      if (!isRoute && kind !== 'Rollout') return;
      const live = context.live();
      if (!live || !isRouted(live)) return;
      const after = sharesNow(context, live);
      if (!isOurs) disturbedAt = context.clock.now();
      else if (isRoute && type !== 'DELETED') moves.set(versionOf(object), { before, after });
      before = after;
    },
    sent: (turn, version) => {
      const move = moves.get(version);
      const live = context.live();
      if (move && live) judgeSent(context, live, turn, move);
    },
    resized: (turn, was, is) => {
      const live = context.live();
      if (!live || !isRouted(live) || desiredOf(is) >= desiredOf(was)) return;
      if (disturbedAt >= turn.at) return;
      judgeLeft(context, live, turn, { was, is });
    },
  };
}

function hasLost({ object, before }: Change): boolean {
  if (!before) return true;
  return availableOf(object as ReplicaSet) < availableOf(before as ReplicaSet);
}

type Move = { before: Shares; after: Shares };

/** More is sent only where a pod is, as the turn has seen it. */
function judgeSent(
  context: Context,
  live: Rollout,
  { sets = [], rollout = live }: Turn,
  { before, after }: Move,
): void {
  // Where nothing serves, nowhere is as good as anywhere.
  if (replicasOf(live) === 0 || replicasOf(rollout) === 0 || sum(sets, availableOf) === 0) return;
  for (const [hash, share] of after) {
    if (hash === '' || share <= (before.get(hash) ?? 0)) continue;
    const set = sets.find((each) => podHashOf(each) === hash);
    if (set && availableOf(set) > 0) continue;
    context.fail('no traffic without pods', `${share} % goes to ${hash}, which has none`);
  }
}

/** What traffic is sent to keeps a pod, and as many as that takes unless somebody has said how many. */
function judgeLeft(
  context: Context,
  live: Rollout,
  turn: Turn,
  { was, is }: { was: ReplicaSet; is: ReplicaSet },
): void {
  const specs = [turn.rollout ?? live, live];
  const replicas = Math.min(...specs.map(replicasOf));
  const share = sharesNow(context, live).get(podHashOf(is)) ?? 0;
  if (share === 0 || replicas === 0) return;
  const isAsked = specs.some(asksForScale);
  const needed = isAsked ? 1 : Math.max(1, Math.ceil(((share - few) * replicas) / 100));
  if (desiredOf(is) >= Math.min(needed, replicas)) return;
  const move = `${nameOf(is)} from ${desiredOf(was)} to ${desiredOf(is)}`;
  context.fail('no pod leaves with traffic', `${move}: it gets ${share} %`);
}

/** A step's weight is what the objects said that the turn has read, unless the canary is to have no pods. */
export function judgeSentWeight(context: Context, turn: Turn, live: Rollout, index: number): void {
  const { steps = [], trafficRouting } = live.spec?.strategy?.canary ?? {};
  const weight = steps[index]?.setWeight ?? 0;
  const total = trafficRouting?.maxTrafficWeight ?? 100;
  const wanted = (100 * weight) / total;
  const scale = steps.slice(0, index).findLast((step) => step.setCanaryScale)?.setCanaryScale;
  const read: Find = ({ kind, name }) => turn.routes?.get(`${kind} ${name}`);
  const sent = canaryShare(read, live, balancedIn(context, live));
  // A canary that is to have no pods is sent nothing.
  const { replicas, weight: size = 100, matchTrafficWeight } = scale ?? {};
  const isEmpty = !matchTrafficWeight && (replicas ?? size) === 0;
  if (sent === wanted || replicasOf(live) === 0 || isEmpty) return;
  context.fail('weight', `step ${index} (${weight}) done while ${sent} % is sent`);
}

function asksForScale({ spec }: Rollout): boolean {
  const { steps = [] } = spec?.strategy?.canary ?? {};
  return steps.some(({ setCanaryScale }) => setCanaryScale !== undefined);
}

type Find = (ref: { kind: Kind; name: string }) => KubernetesObject | undefined;

function findIn({ cluster, key: { namespace } }: Pick<Context, 'cluster' | 'key'>): Find {
  return ({ kind, name }) =>
    cluster.read.find(kind, namespace, name) as KubernetesObject | undefined;
}

function balancedIn({ cluster, key }: Pick<Context, 'cluster' | 'key'>, live: Rollout): number[] {
  return balancedShares(cluster, key.namespace, live);
}

/** By the objects as they are now. */
function sharesNow(context: Pick<Context, 'cluster' | 'key'>, live: Rollout): Shares {
  const find = findIn(context);
  const weight = canaryShare(find, live, balancedIn(context, live));
  const shares: Shares = new Map();
  const add = (hash: string | undefined, share: number): void => {
    if (hash !== undefined && share > 0) shares.set(hash, (shares.get(hash) ?? 0) + share);
  };
  const { canary, stable } = ledTo(find, live);
  add(canary, weight + (hasRoutes(find, live) ? few : 0));
  add(stable, 100 - weight);
  return shares;
}

/** What a route of a step sends is little, and not nothing. */
const few = 0.001;

/** The versions that the sides lead to; undefined where there is no such Service. */
function ledTo(
  find: Find,
  live: Rollout,
): { canary: string | undefined; stable: string | undefined } {
  const { istio } = live.spec?.strategy?.canary?.trafficRouting ?? {};
  const { destinationRule: rule } = istio ?? {};
  const services = sidesOf(live);
  const hashOf = (name: string): string | undefined => {
    const service = find({ kind: 'Service', name }) as Service | undefined;
    return service && (service.spec?.selector?.[hashLabel] ?? '');
  };
  if (!rule) return { canary: hashOf(services.canary), stable: hashOf(services.stable) };
  const found = find({ kind: 'DestinationRule', name: rule.name ?? '' });
  const { subsets = [] } = (found?.spec ?? {}) as {
    subsets?: { name: string; labels?: Record<string, string> }[];
  };
  const subsetOf = (wanted: string | undefined): string | undefined => {
    const subset = subsets.find(({ name }) => name === wanted);
    return subset && (subset.labels?.[hashLabel] ?? '');
  };
  return { canary: subsetOf(rule.canarySubsetName), stable: subsetOf(rule.stableSubsetName) };
}

function sidesOf({ spec, status }: Rollout): { canary: string; stable: string } {
  const { canaryService = '', stableService = '', pingPong } = spec?.strategy?.canary ?? {};
  if (!pingPong) return { canary: canaryService, stable: stableService };
  const { pingService = '', pongService = '' } = pingPong;
  return status?.canary?.stablePingPong === 'ping'
    ? { canary: pongService, stable: pingService }
    : { canary: pingService, stable: pongService };
}

type Destination = { host?: string; subset?: string };
type Route = {
  name?: string;
  route?: { destination?: Destination; weight?: number }[];
  mirror?: Destination;
};

/** The http routes of the VirtualServices that the spec names. */
function routesIn(find: Find, live: Rollout): Route[] {
  const { istio } = live.spec?.strategy?.canary?.trafficRouting ?? {};
  return (istio?.virtualServices ?? [istio?.virtualService]).flatMap((each) => {
    const object = find({ kind: 'VirtualService', name: each?.name ?? '' });
    return ((object?.spec ?? {}) as { http?: Route[] }).http ?? [];
  });
}

/** Routes that steps have set. */
function hasRoutes(find: Find, live: Rollout): boolean {
  return routesIn(find, live).some(({ name }) => name === 'beta' || name === 'copy');
}

/** The most that any object, or a load balancer, sends to the canary's side, in hundredths. */
function canaryShare(find: Find, live: Rollout, balanced: number[]): number {
  const { nginx, istio } = live.spec?.strategy?.canary?.trafficRouting ?? {};
  const names = nginx?.stableIngresses ?? [nginx?.stableIngress ?? ''];
  const ingresses = names.map((name) =>
    find({ kind: 'Ingress', name: `${nameOf(live)}-${name}-canary` }),
  );
  const { canary } = sidesOf(live);
  const subset = istio?.destinationRule?.canarySubsetName;
  const isCanary = ({ host, subset: to }: Destination = {}): boolean =>
    subset === undefined ? host === canary : to === subset;
  const shares = routesIn(find, live)
    .filter(({ route = [] }) => route.length > 1)
    .map(({ route = [] }) => route.find((to) => isCanary(to.destination))?.weight ?? 0);
  return Math.max(0, ...(nginx ? ingresses.map(shareOf) : []), ...shares, ...balanced);
}

/** What is left of its routers of a rollout that has none any more, or is gone. */
export function leftOver(
  { cluster: { read }, key: { namespace } }: Pick<Context, 'cluster' | 'key'>,
  isPingPong: boolean,
): string | undefined {
  const canary = read.list('Ingress', namespace).find((each) => nameOf(each).endsWith('-canary'));
  if (canary) return `the Ingress ${nameOf(canary)}`;
  for (const object of read.list('VirtualService', namespace)) {
    const { http = [] } = (object.spec ?? {}) as { http?: Route[] };
    const kept = http.find(({ name }) => name === 'beta' || name === 'copy');
    if (kept) return `the route ${kept.name}`;
    const weight = http[0]?.route?.[1]?.weight ?? 0;
    // Ping or pong may be the stable one.
    const isStable = isPingPong && weight === 100;
    if (weight > 0 && !isStable) return `a weight of ${weight} in ${nameOf(object)}`;
  }
  for (const object of read.list('DestinationRule', namespace)) {
    const { subsets = [] } = (object.spec ?? {}) as { subsets?: { labels?: object }[] };
    if (subsets.some(({ labels = {} }) => hashLabel in labels)) return nameOf(object);
  }
  return undefined;
}

function shareOf(ingress: KubernetesObject | undefined): number {
  if (!ingress) return 0;
  const prefix = 'nginx.ingress.kubernetes.io';
  const total = Number(annotationOf(ingress, `${prefix}/canary-weight-total`) ?? 100);
  return (100 * Number(annotationOf(ingress, `${prefix}/canary-weight`) ?? 0)) / total;
}
