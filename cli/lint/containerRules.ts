import type {
  Container,
  ContainerPort,
  Lifecycle,
  PodResourceClaim,
  PodSpec,
  Probe,
  SecurityContext,
  Volume,
} from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { isPortName } from '../../lib/model/syntax.ts';
import { envFaults, envFromFaults } from './envRules.ts';
import { mountsFaults } from './mountRules.ts';
import { profilesFaults } from './profileRules.ts';
import { resizeFaults, resourcesFaults } from './resourceRules.ts';
import { atLeast, between, each, exactlyOne, ids, named, oneOf, shown, wrongIf } from './rules.ts';

// What the API server refuses in a container, beyond types and markers, whatever the cluster's feature
// gates are. k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go

type Role = 'main' | 'init' | 'sidecar';
/** What a container has to do with of its pod. */
type Pod = { volumes: Volume[]; resourceClaims: PodResourceClaim[]; graceSeconds: number };

export function containersFaults(spec: PodSpec, path: string): FieldError[] {
  const { containers = [], initContainers = [], volumes = [], resourceClaims = [] } = spec;
  const { terminationGracePeriodSeconds: graceSeconds = 30 } = spec;
  const pod = { volumes, resourceClaims, graceSeconds };
  const names = new Set(containers.map(({ name }) => name).filter(Boolean));
  return [
    ...each(initContainers, `${path}.initContainers`, (container, at) => [
      ...wrongIf(
        names.has(container.name),
        `${at}.name`,
        `is the name of a container too: ${shown(container.name)}`,
      ),
      ...containerFaults(container, at, {
        ...pod,
        role: container.restartPolicy === 'Always' ? 'sidecar' : 'init',
      }),
      // They run one after the other.
      ...hostPortFaults([container], () => at),
    ]),
    ...each(containers, `${path}.containers`, (container, at) =>
      containerFaults(container, at, { ...pod, role: 'main' }),
    ),
    ...hostPortFaults(containers, (index) => `${path}.containers[${index}]`),
    ...(spec.hostNetwork ? networkFaults(containers, `${path}.containers`) : []),
  ];
}

function containerFaults(
  container: Container,
  path: string,
  { volumes, resourceClaims, graceSeconds, role }: Pod & { role: Role },
): FieldError[] {
  const { image = '', env, envFrom, ports, resources, securityContext } = container;
  return [
    ...named(container.name, `${path}.name`, 'label'),
    ...wrongIf(image !== image.trim(), `${path}.image`, 'must not begin or end with a blank'),
    // The rules of a strategy say so of the main containers.
    ...wrongIf(image === '' && role !== 'main', `${path}.image`, 'is missing'),
    ...portsFaults(ports, `${path}.ports`),
    ...each(env, `${path}.env`, envFaults),
    ...each(envFrom, `${path}.envFrom`, envFromFaults),
    ...resourcesFaults(resources, `${path}.resources`, resourceClaims),
    ...resizeFaults(container, path),
    ...oneOf(container.restartPolicy, `${path}.restartPolicy`, ['Always', 'Never', 'OnFailure']),
    ...mountsFaults(container, path, volumes),
    ...probesFaults(container, path, role),
    ...lifecycleFaults(container.lifecycle, `${path}.lifecycle`, { role, graceSeconds }),
    ...securityFaults(securityContext, `${path}.securityContext`),
  ];
}

const portRange = [1, 65_535] as const;

function portsFaults(ports: ContainerPort[] | undefined, path: string): FieldError[] {
  const names = (ports ?? []).map(({ name }) => name);
  return each(ports, path, ({ name, containerPort, hostPort }, at, index) => [
    ...between(containerPort, `${at}.containerPort`, portRange),
    ...between(hostPort, `${at}.hostPort`, [0, 65_535]),
    ...(name ? portNameFaults(name, `${at}.name`) : []),
    ...wrongIf(
      Boolean(name) && names.indexOf(name) < index,
      `${at}.name`,
      `is the name of another port too: ${shown(name)}`,
    ),
  ]);
}

function portNameFaults(name: string, path: string): FieldError[] {
  const message =
    'must be at most 15 lower-case letters, at least one, and digits, with single - only within, ' +
    `not ${shown(name)}`;
  return wrongIf(!isPortName(name), path, message);
}

/** Two ports cannot be one port of the node. */
function hostPortFaults(containers: Container[], pathOf: (index: number) => string): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports }, index) =>
    each(ports, `${pathOf(index)}.ports`, ({ hostPort, protocol, hostIP = '' }, portAt) => {
      const key = `${protocol || 'TCP'}/${hostIP}/${hostPort}`;
      const isTaken = Boolean(hostPort) && taken.has(key);
      taken.add(key);
      return wrongIf(isTaken, `${portAt}.hostPort`, `is taken by another port: ${hostPort}`);
    }),
  );
}

