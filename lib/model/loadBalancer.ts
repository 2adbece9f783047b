import type {
  FunctionResult,
  InvokeInput,
  MetricDataAnswer,
  MetricDataInput,
} from './metricCalls.ts';

// What AWS says of a load balancer, as far as Serin goes by it: where its listeners send requests, and which
// targets of a group are healthy.

export type LoadBalancer = {
  arn: string;
  name: string;
  listeners: Listener[];
  /** Those that its listeners forward to. */
  groups: TargetGroup[];
};

export type Listener = {
  protocol: string;
  port: number;
  /** What its default action and each of its rules forward to; nothing of those that do something else. */
  forwards: Forward[];
};

/** Target groups, by ARN, and the weight of each. */
export type Forward = { isDefault: boolean; weights: Record<string, number> };

export type TargetGroup = {
  arn: string;
  name: string;
  /** What a target is named by: its address, or its EC2 instance. */
  targets: 'ip' | 'instance' | 'other';
  tags: Record<string, string>;
};

/** `id`: an address or an EC2 instance, as its group says. */
export type Target = { id: string; port: number; isHealthy: boolean };

/**
 * The questions that a turn asks of AWS. `since` names what was written last: no answer is taken that was
 * asked for before somebody first asked with it.
 */
export type AwsCalls = {
  /** By the host name that is in an object's status. Missing: there is none of that name. */
  loadBalancer: { input: { hostname: string; since: string }; answer: LoadBalancer };
  /** Of one target group. */
  targetHealth: { input: { group: string; since: string }; answer: Target[] };
  /** Of CloudWatch. */
  metricData: { input: MetricDataInput; answer: MetricDataAnswer };
  /** A function of the user's, which measures. */
  invokeFunction: { input: InvokeInput; answer: FunctionResult };
};
export type AwsCall = keyof AwsCalls;
export type BalancerCall = 'loadBalancer' | 'targetHealth';

/** The region of a load balancer's host name or of a target group's ARN; undefined of any other text. */
export function elbRegionOf(text: string): string | undefined {
  const [, ofArn] = /^arn:[\w-]+:elasticloadbalancing:([\w-]+):/.exec(text) ?? [];
  const [, before, after] =
    /\.(?:([a-z\d-]+)\.elb|elb\.([a-z\d-]+))\.amazonaws\.com(?:\.cn)?$/i.exec(text) ?? [];
  return ofArn ?? before ?? after;
}
