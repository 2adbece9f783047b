import { describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { nameOf } from '../../lib/model/workload.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import type { World } from '../../lib/world.ts';
import { addService, perform, serviceNames } from '../faults/acts.ts';
import { key, target } from '../faults/stage.ts';
import { meddled } from '../simulate/meddled.ts';
import { openRelease, type Release } from '../simulate/releasesStage.ts';
import { image, later, patchSpec, podNames, specOf } from './casesStage.ts';

// Load does not wait until a spec is mended: what is wrong holds up what it is about.

const spec = specOf('scaling-while-the-spec-is-invalid');

const toCanary = (canary: object): MergePatch => ({ strategy: { canary } });

/** What makes a spec faulty, none of which says how many pods there are to be. */
const faults: [what: string, patch: MergePatch][] = [
  ['a Service that is not there', toCanary({ canaryService: 'not-there' })],
  ['a step that cannot be', toCanary({ steps: [{ setWeight: 101 }] })],
  ['a surge that is none', toCanary({ maxSurge: 'much' })],
  ['two strategies', { strategy: { blueGreen: { activeService: 'active' } } }],
  ['no strategy', { strategy: null }],
  ['no selector', { selector: null }],
  ['a selector that misses the template', { selector: { matchLabels: { app: 'another' } } }],
  ['a minReadySeconds below 0', { minReadySeconds: -1 }],
  ['a history below 0', { revisionHistoryLimit: -1 }],
  ['no containers', { template: { spec: { containers: [] } } }],
  ['a quantity that is none', quantity('much')],
  ['a template that the API server refuses', twice()],
  [
    'a workload that is not there',
    {
      template: null,
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'not-there' },
    },
  ],
];

function quantity(memory: string): MergePatch {
  const container = { name: 'c', image: 'nginx:9', resources: { requests: { memory } } };
  return { template: { spec: { containers: [container] } } };
}

function twice(): MergePatch {
  const container = { name: 'c', image: 'nginx:9' };
  return { template: { spec: { containers: [container, container] } } };
}

function expectDegraded(release: Release): void {
  expect(release.status().phase).toBe('Degraded');
  expect(release.status().message).toMatch(
    /^(InvalidSpec: The Rollout "web" is invalid: |Failed to create)/,
  );
}

function condition(release: Release, type: string): string | undefined {
  return release.status().conditions?.find((each) => each.type === type)?.status;
}

/** Scaled as an autoscaler does it. */
async function scale(release: Release, replicas: number, spanMs = 30_000): Promise<void> {
  release.cluster.scale(target.namespace, target.name, replicas);
  await release.pass(spanMs);
}

async function blueGreen(more: object = {}): Promise<Release> {
  const release = await openRelease(spec, { isEmpty: true });
  for (const name of serviceNames) addService(release.cluster, name);
  const strategy = { blueGreen: { activeService: 'active', previewService: 'preview', ...more } };
  const labels = { app: 'web' };
  const template = { ...spec.template, metadata: { labels } };
  const selector = { matchLabels: labels };
  release.cluster.apply('Rollout', {
    metadata: { ...target },
    spec: { ...spec, selector, template, strategy },
  });
  await release.pass(20_000);
  expect(release.status().phase).toBe('Healthy');
  return release;
}

