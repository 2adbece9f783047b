import type { Rollout, Service } from '../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../model/faults.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { withoutNulls } from '../../../model/nulls.ts';
import type { Write } from '../../../model/plan.ts';
import { checkValue } from '../../../model/structure.ts';
import { annotationOf } from '../../../model/workload.ts';
import { type Backend, canaryPart } from '../backends.ts';
import {
  changed,
  hostnamesIn,
  type Named,
  namespaceOf,
  needOf,
  objectFaults,
  objectOf,
} from '../objects.ts';
import type { Destination, Fronted, Routed, Router, TrafficGoal } from '../router.ts';

// The AWS Load Balancer Controller takes the weights of a listener of an NLB from an annotation of the
// Service that the NLB is made for, its base. That Service's own pods have a weight of their own there.
// kubernetes-sigs/aws-load-balancer-controller docs/guide/service/annotations.md

type Settings = { service: string; protocol: string; port: number; stickiness: boolean };

const plugin = 'serin/nlb';
const field = `spec.strategy.canary.trafficRouting.plugins[${plugin}]`;
const protocols = ['TCP', 'TLS', 'UDP', 'TCP_UDP'];
/** What ELB takes. */
const weightMax = 999;

export const nlb: Router = {
  name: `plugins["${plugin}"]`,
  isUsed: ({ plugins }) => plugins?.[plugin] !== undefined && plugins[plugin] !== null,
  can: ['additional', 'pingPong', 'totalWeight'],
  needsServices: () => true,
  validate,
  needs: (routed) => [needOf(baseOf(routed))],
  check: baseFaults,
  carries: (routed) => {
    const { ref } = baseOf(routed);
    const base = objectOf(baseOf(routed), routed.answers);
    const backends = base ? backendsOn(base, routed) : [];
    return backends.length > 0 ? [{ ref, canary: [canaryPart(backends, routed)] }] : [];
  },
  loadBalancers: (routed) => {
    const base = objectOf(baseOf(routed), routed.answers);
    return base ? [frontedBy(base, routed)] : [];
  },
  desired: (routed, { canary, additional, stable, held }: TrafficGoal) => {
    const { services } = routed;
    // Its own Service serves on until target groups that are new have healthy targets.
    if (held === 'stable' && isPast(routed)) return actionWrites(routed, waiting(routed));
    return actionWrites(routed, [
      { ...canary, service: services.canary },
      ...additional,
      { ...stable, service: services.stable },
    ]);
  },
  giveBack: (routed) =>
    actionWrites(routed, [{ service: routed.services.stable, weight: 100, hash: '' }], 'leave out'),
};

function configOf({ spec }: Rollout): unknown {
  return spec?.strategy?.canary?.trafficRouting?.plugins?.[plugin];
}

function settingsOf(rollout: Rollout): Settings {
  const config = configOf(rollout);
  const { service, protocol, port, stickiness } = isRecord(config) ? withoutNulls(config) : {};
  return {
    service: typeof service === 'string' ? service : '',
    protocol: typeof protocol === 'string' ? protocol : '',
    port: typeof port === 'number' ? port : 0,
    stickiness: stickiness === true,
  };
}

function validate(rollout: Rollout): FieldError[] {
  const config = configOf(rollout);
  if (!isRecord(config)) {
    return fieldError(field, 'must be an object, such as {service: NAME, protocol: TCP, port: 80}');
  }
  const { service, protocol, port, stickiness } = settingsOf(rollout);
  const { maxTrafficWeight = 100 } = rollout.spec?.strategy?.canary?.trafficRouting ?? {};
  const types = [
    ...checkValue('string', config.service, `${field}.service`),
    ...checkValue('string', config.protocol, `${field}.protocol`),
    ...checkValue('int32', config.port, `${field}.port`),
    ...checkValue('bool', config.stickiness, `${field}.stickiness`),
  ];
  if (types.length > 0) return types;
  const wrongIf = (isWrong: boolean, path: string, message: string) =>
    isWrong ? fieldError(path, message) : [];
  return [
    ...wrongIf(service === '', `${field}.service`, 'must name the Service of the NLB'),
    ...wrongIf(
      !protocols.includes(protocol),
      `${field}.protocol`,
      `must be one of ${protocols.join(', ')}, not ${protocol || 'none'}`,
    ),
    ...wrongIf(
      port < 1 || port > 65535,
      `${field}.port`,
      `must be a port of the Services, between 1 and 65535, not ${port}`,
    ),
    ...wrongIf(
      stickiness && protocol === 'TLS',
      `${field}.stickiness`,
      'must be left out with TLS, for which an NLB has none',
    ),
    ...wrongIf(
      maxTrafficWeight > weightMax,
      'spec.strategy.canary.trafficRouting.maxTrafficWeight',
      `must be at most ${weightMax} with an NLB, not ${maxTrafficWeight}`,
    ),
  ];
}

