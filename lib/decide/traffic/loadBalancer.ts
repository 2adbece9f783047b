import type { ALBStatus, Pod } from '../../model/argo.generated.ts';
import { smallest } from '../../model/extremes.ts';
import {
  elbRegionOf,
  type Forward,
  type LoadBalancer,
  type TargetGroup,
} from '../../model/loadBalancer.ts';
import { hashLabel } from '../../model/names.ts';
import {
  type Answer,
  type Answers,
  type AwsRead,
  type ListRead,
  type Need,
  okOf,
  type Read,
} from '../../model/reads.ts';
import { capital } from '../../model/text.ts';
import type { SeenTraffic, Side } from '../release/traffic.ts';
import type { Fronted, Routed } from './router.ts';
import { type Failure, podJudge, serviceRef, targetReads } from './targets.ts';

// What load balancers of ELBv2 are asked, and what their answers tell of where requests go.

const sides = ['canary', 'stable'] as const satisfies Side[];

/** In two rounds: what a load balancer forwards to and whose those groups are, and then their targets. */
export function loadBalancerNeeds(front: Fronted, { services, answers }: Routed): Need[] {
  return hostnamesOf(front).flatMap((hostname) => {
    const read = balancerRead(front, hostname);
    const balancer = okOf(answers.aws(read));
    const names = sides.map((side) => services[side]);
    const first: Read[] = [
      ...[read, bindingsRead(front)],
      ...names.map((name) => ({ object: serviceRef(front, name) })),
    ];
    if (!balancer) return first.map(bearing);
    const others = names.flatMap((name): Read[] => {
      const groups = groupsOf(front, balancer, name, answers);
      const healths = groups.map((group) => healthRead(front, group, { service: name, answers }));
      return [...healths, ...targetReads(groups)];
    });
    return [...first, ...others].map(bearing);
  });
}

function bearing(read: Read): Need {
  return { read, bears: 'all' };
}

/** Of an object without one there is no load balancer that could send a request anywhere. */
function hostnamesOf({ hostnames }: Fronted): string[] {
  return hostnames.filter((hostname) => elbRegionOf(hostname) !== undefined);
}

function balancerRead({ version }: Fronted, hostname: string): AwsRead<'loadBalancer'> {
  return { aws: 'loadBalancer', input: { hostname, since: version } };
}

/** A Service that was led to other pods has other targets: what they were before says nothing of them. */
function healthRead(
  front: Fronted,
  { arn }: TargetGroup,
  { service, answers }: { service: string; answers: Answers },
): AwsRead<'targetHealth'> {
  const { resourceVersion = '' } = okOf(answers.object(serviceRef(front, service)))?.metadata ?? {};
  return {
    aws: 'targetHealth',
    input: { group: arn, since: `${front.version} ${resourceVersion}` },
  };
}

function bindingsRead({ ref: { namespace } }: Fronted): ListRead<'TargetGroupBinding'> {
  return { list: 'TargetGroupBinding', namespace };
}

/** Those of a Service, by the tag that the load balancer controller gives each of its groups. */
function taggedFor({ tag, resource }: Fronted, { groups }: LoadBalancer, service: string) {
  return groups.filter(({ tags }) => tags[tag] === resource(service));
}

/** Those of a Service; of groups without such a tag a TargetGroupBinding says it. */
function groupsOf(
  front: Fronted,
  balancer: LoadBalancer,
  service: string,
  answers: Answers,
): TargetGroup[] {
  const tagged = taggedFor(front, balancer, service);
  if (tagged.length > 0) return tagged;
  const bindings = okOf(answers.list(bindingsRead(front))) ?? [];
  const bound = bindings.flatMap(({ spec }) => {
    const { serviceRef, targetGroupARN } = (spec ?? {}) as Binding;
    const isOurs = serviceRef?.name === service && isPort(serviceRef.port, front.port);
    return isOurs ? targetGroupARN : [];
  });
  return balancer.groups.filter(({ arn }) => bound.includes(arn));
}

type Binding = {
  targetGroupARN?: string;
  serviceRef?: { name?: string; port?: number | string };
};

/** A port that has a name is taken for the one. */
function isPort(given: number | string | undefined, port: number): boolean {
  return given === port || (typeof given === 'string' && !/^\d+$/.test(given));
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
    headerRoutes: smallest(all.map((each) => each.headerRoutes)),
    healthy: { ...healthy('canary'), ...healthy('stable') },
    unknown: all.flatMap((each) => each.unknown),
    lacking: all.flatMap((each) => each.lacking),
    isPast: all.some((each) => each.isPast),
    balancers: all.flatMap((each) => each.balancers),
    ...(remedy !== undefined && { remedy }),
  };
}

