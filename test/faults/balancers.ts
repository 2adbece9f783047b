import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { desiredOf, nameOf, podHashOf, replicasOf } from '../../lib/model/workload.ts';
import type { SimulatedCluster } from '../../lib/simulate/cluster.ts';
import { type Balancer, type Group, stateOf } from '../../lib/simulate/traffic/balancer.ts';
import type { Context } from './watchdog.ts';

// What the load balancers themselves do with the requests, whatever Serin was told of it: no pod leaves while
// one sends requests to it, and none sends more where no target is healthy.

/** The part of the requests that each group gets by a rule, in hundredths. */
type Shares = Map<Group, number>;

export function watchBalancers(context: Context): void {
  const { cluster, live } = context;
  const before = new Map<Balancer, Shares>();
  cluster.watchLoadBalancers((balancer) => {
    const after = mostOf(balancer);
    const rollout = live();
    // An abort does not wait for what AWS says.
    const isJudged = rollout && replicasOf(rollout) > 0 && !rollout.status?.abort;
    if (isJudged) judgeSent(context, before.get(balancer), after);
    before.set(balancer, after);
  });
  cluster.watch(({ kind, writer, object, before: was }) => {
    if (kind !== 'ReplicaSet' || !writer.isSerin || !was) return;
    if (desiredOf(object as ReplicaSet) >= desiredOf(was as ReplicaSet)) return;
    judgeLeft(context, was as ReplicaSet, object as ReplicaSet);
  });
}

/** The most that any rule of a rollout's load balancers sends to the canary's Service, in hundredths. */
export function balancedShares(
  cluster: SimulatedCluster,
  namespace: string,
  { spec, status }: Rollout,
): number[] {
  const { trafficRouting, canaryService = '', pingPong } = spec?.strategy?.canary ?? {};
  const { alb, plugins } = trafficRouting ?? {};
  const nlb = plugins?.['serin/nlb'] as { service: string; port: number } | undefined;
  const isPing = status?.canary?.stablePingPong === 'ping';
  const canary = pingPong ? pingPong[isPing ? 'pongService' : 'pingService'] : canaryService;
  const share = (front: string, resource: string): number[] => {
    const balancer = cluster.loadBalancers.get(front);
    const group = balancer?.groups.get(resource);
    return balancer && group ? [mostOf(balancer).get(group) ?? 0] : [];
  };
  const { servicePort } = alb ?? {};
  return [
    ...(alb?.ingresses ?? [alb?.ingress ?? '']).flatMap((name) =>
      share(`Ingress ${namespace}/${name}`, `${namespace}/${name}-${canary}:${servicePort}`),
    ),
    ...share(`Service ${namespace}/${nlb?.service}`, `${namespace}/${canary}:${nlb?.port}`),
  ];
}

function mostOf({ rules, groups }: Balancer): Shares {
  const shares: Shares = new Map();
  for (const { weights } of rules) {
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    for (const group of groups.values()) {
      const share = total === 0 ? 0 : (100 * (weights[group.arn] ?? 0)) / total;
      shares.set(group, Math.max(share, shares.get(group) ?? 0));
    }
  }
  return shares;
}

function judgeSent({ clock, fail }: Context, before: Shares | undefined, after: Shares): void {
  for (const [group, share] of after) {
    // One that is made begins with targets that are not healthy yet.
    const was = before?.get(group);
    if (was === undefined || share <= was) continue;
    const states = [...group.targets.values()].map((target) => stateOf(target, clock.now()));
    if (states.includes('healthy')) continue;
    const text = `${group.name} gets ${share} % with targets ${states.join(', ') || 'none'}`;
    fail('no traffic without healthy targets', text);
  }
}

function judgeLeft(context: Context, was: ReplicaSet, is: ReplicaSet): void {
  const { cluster, live, key, fail } = context;
  const rollout = live();
  const replicas = rollout ? replicasOf(rollout) : 0;
  if (replicas === 0) return;
  const pods = cluster.read.list('Pod', key.namespace, `${hashLabel}=${podHashOf(is)}`);
  const addresses = new Set(pods.map(({ status }) => status?.podIP));
  const leads = ({ targets }: Group): boolean =>
    [...targets].some(([address, { goneAt }]) => goneAt === undefined && addresses.has(address));
  for (const balancer of cluster.loadBalancers.values()) {
    for (const [group, share] of mostOf(balancer)) {
      const needed = Math.max(1, Math.ceil((share * replicas) / 100));
      if (share === 0 || !leads(group) || desiredOf(is) >= Math.min(needed, desiredOf(was)))
        continue;
      const move = `${nameOf(is)} from ${desiredOf(was)} to ${desiredOf(is)}`;
      fail('no pod leaves a load balancer with traffic', `${move}: ${group.name} gets ${share} %`);
    }
  }
}
