import type {
  Action,
  Listener as ElbListener,
  LoadBalancer as ElbLoadBalancer,
  TargetGroup as ElbTargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { NotFound } from '../errors.ts';
import type {
  Forward,
  Listener,
  LoadBalancer,
  Target,
  TargetGroup,
} from '../model/loadBalancer.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type { BalancerAws, Clock } from '../world.ts';
import type { ElbApi } from './api.ts';
import { backedOff, openThrottle } from './backOff.ts';
import { shared } from './shared.ts';

/** How long it is believed which load balancer has a name, and what a target group is called and tagged. */
const nameLifeMs: Millis = 10 * minuteMs;
/** Names that are not among them are looked for again at the earliest after this. */
const listLifeMs: Millis = 10_000;
/** More than these the API does not take. */
const arnsMax = 20;
const pageSize = 400;

/**
 * The load balancers of one region of one account, for all rollouts of a process: who asks for the same at
 * the same time shares an answer, what does not change is kept, and nobody asks while AWS throttles.
 */
export function loadBalancers(elb: ElbApi, clock: Clock, throttle = openThrottle()): BalancerAws {
  const api = backedOff(elb, clock, throttle);
  const once = shared(clock);
  const named = new Map<string, ElbLoadBalancer & { until: Millis }>();
  const groups = new Map<string, TargetGroup & { until: Millis }>();

  const list = async (): Promise<void> => {
    const until = clock.now() + nameLifeMs;
    const found = await pages(async (Marker) => {
      const page = await api.DescribeLoadBalancers({ PageSize: pageSize, ...at(Marker) });
      return { items: page.LoadBalancers, next: page.NextMarker };
    });
    for (const each of found) named.set(each.DNSName?.toLowerCase() ?? '', { ...each, until });
  };
  const find = async (hostname: string): Promise<ElbLoadBalancer> => {
    const known = () => {
      const each = named.get(hostname.toLowerCase());
      return each && each.until > clock.now() ? each : undefined;
    };
    if (!known()) await once('load balancers', { lifeMs: listLifeMs }, list);
    const found = known();
    if (found) return found;
    throw new NotFound(`there is no load balancer ${hostname} in that region of the account`);
  };
  const describeGroups = async (balancer: string, wanted: string[]): Promise<TargetGroup[]> => {
    const unknown = wanted.filter((arn) => (groups.get(arn)?.until ?? 0) <= clock.now());
    if (unknown.length > 0) {
      const until = clock.now() + nameLifeMs;
      const found = await pages(async (Marker) => {
        const input = { LoadBalancerArn: balancer, PageSize: pageSize, ...at(Marker) };
        const page = await api.DescribeTargetGroups(input);
        return { items: page.TargetGroups, next: page.NextMarker };
      });
      const tags = await tagsOf(api, unknown);
      for (const each of found) {
        const arn = each.TargetGroupArn ?? '';
        if (unknown.includes(arn)) groups.set(arn, { ...groupOf(each, tags.get(arn)), until });
      }
    }
    return wanted.flatMap((arn) => {
      const { until: _, ...group } = groups.get(arn) ?? {};
      return 'arn' in group ? [group as TargetGroup] : [];
    });
  };
  const describe = async (hostname: string): Promise<LoadBalancer> => {
    const { LoadBalancerArn: arn = '', LoadBalancerName: name = '', Type } = await find(hostname);
    const listeners = await listenersOf(api, arn, Type !== 'network');
    const forwards = listeners.flatMap((each) => each.forwards);
    const arns = [...new Set(forwards.flatMap(({ weights }) => Object.keys(weights)))];
    return { arn, name, listeners, groups: await describeGroups(arn, arns) };
  };
  return {
    loadBalancer: ({ hostname, since }) =>
      once(`balancer ${hostname}`, { since }, () => describe(hostname)),
    targetHealth: ({ group, since }) =>
      once(`health ${group}`, { since }, () => healthOf(api, group)),
  };
}

function at(Marker: string | undefined): { Marker?: string } {
  return Marker === undefined ? {} : { Marker };
}

/** Items of all pages. */
async function pages<T>(
  get: (marker?: string) => Promise<{ items?: T[] | undefined; next?: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  let marker: string | undefined;
  do {
    const { items = [], next } = await get(marker);
    all.push(...items);
    marker = next || undefined;
  } while (marker !== undefined);
  return all;
}

/** A network load balancer has no rules. */
async function listenersOf(api: ElbApi, balancer: string, hasRules: boolean): Promise<Listener[]> {
  const listeners = await pages(async (Marker) => {
    const input = { LoadBalancerArn: balancer, PageSize: pageSize, ...at(Marker) };
    const page = await api.DescribeListeners(input);
    return { items: page.Listeners, next: page.NextMarker };
  });
  return await Promise.all(
    listeners.map(async (listener) => ({
      protocol: listener.Protocol ?? '',
      port: listener.Port ?? 0,
      forwards: hasRules ? await rulesOf(api, listener) : forwardsOf(listener.DefaultActions, true),
    })),
  );
}

async function rulesOf(api: ElbApi, { ListenerArn }: ElbListener): Promise<Forward[]> {
  const rules = await pages(async (Marker) => {
    const page = await api.DescribeRules({ ListenerArn, PageSize: pageSize, ...at(Marker) });
    return { items: page.Rules, next: page.NextMarker };
  });
  return rules.flatMap(({ Actions, IsDefault = false }) => forwardsOf(Actions, IsDefault));
}

function forwardsOf(actions: Action[] = [], isDefault: boolean): Forward[] {
  return actions.flatMap(({ Type, ForwardConfig, TargetGroupArn }) => {
    if (Type !== 'forward') return [];
    const groups = ForwardConfig?.TargetGroups ?? [{ TargetGroupArn, Weight: 1 }];
    const weights = groups.map((each) => [each.TargetGroupArn ?? '', each.Weight ?? 1] as const);
    return { isDefault, weights: Object.fromEntries(weights) };
  });
}

async function tagsOf(api: ElbApi, arns: string[]): Promise<Map<string, Record<string, string>>> {
  const found = new Map<string, Record<string, string>>();
  for (let first = 0; first < arns.length; first += arnsMax) {
    const ResourceArns = arns.slice(first, first + arnsMax);
    const { TagDescriptions = [] } = await api.DescribeTags({ ResourceArns });
    for (const { ResourceArn = '', Tags = [] } of TagDescriptions) {
      found.set(ResourceArn, Object.fromEntries(Tags.map(({ Key, Value = '' }) => [Key, Value])));
    }
  }
  return found;
}

function groupOf(
  { TargetGroupArn = '', TargetGroupName = '', TargetType }: ElbTargetGroup,
  tags: Record<string, string> = {},
): TargetGroup {
  const isNamed = TargetType === 'ip' || TargetType === 'instance';
  return {
    arn: TargetGroupArn,
    name: TargetGroupName,
    targets: isNamed ? TargetType : 'other',
    tags,
  };
}

async function healthOf(api: ElbApi, TargetGroupArn: string): Promise<Target[]> {
  const { TargetHealthDescriptions = [] } = await api.DescribeTargetHealth({ TargetGroupArn });
  return TargetHealthDescriptions.map(({ Target: target, TargetHealth }) => ({
    id: target?.Id ?? '',
    port: target?.Port ?? 0,
    isHealthy: TargetHealth?.State === 'healthy',
  }));
}