describe('while the spec is faulty', () => {
  it.each(faults)(
    'with %s the pods follow spec.replicas, and nothing else moves',
    async (_what, patch) => {
      const release = await openRelease(spec);
      const { stableRS, currentPodHash, currentStepIndex } = release.status();
      await patchSpec(release, patch);
      expectDegraded(release);
      const { message } = release.status();
      for (const replicas of [5, 1, 0, 3]) {
        await scale(release, replicas);
        expect(release.sizes()).toEqual(replicas === 0 ? {} : { 'nginx:1': replicas });
        expectDegraded(release);
        const counts = replicas === 0 ? undefined : replicas;
        expect(release.status()).toMatchObject({
          stableRS,
          currentPodHash,
          currentStepIndex,
          message,
        });
        expect(release.status().availableReplicas).toBe(counts);
        expect(release.status().replicas).toBe(counts);
        expect(release.status().HPAReplicas).toBe(counts);
        expect(release.status().selector).toBe('app=isc');
        expect(condition(release, 'Available')).toBe('True');
      }
      expect(release.dog.sets()).toHaveLength(1);
      const { replicas: __, ...good } = spec;
      await patchSpec(release, {
        workloadRef: null,
        minReadySeconds: null,
        revisionHistoryLimit: null,
      });
      await patchSpec(release, {
        ...good,
        strategy: {
          blueGreen: null,
          canary: { canaryService: null, maxSurge: null, ...good.strategy?.canary },
        },
      });
      await release.pass(minuteMs);
      expect(release.where()).toBe('Healthy 2/2');
      expect(release.sizes()).toEqual({ 'nginx:1': 3 });
      expect(release.dog.violations).toEqual([]);
    },
  );

  it('the Available condition follows the pods', async () => {
    const release = await openRelease(spec);
    await patchSpec(release, toCanary({ canaryService: 'not-there' }));
    release.cluster.failPods(() => true);
    await scale(release, 4);
    expect(release.status()).toMatchObject({ availableReplicas: 2, replicas: 4 });
    expect(condition(release, 'Available')).toBe('False');
    const { view } = await release.simulated.world.invoke({ key, look: true });
    expect(view?.reasons[0]).toMatchObject({
      text: expect.stringMatching(/names the Service not-there, which does not exist/),
      unblock: 'correct the spec',
    });
    expect(view?.reasons[1]?.text).toMatch(/^2 of 4 pods of revision 1 are available/);
  });

  it('pods that are gone are not counted any more', async () => {
    const release = await openRelease(spec);
    await patchSpec(release, toCanary({ canaryService: 'not-there' }));
    const [set] = release.dog.sets();
    release.cluster.deleteObject('ReplicaSet', target.namespace, nameOf(set ?? {}));
    await release.pass(minuteMs);
    expect(release.status().availableReplicas).toBeUndefined();
    expect(release.status().replicas).toBeUndefined();
    expect(condition(release, 'Available')).toBe('False');
    expectDegraded(release);
    await patchSpec(release, toCanary({ canaryService: null }), minuteMs);
    expect(release.where()).toBe('Healthy 2/2');
  });

  it('a number of replicas that is itself the fault changes no size', async () => {
    const release = await openRelease(spec);
    await patchSpec(release, { replicas: -1 }, minuteMs);
    expectDegraded(release);
    expect(release.sizes()).toEqual({ 'nginx:1': 2 });
    await patchSpec(
      release,
      { replicas: null, ...toCanary({ canaryService: 'not-there' }) },
      minuteMs,
    );
    expect(release.sizes()).toEqual({ 'nginx:1': 2 });
  });

  it('pods are restarted when somebody asks for it', async () => {
    const release = await openRelease(spec);
    await patchSpec(release, toCanary({ canaryService: 'not-there' }));
    const before = podNames(release);
    await patchSpec(release, { restartAt: later(release, 0) }, minuteMs);
    expect(podNames(release).filter((name) => before.includes(name))).toEqual([]);
    expect(release.status().restartedAt).toBe(release.dog.live()?.spec?.restartAt);
    expectDegraded(release);
  });
});

