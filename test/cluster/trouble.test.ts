import { describe, expect, it, onTestFinished } from 'vitest';
import { plugin } from './peer.ts';
import { until } from './processes.ts';
import { startSerin } from './serin.ts';
import { apply, newNamespace, reaches, rolloutIn, webRollout, withControlPlane } from './stage.ts';

const plane = withControlPlane();
const steps = [{ setWeight: 34 }, { pause: {} }];
const canary = { strategy: { canary: { steps } } };

async function serinFor(namespace: string, user?: string) {
  const serin = await startSerin(plane(), { namespaces: [namespace], ...(user && { user }) });
  onTestFinished(serin.stop);
  return serin;
}

function rightsOf(user: string, namespace: string, rules: object[]): object[] {
  const rbac = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name: user, namespace }, rules },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name: user, namespace } },
      roleRef: { apiGroup: rbac, kind: 'Role', name: user },
      subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
    },
  ];
}

const reads = { verbs: ['get', 'list', 'watch'] };

describe('a faulty Rollout that is stored already', () => {
  it('is degraded with the path of the fault, and recovers when it is mended', async () => {
    const namespace = await newNamespace(plane(), 'faulty');
    const serin = await serinFor(namespace);
    const wrong = { strategy: { canary: { steps: [{ setWeight: 101 }] } } };
    await apply(plane(), webRollout(namespace, wrong));
    const { status } = await reachesMessage(
      namespace,
      /steps\[0\].setWeight must be between 0 and 100/,
    );
    expect(status?.phase).toBe('Degraded');
    expect((await serin.cli(`explain web -n ${namespace}`)).out).toContain('setWeight');
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
  });

  it('waits for a Service that does not exist yet', async () => {
    const namespace = await newNamespace(plane(), 'service');
    await serinFor(namespace);
    const blueGreen = { strategy: { blueGreen: { activeService: 'active' } } };
    await apply(plane(), webRollout(namespace, blueGreen));
    await reachesMessage(namespace, /names the Service active, which does not exist/);
    await apply(plane(), {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'active', namespace } },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    // At once: the Service is watched.
    await reaches(plane(), namespace, 'Healthy', { withinMs: 10_000 });
  });
});

describe('rights', () => {
  it('that are missing for a write are named', async () => {
    const namespace = await newNamespace(plane(), 'rights');
    await apply(
      plane(),
      ...rightsOf('serin', namespace, [
        { apiGroups: ['argoproj.io'], resources: ['rollouts', 'rollouts/status'], verbs: ['*'] },
        { apiGroups: ['apps'], resources: ['replicasets'], ...reads },
        { apiGroups: [''], resources: ['services', 'pods'], ...reads },
      ]),
    );
    const serin = await serinFor(namespace, 'serin');
    await apply(plane(), webRollout(namespace, canary));
    const { status } = await reachesMessage(namespace, /replicasets/);
    expect(status?.message).toMatch(/allow the verb "create" on the resource "replicasets"/);
    expect((await serin.cli(`explain web -n ${namespace}`)).out).toMatch(/verb "create"/);
  });

  it('that are missing to watch end it with what to do', async () => {
    const namespace = await newNamespace(plane(), 'blind');
    const started = startSerin(plane(), { namespaces: [namespace], user: 'nobody' });
    await expect(started).rejects.toThrow(/allow the verb "list" on the resource "\w+"/);
  });
});

describe('what comes and goes', () => {
  it('a ReplicaSet that is deleted by hand comes back', async () => {
    const namespace = await newNamespace(plane(), 'deleted');
    await serinFor(namespace);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    await plane().kubectl(['-n', namespace, 'delete', 'replicaset', '--all', '--wait=true']);
    await until('the pods', async () => {
      const { status } = await rolloutIn(plane(), namespace);
      const sets = await plane().kubectl(['-n', namespace, 'get', 'replicasets', '-o', 'name']);
      return sets !== '' && status?.availableReplicas === 3 && status.phase === 'Healthy';
    });
  });

  it('a disruption budget is kept by a restart', async () => {
    const namespace = await newNamespace(plane(), 'budget');
    await serinFor(namespace);
    await apply(plane(), webRollout(namespace, canary), {
      ...{
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'web', namespace },
      },
      spec: { minAvailable: 3, selector: { matchLabels: { app: 'web' } } },
    });
    await reaches(plane(), namespace, 'Healthy');
    // Times have whole seconds: pods of this very second would be new enough.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await plugin(plane(), namespace, 'restart web');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const ready = () => plane().kubectl(['-n', namespace, 'get', 'pods', '--no-headers']);
    expect((await ready()).match(/1\/1 +Running/g)).toHaveLength(3);
    expect((await rolloutIn(plane(), namespace)).status?.message).toBe('rollout is restarting');
  });
});

