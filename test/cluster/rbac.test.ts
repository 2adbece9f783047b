import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { systemClock } from '../../lib/clock.ts';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import { localQueue } from '../../lib/queue/local.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { type Aws, unaskedMetrics, unmeasured, type World } from '../../lib/world.ts';
import { consumer } from '../../server/consumer.ts';
import { playAnalysed } from './analyses.ts';
import { plugin } from './peer.ts';
import { until } from './processes.ts';
import { apply, newNamespace, reaches, rolloutIn, webRollout, withControlPlane } from './stage.ts';

// Serin as it runs in AWS, without watches, as a user who has the rights of infra/cluster and no others.
// What the API server's audit log says it did is what it needs: no more, no less.

const plane = withControlPlane({ audit: true });

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };
type Line = {
  verb: string;
  user: { username: string };
  objectRef?: { apiGroup?: string; resource?: string; subresource?: string };
  responseStatus?: { code: number };
  annotations?: Record<string, string>;
};

const folder = new URL('../../infra/cluster/', import.meta.url);
/** With the routers whose objects every cluster serves. The others: test/kubernetes/rights.test.ts. */
const manifests = ['', 'routers/alb/', 'routers/nginx/', 'metrics/jobs/'].map(
  (of) => new URL(`${of}rbac.yaml`, folder),
);

function grantedRights(): string[] {
  const texts = manifests.map((manifest) => readFileSync(manifest, 'utf8'));
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((each) => each.toJS()));
  const roles: { rules: Rule[] }[] = objects.filter(({ kind }) => kind === 'ClusterRole');
  const granted = roles
    .flatMap(({ rules }) => rules)
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => right(verb, group, resource))),
      ),
    );
  return [...new Set(granted)].sort();
}

function right(verb: string, group: string, resource: string): string {
  return `${verb} ${resource}${group === '' ? '' : ` of ${group}`}`;
}

