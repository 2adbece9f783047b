import { describe, expect, it, onTestFinished } from 'vitest';
import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { instanceIdLabel } from '../../lib/model/names.ts';
import { plugin, startArgo } from './peer.ts';
import { type Running, until } from './processes.ts';
import { startSerin } from './serin.ts';
import { apply, newNamespace, reaches, still, webRollout, withControlPlane } from './stage.ts';

const plane = withControlPlane();
const instanceId = 'takeover';
const labelled = (rollout: Rollout): Rollout => ({
  ...rollout,
  metadata: { ...rollout.metadata, labels: { [instanceIdLabel]: instanceId } },
});

const steps = [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }, { pause: { duration: 40 } }];
const canary = { strategy: { canary: { steps } } };
const blueGreen = {
  strategy: { blueGreen: { activeService: 'active', autoPromotionEnabled: false } },
};

/** What must not change when another controller takes over. */
async function state(namespace: string) {
  const get = async (kind: string) =>
    JSON.parse(await plane().kubectl(['get', kind, '-n', namespace, '-o', 'json'])).items;
  const sets = (await get('replicasets')) as ReplicaSet[];
  const pods = (await get('pods')) as { metadata: { uid: string } }[];
  const [rollout] = (await get('rollouts')) as Rollout[];
  const { conditions: _, ...status } = rollout?.status ?? {};
  return {
    sets: sets.map(({ metadata, spec }) => ({
      ...{ name: metadata?.name, replicas: spec?.replicas, annotations: metadata?.annotations },
    })),
    pods: pods.map(({ metadata }) => metadata.uid).sort(),
    status,
  };
}

type Controller = () => Promise<Running>;
const argo: Controller = () => startArgo(plane(), { instanceId });
const serin: Controller = () => startSerin(plane(), { instanceId });

describe.each<[string, Controller, Controller]>([
  ['Serin takes over from Argo', argo, serin],
  ['Argo takes over from Serin', serin, argo],
])('%s', (name, first, second) => {
  const prefix = name.startsWith('Serin') ? 'to-serin' : 'to-argo';

  it('in mid-release: at its step, with its pods', async () => {
    const before = await first();
    const at: Record<string, string> = {};
    for (const place of ['paused', 'timed', 'aborted', 'preview']) {
      at[place] = await newNamespace(plane(), `${prefix}-${place}`);
    }
    const { paused = '', timed = '', aborted = '', preview = '' } = at;
    const all = [paused, timed, aborted, preview];
    await apply(plane(), {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'active', namespace: preview } },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    for (const namespace of all) {
      const spec = namespace === preview ? blueGreen : canary;
      await apply(plane(), labelled(webRollout(namespace, spec)));
    }
    for (const namespace of all) await reaches(plane(), namespace, 'Healthy');
    for (const namespace of all) await plugin(plane(), namespace, 'set image web web=web:v2');
    for (const namespace of all) await reaches(plane(), namespace, 'Paused');
    await plugin(plane(), timed, 'promote web');
    await plugin(plane(), aborted, 'abort web');
    const timedAt = await reaches(plane(), timed, 'Paused', { step: 3 });
    await reaches(plane(), aborted, 'Degraded');
    await until('the aborted pods', async () => {
      const { sets } = await state(aborted);
      return (
        sets.some(({ replicas }) => replicas === 3) && (await state(aborted)).pods.length === 3
      );
    });
    const then = await still(() => Promise.all(all.map(state)));
    await before.stop();

    const after = await second();
    onTestFinished(after.stop);
    // Long enough for several turns.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(await Promise.all(all.map(state))).toEqual(then);

    await plugin(plane(), paused, 'promote web');
    await reaches(plane(), paused, 'Paused', { step: 3 });
    await plugin(plane(), preview, 'promote web');
    await reaches(plane(), preview, 'Healthy');
    await plugin(plane(), aborted, 'retry rollout web');
    await reaches(plane(), aborted, 'Paused', { step: 1 });
    await reaches(plane(), timed, 'Healthy', { step: 4 });
    const start = timedAt.status?.pauseConditions?.[0]?.startTime ?? '';
    const keptMs = Date.now() - Date.parse(start);
    expect(keptMs).toBeGreaterThanOrEqual(40_000);
    expect(keptMs).toBeLessThan(48_000);
  }, 180_000);
});

describe('both at once with instance ids of their own', () => {
  it('leave each other’s rollouts alone', async () => {
    const ids = { 'rollouts-controller': 'theirs', serin: 'ours' };
    const theirs = await startArgo(plane(), { instanceId: ids['rollouts-controller'] });
    onTestFinished(theirs.stop);
    const ours = await startSerin(plane(), { instanceId: ids.serin });
    onTestFinished(ours.stop);
    for (const [manager, id] of Object.entries(ids)) {
      const namespace = await newNamespace(plane(), `beside-${id}`);
      const rollout = webRollout(namespace, canary);
      const labels = { [instanceIdLabel]: id };
      await apply(plane(), { ...rollout, metadata: { ...rollout.metadata, labels } });
      await reaches(plane(), namespace, 'Healthy');
      await plugin(plane(), namespace, 'set image web web=web:v2');
      await reaches(plane(), namespace, 'Paused', { step: 1 });
      const kinds = ['-n', namespace, 'get', 'rollouts,replicasets', '--show-managed-fields'];
      const { items } = JSON.parse(await plane().kubectl([...kinds, '-o', 'json'])) as {
        items: Pick<Rollout, 'metadata'>[];
      };
      expect(items).toHaveLength(3);
      const writers = items.flatMap(({ metadata }) => metadata?.managedFields ?? []);
      const names = new Set(writers.map((entry) => entry.manager));
      expect([...names].filter((name) => Object.keys(ids).includes(name ?? ''))).toEqual([manager]);
    }
  });
});

describe('both at once with the same instance id', () => {
  it('Serin keeps away, and says so', async () => {
    const namespace = await newNamespace(plane(), 'rivals');
    const theirs = await argo();
    onTestFinished(theirs.stop);
    const ours = await startSerin(plane(), { instanceId });
    onTestFinished(ours.stop);
    await apply(plane(), labelled(webRollout(namespace, canary)));
    await plane().kubectl([
      'wait',
      '-n',
      namespace,
      '--for=jsonpath={.status.phase}=Healthy',
      'rollout/web',
    ]);
    await plugin(plane(), namespace, 'set image web web=web:v2');
    await until('Serin to keep away', async () => {
      const { out } = await ours.cli(`explain web -n ${namespace}`);
      return /writes to this rollout's status too/.test(out);
    });
    await reaches(plane(), namespace, 'Paused', { step: 1 });
  });
});
