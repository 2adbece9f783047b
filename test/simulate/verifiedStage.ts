import type { CanaryStrategy } from '../../lib/model/argo.generated.ts';
import type { Kind } from '../../lib/model/kinds.ts';
import type { Group } from '../../lib/simulate/traffic/balancer.ts';
import { stateOf } from '../../lib/simulate/traffic/balancer.ts';
import type { LoadBalancerTimes } from '../../lib/simulate/traffic/controller.ts';
import { openRouted, type Routed } from './routedStage.ts';

/** A release behind a load balancer, which its controller makes and changes. */
export type Verified = Routed & {
  /** The weights of the load balancer's rule, by Service. */
  sent: () => Record<string, number>;
  /** How many targets of a Service's group are healthy. */
  healthy: (service: string) => number;
  /** What explain says. */
  why: () => Promise<string[]>;
};

const backend = { service: { name: 'root', port: { name: 'use-annotation' } } };
const rules = [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }];
const albIngress: [Kind, string, object][] = [
  ['Ingress', 'web', { spec: { ingressClassName: 'alb', rules } }],
];
const alb = { ingress: 'web', rootService: 'root', servicePort: 80 };
/** The stable Service is the one that the NLB is made for. */
const base = { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] };
const nlbPlugin = { 'serin/nlb': { service: 'stable', protocol: 'TCP', port: 80 } };
const behind = {
  alb: { routing: { alb }, objects: albIngress, front: 'Ingress shop/web', groups: 'shop/web-' },
  nlb: {
    routing: { plugins: nlbPlugin },
    objects: [['Service', 'stable', { spec: base }]] as [Kind, string, object][],
    ...{ front: 'Service shop/stable', groups: 'shop/' },
  },
  /** One that was there before, with a Service of its own, which leads to pods of any version. */
  existingNlb: {
    routing: { plugins: { 'serin/nlb': { ...nlbPlugin['serin/nlb'], service: 'web' } } },
    objects: [['Service', 'web', { spec: base }]] as [Kind, string, object][],
    ...{ front: 'Service shop/web', groups: 'shop/' },
  },
};

export async function openVerified(
  canary: CanaryStrategy = {},
  times: Partial<LoadBalancerTimes> = {},
  by: keyof typeof behind = 'alb',
): Promise<Verified> {
  const { pingPong } = canary;
  const { routing, objects, front, groups } = behind[by];
  const release = await openRouted(
    { trafficRouting: routing, ...canary },
    {
      ...(pingPong && { services: ['ping', 'pong'] }),
      objects,
      loadBalancers: { delayMs: 2000, healthMs: 5000, drainMs: 5000, ...times },
    },
  );
  // Until the load balancer is there.
  await release.pass(30_000 + 2 * (times.delayMs ?? 0));
  const balancer = () => release.cluster.loadBalancers.get(front);
  const groupOf = (service: string): Group | undefined =>
    balancer()?.groups.get(`${groups}${service}:80`);
  const serviceOf = (arn: string): string =>
    [...(balancer()?.groups ?? [])]
      .find(([, group]) => group.arn === arn)?.[0]
      .slice(groups.length, -':80'.length) ?? '';
  return {
    ...release,
    sent: () => {
      const weights = Object.entries(balancer()?.rules.at(-1)?.weights ?? {});
      return Object.fromEntries(weights.map(([arn, weight]) => [serviceOf(arn), weight]));
    },
    healthy: (service) => {
      const now = release.clock.now();
      const targets = [...(groupOf(service)?.targets.values() ?? [])];
      return targets.filter((each) => stateOf(each, now) === 'healthy').length;
    },
    why: async () => {
      const record = await release.simulated.world.store.load({
        ...{ cluster: 'local', namespace: 'shop', name: 'web' },
      });
      return (record?.view?.reasons ?? []).map(({ text, unblock }) => `${text} [${unblock ?? ''}]`);
    },
  };
}