describe('in a release whose spec becomes faulty', () => {
  async function atHalf(replicas = 4): Promise<Release> {
    const release = await openRelease({ ...spec, replicas });
    await release.image('nginx:2', 20_000);
    expect(release.where()).toBe('Paused 1/2');
    return release;
  }

  it('both versions keep their shares of spec.replicas, and the step stays', async () => {
    const release = await atHalf();
    expect(release.sizes()).toEqual({ 'nginx:1': 2, 'nginx:2': 2 });
    await patchSpec(release, toCanary({ canaryService: 'not-there' }));
    await release.after({ do: 'plugin', line: 'promote' });
    await scale(release, 10);
    expect(release.sizes()).toEqual({ 'nginx:1': 5, 'nginx:2': 5 });
    expect(release.status()).toMatchObject({ currentStepIndex: 1, availableReplicas: 10 });
    await scale(release, 4);
    const { 'nginx:1': stable = 0, 'nginx:2': canary = 0 } = release.sizes();
    expect(stable + canary).toBeGreaterThanOrEqual(4);
    expect(stable + canary).toBeLessThanOrEqual(5);
    expect(Math.abs(stable - canary)).toBeLessThanOrEqual(1);
    expectDegraded(release);
    expect(release.dog.violations).toEqual([]);
    // The promote is kept, and acts once the spec is mended.
    await patchSpec(release, toCanary({ canaryService: null }), 30_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.sizes()).toEqual({ 'nginx:2': 4 });
  });

  it('they do so where nobody knows any more what the step asks for', async () => {
    const release = await atHalf();
    await patchSpec(release, toCanary({ steps: [{ setWeight: 101 }] }));
    await scale(release, 12);
    expect(release.sizes()).toEqual({ 'nginx:1': 6, 'nginx:2': 6 });
    await scale(release, 0);
    expect(release.sizes()).toEqual({});
    await scale(release, 3);
    expect(release.sizes()).toEqual({ 'nginx:1': 3 });
    expect(release.dog.violations).toEqual([]);
  });

  it('the stable one takes the place of a canary that somebody deletes', async () => {
    const release = await atHalf();
    await patchSpec(release, toCanary({ canaryService: 'not-there' }));
    await release.after({ do: 'deleteSet', role: 'canary' });
    await scale(release, 6);
    expect(release.sizes()).toEqual({ 'nginx:1': 6 });
    expect(release.dog.sets()).toHaveLength(1);
  });

  it('no version shrinks to nothing, though all steps are done', async () => {
    const release = await openRelease({
      ...spec,
      replicas: 6,
      ...toCanary({ maxSurge: 1, maxUnavailable: 0 }),
    } as RolloutSpec);
    // The last pods of the new version do not get ready: the old one still serves.
    const whole = new Set<string>();
    release.cluster.failPods((pod) => {
      if (pod.spec?.containers?.[0]?.image !== 'nginx:2') return false;
      if (whole.size < 3) whole.add(nameOf(pod));
      return !whole.has(nameOf(pod));
    });
    await release.image('nginx:2', minuteMs);
    const before = release.sizes();
    expect(before['nginx:1']).toBeGreaterThan(0);
    await patchSpec(
      release,
      { ...toCanary({ stableService: 'not-there' }), replicas: 2 },
      minuteMs,
    );
    expect(release.sizes()['nginx:1']).toBeGreaterThan(0);
    expect(release.status().stableRS).not.toBe(release.status().currentPodHash);
  });

  it('neither another template nor other steps are taken up until it is mended', async () => {
    const release = await atHalf();
    const { currentPodHash, currentStepHash } = release.status();
    await patchSpec(
      release,
      { ...image('nginx:3'), ...toCanary({ steps: [{ setWeight: 101 }] }) },
      minuteMs,
    );
    expect(release.status()).toMatchObject({
      currentPodHash,
      currentStepHash,
      currentStepIndex: 1,
    });
    expect(Object.keys(release.sizes()).sort()).toEqual(['nginx:1', 'nginx:2']);
    expect(release.dog.sets()).toHaveLength(2);
  });

  it('the deadline does not run while the fault holds it up', async () => {
    const release = await openRelease({
      ...spec,
      replicas: 4,
      progressDeadlineSeconds: 60,
      progressDeadlineAbort: true,
    });
    release.cluster.failPods((pod) => pod.spec?.containers?.[0]?.image === 'nginx:2');
    await release.image('nginx:2', 30_000);
    await patchSpec(release, toCanary({ canaryService: 'not-there' }), 5 * minuteMs);
    expect(release.status().abort).toBeUndefined();
    await patchSpec(release, toCanary({ canaryService: null }), 30_000);
    expect(release.status().abort).toBeUndefined();
    await release.pass(minuteMs);
    expect(release.status().abort).toBe(true);
  });

  it('an abort goes back as ever, whichever field is at fault', async () => {
    for (const patch of [{ minReadySeconds: -1 }, { revisionHistoryLimit: -1 }, quantity('much')]) {
      const release = await atHalf();
      await patchSpec(release, patch);
      await release.after({ do: 'plugin', line: 'abort' }, 30_000);
      expect(release.sizes()).toEqual({ 'nginx:1': 4 });
      expect(release.status()).toMatchObject({
        abort: true,
        currentStepIndex: 0,
        phase: 'Degraded',
      });
      expect(release.dog.sets()).toHaveLength(2);
    }
  });

  it('a full promotion after an abort waits until the fault is gone', async () => {
    const release = await atHalf();
    await patchSpec(release, { revisionHistoryLimit: -1 });
    await release.after({ do: 'plugin', line: 'abort' }, 30_000);
    await release.after({ do: 'plugin', line: 'promote --full' }, 30_000);
    expect(release.status()).toMatchObject({ currentStepIndex: 0, phase: 'Degraded' });
    await patchSpec(release, { revisionHistoryLimit: null });
    await release.pass(30_000);
    expect(release.status().phase).toBe('Healthy');
    expect(release.sizes()).toEqual({ 'nginx:2': 4 });
  });
});