type At = { hostname: string; pods: Pods; total: number };

function seenAt(front: Fronted, routed: Routed, { hostname, pods, total }: At): SeenTraffic {
  const { answers, services } = routed;
  const answer = answers.aws(balancerRead(front, hostname));
  const named = nameFor(front);
  if (!answer || !('ok' in answer)) return unknownSeen(front, answer);
  const balancer = answer.ok;
  const groups = (side: Side): TargetGroup[] => groupsOf(front, balancer, services[side], answers);
  const arns = { canary: groups('canary').map(arnOf), stable: groups('stable').map(arnOf) };
  const forwards = balancer.listeners
    .filter(({ protocol, port }) => isListener(front, protocol, port))
    .flatMap((listener) => listener.forwards);
  const shared = forwards.filter(({ weights }) => arns.stable.some((arn) => arn in weights));
  const alone = forwards.filter(
    (each) => !shared.includes(each) && arns.canary.some((arn) => arn in each.weights),
  );
  const healths = sides.map((side) =>
    healthOf(front, routed, { groups: groups(side), pods: pods[side], service: services[side] }),
  );
  const failed = [...bindingsFailure(front, balancer, routed), ...healths].filter(
    (each) => 'failed' in each,
  );
  const [canary, stable] = healths.map((each) => ('count' in each ? each : undefined));
  return {
    weights: shared.map((forward) => ({
      weight: canaryWeight(forward, arns.canary, total),
      balancer: named,
    })),
    headerRoutes: alone.length,
    healthy: { ...(canary && { canary }), ...(stable && { stable }) },
    unknown: failed.map(({ failed: why }) => `The targets of ${named} are not known: ${why}`),
    lacking:
      shared.length > 0 ? [] : [`${capital(named)} sends nothing to ${services.stable} yet.`],
    balancers:
      front.ref.kind === 'Ingress'
        ? [statusOf(front, balancer, { canary: groups('canary'), stable: groups('stable') })]
        : [],
    isPast: front.isPast === true,
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

function isListener({ listener }: Fronted, protocol: string, port: number): boolean {
  return !listener || (listener.protocol === protocol && listener.port === port);
}

/** Of an Ingress an ALB is made, of a Service an NLB. */
function nameFor({ ref, label }: Fronted): string {
  return `the ${ref.kind === 'Service' ? 'NLB' : 'ALB'} of ${label}`;
}

function unknownSeen(
  front: Fronted,
  answer: Exclude<Answer, { ok: unknown }> | undefined,
): SeenTraffic {
  const why = !answer
    ? 'it has not been looked at yet'
    : 'missing' in answer
      ? 'there is none of that name in this account'
      : answer.failed;
  return {
    ...{ weights: [], headerRoutes: 0, healthy: {}, lacking: [], balancers: [] },
    isPast: front.isPast === true,
    unknown: [`What ${nameFor(front)} does is not known: ${why}.`],
    ...remedyIn([answer && 'failed' in answer ? answer.remedy : undefined]),
  };
}

/** The canary's part, in parts of the total. */
function canaryWeight({ weights }: Forward, canary: string[], total: number): number {
  const all = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const part = canary.reduce((sum, arn) => sum + (weights[arn] ?? 0), 0);
  return all === 0 ? 0 : (total * part) / all;
}

type Health = { count: number; of: number } | Failure;

/** Where the tags are there it does not matter. */
function bindingsFailure(
  front: Fronted,
  balancer: LoadBalancer,
  { services, answers }: Routed,
): Failure[] {
  const answer = answers.list(bindingsRead(front));
  const isBound = sides.some((side) => taggedFor(front, balancer, services[side]).length === 0);
  return isBound && answer && 'failed' in answer ? [answer] : [];
}

/** How many of the pods are healthy targets of each of the groups. A group that is not there has none. */
function healthOf(
  front: Fronted,
  routed: Routed,
  { groups, pods, service }: { groups: TargetGroup[]; pods: Pod[] | undefined; service: string },
): Health {
  if (!pods) return { failed: 'the pods could not be listed' };
  if (groups.length === 0) return { count: 0, of: pods.length };
  const counts: number[] = [];
  for (const group of groups) {
    const asked = { service, answers: routed.answers };
    const answer = routed.answers.aws(healthRead(front, group, asked));
    if (!answer) return { failed: 'they have not been looked at yet' };
    if ('failed' in answer) return answer;
    const judge = podJudge(front, group, { ...asked, targets: 'ok' in answer ? answer.ok : [] });
    if (typeof judge !== 'function') return judge;
    counts.push(pods.filter(judge).length);
  }
  return { count: smallest(counts), of: pods.length };
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