/** What the user did, and what of it was forbidden. */
function audited(user: string): { used: string[]; forbidden: string[] } {
  const lines = readFileSync(plane().auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"username":"${user}"`))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ user: { username } }) => username === user);
  const rightsOf = (some: Line[]): string[] => {
    const texts = some.map(({ verb, objectRef }) => {
      const resource = [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/');
      return right(verb, objectRef?.apiGroup ?? '', resource);
    });
    return [...new Set(texts)].sort();
  };
  const isForbidden = ({ annotations }: Line) =>
    annotations?.['authorization.k8s.io/decision'] !== 'allow';
  return { used: rightsOf(lines), forbidden: rightsOf(lines.filter(isForbidden)) };
}

/** Wakes as the sweep and the queue give them; no watch, and nobody who announces changes. */
function startPolling(user: string): void {
  const { signIn } = contextOf(plane().kubeconfigOf(user));
  const cluster = kubernetesCluster({ signIn, doorbell: false });
  const log = () => {};
  const queue = localQueue({ deliver: (message) => consumer.deliver(message, world), log });
  const world: World = {
    clock: systemClock,
    cluster: async () => cluster,
    aws: async () => aws(),
    ...unmeasured,
    clusters: async () => [{ name: 'test', doorbell: false }],
    store: memoryStore(systemClock),
    wakes: queue.wakes,
    log,
    count: () => {},
    processId: randomUUID(),
    endsAt: Number.POSITIVE_INFINITY,
    instanceId: '',
    inquire: async () => {
      throw new Error('nothing is asked here');
    },
    invoke: async (request) => {
      if (!consumer.invoke) throw new Error('the consumer takes no invocations');
      return await consumer.invoke(request, world);
    },
  };
  const lists = setInterval(() => void world.wakes.send({ list: 'test' }, 0), 500);
  onTestFinished(async () => {
    clearInterval(lists);
    await queue.stop();
  });
}

const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:v1' }] } };

function service(namespace: string, name: string, nodePort?: number): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace } },
    spec: {
      selector: labels,
      ...(nodePort && { type: 'NodePort' }),
      ports: [{ port: 80, ...(nodePort && { nodePort }) }],
    },
  };
}

/** Services, metadata of pods, a restart, an abort, old ReplicaSets that go, and its own end. */
async function playCanary(): Promise<void> {
  const namespace = await newNamespace(plane(), 'canary');
  await apply(plane(), service(namespace, 'stable'), service(namespace, 'canary'));
  const strategy = {
    canary: {
      ...{ stableService: 'stable', canaryService: 'canary' },
      stableMetadata: { labels: { role: 'stable' } },
      canaryMetadata: { labels: { role: 'canary' } },
      steps: [{ setWeight: 34 }, { pause: {} }],
    },
  };
  await apply(plane(), webRollout(namespace, { revisionHistoryLimit: 0, strategy }));
  await reaches(plane(), namespace, 'Healthy');
  await plugin(plane(), namespace, 'set image web web=web:v2');
  await reaches(plane(), namespace, 'Paused', { step: 1 });
  await plugin(plane(), namespace, 'abort web');
  await reaches(plane(), namespace, 'Degraded');
  await plugin(plane(), namespace, 'set image web web=web:v3');
  await reaches(plane(), namespace, 'Paused', { step: 1 });
  await plugin(plane(), namespace, 'promote web');
  await reaches(plane(), namespace, 'Healthy', { step: 2 });
  await until('the old versions to go', async () => {
    const sets = await plane().kubectl(['-n', namespace, 'get', 'replicasets', '-o', 'name']);
    return sets.trim().split('\n').length === 1;
  });
  // Times have whole seconds: pods of this very second would be new enough.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await plugin(plane(), namespace, 'restart web');
  await until('the restart', async () => {
    const { status, spec } = await rolloutIn(plane(), namespace);
    return status?.restartedAt === spec?.restartAt && status?.availableReplicas === 3;
  });
  await plane().kubectl(['-n', namespace, 'delete', 'rollout', 'web']);
  await until('the Services to be free', async () => {
    const found = await plane().kubectl(['-n', namespace, 'get', 'services', '-o', 'json']);
    return !found.includes('managed-by-rollouts');
  });
}

const groupOf = (service: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/${service}`;

const nodePorts = { canary: 30080, stable: 30081 };

/** What makes them known. The load balancer controller of a cluster brings their definition. */
async function bindGroups(namespace: string): Promise<void> {
  const [group, plural, kind] = ['elbv2.k8s.aws', 'targetgroupbindings', 'TargetGroupBinding'];
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  await apply(plane(), {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: `${plural}.${group}` },
    spec: {
      ...{ group, names: { plural, kind }, scope: 'Namespaced' },
      versions: [
        { name: 'v1beta1', served: true, storage: true, schema: { openAPIV3Schema: schema } },
      ],
    },
  });
  await plane().kubectl(['wait', '--for=condition=Established', `crd/${plural}.${group}`]);
  const bindings = Object.keys(nodePorts).map((name) => ({
    ...{ apiVersion: `${group}/v1beta1`, kind, metadata: { name, namespace } },
    spec: { targetGroupARN: groupOf(name), serviceRef: { name, port: 80 } },
  }));
  await apply(plane(), ...bindings);
}

/** An ALB that does at once what its Ingress says. Its targets are nodes, and its groups have no tags. */
function aws(): Aws {
  const services = Object.keys(nodePorts);
  const annotation = 'alb.ingress.kubernetes.io/actions.stable';
  return {
    ...unaskedMetrics,
    loadBalancer: async ({ hostname }) => {
      const [name = '', namespace = ''] = hostname.split('.');
      const text = await plane().kubectl(['-n', namespace, 'get', 'ingress', name, '-o', 'json']);
      const action = JSON.parse(JSON.parse(text).metadata.annotations?.[annotation] ?? '{}');
      const groups: { ServiceName: string; Weight: number }[] =
        action.ForwardConfig?.TargetGroups ?? [];
      const weights = Object.fromEntries(
        groups.map(({ ServiceName, Weight }) => [groupOf(ServiceName), Weight]),
      );
      return {
        ...{ arn: 'arn:lb', name: 'lb' },
        listeners: [{ protocol: 'HTTP', port: 80, forwards: [{ isDefault: true, weights }] }],
        groups: services.map((name) => ({
          arn: groupOf(name),
          name,
          targets: 'instance',
          tags: {},
        })),
      };
    },
    targetHealth: async ({ group }) =>
      Object.entries(nodePorts).flatMap(([service, port]) =>
        group === groupOf(service) ? [{ id: 'i-1', port, isHealthy: true }] : [],
      ),
  };
}

function ingress(namespace: string, name: string, service: object): object {
  const backend = { service: { name: 'stable', ...service } };
  const paths = [{ path: '/', pathType: 'Prefix', backend }];
  return {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, namespace } },
    spec: { rules: [{ http: { paths } }] },
  };
}

/** Two routers at once, one of which is taken out at the end. The other one has a load balancer. */
async function playRouted(): Promise<void> {
  const namespace = await newNamespace(plane(), 'routed');
  for (const [name, port] of Object.entries(nodePorts)) {
    await apply(plane(), service(namespace, name, port));
  }
  await bindGroups(namespace);
  await apply(
    plane(),
    ingress(namespace, 'nginx', { port: { number: 80 } }),
    ingress(namespace, 'alb', { port: { name: 'use-annotation' } }),
  );
  const hostname = `alb.${namespace}.eu-west-1.elb.amazonaws.com`;
  await plane().kubectl([
    ...['-n', namespace, 'patch', 'ingress', 'alb', '--subresource', 'status', '--type', 'merge'],
    ...['-p', JSON.stringify({ status: { loadBalancer: { ingress: [{ hostname }] } } })],
  ]);
  const alb = { ingress: 'alb', servicePort: 80 };
  const routed = (more: object) => {
    const named = { stableService: 'stable', canaryService: 'canary' };
    const steps = [{ setWeight: 34 }, { pause: {} }];
    const canary = { ...named, trafficRouting: { alb, ...more }, steps };
    return webRollout(namespace, { strategy: { canary } });
  };
  await apply(plane(), routed({ nginx: { stableIngress: 'nginx' } }));
  await reaches(plane(), namespace, 'Healthy');
  await plugin(plane(), namespace, 'set image web web=web:v2');
  await reaches(plane(), namespace, 'Paused', { step: 1 });
  const ingresses = async () =>
    await plane().kubectl(['-n', namespace, 'get', 'ingresses', '-o', 'json']);
  expect(await ingresses()).toContain('"nginx.ingress.kubernetes.io/canary-weight": "34"');
  await plugin(plane(), namespace, 'promote web');
  await reaches(plane(), namespace, 'Healthy', { step: 2 });
  await plane().kubectl([
    ...['-n', namespace, 'patch', 'rollout', 'web', '--type', 'merge', '-p'],
    JSON.stringify({ spec: { strategy: { canary: { trafficRouting: { nginx: null } } } } }),
  ]);
  await until(
    'the canary Ingress to go',
    async () => !(await ingresses()).includes('web-nginx-canary'),
  );
}