describe('sizes that others set', () => {
  it('an autoscaler scales a rollout in mid-release, by the scale subresource', async () => {
    const namespace = await newNamespace(plane(), 'autoscaled');
    await serinFor(namespace);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    await plugin(plane(), namespace, 'set image web web=web:v2');
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    // Without metrics it knows its limits, and that is enough to see it scale.
    await apply(plane(), {
      ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
      metadata: { name: 'web', namespace },
      spec: {
        scaleTargetRef: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web' },
        minReplicas: 6,
        maxReplicas: 9,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    });
    await until('six pods', async () => {
      const { spec, status } = await rolloutIn(plane(), namespace);
      return spec?.replicas === 6 && status?.availableReplicas === 6;
    });
    const { status } = await reaches(plane(), namespace, 'Paused', { step: 1 });
    expect(status).toMatchObject({ updatedReplicas: 2, HPAReplicas: 6, replicas: 6 });
  });

  it('kubectl scales a rollout at rest', async () => {
    const namespace = await newNamespace(plane(), 'scaled');
    await serinFor(namespace);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    await plane().kubectl(['-n', namespace, 'scale', 'rollout', 'web', '--replicas=1']);
    // It stays Healthy all the while: pods too many are no fault.
    await until('one pod', async () => {
      const { status } = await rolloutIn(plane(), namespace);
      return status?.replicas === 1 && status.availableReplicas === 1 && status.phase === 'Healthy';
    });
  });
});

describe('nodes', () => {
  it('one that vanishes takes no release with it', async () => {
    const namespace = await newNamespace(plane(), 'vanished');
    await serinFor(namespace);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    await plugin(plane(), namespace, 'set image web web=web:v2');
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    const where = ['-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[0].spec.nodeName}'];
    const node = await plane().kubectl(where);
    await plane().kubectl(['delete', 'node', node]);
    // The garbage collector waits for 40 s before it takes such pods for lost.
    const isBack = async (): Promise<boolean> => {
      const on = ['get', 'pods', '-n', namespace, '--field-selector', `spec.nodeName=${node}`];
      const { status } = await rolloutIn(plane(), namespace);
      return (
        (await plane().kubectl([...on, '-o', 'name'])) === '' && status?.availableReplicas === 3
      );
    };
    await until('pods elsewhere', isBack, { withinMs: 120_000 });
    const { metadata } = await reaches(plane(), namespace, 'Paused', { step: 1 });
    expect(metadata?.annotations?.['rollout.argoproj.io/revision']).toBe('2');
  });

  it('none that a pod fits on: the release stands, says why, and goes on when one fits', async () => {
    const namespace = await newNamespace(plane(), 'nowhere');
    const serin = await serinFor(namespace);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    const place = (nodeSelector: object | null) => {
      const patch = {
        spec: { progressDeadlineSeconds: 3, template: { spec: { nodeSelector } } },
      };
      const verb = ['-n', namespace, 'patch', 'rollout', 'web', '--type=merge', '-p'];
      return plane().kubectl([...verb, JSON.stringify(patch)]);
    };
    await place({ disk: 'fast' });
    const { status } = await reaches(plane(), namespace, 'Degraded');
    expect(status?.availableReplicas).toBe(3);
    expect((await serin.cli(`explain web -n ${namespace}`)).out).toMatch(/1 .*pod/);
    await plane().kubectl(['label', 'node', '--all', 'disk=fast', '--overwrite']);
    await reaches(plane(), namespace, 'Paused', { step: 1 });
  });
});

async function reachesMessage(namespace: string, message: RegExp) {
  await until(`${message}`, async () => {
    const { status } = await rolloutIn(plane(), namespace);
    return message.test(status?.message ?? '');
  });
  return await rolloutIn(plane(), namespace);
}
