import type { ElbApi, ElbCall } from '../../lib/elb/api.ts';
import { loadBalancers } from '../../lib/elb/loadBalancers.ts';

const arnOf = (name: string) => `arn:aws:elasticloadbalancing:us-east-1:1:${name}`;
export const groupArn = (name: string) => arnOf(`targetgroup/${name}/1`);

type Made = {
  /** Weights of the groups, by name, of each rule; the last is the default action. */
  rules: Record<string, number>[];
  type?: 'application' | 'network';
};

/** Elastic Load Balancing with one load balancer, `lb`, and a note of each call. */
export function openElb({ rules, type = 'application' }: Made) {
  let now = 0;
  const calls: { name: ElbCall; input: object }[] = [];
  const fails: { error?: Error | undefined } = {};
  const weights = { rules };
  const names = () => [...new Set(weights.rules.flatMap((rule) => Object.keys(rule)))];
  const action = (rule: Record<string, number>) => ({
    Type: 'forward' as const,
    ForwardConfig: {
      TargetGroups: Object.entries(rule).map(([name, Weight]) => ({
        TargetGroupArn: groupArn(name),
        Weight,
      })),
    },
  });
  const answer = <T>(name: ElbCall, input: object, value: () => T): Promise<T> => {
    calls.push({ name, input });
    return fails.error ? Promise.reject(fails.error) : Promise.resolve(value());
  };
  const api: ElbApi = {
    DescribeLoadBalancers: (input) =>
      answer('DescribeLoadBalancers', input, () => {
        const LoadBalancerArn = arnOf('loadbalancer/app/lb/1');
        const lb = { DNSName: 'LB-1.us-east-1.elb.amazonaws.com', LoadBalancerArn };
        // Ours is on the second page.
        return input.Marker === undefined
          ? { LoadBalancers: [], NextMarker: 'second' }
          : { LoadBalancers: [{ ...lb, LoadBalancerName: 'lb', Type: type }] };
      }),
    DescribeListeners: (input) =>
      answer('DescribeListeners', input, () => {
        const DefaultActions = [action(weights.rules.at(-1) ?? {})];
        const listener = { Port: 80, Protocol: 'TCP' as const, DefaultActions };
        return { Listeners: [{ ...listener, ListenerArn: 'listener' }] };
      }),
    DescribeRules: (input) =>
      answer('DescribeRules', input, () => ({
        Rules: [
          ...weights.rules.map((rule, index) => ({
            Actions: [action(rule)],
            IsDefault: index === weights.rules.length - 1,
          })),
          { Actions: [{ Type: 'redirect' as const }] },
        ],
      })),
    DescribeTargetGroups: (input) =>
      answer('DescribeTargetGroups', input, () => ({
        TargetGroups: names().map((name) => ({
          ...{ TargetGroupArn: groupArn(name), TargetGroupName: name, TargetType: 'ip' as const },
        })),
      })),
    DescribeTags: (input) =>
      answer('DescribeTags', input, () => ({
        TagDescriptions: (input.ResourceArns ?? []).map((ResourceArn) => ({
          ResourceArn,
          Tags: [{ Key: 'of', Value: ResourceArn.split('/')[1] ?? '' }],
        })),
      })),
    DescribeTargetHealth: (input) =>
      answer('DescribeTargetHealth', input, () => ({
        TargetHealthDescriptions: [
          { Target: { Id: '10.0.0.1', Port: 80 }, TargetHealth: { State: 'healthy' } },
          { Target: { Id: '10.0.0.2', Port: 80 }, TargetHealth: { State: 'draining' } },
        ],
      })),
  };
  const clock = { now: () => now, sleepUntil: async () => {} };
  return {
    aws: loadBalancers(api, clock),
    weights,
    fails,
    pass: (ms: number) => {
      now += ms;
    },
    /** The calls since this was last asked. */
    calls: () => calls.splice(0).map(({ name }) => name),
    inputs: () => calls.splice(0),
  };
}
