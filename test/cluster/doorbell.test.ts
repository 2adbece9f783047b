import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { binaries } from './binaries.ts';
import { type Doorbell, installWebhook, startDoorbell } from './doorbellStage.ts';
import { plugin } from './peer.ts';
import { runProgram, until } from './processes.ts';
import { apply, newNamespace, reaches, rolloutIn, webRollout, withControlPlane } from './stage.ts';

// The real webhook configuration on a real kube-apiserver, the real handler behind TLS, and Serin woken by
// nothing but its rings.

const plane = withControlPlane();
let doorbell: Doorbell;
beforeAll(async () => {
  await apply(plane(), {
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding' },
    metadata: { name: 'serin' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'serin:controller' }],
  });
  doorbell = await startDoorbell(plane());
  await doorbell.register({});
  await installWebhook(plane(), { url: doorbell.url, caBundle: doorbell.bell.caBundle });
});
afterAll(async () => await doorbell?.stop());

const steps = [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }, { pause: { duration: 2 } }];
const canary = { strategy: { canary: { steps } } };

/** What is rung of for a namespace, as `UPDATE rollouts/status web by admin`. */
const rings = (namespace: string): string[] =>
  doorbell
    .requests()
    .filter((request) => request.namespace === namespace)
    .map(({ operation, resource, subResource, name, userInfo }) => {
      const path = [resource.resource, ...(subResource ? [subResource] : [])].join('/');
      return `${operation} ${path} ${name} by ${userInfo.username}`;
    });
/** The rings for what is done. */
async function ringsOf(namespace: string, act: () => Promise<unknown>): Promise<string[]> {
  const before = rings(namespace).length;
  await act();
  return rings(namespace).slice(before);
}

const strategyOf = ({ spec }: Rollout) => (spec?.strategy ? { strategy: spec.strategy } : {});

async function ledgerOf(namespace: string) {
  const key = { cluster: 'test', namespace, name: 'web' };
  const { items } = await doorbell.store.ledger(key, { limit: 100 });
  return items.reverse();
}

describe('a release that is seen through the doorbell alone', () => {
  const namespace = 'rung';
  let first = 0;

  it('goes its whole way, and names who did what', async () => {
    await newNamespace(plane(), namespace);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    first = rings(namespace).length;
    await plugin(plane(), namespace, 'set image web web=web:v2');
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    await plugin(plane(), namespace, 'promote web');
    await reaches(plane(), namespace, 'Healthy', { step: 4 });
    await delay(3000);
    const told = (await ledgerOf(namespace)).map(
      ({ kind, actor }) => `${kind} ${actor.name} ${actor.proof}`,
    );
    expect(told).toContain('promoted admin reported');
    expect(told.filter((line) => line === 'revision admin reported')).toHaveLength(2);
    expect(told.filter((line) => line.includes('unknown'))).toEqual([]);
  });

  it('rings for the writes of others, and never for Serin’s own', async () => {
    const all = rings(namespace);
    expect(all.filter((line) => line.endsWith('by serin'))).toEqual([]);
    expect(all).toContain('CREATE rollouts web by admin');
    expect(all).toContain('UPDATE rollouts/status web by admin');
    const counts = all.filter((line) => line.startsWith('UPDATE replicasets/status'));
    expect(counts.length).toBeGreaterThan(3);
    const release = all.length - first;
    const wakes = doorbell.sent.length;
    process.stdout.write(
      `rings of the first deployment of 3 pods: ${first}; of a release of them: ${release}; ` +
        `wakes sent for both: ${wakes}\n`,
    );
    expect(release).toBeLessThan(30);
  });
});

