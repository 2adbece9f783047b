import type { Millis } from '../../model/units.ts';

// What a simulated load balancer has: the state between the controller that makes it and the API that tells.

export type Balancer = {
  hostname: string;
  arn: string;
  name: string;
  /** A network load balancer has no rules but what its listener does by default. */
  type: 'application' | 'network';
  listener: { protocol: string; port: number };
  rules: Rule[];
  groups: Map<string, Group>;
};

/** What one rule forwards to: weights by the ARN of a group. The last one is the default action. */
export type Rule = { weights: Record<string, number> };

export type Group = {
  arn: string;
  name: string;
  tags: Record<string, string>;
  /** By address. */
  targets: Map<string, Target>;
};

/** One that drains gets no new request. */
export type Target = { healthyAt: Millis; goneAt?: Millis };

export function stateOf(
  { healthyAt, goneAt }: Target,
  now: Millis,
): 'healthy' | 'initial' | 'draining' {
  if (goneAt !== undefined) return 'draining';
  return now >= healthyAt ? 'healthy' : 'initial';
}
