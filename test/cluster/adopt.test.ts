import { describe, expect, it, onTestFinished } from 'vitest';
import type { Adoption } from '../../lib/adopt/adopt.ts';
import type { ObjectMeta, Rollout } from '../../lib/model/argo.generated.ts';
import { instanceIdLabel } from '../../lib/model/names.ts';
import { plugin, startArgo } from './peer.ts';
import { until } from './processes.ts';
import { serinCommand, startSerin } from './serin.ts';
import { apply, newNamespace, reaches, still, webRollout, withControlPlane } from './stage.ts';

const plane = withControlPlane();
const instanceId = 'adopt';
const labelled = (rollout: Rollout): Rollout => ({
  ...rollout,
  metadata: { ...rollout.metadata, labels: { [instanceIdLabel]: instanceId } },
});

const steps = [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }, { pause: { duration: 600 } }];
const canary = { strategy: { canary: { steps } } };
const blueGreen = {
  strategy: { blueGreen: { activeService: 'active', autoPromotionEnabled: false } },
};

const adopt = (options = '', user?: string) =>
  serinCommand(`adopt --kubeconfig ${plane().kubeconfigOf(user ?? 'admin')} ${options}`.trim());

async function adoptJson(options: string) {
  const { code, out, err } = await adopt(`${options} -o json`);
  expect(err).toBe('');
  return { code, ...(JSON.parse(out) as Adoption & { todo: string[] }) };
}

/** Everything the rollouts are made of, in its versions. */
async function versions(namespaces: string[], kinds = 'rollouts,replicasets,pods,services') {
  const lists = await Promise.all(
    namespaces.map((namespace) => plane().kubectl(['get', kinds, '-n', namespace, '-o', 'json'])),
  );
  const items = lists.flatMap((list) => JSON.parse(list).items as { metadata: ObjectMeta }[]);
  return items.map(({ metadata: { uid, name, resourceVersion, generation } }) => ({
    ...{ uid, name, resourceVersion, generation },
  }));
}