describe('what rings', () => {
  const namespace = 'rings';
  const status = (name: string, counts: object): Promise<string> =>
    plane().kubectl([
      ...['patch', 'replicaset', name, '-n', namespace, '--subresource=status', '--type=merge'],
      ...['-p', JSON.stringify({ status: counts })],
    ]);
  const patch = (what: string, change: object, ...options: string[]): Promise<string> =>
    plane().kubectl([
      ...['patch', ...what.split(' '), '-n', namespace, '--type=merge', ...options],
      ...['-p', JSON.stringify(change)],
    ]);

  beforeAll(async () => {
    await newNamespace(plane(), namespace);
    // Of another instance: its objects change by nobody's hand but ours.
    const rollout = webRollout(namespace, canary);
    const labels = { 'argo-rollouts.argoproj.io/controller-instance-id': 'another' };
    await apply(plane(), { ...rollout, metadata: { ...rollout.metadata, labels } });
    const { uid } = (await rolloutIn(plane(), namespace)).metadata ?? {};
    const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid };
    // Its pods would be made on no node: the counts stay as they are patched.
    const set = (name: string, ownerReferences: object[]): object => ({
      ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
      metadata: { name, namespace, ownerReferences },
      spec: {
        replicas: 0,
        selector: { matchLabels: { set: name } },
        template: {
          metadata: { labels: { set: name } },
          spec: { containers: [{ name: 'web', image: 'web:v1' }] },
        },
      },
    });
    await apply(plane(), set('owned', [{ ...owner, controller: true }]), set('free', []));
    await delay(2000);
  });

  it.each([
    ['replicas', { replicas: 1 }],
    ['readyReplicas', { replicas: 1, readyReplicas: 1 }],
    ['availableReplicas', { replicas: 1, readyReplicas: 1, availableReplicas: 1 }],
  ])('%s that come up from none, which is left out, and go back to it', async (field, up) => {
    const rung = await ringsOf(namespace, async () => {
      await status('owned', up);
      // The controller manager knows that there are no pods, and takes it back.
      await delay(1500);
    });
    expect(rung).toEqual(Array(2).fill('UPDATE replicasets/status owned by admin'));
    const counts = doorbell.bell.calls.slice(-2).map(({ body }) => {
      const { object, oldObject } = JSON.parse(body).request;
      return [oldObject.status?.[field], object.status?.[field]].map((count) => count ?? 0);
    });
    expect(counts).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  it('not the counts of a ReplicaSet of nobody', async () => {
    const rung = await ringsOf(namespace, () => status('free', { replicas: 1, readyReplicas: 1 }));
    expect(rung).toEqual([]);
  });

  it('not metadata alone', async () => {
    const note = { metadata: { annotations: { note: 'x' }, labels: { team: 'y' } } };
    const rung = await ringsOf(namespace, async () => {
      await patch('rollout web', note);
      await patch('replicaset owned', note);
    });
    expect(rung).toEqual([]);
  });

  it('the label that says which Serin serves it, and no other', async () => {
    const labels = { 'argo-rollouts.argoproj.io/controller-instance-id': 'a-third' };
    const rung = await ringsOf(namespace, () => patch('rollout web', { metadata: { labels } }));
    expect(rung).toEqual(['UPDATE rollouts web by admin']);
  });

  it('a dry run, to be warned, which wakes nobody', async () => {
    const dry = ['patch', 'rollout', 'web', '-n', 'rung', '--type=merge', '--dry-run=server'];
    const sent = doorbell.sent.length;
    const rung = await ringsOf('rung', () =>
      plane().kubectl([...dry, '-p', JSON.stringify({ spec: { paused: true } })]),
    );
    expect(rung).toEqual(['UPDATE rollouts web by admin']);
    expect(doorbell.sent).toHaveLength(sent);
  });

  it('kubectl scale, and the plugin’s pause', async () => {
    const rung = await ringsOf(namespace, async () => {
      await plane().kubectl(['scale', 'rollout', 'web', '--replicas=4', '-n', namespace]);
      await plugin(plane(), namespace, 'pause web');
    });
    expect(rung).toEqual(['UPDATE rollouts/scale web by admin', 'UPDATE rollouts web by admin']);
  });

  it('nothing of Serin’s own', async () => {
    const rung = await ringsOf(namespace, () =>
      patch(
        'rollout web',
        { spec: { replicas: 5 } },
        '--as=x',
        '--as-group=serin:controller',
        '--as-group=system:masters',
      ),
    );
    expect(rung).toEqual([]);
  });

  it('a Deployment’s template, which a rollout may refer to, and not its status', async () => {
    const labels = { app: 'base' };
    const template = {
      metadata: { labels },
      spec: { containers: [{ name: 'web', image: 'web:v1' }] },
    };
    const deployment = {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
      metadata: { name: 'base', namespace },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    };
    const rung = await ringsOf(namespace, async () => {
      await apply(plane(), deployment);
      await plane().kubectl([
        ...['rollout', 'status', 'deployment/base', '-n', namespace, '--timeout=30s'],
      ]);
      // An annotation would: with a Deployment it makes another generation.
      await patch('deployment base', { metadata: { labels: { note: 'x' } } });
      await plane().kubectl(['set', 'image', 'deployment/base', 'web=web:v2', '-n', namespace]);
      await delay(2000);
      await plane().kubectl(['delete', 'deployment', 'base', '-n', namespace]);
    });
    expect(rung).toEqual([
      'CREATE deployments base by admin',
      'UPDATE deployments base by admin',
      'DELETE deployments base by admin',
    ]);
  });

  it('what is deleted', async () => {
    const rung = await ringsOf(namespace, async () => {
      await plane().kubectl(['delete', 'replicaset', 'owned', '-n', namespace]);
      await plane().kubectl(['delete', 'rollout', 'web', '-n', namespace]);
    });
    expect(rung).toEqual(['DELETE replicasets owned by admin', 'DELETE rollouts web by admin']);
  });
});

describe('a person at work', () => {
  const namespace = 'named';

  it('is named for each thing done by kubectl', async () => {
    await newNamespace(plane(), namespace);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    const act = (line: string) => plugin(plane(), namespace, line);
    await act('set image web web=web:v2');
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    await act('abort web');
    await reaches(plane(), namespace, 'Degraded');
    await act('retry rollout web');
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    await plane().kubectl(['scale', 'rollout', 'web', '--replicas=4', '-n', namespace]);
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    await act('undo web');
    await reaches(plane(), namespace, 'Healthy');
    await act('pause web');
    await delay(4000);
    const on = JSON.stringify({ spec: { paused: false } });
    await plane().kubectl(['patch', 'rollout', 'web', '-n', namespace, '--type=merge', '-p', on]);
    await delay(4000);
    await act('restart web');
    await delay(12_000);
    const told = (await ledgerOf(namespace)).map(
      ({ kind, actor }) => `${kind} ${actor.name} ${actor.proof}`,
    );
    const kinds = ['revision', 'aborted', 'retried', 'scaled', 'paused', 'resumed', 'restarted'];
    for (const kind of kinds) expect(told).toContain(`${kind} admin reported`);
    expect(told.filter((line) => line.endsWith('verified') && !line.includes(' serin '))).toEqual(
      [],
    );
  });
});

describe('a Deployment that a rollout takes its template from', () => {
  const namespace = 'referred';

  it('wakes that rollout, which the table knows, and names who changed it', async () => {
    await newNamespace(plane(), namespace);
    const { replicas, selector, template } = webRollout(namespace, {}).spec ?? {};
    const apps = { apiVersion: 'apps/v1', kind: 'Deployment' };
    await apply(plane(), {
      ...apps,
      metadata: { name: 'base', namespace },
      spec: { replicas: 0, selector, template },
    });
    const workloadRef = { ...apps, name: 'base' };
    const rollout = webRollout(namespace, { strategy: { canary: { steps: [] } } });
    await apply(plane(), { ...rollout, spec: { replicas, workloadRef, ...strategyOf(rollout) } });
    const first = (await reaches(plane(), namespace, 'Healthy')).status?.stableRS;
    await plane().kubectl(['set', 'image', 'deployment/base', 'web=web:v2', '-n', namespace]);
    await until('another version', async () => {
      const { status } = await reaches(plane(), namespace, 'Healthy');
      return status?.stableRS !== first;
    });
    const revisions = (await ledgerOf(namespace)).filter(({ kind }) => kind === 'revision');
    expect(revisions.map(({ actor }) => `${actor.name} ${actor.proof}`)).toEqual(
      Array(2).fill('admin reported'),
    );
  });
});

describe('a faulty spec', () => {
  const namespace = 'faulty';
  const faulty = { strategy: { canary: { steps: [{ setWeight: 134 }] } } };
  const said = async (object: object): Promise<{ code: number; err: string }> => {
    const { kubectl: program } = await binaries(['kubectl']);
    const args = ['--kubeconfig', plane().kubeconfig, 'apply', '-f', '-'];
    return await runProgram(program, args, { input: JSON.stringify(object) });
  };

  it('is warned of in kubectl', async () => {
    await newNamespace(plane(), namespace);
    const { code, err } = await said(webRollout(namespace, faulty));
    expect(code).toBe(0);
    expect(err).toMatch(/Warning: Serin, web: spec.strategy.canary.steps\[0\].setWeight must be/);
  });

  it('is refused with enforce, where it is new; statuses, scales and metadata are not', async () => {
    await doorbell.register({ enforce: true });
    const other = { ...webRollout(namespace, faulty), metadata: { name: 'other', namespace } };
    // The entry is believed for a minute.
    let last = '';
    await until(
      'enforcement',
      async () => {
        const { code, err } = await said(other);
        last = err;
        await plane().kubectl([
          'delete',
          'rollout',
          'other',
          '-n',
          namespace,
          '--ignore-not-found',
        ]);
        return code !== 0;
      },
      { withinMs: 70_000, everyMs: 4000 },
    );
    expect(last).toMatch(/denied the request: spec.strategy.canary.steps\[0\].setWeight must be/);
    // The old fault is there all the same.
    const change = (subresource: string[], body: object) =>
      plane().kubectl([
        ...['patch', 'rollout', 'web', '-n', namespace, '--type=merge', ...subresource],
        ...['-p', JSON.stringify(body)],
      ]);
    await change(['--subresource=status'], { status: { abort: true } });
    await change([], { metadata: { finalizers: ['example.com/x'] } });
    await change([], { metadata: { finalizers: null } });
    await change([], { spec: { paused: true } });
    await plane().kubectl(['scale', 'rollout', 'web', '--replicas=2', '-n', namespace]);
    await expect(change([], { spec: { minReadySeconds: -1 } })).rejects.toThrow(
      /denied the request: spec.minReadySeconds must be 0 or more, not -1$/m,
    );
  });
});

describe('a webhook that does not answer', () => {
  it('holds a write up for two seconds at most, and fails none', async () => {
    const namespace = await newNamespace(plane(), 'silent');
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    const scaled = async (replicas: number): Promise<number> => {
      const since = Date.now();
      await plane().kubectl([
        ...['scale', 'rollout', 'web', `--replicas=${replicas}`, '-n', namespace],
      ]);
      return Date.now() - since;
    };
    doorbell.bell.state.hold = true;
    const hanging = await scaled(4);
    expect(hanging).toBeGreaterThan(1900);
    expect(hanging).toBeLessThan(4500);
    await doorbell.bell.close();
    const dead = await scaled(5);
    expect(dead).toBeLessThan(1900);
    process.stdout.write(
      `a write with a hanging webhook: ${hanging} ms; with a dead one: ${dead} ms\n`,
    );
  });
});