describe('a blue-green rollout', () => {
  it('whose preview Service was deleted is scaled all the same', async () => {
    const release = await blueGreen();
    await release.after({ do: 'service', name: 'preview', how: 'delete' }, minuteMs);
    await scale(release, 5);
    expect(release.sizes()).toEqual({ 'nginx:1': 5 });
    expect(release.status()).toMatchObject({ availableReplicas: 5, HPAReplicas: 5 });
    expect(release.status().blueGreen?.activeSelector).toBe(release.status().stableRS);
    expect(condition(release, 'Available')).toBe('True');
    expectDegraded(release);
  });

  it('keeps both versions whole and switches nothing', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false });
    await release.image('nginx:2', 20_000);
    expect(release.status().message).toBe('BlueGreenPause');
    const { activeSelector } = release.status().blueGreen ?? {};
    await release.after({ do: 'service', name: 'preview', how: 'delete' });
    await release.after({ do: 'plugin', line: 'promote' });
    await scale(release, 5);
    expect(release.sizes()).toEqual({ 'nginx:1': 5, 'nginx:2': 5 });
    expect(release.status().blueGreen?.activeSelector).toBe(activeSelector);
    const active = release.cluster.read.find('Service', target.namespace, 'active');
    expect(active?.spec?.selector?.['rollouts-pod-template-hash']).toBe(activeSelector);
    await perform(release, { do: 'service', name: 'preview', how: 'restore' });
    await release.pass(minuteMs);
    expect(release.status().phase).toBe('Healthy');
    expect(release.sizes()).toMatchObject({ 'nginx:2': 5 });
  });

  it('is not split by weight when its strategy is taken for the other', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false });
    await release.image('nginx:2', 20_000);
    const canary = { steps: [{ setWeight: 101 }] };
    await patchSpec(release, { strategy: { blueGreen: null, canary } });
    await scale(release, 3);
    expect(release.sizes()).toEqual({ 'nginx:1': 3, 'nginx:2': 3 });
  });
});

describe('ReplicaSets that may not be taken over', () => {
  it('hold up nothing but themselves', async () => {
    const release = await openRelease(spec);
    await release.image('nginx:2', 20_000);
    await release.after({ do: 'plugin', line: 'promote' }, 30_000);
    expect(release.sizes()).toEqual({ 'nginx:2': 2 });
    const old = nameOf(release.setOf('nginx:1') ?? {});
    const older = release.dog.sets().find((set) => (set.spec?.replicas ?? 1) === 0);
    const name = nameOf(older ?? {}) || old;
    release.simulated.connect({
      deliver: (message, world) => deliver(keeping(world, name), message),
    });
    const free = { metadata: { ownerReferences: null } };
    const place = { namespace: target.namespace, name };
    await release.cluster.as('kubectl').patch({ kind: 'ReplicaSet', ...place }, free);
    await scale(release, 5, 2 * minuteMs);
    expect(release.sizes()).toEqual({ 'nginx:2': 5 });
    expect(release.status()).toMatchObject({ availableReplicas: 5 });
    expect(condition(release, 'ReplicaFailure')).toBe('True');
  });
});

/** A world in which somebody forbids to change that ReplicaSet. */
function keeping(world: World, kept: string): World {
  return meddled(world, (cluster) => ({
    ...cluster,
    patch: async (ref, ...rest) => {
      if (ref.name === kept) throw new Terminal('403; it is kept as it is');
      return await cluster.patch(ref, ...rest);
    },
  }));
}
