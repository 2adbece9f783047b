import { type Right, rightsByRouter, rightsIn, rightText } from '../../lib/diagnose/rights.ts';
import { kindNames, rowOf } from '../../lib/model/kinds.ts';
import type { Folder } from '../../lib/packaged.ts';

// `serin run` as a Deployment: docs/adr/0102-serin-run-in-a-cluster.md.

export type InCluster = {
  image: string;
  namespace: string;
  instanceId: string;
  routers: string[];
  /** Whether analyses may create Jobs. */
  jobs: boolean;
  replicas: number;
};

const name = 'serin';
const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': 'run' };
const metricsPort = 8090;
const rbac = 'rbac.authorization.k8s.io';
const uid = 65532;

/** The routers that `infra/cluster` has rights for. */
export function knownRouters(folder: Folder): string[] {
  return Object.keys(rightsByRouter(folder));
}

/** The objects, in the order in which they are made. `folder`: infra/cluster. */
export function inClusterManifests(folder: Folder, options: InCluster): object[] {
  const { namespace, replicas } = options;
  const metadata = { name, namespace, labels };
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  const lease = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
  return [
    {
      ...{ apiVersion: 'v1', kind: 'Namespace' },
      metadata: { name: namespace, labels: restricted },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: clusterWide(namespace) },
      rules: rulesOf(rightsOf(folder, options)),
    },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: clusterWide(namespace) },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: clusterWide(namespace).name },
      subjects,
    },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'Role', metadata },
      rules: [
        { ...lease, verbs: ['create'] },
        { ...lease, resourceNames: [name], verbs: ['get', 'patch'] },
      ],
    },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata },
      ...{ roleRef: { apiGroup: rbac, kind: 'Role', name }, subjects },
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec(options) },
      },
    },
    {
      ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata },
      spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
    },
  ];
}

const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

/** Two in one cluster, each with its instance id, do not share what has no namespace. */
function clusterWide(namespace: string) {
  return { name: `serin-run-${namespace}`, labels };
}

function podSpec({ image, namespace, instanceId }: InCluster): object {
  const probe = (path: string) => ({ httpGet: { path, port: 'metrics' }, periodSeconds: 5 });
  return {
    serviceAccountName: name,
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: uid, runAsGroup: uid, fsGroup: uid },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // Turns that are under way come to their end, and the Lease is given back.
    terminationGracePeriodSeconds: 30,
    containers: [
      {
        ...{ name, image },
        args: [
          ...['run', '--lease', `${namespace}/${name}`, '--in-memory'],
          ...['--metrics-port', `${metricsPort}`, '--metrics-host', '0.0.0.0'],
          ...(instanceId === '' ? [] : ['--instance-id', instanceId]),
        ],
        // Where commands that are run in the pod find its API.
        env: [{ name: 'XDG_STATE_HOME', value: '/state' }],
        ports: [{ name: 'metrics', containerPort: metricsPort }],
        livenessProbe: { ...probe('/healthz'), failureThreshold: 6 },
        readinessProbe: probe('/readyz'),
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'state', mountPath: '/state' }],
      },
    ],
    volumes: [{ name: 'state', emptyDir: { sizeLimit: '16Mi' } }],
    topologySpreadConstraints: [
      {
        ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname' },
        ...{ whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: labels } },
      },
    ],
  };
}

/** Those of infra/cluster, and what a process that watches needs besides. */
function rightsOf(folder: Folder, { routers, jobs }: InCluster): Right[] {
  const byRouter = rightsByRouter(folder);
  const given = [
    ...rightsIn(folder),
    ...(jobs ? rightsIn(folder, 'metrics/jobs/rbac.yaml') : []),
    ...routers.flatMap((router) => byRouter[router] ?? []),
  ];
  const watched = kindNames
    .map(rowOf)
    .filter(({ watched: when, ofRouters, group, plural }) => {
      const isGiven = given.some((each) => each.group === group && each.resource === plural);
      return when.length > 0 && (!ofRouters || isGiven);
    })
    .flatMap(({ group, plural: resource }) =>
      ['list', 'watch'].map((verb) => ({ verb, group, resource })),
    );
  return [...new Map([...given, ...watched].map((each) => [rightText(each), each])).values()];
}

/** One rule for each resource. */
function rulesOf(rights: Right[]): object[] {
  const byResource = Map.groupBy(rights, ({ group, resource, subresource }) =>
    [group, [resource, subresource].filter(Boolean).join('/')].join(' '),
  );
  return [...byResource].map(([text, those]) => {
    const [group = '', resource = ''] = text.split(' ');
    return { apiGroups: [group], resources: [resource], verbs: those.map(({ verb }) => verb) };
  });
}
