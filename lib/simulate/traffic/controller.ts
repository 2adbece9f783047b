import type { Pod } from '../../model/argo.generated.ts';
import type { KubernetesObject } from '../../model/kinds.ts';
import { type Millis, secondMs } from '../../model/units.ts';
import { annotationOf, nameOf } from '../../model/workload.ts';
import type { Objects } from '../apiServer/objects.ts';
import type { TaskClock } from '../clock.ts';
import { isTrue } from '../controllers/podStatus.ts';
import type { Random } from '../random.ts';
import type { Balancer, Group, Rule } from './balancer.ts';

// What the AWS Load Balancer Controller is to a cluster: it makes a load balancer of each Ingress of its
// class, has its rules follow the annotations, and registers the pods that Services select, all of it later.

export type LoadBalancerTimes = {
  /** From a change of an object to the change of the load balancer. */
  delayMs: Millis;
  /** From a target's registration until it is healthy. */
  healthMs: Millis;
  /** From its deregistration until it is gone. */
  drainMs: Millis;
  /** Each of them is longer by up to this, by seed. */
  jitterMs: Millis;
};
export const loadBalancerTimes: LoadBalancerTimes = {
  delayMs: 2 * secondMs,
  healthMs: 5 * secondMs,
  drainMs: 10 * secondMs,
  jitterMs: 0,
};

type State = {
  clock: TaskClock;
  objects: Objects;
  random: Random;
  times: LoadBalancerTimes;
  /** By namespace and name of the Ingress. */
  balancers: Map<string, Balancer>;
  listeners: Set<BalancerListener>;
};
/** Told of each change of a load balancer, when it has been made. */
type BalancerListener = (balancer: Balancer) => void;
export type LoadBalancers = {
  /** As they are, by namespace and name of the Ingress. */
  all: ReadonlyMap<string, Balancer>;
  watch: (listener: BalancerListener) => void;
};
export const noLoadBalancers: LoadBalancers = { all: new Map(), watch: () => {} };

type Backend = { name: string; port: string; weight: number };
type Path = {
  backend?: { service?: { name?: string; port?: { name?: string; number?: number } } };
};

const writer = { manager: 'controller', subresource: 'status' };
const account = 'arn:aws:elasticloadbalancing:us-east-1:123456789012';

export function controlLoadBalancers(
  clock: TaskClock,
  objects: Objects,
  { random, times }: { random: Random; times: LoadBalancerTimes },
): LoadBalancers {
  const state: State = {
    clock,
    objects,
    random,
    times,
    balancers: new Map(),
    listeners: new Set(),
  };
  const due = new Set<string>();
  objects.watch(({ kind, object }) => {
    if (kind !== 'Ingress' && kind !== 'Service' && kind !== 'Pod') return;
    const namespace = object.metadata?.namespace ?? '';
    for (const ingress of objects.list('Ingress', namespace)) {
      if (kind === 'Ingress' && nameOf(object) !== nameOf(ingress)) continue;
      const key = `${namespace}/${nameOf(ingress)}`;
      if (!isOurs(ingress) || due.has(key)) continue;
      due.add(key);
      clock.schedule(clock.now() + times.delayMs + jitter(state), () => {
        due.delete(key);
        reconcile(state, namespace, nameOf(ingress));
      });
    }
  });
  return { all: state.balancers, watch: (listener) => void state.listeners.add(listener) };
}

function jitter({ random, times }: State): Millis {
  return times.jitterMs === 0 ? 0 : random.below(times.jitterMs + 1);
}

function isOurs(ingress: KubernetesObject): boolean {
  const { ingressClassName } = (ingress.spec ?? {}) as { ingressClassName?: string };
  return (ingressClassName ?? annotationOf(ingress, 'kubernetes.io/ingress.class')) === 'alb';
}

