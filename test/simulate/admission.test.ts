import { describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import type { Kind } from '../../lib/model/kinds.ts';
import { lab, namespace, replicaSet, rollout, web } from './manifests.ts';

const set = { namespace, name: 'web-1' };

describe('dry run', () => {
  it('answers the object with defaults and stores nothing', async () => {
    const { cluster, watch, clock } = lab();
    const changes: string[] = [];
    watch(({ type }) => changes.push(type));
    const answer = await cluster.create('ReplicaSet', replicaSet(), { dryRun: true });
    expect(answer.spec?.template?.spec?.restartPolicy).toBe('Always');
    await clock.run({ eventsMax: 10 });
    expect(await cluster.list('ReplicaSet', '')).toEqual([]);
    expect(changes).toEqual([]);
  });

  it.each([
    ['web', 'Always'],
    ['web:latest', 'Always'],
    ['registry:5000/web', 'Always'],
    ['registry:5000/web:v1', 'IfNotPresent'],
    ['web@sha256:0123', 'IfNotPresent'],
    ['web:latest@sha256:0123', 'Always'],
  ])('has %s pulled %s', async (image, policy) => {
    const dry = await lab().cluster.create('ReplicaSet', replicaSet({ image }), { dryRun: true });
    expect(dry.spec?.template?.spec?.containers?.[0]?.imagePullPolicy).toBe(policy);
  });

  it('fills in what a real create fills in', async () => {
    const { cluster } = lab();
    const sent = replicaSet({
      pod: {
        containers: [
          { name: 'latest', image: 'registry:5000/web' },
          {
            name: 'web',
            image: 'registry:5000/web:v1',
            ports: [{ containerPort: 80 }],
            readinessProbe: { httpGet: { port: 80 } },
            resources: { limits: { cpu: '1000m' } },
          },
        ],
        volumes: [{ name: 'config', configMap: { name: 'web' } }, { name: 'scratch' }],
      },
    });
    const dry = await cluster.create('ReplicaSet', sent, { dryRun: true });
    const ends = {
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    };
    expect(dry.spec?.template).toEqual({
      metadata: { ...sent.spec?.template?.metadata, creationTimestamp: null },
      spec: {
        containers: [
          {
            ...ends,
            name: 'latest',
            image: 'registry:5000/web',
            imagePullPolicy: 'Always',
            resources: {},
          },
          {
            ...ends,
            name: 'web',
            image: 'registry:5000/web:v1',
            imagePullPolicy: 'IfNotPresent',
            ports: [{ containerPort: 80, protocol: 'TCP' }],
            readinessProbe: {
              httpGet: { path: '/', port: 80, scheme: 'HTTP' },
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
            },
            resources: { limits: { cpu: '1' } },
          },
        ],
        volumes: [
          { name: 'config', configMap: { name: 'web', defaultMode: 420 } },
          { name: 'scratch', emptyDir: {} },
        ],
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        schedulerName: 'default-scheduler',
        terminationGracePeriodSeconds: 30,
        securityContext: {},
      },
    });
    expect((await cluster.create('ReplicaSet', sent)).spec).toEqual(dry.spec);
  });
});

describe('refusals', () => {
  const refused = async (kind: Kind, object: object) => {
    const { cluster } = lab();
    const error = await cluster.create(kind, object as never).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Terminal);
    expect(await cluster.list(kind, '')).toEqual([]);
    return (error as Error).message;
  };
  const withPod = (pod: object) => replicaSet({ pod: pod as never });

  it('a rollout whose fields have the wrong type', async () => {
    const message = await refused('Rollout', rollout({ replicas: '3' as never }));
    expect(message).toMatch(/^Rollout\.argoproj\.io "web" is invalid: spec\.replicas: .*"3"/);
  });

  it('a rollout without a spec', async () => {
    expect(await refused('Rollout', { metadata: web })).toContain('spec: Required value');
  });

  it('a name that is none', async () => {
    expect(await refused('Service', { metadata: { name: 'Web_1' } })).toContain('metadata.name');
  });

  it('another kind', async () => {
    expect(await refused('Service', rollout())).toContain('kind: must be Service');
  });

  it.each([
    ['no containers', withPod({ containers: [] }), 'containers: Required value'],
    ['no image', withPod({ containers: [{ name: 'web' }] }), 'containers[0].image: Required'],
    [
      'one container twice',
      withPod({ containers: [0, 1].map(() => ({ name: 'a', image: 'a:1' })) }),
      'containers[1].name: Duplicate value: "a"',
    ],
    ['a restart policy', withPod({ restartPolicy: 'Never' }), 'Unsupported value'],
    ['a negative size', replicaSet({ replicas: -1 }), 'spec.replicas'],
    [
      'labels it does not select',
      { ...replicaSet(), spec: { ...replicaSet().spec, selector: { matchLabels: { app: 'x' } } } },
      '`selector` does not match template `labels`',
    ],
  ])('a ReplicaSet with %s', async (_what, object, message) => {
    expect(await refused('ReplicaSet', object)).toContain(message);
  });

  it('a patch that would make an object invalid, which then stays as it was', async () => {
    const { cluster } = lab();
    const before = await cluster.create('Rollout', rollout());
    const patches = [
      cluster.patch({ kind: 'Rollout', ...web }, { spec: { replicas: 'many' } }),
      cluster.patch(
        { kind: 'Rollout', ...web },
        { status: { phase: 7 } },
        { subresource: 'status' },
      ),
      cluster.patch(
        { kind: 'Rollout', ...web },
        { spec: { replicas: -1 } },
        { subresource: 'scale' },
      ),
      cluster.patch({ kind: 'Rollout', ...web }, { metadata: { name: 'other' } }),
    ];
    for (const { status, reason } of (await Promise.allSettled(patches)) as never[]) {
      expect([status, reason]).toEqual(['rejected', expect.any(Terminal)]);
    }
    expect(await cluster.get({ kind: 'Rollout', namespace: 'shop', name: 'web' })).toEqual(before);
  });

  it("a change of a ReplicaSet's selector", async () => {
    const { cluster } = lab();
    await cluster.create('ReplicaSet', replicaSet());
    const patch = { spec: { selector: { matchLabels: { app: 'web', more: 'x' } } } };
    await expect(cluster.patch({ kind: 'ReplicaSet', ...set }, patch)).rejects.toThrow(
      /field is immutable/,
    );
  });

  it('drops fields the type does not have', async () => {
    const { cluster } = lab();
    const odd = { ...rollout(), unheard: 1 };
    Object.assign(odd.spec!, { replica: 3, workloadRef: null });
    Object.assign(odd.spec!.strategy!.canary!.steps![0]!, { setWeigth: 3 });
    expect((await cluster.create('Rollout', odd)).spec).toEqual(rollout().spec);
    expect(
      await cluster.get({ kind: 'Rollout', namespace: 'shop', name: 'web' }),
    ).not.toHaveProperty('unheard');
  });
});
