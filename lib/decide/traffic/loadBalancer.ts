import type { ALBStatus, Pod } from '../../model/argo.generated.ts';
import {
  elbRegionOf,
  type Forward,
  type LoadBalancer,
  type Target,
  type TargetGroup,
} from '../../model/loadBalancer.ts';
import { hashLabel } from '../../model/names.ts';
import { type Answer, type Answers, type AwsRead, type Need, okOf } from '../../model/reads.ts';
import type { SeenTraffic, Side } from '../release/traffic.ts';
import type { Fronted, Routed } from './router.ts';

// What load balancers of ELBv2 are asked, and what their answers tell of where requests go.

const sides = ['canary', 'stable'] as const satisfies Side[];

/** In rounds: what a load balancer forwards to, then the targets of the groups of both sides. */
export function loadBalancerNeeds(front: Fronted, { services, answers }: Routed): Need[] {
  return hostnamesOf(front).flatMap((hostname) => {
    const read = balancerRead(front, hostname);
    const balancer = okOf(answers.aws(read));
    const groups = balancer
      ? sides.flatMap((side) => groupsOf(front, balancer, services[side]))
      : [];
    return [
      bearing(read),
      ...groups.map((group) => bearing(healthRead(front, group))),
      ...(groups.some(({ targets }) => targets === 'instance')
        ? [bearing({ list: 'Node', namespace: '' })]
        : []),
    ];
  });
}

function bearing(read: Need['read']): Need {
  return { read, bears: 'all' };
}

/** Of an object without one there is no load balancer that could send a request anywhere. */
function hostnamesOf({ hostnames }: Fronted): string[] {
  return hostnames.filter((hostname) => elbRegionOf(hostname) !== undefined);
}

function balancerRead({ version }: Fronted, hostname: string): AwsRead<'loadBalancer'> {
  return { aws: 'loadBalancer', input: { hostname, since: version } };
}

function healthRead({ version }: Fronted, { arn }: TargetGroup): AwsRead<'targetHealth'> {
  return { aws: 'targetHealth', input: { group: arn, since: version } };
}

/** Those of a Service, by the tag that the load balancer controller gives each of its groups. */
function groupsOf({ tag, resource }: Fronted, { groups }: LoadBalancer, service: string) {
  return groups.filter(({ tags }) => tags[tag] === resource(service));
}

/** The pods that each side leads to. */
type Pods = Record<Side, Pod[] | undefined>;

/** What all load balancers of an object say; undefined where it has none. */
export function seenBy(
  front: Fronted,
  routed: Routed,
  { pods, total }: { pods: Pods; total: number },
): SeenTraffic | undefined {
  const hostnames = hostnamesOf(front);
  if (hostnames.length === 0) return undefined;
  return mergedSeen(hostnames.map((hostname) => seenAt(front, routed, { hostname, pods, total })));
}

export function mergedSeen(all: SeenTraffic[]): SeenTraffic {
  const healthy = (side: Side) => {
    const known = all.flatMap((each) => each.healthy[side] ?? []);
    const [least] = known.sort((a, b) => a.count - b.count);
    return least && known.length === all.length ? { [side]: least } : {};
  };
  const remedy = all.find((each) => each.remedy !== undefined)?.remedy;
  return {
    weights: all.flatMap((each) => each.weights),
    headerRoutes: Math.min(...all.map((each) => each.headerRoutes)),
    healthy: { ...healthy('canary'), ...healthy('stable') },
    unknown: all.flatMap((each) => each.unknown),
    lacking: all.flatMap((each) => each.lacking),
    balancers: all.flatMap((each) => each.balancers),
    ...(remedy !== undefined && { remedy }),
  };
}

type At = { hostname: string; pods: Pods; total: number };

function seenAt(front: Fronted, routed: Routed, { hostname, pods, total }: At): SeenTraffic {
  const { answers, services } = routed;
  const answer = answers.aws(balancerRead(front, hostname));
  const named = `the load balancer of ${front.label}`;
  if (!answer || !('ok' in answer)) return unknownSeen(named, answer);
  const balancer = answer.ok;
  const groups = (side: Side): TargetGroup[] => groupsOf(front, balancer, services[side]);
  const arns = { canary: groups('canary').map(arnOf), stable: groups('stable').map(arnOf) };
  const forwards = balancer.listeners
    .filter(({ protocol, port }) => isListener(front, protocol, port))
    .flatMap((listener) => listener.forwards);
  const shared = forwards.filter(({ weights }) => arns.stable.some((arn) => arn in weights));
  const alone = forwards.filter(
    (each) => !shared.includes(each) && arns.canary.some((arn) => arn in each.weights),
  );
  const healths = sides.map((side) =>
    healthOf(front, routed, { groups: groups(side), pods: pods[side] }),
  );
  const failed = healths.filter((each) => 'failed' in each);
  const [canary, stable] = healths.map((each) => ('count' in each ? each : undefined));
  return {
    weights: shared.map((forward) => canaryWeight(forward, arns.canary, total)),
    headerRoutes: alone.length,
    healthy: { ...(canary && { canary }), ...(stable && { stable }) },
    unknown: failed.map(({ failed: why }) => `The targets of ${named} are not known: ${why}`),
    lacking:
      shared.length > 0 ? [] : [`${capital(named)} sends nothing to ${services.stable} yet.`],
    balancers: [statusOf(front, balancer, { canary: groups('canary'), stable: groups('stable') })],
    ...remedyIn(failed.map(({ remedy }) => remedy)),
  };
}