function baseOf({ rollout }: Routed): Named<'Service'> {
  const { service: name } = settingsOf(rollout);
  const ref = { kind: 'Service', namespace: namespaceOf(rollout), name } as const;
  return { path: `${field}.service`, ref };
}

function baseFaults(routed: Routed): FieldError[] {
  const named = baseOf(routed);
  const base = objectOf(named, routed.answers);
  if (!base) return objectFaults(named, routed.answers);
  const { type, ports = [] } = base.spec ?? {};
  const is = `names the Service ${named.ref.name}`;
  if (type !== 'LoadBalancer') {
    const message = `${is}, which is not of type LoadBalancer; name the one that the NLB is made for`;
    return fieldError(named.path, message);
  }
  const { port } = settingsOf(routed.rollout);
  const message = `must be a port of the Service ${named.ref.name}, not ${port}`;
  return ports.some((each) => each.port === port) ? [] : fieldError(`${field}.port`, message);
}

/** By the tag `NAMESPACE/SERVICE:PORT`. The NLB may have listeners for other ports, which are not ours. */
function frontedBy(base: Service, routed: Routed): Fronted {
  const { protocol, port } = settingsOf(routed.rollout);
  const { ref } = baseOf(routed);
  return {
    ...{ ref, port, label: `Service ${ref.name}`, tag: 'service.k8s.aws/resource' },
    version: base.metadata?.resourceVersion ?? '',
    hostnames: hostnamesIn(base),
    isPast: isPast(routed),
    resource: (service) => `${ref.namespace}/${service}:${port}`,
    listener: { protocol, port },
  };
}

function annotationKey(rollout: Rollout): string {
  const { protocol, port } = settingsOf(rollout);
  return `service.beta.kubernetes.io/actions.${protocol}-${port}`;
}

/** What requests go to: without an action all go to the base. None where that cannot be read. */
function backendsOn(base: Service, { rollout }: Routed): Backend[] {
  const { service } = settingsOf(rollout);
  const text = annotationOf(base, annotationKey(rollout));
  if (text === undefined) return [{ name: service, weight: 100 }];
  const { forwardConfig } = parsed(text);
  const { baseServiceWeight = 0, targetGroups } = isRecord(forwardConfig) ? forwardConfig : {};
  if (!Array.isArray(targetGroups)) return [];
  const groups = targetGroups.map((group): Backend => {
    const { serviceName, weight } = isRecord(group) ? group : {};
    return { name: String(serviceName ?? ''), weight: Number(weight) || 0 };
  });
  return [{ name: service, weight: Number(baseServiceWeight) || 0 }, ...groups];
}

/** Whether the base, which is neither side, gets requests: it does until the first action, for one. */
function isPast(routed: Routed): boolean {
  const base = objectOf(baseOf(routed), routed.answers);
  const { service } = settingsOf(routed.rollout);
  const isSide = Object.values(routed.services).includes(service);
  const backends = base && !isSide ? backendsOn(base, routed) : [];
  return backends.some(({ name, weight = 0 }) => name === service && weight > 0);
}

/** Target groups are made for both sides, and get nothing yet. */
function waiting({ rollout, services: { canary, stable } }: Routed): Destination[] {
  return [
    { service: settingsOf(rollout).service, weight: 100, hash: '' },
    ...[canary, stable].map((service) => ({ service, weight: 0, hash: '' })),
  ];
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** `alone`: what becomes of the action where all goes to the base, which needs none for that. */
function actionWrites(
  routed: Routed,
  destinations: Destination[],
  alone: 'keep' | 'leave out' = 'keep',
): Write[] {
  const base = objectOf(baseOf(routed), routed.answers);
  if (!base) return [];
  const key = annotationKey(routed.rollout);
  const { service } = settingsOf(routed.rollout);
  const { [key]: _, ...others } = base.metadata?.annotations ?? {};
  const isAlone = destinations.every((each) => each.service === service);
  const action =
    isAlone && alone === 'leave out' ? {} : { [key]: actionText(routed, destinations) };
  const metadata = { ...base.metadata, annotations: { ...others, ...action } };
  return changed('Service', base, { ...base, metadata });
}

function actionText({ rollout }: Routed, destinations: Destination[]): string {
  const { service, port, stickiness } = settingsOf(rollout);
  const own = destinations.find((each) => each.service === service);
  const targetGroups = destinations
    .filter((each) => each !== own)
    .map((each) => ({ serviceName: each.service, servicePort: port, weight: each.weight }));
  return JSON.stringify({
    type: 'forward',
    forwardConfig: {
      baseServiceWeight: own?.weight ?? 0,
      targetGroups,
      ...(stickiness && { targetGroupStickinessConfig: { enabled: true } }),
    },
  });
}