describe('serin adopt', () => {
  it('names the controller while it is there; takes over in mid-release without a change', async () => {
    await newNamespace(plane(), 'argo-rollouts');
    const argo = await startArgo(plane(), { instanceId, leaderElect: true });
    onTestFinished(argo.stop);
    const all: string[] = [];
    for (const place of ['rest', 'paused', 'aborted', 'preview', 'timed']) {
      all.push(await newNamespace(plane(), `adopt-${place}`));
    }
    const [, paused = '', aborted = '', preview = '', timed = ''] = all;
    await apply(plane(), {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'active', namespace: preview } },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    for (const namespace of all) {
      const spec = namespace === preview ? blueGreen : canary;
      await apply(plane(), labelled(webRollout(namespace, spec)));
    }
    for (const namespace of all) await reaches(plane(), namespace, 'Healthy');
    const released = [paused, aborted, preview, timed];
    for (const namespace of released) await plugin(plane(), namespace, 'set image web web=web:v2');
    for (const namespace of released) await reaches(plane(), namespace, 'Paused');
    await plugin(plane(), aborted, 'abort web');
    await plugin(plane(), timed, 'promote web');
    await reaches(plane(), aborted, 'Degraded');
    await reaches(plane(), timed, 'Paused', { step: 3 });
    const then = await still(() => versions(all));

    const mine = `--instance-id ${instanceId}`;
    const lease = `Lease argo-rollouts/argo-rollouts-controller-lock-${instanceId}`;
    const early = await adopt(mine);
    expect(early.out).toMatch(new RegExp(`OWNS THEM +${lease} +held by \\S+, renewed \\ds ago`));
    expect(early.out).toMatch(
      /Not ready\. To do:\n {2}1\. stop \S+ if it still runs, and wait for/,
    );
    expect(early.code).toBe(1);
    // The same controller is no rival to another instance.
    const other = await adopt('--instance-id another');
    expect(other.out).toMatch(new RegExp(`^ +- +${lease}`, 'm'));
    expect(other.out).toMatch(/No Rollouts to take\.\n5 of other instances are left alone\./);
    expect(other.code).toBe(0);

    await argo.stop();
    const stopped = await adopt(mine);
    expect(stopped.code).toBe(1);
    let ready = stopped;
    await until('the lease to run out', async () => {
      ready = await adopt(mine);
      return ready.code === 0;
    });
    expect(ready.out).toMatch(new RegExp(`- +${lease} +left by`));
    expect(ready.out).toMatch(/Ready\. Start it: serin run --kubeconfig \S+ --instance-id adopt\n/);
    const found = await adoptJson(mine);
    const rows = found.rollouts.map(({ namespace, phase, verdict, changes }) => ({
      ...{ namespace, phase, verdict, changes },
    }));
    const nothing = { verdict: 'nothing', changes: [] };
    expect(rows).toEqual([
      { namespace: aborted, phase: 'Degraded', ...nothing },
      { namespace: paused, phase: 'Paused', ...nothing },
      { namespace: preview, phase: 'Paused', ...nothing },
      { namespace: 'adopt-rest', phase: 'Healthy', ...nothing },
      { namespace: timed, phase: 'Paused', ...nothing },
    ]);
    expect(await versions(all)).toEqual(then);

    const serin = await startSerin(plane(), { instanceId });
    onTestFinished(serin.stop);
    // Long enough for several turns.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(await versions(all)).toEqual(then);
  }, 180_000);

  it('says what goes on where Argo was stopped in mid-work', async () => {
    const namespace = await newNamespace(plane(), 'adopt-mid');
    await apply(plane(), webRollout(namespace, canary));
    const argo = await startArgo(plane());
    onTestFinished(argo.stop);
    await reaches(plane(), namespace, 'Healthy');
    await argo.stop();
    await plugin(plane(), namespace, 'set image web web=web:v2');
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    const then = await versions([namespace]);
    const { code, rollouts, isReady } = await adoptJson(`-n ${namespace}`);
    expect({ code, isReady }).toEqual({ code: 0, isReady: true });
    expect(rollouts[0]).toMatchObject({
      verdict: 'goesOn',
      why: 'its spec was changed, and no controller has taken that up yet',
    });
    const [made = ''] = rollouts[0]?.changes.filter((text) => text.startsWith('create')) ?? [];
    expect(made).toMatch(/^create ReplicaSet web-\w+ with 1 pod$/);
    expect(await versions([namespace])).toEqual(then);

    const serin = await startSerin(plane(), { namespaces: [namespace] });
    onTestFinished(serin.stop);
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    const sets = await plane().kubectl(['get', 'replicasets', '-n', namespace, '-o', 'name']);
    expect(sets).toContain(made.split(' ')[2]);
  });

  it('names a controller by its Deployment, and manages with few rights', async () => {
    const namespace = await newNamespace(plane(), 'adopt-deployed');
    const labels = { 'app.kubernetes.io/name': 'argo-rollouts' };
    const containers = [
      { name: 'argo-rollouts', image: 'argo-rollouts:v1.10.1', args: ['--namespaced'] },
    ];
    await apply(plane(), {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
      metadata: { name: 'argo-rollouts', namespace, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    });
    const rules = [
      { apiGroups: ['argoproj.io'], resources: ['rollouts'], verbs: ['get', 'list', 'watch'] },
      {
        apiGroups: ['', 'apps'],
        resources: ['replicasets', 'pods', 'services', 'deployments'],
        verbs: ['get', 'list', 'watch'],
      },
    ];
    const apiGroup = 'rbac.authorization.k8s.io';
    const role = {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'viewer' },
    };
    await apply(
      plane(),
      { ...role, rules },
      {
        ...{ ...role, kind: 'ClusterRoleBinding' },
        roleRef: { apiGroup, kind: 'ClusterRole', name: 'viewer' },
        subjects: [{ apiGroup, kind: 'User', name: 'nobody' }],
      },
    );
    await plane().kubectl([
      'wait',
      '-n',
      namespace,
      '--for=condition=available',
      'deployment',
      '--all',
    ]);
    const theirs = await adopt(`-n ${namespace}`, 'nobody');
    expect(theirs.err).toBe('');
    expect(theirs.out).toMatch(
      /OWNS THEM +Deployment adopt-deployed\/argo-rollouts +is to run 1 pod, runs 1/,
    );
    expect(theirs.out).toMatch(/runs 1 +drives namespace adopt-deployed, without an instance id\n/);
    expect(theirs.out).toMatch(/Not seen: Leases: none was looked at: .*leases.*forbidden/);
    expect(theirs.out).toMatch(
      /1\. kubectl -n adopt-deployed scale deployment argo-rollouts --replicas=0\n/,
    );
    expect(theirs.code).toBe(1);
    // Its namespace is another.
    expect((await adopt('-n adopt-elsewhere', 'nobody')).code).toBe(0);

    const line = `-n ${namespace} scale deployment argo-rollouts --replicas=0`;
    await plane().kubectl(line.split(' '));
    await until('its pod to go', async () => (await adopt(`-n ${namespace}`, 'nobody')).code === 0);
  });
});