function remedyIn(remedies: (string | undefined)[]): { remedy?: string } {
  const remedy = remedies.find((each) => each !== undefined);
  return remedy === undefined ? {} : { remedy };
}

function arnOf({ arn }: TargetGroup): string {
  return arn;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function isListener({ listener }: Fronted, protocol: string, port: number): boolean {
  return !listener || (listener.protocol === protocol && listener.port === port);
}

function unknownSeen(
  named: string,
  answer: Exclude<Answer, { ok: unknown }> | undefined,
): SeenTraffic {
  const why = !answer
    ? 'it has not been looked at yet'
    : 'missing' in answer
      ? 'there is none of that name in this account'
      : answer.failed;
  return {
    ...{ weights: [], headerRoutes: 0, healthy: {}, lacking: [], balancers: [] },
    unknown: [`What ${named} does is not known: ${why}.`],
    ...remedyIn([answer && 'failed' in answer ? answer.remedy : undefined]),
  };
}

/** The canary's part, in parts of the total. */
function canaryWeight({ weights }: Forward, canary: string[], total: number): number {
  const all = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const part = canary.reduce((sum, arn) => sum + (weights[arn] ?? 0), 0);
  return all === 0 ? 0 : (total * part) / all;
}

type Health = { count: number; of: number } | { failed: string; remedy?: string };

/** How many of the pods are healthy targets of each of the groups. A group that is not there has none. */
function healthOf(
  front: Fronted,
  routed: Routed,
  { groups, pods }: { groups: TargetGroup[]; pods: Pod[] | undefined },
): Health {
  if (!pods) return { failed: 'the pods could not be listed' };
  if (groups.length === 0) return { count: 0, of: pods.length };
  const counts: number[] = [];
  for (const group of groups) {
    const answer = routed.answers.aws(healthRead(front, group));
    if (!answer) return { failed: 'they have not been looked at yet' };
    if ('failed' in answer) return answer;
    const targets = 'ok' in answer ? answer.ok : [];
    const healthy = pods.filter((pod) => isHealthy(pod, group, { targets, routed }));
    counts.push(healthy.length);
  }
  return { count: Math.min(...counts), of: pods.length };
}

/** By its address; where instances are targets, by the instance that its node is. */
function isHealthy(
  { status, spec }: Pod,
  group: TargetGroup,
  { targets, routed }: { targets: Target[]; routed: Routed },
): boolean {
  const isOn = (id: string | undefined) =>
    id !== undefined && targets.some((target) => target.id === id && target.isHealthy);
  if (group.targets === 'ip') return isOn(status?.podIP);
  if (group.targets !== 'instance') return false;
  return isOn(instanceOf(routed.answers, spec?.nodeName ?? ''));
}

/** A node of EC2 says which instance it is: aws:///eu-west-1a/i-0123456789abcdef0 */
function instanceOf(answers: Answers, nodeName: string): string | undefined {
  const nodes = okOf(answers.list({ list: 'Node', namespace: '' })) ?? [];
  const node = nodes.find(({ metadata }) => metadata?.name === nodeName);
  const { providerID = '' } = (node?.spec ?? {}) as { providerID?: string };
  return /^aws:.*\/(i-[\da-f]+)$/.exec(providerID)?.[1];
}

/** argo v1.10.1 rollout/trafficrouting/alb/alb.go updateLoadBalancerStatus, updateTargetGroupStatus */
function statusOf(
  { ref }: Fronted,
  { arn, name }: LoadBalancer,
  { canary: [canary], stable: [stable] }: Record<Side, TargetGroup[]>,
): ALBStatus {
  const of = (group: TargetGroup) => ({
    ...{ name: group.name, arn: group.arn },
    fullName: group.arn.split('/').slice(1).join('/'),
  });
  return {
    ingress: ref.name,
    loadBalancer: { name, arn, fullName: arn.split('/').slice(2).join('/') },
    ...(canary && { canaryTargetGroup: of(canary) }),
    ...(stable && { stableTargetGroup: of(stable) }),
  };
}

/** Those that Services send to: of a version where `hash` says which. */
export function podsBehind(pods: Pod[] | undefined, hash: string): Pod[] | undefined {
  return pods?.filter(
    ({ metadata, status }) =>
      !metadata?.deletionTimestamp &&
      (hash === '' || metadata?.labels?.[hashLabel] === hash) &&
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
}