function networkFaults(containers: Container[], path: string): FieldError[] {
  return each(containers, path, ({ ports }, at) =>
    each(ports, `${at}.ports`, ({ hostPort, containerPort }, portAt) =>
      wrongIf(
        Boolean(hostPort) && hostPort !== containerPort,
        `${portAt}.hostPort`,
        `must be containerPort (${containerPort}) with hostNetwork, not ${hostPort}`,
      ),
    ),
  );
}

const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

function probesFaults(container: Container, path: string, role: Role): FieldError[] {
  return probes.flatMap((field) => {
    const probe = container[field];
    const at = `${path}.${field}`;
    if (probe === undefined) return [];
    if (role === 'init') {
      return wrongIf(true, at, 'can be of an init container only with restartPolicy: Always');
    }
    return [...probeFaults(probe, at), ...kindFaults(field, probe, at)];
  });
}

const probeNumbers = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

function probeFaults(probe: Probe, path: string): FieldError[] {
  return [
    ...exactlyOne(probe, path, { of: ['exec', 'httpGet', 'tcpSocket', 'grpc'], what: 'handler' }),
    ...handlerFaults(probe, path),
    ...between(probe.grpc?.port, `${path}.grpc.port`, portRange),
    ...probeNumbers.flatMap((field) => between(probe[field], `${path}.${field}`, atLeast(0))),
    ...between(
      probe.terminationGracePeriodSeconds,
      `${path}.terminationGracePeriodSeconds`,
      atLeast(1),
    ),
  ];
}

function kindFaults(field: (typeof probes)[number], probe: Probe, path: string): FieldError[] {
  if (field === 'readinessProbe') {
    const isGiven = probe.terminationGracePeriodSeconds !== undefined;
    return wrongIf(
      isGiven,
      `${path}.terminationGracePeriodSeconds`,
      'can not be of a readinessProbe',
    );
  }
  const threshold = probe.successThreshold || 1;
  return wrongIf(threshold > 1, `${path}.successThreshold`, `must be 1, not ${threshold}`);
}

function handlerFaults(
  { exec, httpGet, tcpSocket }: Omit<Probe, 'grpc'>,
  path: string,
): FieldError[] {
  const noCommand = exec !== undefined && (exec.command ?? []).length === 0;
  return [
    ...wrongIf(noCommand, `${path}.exec.command`, 'is missing'),
    ...wherePortFaults(httpGet?.port, `${path}.httpGet.port`),
    ...each(httpGet?.httpHeaders, `${path}.httpGet.httpHeaders`, ({ name }, at) =>
      wrongIf(
        Boolean(name) && !/^[-A-Za-z0-9]+$/.test(name),
        `${at}.name`,
        `must be letters, digits and -, not ${shown(name)}`,
      ),
    ),
    ...wherePortFaults(tcpSocket?.port, `${path}.tcpSocket.port`),
  ];
}

function wherePortFaults(port: string | number | undefined, path: string): FieldError[] {
  if (typeof port === 'number') return between(port, path, portRange);
  return port ? portNameFaults(port, path) : [];
}

function lifecycleFaults(
  lifecycle: Lifecycle | undefined,
  path: string,
  { role, graceSeconds }: { role: Role; graceSeconds: number },
): FieldError[] {
  const { postStart, preStop } = lifecycle ?? {};
  if (role === 'init' && lifecycle) {
    return wrongIf(true, path, 'can be of an init container only with restartPolicy: Always');
  }
  return Object.entries({ postStart, preStop }).flatMap(([field, handler]) => {
    if (handler === undefined) return [];
    const at = `${path}.${field}`;
    const handlers = ['exec', 'httpGet', 'tcpSocket', 'sleep'];
    return [
      ...exactlyOne(handler, at, { of: handlers, what: 'handler' }),
      ...handlerFaults(handler as Probe, at),
      ...between(handler.sleep?.seconds, `${at}.sleep.seconds`, [0, Math.max(0, graceSeconds)]),
    ];
  });
}

function securityFaults(context: SecurityContext | undefined, path: string): FieldError[] {
  const { privileged, allowPrivilegeEscalation, capabilities } = context ?? {};
  const rises = privileged || (capabilities?.add ?? []).includes('CAP_SYS_ADMIN');
  return [
    ...between(context?.runAsUser, `${path}.runAsUser`, ids),
    ...between(context?.runAsGroup, `${path}.runAsGroup`, ids),
    ...wrongIf(
      allowPrivilegeEscalation === false && Boolean(rises),
      `${path}.allowPrivilegeEscalation`,
      `must not be false where ${privileged ? 'privileged is true' : 'CAP_SYS_ADMIN is added'}`,
    ),
    ...profilesFaults(context, path),
  ];
}