function reconcile(state: State, namespace: string, name: string): void {
  const { objects, balancers, listeners } = state;
  const ingress = objects.find('Ingress', namespace, name);
  const key = `${namespace}/${name}`;
  if (!ingress) {
    balancers.delete(key);
    return;
  }
  const balancer = balancers.get(key) ?? made(namespace, name);
  balancers.set(key, balancer);
  const rules = backendsOf(ingress);
  for (const { name: service, port } of rules.flat()) {
    const group = groupIn(balancer, ingress, { service, port });
    register(state, group, podsOf(objects, namespace, service));
  }
  balancer.rules = rules.map((backends) => ruleOf(balancer, ingress, backends));
  for (const listener of listeners) listener(balancer);
  if (!ingress.status) {
    const status = { loadBalancer: { ingress: [{ hostname: balancer.hostname }] } };
    objects.replace('Ingress', { ...ingress, status }, writer);
  }
}

function made(namespace: string, ingress: string): Balancer {
  const name = `k8s-${namespace}-${ingress}`;
  return {
    name,
    hostname: `${name}-1234567890.us-east-1.elb.amazonaws.com`,
    arn: `${account}:loadbalancer/app/${name}/50dc6c495c0c9188`,
    rules: [],
    groups: new Map(),
  };
}

/** Of each rule: what its path leads to, an action in an annotation or a Service. */
function backendsOf(ingress: KubernetesObject): Backend[][] {
  const { rules = [] } = (ingress.spec ?? {}) as { rules?: { http?: { paths?: Path[] } }[] };
  return rules
    .flatMap(({ http }) => http?.paths ?? [])
    .map(({ backend }) => {
      const { name = '', port = {} } = backend?.service ?? {};
      if (port.name === 'use-annotation') return actionOf(ingress, name);
      return [{ name, port: String(port.number ?? port.name ?? ''), weight: 1 }];
    });
}

type Action = {
  ForwardConfig?: {
    TargetGroups?: { ServiceName?: string; ServicePort?: string; Weight?: number }[];
  };
};

function actionOf(ingress: KubernetesObject, name: string): Backend[] {
  const text = annotationOf(ingress, `alb.ingress.kubernetes.io/actions.${name}`) || '{}';
  const { ForwardConfig } = JSON.parse(text) as Action;
  return (ForwardConfig?.TargetGroups ?? []).map((each) => {
    const { ServiceName = '', ServicePort = '', Weight = 1 } = each;
    return { name: ServiceName, port: ServicePort, weight: Weight };
  });
}

function groupIn(
  { groups }: Balancer,
  ingress: KubernetesObject,
  { service, port }: { service: string; port: string },
): Group {
  const { namespace = '' } = ingress.metadata ?? {};
  const resource = `${namespace}/${nameOf(ingress)}-${service}:${port}`;
  const known = groups.get(resource);
  if (known) return known;
  const name = `k8s-${namespace}-${service}`;
  const group = {
    arn: `${account}:targetgroup/${name}/${(groups.size + 1).toString(16).padStart(16, '0')}`,
    name,
    tags: { 'ingress.k8s.aws/resource': resource },
    targets: new Map(),
  };
  groups.set(resource, group);
  return group;
}

function podsOf(objects: Objects, namespace: string, service: string): Pod[] {
  const { selector } = objects.find('Service', namespace, service)?.spec ?? {};
  if (!selector) return [];
  const text = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  return objects
    .list('Pod', namespace, text.join(','))
    .filter((pod) => isTrue(pod.status, 'Ready') && !pod.metadata?.deletionTimestamp);
}

/** Those that are not selected any more get no new request from now on. */
function register(state: State, { targets }: Group, pods: Pod[]): void {
  const { clock, times } = state;
  const addresses = new Set(pods.map(({ status }) => status?.podIP ?? ''));
  for (const address of addresses) {
    const known = targets.get(address);
    if (known && known.goneAt === undefined) continue;
    targets.set(address, { healthyAt: clock.now() + times.healthMs + jitter(state) });
  }
  for (const [address, target] of targets) {
    if (addresses.has(address) || target.goneAt !== undefined) continue;
    target.goneAt = clock.now() + times.drainMs + jitter(state);
    clock.schedule(target.goneAt, () => {
      if (targets.get(address) === target) targets.delete(address);
    });
  }
}

function ruleOf(balancer: Balancer, ingress: KubernetesObject, backends: Backend[]): Rule {
  const weights = backends.map(({ name: service, port, weight }) => {
    const { arn } = groupIn(balancer, ingress, { service, port });
    return [arn, weight] as const;
  });
  return { weights: Object.fromEntries(weights) };
}