/** The three kinds that a workloadRef may name; the Deployment gives its pods away. */
async function playWorkload(kind: string, apiVersion: string, spec: object): Promise<void> {
  const namespace = await newNamespace(plane(), `of-${kind.toLowerCase()}`);
  await apply(plane(), { apiVersion, kind, metadata: { name: 'source', namespace }, ...spec });
  const { spec: own, ...rollout } = webRollout(namespace, { strategy: { canary: {} } });
  const { template: _, selector: __, ...rest } = own ?? {};
  const workloadRef = { apiVersion, kind, name: 'source', scaleDown: 'onsuccess' };
  await apply(plane(), {
    ...rollout,
    spec: { ...rest, selector: { matchLabels: labels }, workloadRef },
  });
  await reaches(plane(), namespace, 'Healthy');
  if (kind !== 'Deployment') return;
  await until('the Deployment to have no pods', async () => {
    const source = await plane().kubectl([
      '-n',
      namespace,
      'get',
      'deployment',
      'source',
      '-o',
      'json',
    ]);
    return JSON.parse(source).spec.replicas === 0;
  });
}

/** A run that is deleted on its time, with a Job of which only the last one is kept, and which is stopped. */
async function playRuns(): Promise<void> {
  const namespace = await newNamespace(plane(), 'runs');
  const containers = [{ name: 'c', image: 'probe', command: ['sh', '-c', 'sleep 3600'] }];
  const job = { spec: { template: { spec: { restartPolicy: 'Never', containers } } } };
  const run = (name: string, spec: object) => ({
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun' },
    ...{ metadata: { name, namespace }, spec },
  });
  await apply(
    plane(),
    run('jobs', { metrics: [{ name: 'm', provider: { job } }] }),
    run('short', {
      metrics: [
        { name: 'm', consecutiveErrorLimit: 0, provider: { web: { url: 'http://nowhere/' } } },
      ],
      ttlStrategy: { secondsAfterCompletion: 0 },
    }),
  );
  const names = async (kind: string) =>
    (await plane().kubectl(['-n', namespace, 'get', kind, '-o', 'name'])).trim();
  await until('the Job', async () => (await names('jobs')) !== '');
  await until('the run to go', async () => !(await names('analysisruns')).includes('short'));
  await plane().kubectl([
    ...['-n', namespace, 'patch', 'analysisrun', 'jobs', '--type', 'merge'],
    ...['-p', JSON.stringify({ spec: { terminate: true } })],
  ]);
  await until('the Job to go', async () => (await names('jobs')) === '');
}

describe('the ClusterRole', () => {
  it('allows exactly what Serin does', async () => {
    for (const { pathname } of manifests) await plane().kubectl(['apply', '-f', pathname]);
    startPolling('controller');
    const plays = await Promise.allSettled([
      playCanary(),
      playRuns(),
      playAnalysed(plane()),
      playRouted(),
      playWorkload('Deployment', 'apps/v1', {
        spec: { replicas: 1, selector: { matchLabels: labels }, template },
      }),
      playWorkload('ReplicaSet', 'apps/v1', {
        spec: { replicas: 1, selector: { matchLabels: labels }, template },
      }),
      playWorkload('PodTemplate', 'v1', { template }),
    ]);
    const { used, forbidden } = audited('controller');
    // What was forbidden comes first: it is why a play stood still.
    expect(forbidden).toEqual([]);
    expect(plays.flatMap((play) => (play.status === 'rejected' ? [play.reason] : []))).toEqual([]);
    expect(used).toEqual(grantedRights());
  });

  it('has webhooks beside it whose conditions the API server takes', async () => {
    const webhooks = globSync('doorbell/*/webhook.yaml', { cwd: folder }).sort();
    expect(webhooks.length).toBeGreaterThan(9);
    for (const file of webhooks) {
      const { pathname } = new URL(file, folder);
      const said = await plane().kubectl(['create', '--dry-run=server', '-f', pathname]);
      expect(said).toMatch(/created \(server dry run\)/);
    }
  });
});
