import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../lib/model/kinds.ts';
import { fieldManager, hashLabel } from '../../lib/model/names.ts';
import type { Millis } from '../../lib/model/units.ts';
import {
  annotationOf,
  availableOf,
  desiredOf,
  nameOf,
  podHashOf,
  replicasOf,
} from '../../lib/model/workload.ts';
import type { Change } from '../../lib/simulate/apiServer/objects.ts';
import { balancedShares, watchBalancers } from './balancers.ts';
import type { Context, Turn } from './watchdog.ts';

// Where the requests of a canary with a router go, worked out here once more from what NGINX and Istio would
// make of their objects: no pod leaves while traffic is sent to it, and none is sent where no pods are.

export type RouteWatch = {
  changed: (change: Change) => void;
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
  return {
    changed: (change) => {
      const { kind, writer, type } = change;
      const isRoute = routeKinds.includes(kind);
      const isOurs = writer.manager === fieldManager;
      if (kind === 'Rollout' && !isOurs) disturbedAt = context.clock.now();
      if (kind === 'ReplicaSet' && !isOurs && hasLost(change)) disturbedAt = context.clock.now();
      if (!isRoute && kind !== 'Rollout') return;
      const live = context.live();
      if (!live || !isRouted(live)) return;
      const after = sharesNow(context, live);
      if (!isOurs) disturbedAt = context.clock.now();
      else if (isRoute && type !== 'DELETED') judgeSent(context, live, { before, after });
      before = after;
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

/** More is sent only where a pod is. */
function judgeSent(
  context: Context,
  live: Rollout,
  { before, after }: { before: Shares; after: Shares },
): void {
  if (replicasOf(live) === 0) return;
  for (const [hash, share] of after) {
    if (hash === '' || share <= (before.get(hash) ?? 0)) continue;
    const set = context.sets().find((each) => podHashOf(each) === hash);
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
  const needed = isAsked ? 1 : Math.max(1, Math.ceil((share * replicas) / 100));
  if (desiredOf(is) >= Math.min(needed, replicas)) return;
  const move = `${nameOf(is)} from ${desiredOf(was)} to ${desiredOf(is)}`;
  context.fail('no pod leaves with traffic', `${move}: it gets ${share} %`);
}

/** A step's weight is what the objects say, unless the canary is to have no pods. */
export function judgeSentWeight(context: Context, live: Rollout, index: number): void {
  const { steps = [], trafficRouting } = live.spec?.strategy?.canary ?? {};
  const weight = steps[index]?.setWeight ?? 0;
  const total = trafficRouting?.maxTrafficWeight ?? 100;
  const wanted = (100 * weight) / total;
  const scale = steps.slice(0, index).findLast((step) => step.setCanaryScale)?.setCanaryScale;
  const sent = canaryShare(context, live);
  if (sent === wanted || replicasOf(live) === 0 || scale?.replicas === 0) return;
  context.fail('weight', `step ${index} (${weight}) done while ${sent} % is sent`);
}

function asksForScale({ spec }: Rollout): boolean {
  const { steps = [] } = spec?.strategy?.canary ?? {};
  return steps.some(({ setCanaryScale }) => setCanaryScale !== undefined);
}

/** By the objects as they are now. */
function sharesNow(context: Pick<Context, 'cluster' | 'key'>, live: Rollout): Shares {
  const { namespace } = context.key;
  const weight = canaryShare(context, live);
  const services = sidesOf(live);
  const hashOf = (name: string): string | undefined => {
    const service = context.cluster.read.find('Service', namespace, name);
    return service && (service.spec?.selector?.[hashLabel] ?? '');
  };
  const shares: Shares = new Map();
  const add = (hash: string | undefined, share: number): void => {
    if (hash !== undefined && share > 0) shares.set(hash, (shares.get(hash) ?? 0) + share);
  };
  const subsets = subsetsOf(context, live);
  for (const canary of [hashOf(services.canary), subsets?.canary]) add(canary, weight);
  for (const stable of [hashOf(services.stable), subsets?.stable]) add(stable, 100 - weight);
  return shares;
}

type DestinationRule = {
  spec?: { subsets?: { name?: string; labels?: Record<string, string> }[] };
};

/** The versions that the subsets of a DestinationRule choose; '' is pods of any. */
function subsetsOf(
  { cluster, key: { namespace } }: Pick<Context, 'cluster' | 'key'>,
  live: Rollout,
): Record<'canary' | 'stable', string> | undefined {
  const rule = live.spec?.strategy?.canary?.trafficRouting?.istio?.destinationRule;
  if (!rule) return undefined;
  const object = cluster.read.find('DestinationRule', namespace, rule.name ?? '');
  const { subsets = [] } = (object as DestinationRule | undefined)?.spec ?? {};
  const hashOf = (name = ''): string =>
    subsets.find((subset) => subset.name === name)?.labels?.[hashLabel] ?? '';
  return { canary: hashOf(rule.canarySubsetName), stable: hashOf(rule.stableSubsetName) };
}

function sidesOf({ spec, status }: Rollout): { canary: string; stable: string } {
  const { canaryService = '', stableService = '', pingPong } = spec?.strategy?.canary ?? {};
  if (!pingPong) return { canary: canaryService, stable: stableService };
  const { pingService, pongService } = pingPong;
  return status?.canary?.stablePingPong === 'ping'
    ? { canary: pongService, stable: pingService }
    : { canary: pingService, stable: pongService };
}

type VirtualService = {
  spec?: { http?: { route?: RouteTo[] }[] };
};
type RouteTo = { destination?: { host?: string; subset?: string }; weight?: number };

/** The most that any object sends to the canary's Service, in hundredths. */
function canaryShare(
  { cluster, key: { namespace } }: Pick<Context, 'cluster' | 'key'>,
  live: Rollout,
): number {
  const { nginx, istio } = live.spec?.strategy?.canary?.trafficRouting ?? {};
  const find = (kind: 'Ingress' | 'VirtualService', name: string): KubernetesObject | undefined =>
    cluster.read.find(kind, namespace, name);
  const ingresses = (nginx?.stableIngresses ?? [nginx?.stableIngress ?? '']).map((name) =>
    find('Ingress', `${nameOf(live)}-${name}-canary`),
  );
  const { canary } = sidesOf(live);
  const subset = istio?.destinationRule?.canarySubsetName;
  const isToCanary = ({ destination }: RouteTo): boolean =>
    subset === undefined ? destination?.host === canary : destination?.subset === subset;
  const routes = (istio?.virtualServices ?? [istio?.virtualService]).flatMap((each) => {
    const object = find('VirtualService', each?.name ?? '') as VirtualService | undefined;
    return (object?.spec?.http ?? []).map(({ route = [] }) =>
      route.length < 2 ? 0 : (route.find(isToCanary)?.weight ?? 0),
    );
  });
  return Math.max(
    0,
    ...ingresses.map(shareOf),
    ...routes,
    ...balancedShares(cluster, namespace, live),
  );
}

function shareOf(ingress: KubernetesObject | undefined): number {
  if (!ingress) return 0;
  const prefix = 'nginx.ingress.kubernetes.io';
  const total = Number(annotationOf(ingress, `${prefix}/canary-weight-total`) ?? 100);
  return (100 * Number(annotationOf(ingress, `${prefix}/canary-weight`) ?? 0)) / total;
}
