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
// class and of each Service of type LoadBalancer, has it follow the annotations, and registers the pods that
// Services select, all of it later.

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
  /** By keyOf. */
  balancers: Map<string, Balancer>;
  listeners: Set<BalancerListener>;
};
/** Told of each change of a load balancer, when it has been made. */
type BalancerListener = (balancer: Balancer) => void;
/** What a load balancer is made of. */
type Front = { kind: 'Ingress' | 'Service'; namespace: string; name: string };

function keyOf({ kind, namespace, name }: Front): string {
  return `${kind} ${namespace}/${name}`;
}

export type LoadBalancers = {
  /** As they are, by keyOf. */
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
  const schedule = (front: Front): void => {
    const key = keyOf(front);
    if (due.has(key)) return;
    due.add(key);
    clock.schedule(clock.now() + times.delayMs + jitter(state), () => {
      due.delete(key);
      reconcile(state, front);
    });
  };
  objects.watch(({ kind, object }) => {
    if (kind !== 'Ingress' && kind !== 'Service' && kind !== 'Pod') return;
    const namespace = object.metadata?.namespace ?? '';
    for (const ingress of objects.list('Ingress', namespace)) {
      if (kind === 'Ingress' && nameOf(object) !== nameOf(ingress)) continue;
      if (isOurs(ingress)) schedule({ kind: 'Ingress', namespace, name: nameOf(ingress) });
    }
    for (const service of objects.list('Service', namespace)) {
      if (service.spec?.type !== 'LoadBalancer' || kind === 'Ingress') continue;
      schedule({ kind: 'Service', namespace, name: nameOf(service) });
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

function reconcile(state: State, front: Front): void {
  const { objects, balancers, listeners } = state;
  const { kind, namespace, name } = front;
  const object: KubernetesObject | undefined = objects.find(kind, namespace, name);
  const key = keyOf(front);
  if (!object) {
    balancers.delete(key);
    return;
  }
  const balancer = balancers.get(key) ?? made(front, object);
  balancers.set(key, balancer);
  const rules = kind === 'Ingress' ? backendsOf(object) : [listenerOf(object, balancer)];
  for (const { name: service, port } of rules.flat()) {
    const group = groupIn(balancer, front, { service, port });
    register(state, group, podsOf(objects, namespace, service));
  }
  balancer.rules = rules.map((backends) => ruleOf(balancer, front, backends));
  for (const listener of listeners) listener(balancer);
  const { loadBalancer } = (object.status ?? {}) as { loadBalancer?: { ingress?: object[] } };
  if (!loadBalancer?.ingress) {
    const status = { loadBalancer: { ingress: [{ hostname: balancer.hostname }] } };
    objects.replace(kind, { ...object, status }, writer);
  }
}

/** Of an Ingress an ALB, of a Service an NLB with one listener, for its first port. */
function made({ kind, namespace, name: of }: Front, { spec }: KubernetesObject): Balancer {
  const name = `k8s-${namespace}-${of}`;
  const [first] = (spec as { ports?: { protocol?: string; port?: number }[] }).ports ?? [];
  const { protocol = 'TCP', port = 80 } = first ?? {};
  const isAlb = kind === 'Ingress';
  const region = isAlb ? 'us-east-1.elb' : 'elb.us-east-1';
  return {
    name,
    hostname: `${name}-1234567890.${region}.amazonaws.com`,
    arn: `${account}:loadbalancer/${isAlb ? 'app' : 'net'}/${name}/50dc6c495c0c9188`,
    type: isAlb ? 'application' : 'network',
    listener: isAlb ? { protocol: 'HTTP', port: 80 } : { protocol, port },
    rules: [],
    groups: new Map(),
  };
}

/** What the listener of an NLB leads to: its Service, and what an action names besides. */
function listenerOf(service: KubernetesObject, { listener }: Balancer): Backend[] {
  const { protocol, port } = listener;
  const base = { name: nameOf(service), port: String(port), weight: 1 };
  const text = annotationOf(service, `service.beta.kubernetes.io/actions.${protocol}-${port}`);
  if (text === undefined) return [base];
  const { forwardConfig = {} } = JSON.parse(text) as NlbAction;
  const { baseServiceWeight = 0, targetGroups = [] } = forwardConfig;
  return [
    { ...base, weight: baseServiceWeight },
    ...targetGroups.map(({ serviceName, servicePort, weight }) => ({
      ...{ name: serviceName, port: String(servicePort), weight },
    })),
  ];
}

type NlbAction = {
  forwardConfig?: {
    baseServiceWeight?: number;
    targetGroups?: { serviceName: string; servicePort: number; weight: number }[];
  };
};

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
  { kind, namespace, name: of }: Front,
  { service, port }: { service: string; port: string },
): Group {
  const isAlb = kind === 'Ingress';
  const resource = `${namespace}/${isAlb ? `${of}-` : ''}${service}:${port}`;
  const known = groups.get(resource);
  if (known) return known;
  const name = `k8s-${namespace}-${service}`;
  const group = {
    arn: `${account}:targetgroup/${name}/${(groups.size + 1).toString(16).padStart(16, '0')}`,
    name,
    tags: { [`${isAlb ? 'ingress' : 'service'}.k8s.aws/resource`]: resource },
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

function ruleOf(balancer: Balancer, front: Front, backends: Backend[]): Rule {
  const weights = backends.map(({ name: service, port, weight }) => {
    const { arn } = groupIn(balancer, front, { service, port });
    return [arn, weight] as const;
  });
  return { weights: Object.fromEntries(weights) };
}
