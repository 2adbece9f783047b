import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Container, ObjectMeta, PodSpec, Rollout } from '../../lib/model/argo.generated.ts';

const file = new URL('lint-passes-what-kubernetes-refuses.yaml', import.meta.url);

/** What is put over the manifest. The container is its only one; anything may be wrong with any of it. */
export type Parts = {
  container?: object;
  pod?: object;
  template?: object;
  metadata?: object;
  spec?: object;
};

export function rolloutOf(parts: Parts): Rollout {
  const rollout: Rollout = parse(readFileSync(file, 'utf8'));
  const { spec = {}, metadata } = rollout;
  const { template = {} } = spec;
  const [container] = template.spec?.containers ?? [];
  const containers = [{ ...container, ...parts.container } as Container];
  return {
    ...rollout,
    metadata: { ...metadata, ...parts.metadata },
    spec: {
      ...spec,
      template: {
        ...template,
        metadata: { ...template.metadata, ...parts.template } as ObjectMeta,
        spec: { containers, ...parts.pod } as PodSpec,
      },
      ...parts.spec,
    },
  };
}

/** Of one thing that is wrong: what, what is said about which field, and how it comes about. */
export type Wrong = [what: string, path: string, parts: Parts];

const c = { name: 'c', image: 'nginx:1' };
const port = (more: object) => ({ ports: [{ containerPort: 80, ...more }] });
const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const spread = (more: object) => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', ...more },
  ],
});
const inPod = 'spec.template.spec';
const first = `${inPod}.containers[0]`;

/** The nineteen, where one line named two. */
export const refused: Wrong[] = [
  [
    'a probe without handler',
    `${first}.livenessProbe`,
    { container: { livenessProbe: { periodSeconds: 3 } } },
  ],
  ['two containers of one name', `${inPod}.containers[1].name`, { pod: { containers: [c, c] } }],
  [
    'a port name of 16 letters',
    `${first}.ports[0].name`,
    { container: port({ name: 'a-long-port-name' }) },
  ],
  [
    'a port name twice',
    `${first}.ports[1].name`,
    { container: { ports: [80, 81].map((containerPort) => ({ containerPort, name: 'http' })) } },
  ],
  [
    'a mount of no volume',
    `${first}.volumeMounts[0].name`,
    { container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] } },
  ],
  [
    'a variable named 1=2',
    `${first}.env[0].name`,
    { container: { env: [{ name: '1=2', value: 'a' }] } },
  ],
  [
    'a star in a label',
    'spec.template.metadata.labels[a]',
    { template: { labels: { app: 'lint', a: 'b*' } } },
  ],
  [
    'a blank in a label',
    'spec.template.metadata.labels[a]',
    { template: { labels: { app: 'lint', a: 'b c' } } },
  ],
  ['a container named Web_App', `${first}.name`, { container: { name: 'Web_App' } }],
  [
    'a request above its limit',
    `${first}.resources.requests[cpu]`,
    { container: { resources: { requests: { cpu: 2 }, limits: { cpu: '1500m' } } } },
  ],
  [
    'a readinessProbe of an init container',
    `${inPod}.initContainers[0].readinessProbe`,
    {
      pod: {
        containers: [c],
        initContainers: [{ ...c, name: 'i', readinessProbe: { exec: { command: ['true'] } } }],
      },
    },
  ],
  [
    'pod affinity without topologyKey',
    `${inPod}.affinity.podAffinity.${required}[0].topologyKey`,
    {
      pod: { containers: [c], affinity: { podAffinity: { [required]: [{ labelSelector: {} }] } } },
    },
  ],
  [
    'maxSkew 0',
    `${inPod}.topologySpreadConstraints[0].maxSkew`,
    { pod: { containers: [c], ...spread({ maxSkew: 0 }) } },
  ],
  [
    'whenUnsatisfiable Nope',
    `${inPod}.topologySpreadConstraints[0].whenUnsatisfiable`,
    { pod: { containers: [c], ...spread({ whenUnsatisfiable: 'Nope' }) } },
  ],
  ['containerPort 0', `${first}.ports[0].containerPort`, { container: port({ containerPort: 0 }) }],
  [
    'containerPort 70000',
    `${first}.ports[0].containerPort`,
    { container: port({ containerPort: 70_000 }) },
  ],
  [
    'imagePullPolicy always',
    `${first}.imagePullPolicy`,
    { container: { imagePullPolicy: 'always' } },
  ],
  [
    'activeDeadlineSeconds',
    `${inPod}.activeDeadlineSeconds`,
    { pod: { containers: [c], activeDeadlineSeconds: 60 } },
  ],
  [
    'a blank in the key of an annotation',
    'spec.template.metadata.annotations[a b]',
    { template: { labels: { app: 'lint' }, annotations: { 'a b': '' } } },
  ],
  ['a Rollout named MyApp', 'metadata.name', { metadata: { name: 'MyApp' } }],
  [
    'a Rollout with a name of 254 letters',
    'metadata.name',
    { metadata: { name: 'a'.repeat(254) } },
  ],
];
