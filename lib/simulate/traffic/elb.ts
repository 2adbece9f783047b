import type { ProtocolEnum } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ElbApi } from '../../elb/api.ts';
import { Transient } from '../../errors.ts';
import type { Clock } from '../../world.ts';
import type { Random } from '../random.ts';
import { type Balancer, type Group, type Rule, stateOf } from './balancer.ts';

/** How often, of all calls, AWS throttles, and how often it tells less than there is. */
export type ElbFaults = { throttled: number; lies: number };
export const noElbFaults: ElbFaults = { throttled: 0, lies: 0 };

type Outside = { clock: Clock; random: Random; faults: () => ElbFaults };

/**
 * Elastic Load Balancing's API over simulated load balancers. Where it lies, it lacks what was made, or calls
 * a healthy target unhealthy: as it does while it catches up.
 */
export function simulatedElb(
  balancers: ReadonlyMap<string, Balancer>,
  { clock, random, faults }: Outside,
): ElbApi {
  const call = async <T>(answer: (isTrue: boolean) => T): Promise<T> => {
    const { throttled, lies } = faults();
    const drawn = random.next();
    if (drawn < throttled) throw new Transient('Throttling: Rate exceeded');
    return answer(drawn >= throttled + lies);
  };
  const all = (): Balancer[] => [...balancers.values()];
  const groups = (): Group[] => all().flatMap((each) => [...each.groups.values()]);
  const of = (arn = ''): Balancer[] => all().filter((each) => each.arn === arn);
  return {
    DescribeLoadBalancers: () =>
      call((isTrue) => ({
        LoadBalancers: (isTrue ? all() : []).map(({ hostname, arn, name, type }) => ({
          ...{ DNSName: hostname, LoadBalancerArn: arn, LoadBalancerName: name, Type: type },
        })),
      })),
    DescribeListeners: ({ LoadBalancerArn }) =>
      call((isTrue) => ({
        Listeners: of(LoadBalancerArn).map(({ arn, type, listener, rules }) => ({
          ...{ ListenerArn: listenerOf(arn), LoadBalancerArn: arn, Port: listener.port },
          Protocol: listener.protocol as ProtocolEnum,
          ...(type === 'network' && isTrue && { DefaultActions: rules.flatMap(actionsOf) }),
        })),
      })),
    DescribeRules: ({ ListenerArn }) =>
      call((isTrue) => ({
        Rules: all()
          .filter(({ arn }) => listenerOf(arn) === ListenerArn)
          .flatMap(({ rules }) => (isTrue ? rules : []))
          .map((rule) => ({ Actions: actionsOf(rule) })),
      })),
    DescribeTargetGroups: ({ LoadBalancerArn }) =>
      call(() => ({
        TargetGroups: of(LoadBalancerArn)
          .flatMap((each) => [...each.groups.values()])
          .map(({ arn, name }) => ({
            ...{ TargetGroupArn: arn, TargetGroupName: name, TargetType: 'ip' as const },
          })),
      })),
    DescribeTags: ({ ResourceArns = [] }) =>
      call(() => ({
        TagDescriptions: groups()
          .filter(({ arn }) => ResourceArns.includes(arn))
          .map(({ arn, tags }) => ({
            ResourceArn: arn,
            Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
          })),
      })),
    DescribeTargetHealth: ({ TargetGroupArn }) =>
      call((isTrue) => ({
        TargetHealthDescriptions: groups()
          .filter(({ arn }) => arn === TargetGroupArn)
          .flatMap(({ targets }) => [...targets])
          .map(([Id, target]) => ({
            Target: { Id, Port: 8080 },
            TargetHealth: { State: isTrue ? stateOf(target, clock.now()) : 'unhealthy' },
          })),
      })),
  };
}

function listenerOf(arn: string): string {
  return `${arn.replace(':loadbalancer/', ':listener/')}/f2f7dc8efc522ab2`;
}

function actionsOf({ weights }: Rule) {
  const TargetGroups = Object.entries(weights).map(([TargetGroupArn, Weight]) => ({
    TargetGroupArn,
    Weight,
  }));
  return [{ Type: 'forward' as const, ForwardConfig: { TargetGroups } }];
}
