import { describe, expect, it } from 'vitest';
import type { Deployment, ObjectRef, RolloutSpec } from '../../lib/model/argo.generated.ts';
import type { Command } from '../../lib/model/intent.ts';
import { workloadGenerationAnnotation } from '../../lib/model/names.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { imagesOf } from '../../lib/model/workload.ts';
import { templateOf } from '../faults/scenario.ts';
import { target } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

const { namespace } = target;
const source = { namespace, name: 'source' };

function deployment(replicas: number, image = 'web:v1'): Deployment {
  return {
    metadata: { ...source },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: templateOf(image) },
  };
}

/** A rollout of four pods that takes its template from a workload, its first step being a pause. */
async function referring(
  ref: Partial<ObjectRef>,
  { given = deployment(4), more = {} }: { given?: Deployment | null; more?: RolloutSpec } = {},
): Promise<Release> {
  const release = await openRelease({}, { isEmpty: true });
  if (given) release.cluster.apply('Deployment', given);
  release.cluster.apply('Rollout', {
    metadata: { ...target },
    spec: {
      replicas: 4,
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'source', ...ref },
      strategy: {
        canary: { maxSurge: 1, maxUnavailable: 0, steps: [{ setWeight: 25 }, { pause: {} }] },
      },
      ...more,
    },
  });
  await release.pass(10_000);
  return release;
}

const live = ({ cluster }: Release) => cluster.read.get('Deployment', namespace, 'source');
const size = (release: Release) => live(release).spec?.replicas;

async function change(release: Release, patch: MergePatch, spanMs = 5000): Promise<void> {
  await release.cluster.as('kubectl').patch({ kind: 'Deployment', ...source }, patch);
  await release.pass(spanMs);
}

const withImage = (image: string) => ({
  spec: { template: { spec: { containers: [{ name: 'web', image }] } } },
});

describe('a rollout that takes its template from a Deployment', () => {
  it('is rolled out, and says which state of the Deployment it has', async () => {
    const release = await referring({});
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    const { metadata } = release.dog.live() ?? {};
    const generation = String(live(release).metadata?.generation);
    expect(metadata?.annotations?.[workloadGenerationAnnotation]).toBe(generation);
    expect(release.status().workloadObservedGeneration).toBe(generation);
    expect(release.dog.live()?.spec).not.toHaveProperty('template');
    expect(size(release)).toBe(4);
  });

  it('is released by a change of the Deployment, step by step', async () => {
    const release = await referring({ scaleDown: 'onsuccess' });
    await change(release, withImage('web:v2'));
    expect(release.where()).toBe('Paused 1/2');
    expect(release.sizes()).toEqual({ 'web:v1': 3, 'web:v2': 1 });
    await release.command({ verb: 'promote' });
    await release.pass(10_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    const { generation } = live(release).metadata ?? {};
    expect(release.status().workloadObservedGeneration).toBe(String(generation));
  });

  it('is not released by a change of the Deployment’s size alone', async () => {
    const release = await referring({});
    await change(release, { spec: { replicas: 7 } });
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expect(size(release)).toBe(7);
  });

  it('changes the Deployment for an undo and an image, not itself', async () => {
    const release = await referring({});
    const { generation } = release.dog.live()?.metadata ?? {};
    await release.command({ verb: 'image', container: 'web', image: 'web:v2' });
    expect(imagesOf(live(release).spec?.template)).toEqual(['web:v2']);
    expect(release.where()).toBe('Paused 1/2');
    await release.command({ verb: 'undo' });
    expect(imagesOf(live(release).spec?.template)).toEqual(['web:v1']);
    await release.pass(10_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.dog.live()?.metadata?.generation).toBe(generation);
  });

  it('aborts without the Deployment, whose selector it used', async () => {
    const release = await referring({});
    await change(release, withImage('web:v2'));
    release.cluster.deleteObject('Deployment', namespace, 'source');
    await release.command({ verb: 'abort' });
    await release.pass(10_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
  });

  it('goes over to a template of its own without a new release', async () => {
    const release = await referring({});
    await change(release, withImage('web:v1'));
    const before = release.setOf('web:v1')?.metadata?.uid;
    const { template, selector } = live(release).spec ?? {};
    await release.cluster.as('kubectl').patch(
      { kind: 'Rollout', ...target },
      {
        spec: { workloadRef: null, template, selector },
      },
    );
    await release.pass(5000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.setOf('web:v1')?.metadata?.uid).toBe(before);
    expect(release.status().workloadObservedGeneration).toBeUndefined();
    const { annotations } = release.dog.live()?.metadata ?? {};
    expect(annotations).not.toHaveProperty([workloadGenerationAnnotation]);
  });
});

describe('the Deployment a rollout refers to', () => {
  it('loses its pods at the first success (onsuccess), and when it is applied again later', async () => {
    const release = await referring({ scaleDown: 'onsuccess' });
    expect(size(release)).toBe(0);
    await change(release, withImage('web:v2'));
    await change(release, { spec: { replicas: 4 } });
    expect(size(release)).toBe(4);
    await release.command({ verb: 'promote' });
    await release.pass(10_000);
    expect(size(release)).toBe(0);
    await change(release, { spec: { replicas: 4 } });
    expect(size(release)).toBe(0);
  });

  it('loses its pods one by one (progressively), and has them back if the rollout’s break', async () => {
    const more = { minReadySeconds: 4 };
    const release = await referring({ scaleDown: 'progressively' }, { given: null, more });
    const sizes: string[] = [];
    release.cluster.watch(({ kind }) => {
      if (kind !== 'Deployment' && kind !== 'ReplicaSet') return;
      const [set] = release.dog.sets();
      const now = `${size(release)}+${set?.status?.availableReplicas ?? 0}`;
      if (sizes.at(-1) !== now) sizes.push(now);
    });
    const lucky = new Set<string>();
    release.cluster.failPods(({ metadata }) => {
      if (lucky.size < 2) lucky.add(metadata?.uid ?? '');
      return !lucky.has(metadata?.uid ?? '');
    });
    release.cluster.apply('Deployment', deployment(3));
    await release.pass(30_000);
    // Two pods work, two do not: there are four all the same, and never fewer than before.
    expect(size(release)).toBe(2);
    expect(release.status().availableReplicas).toBe(2);
    for (const text of sizes) {
      const [own = 0, ours = 0] = text.split('+').map(Number);
      expect(own + ours, sizes.join(' ')).toBeGreaterThanOrEqual(3);
    }
    release.cluster.failPods(() => true);
    for (const pod of release.cluster.read.list('Pod', namespace)) {
      release.cluster.deleteObject('Pod', namespace, pod.metadata?.name ?? '');
    }
    await release.pass(30_000);
    expect(size(release)).toBe(3);
    release.cluster.failPods(() => false);
    for (const pod of release.cluster.read.list('Pod', namespace)) {
      release.cluster.deleteObject('Pod', namespace, pod.metadata?.name ?? '');
    }
    await release.pass(60_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(size(release)).toBe(0);
  });

  /** Half-way: two of the rollout's four pods work. */
  async function halfWay(): Promise<Release> {
    const more = { minReadySeconds: 2 };
    const release = await referring({ scaleDown: 'progressively' }, { given: null, more });
    const lucky = new Set<string>();
    release.cluster.failPods(({ metadata }) => {
      if (lucky.size < 2) lucky.add(metadata?.uid ?? '');
      return !lucky.has(metadata?.uid ?? '');
    });
    release.cluster.apply('Deployment', deployment(4));
    await release.pass(30_000);
    expect(size(release)).toBe(2);
    return release;
  }

  it.each([1, 6])('has the size that somebody gives it on the way (%i)', async (wanted) => {
    const release = await halfWay();
    await release.cluster
      .as('kubectl')
      .patch({ kind: 'Deployment', ...source }, { spec: { replicas: wanted } });
    await release.pass(30_000);
    // Together with the rollout's two never fewer than that, nor than the rollout is to have.
    expect(size(release)).toBe(wanted === 1 ? 1 : 4);
  });

  it('loses no pods while the table cannot be read, not even to a promote', async () => {
    const release = await halfWay();
    release.dog.outage.isDown = true;
    release.cluster.failPods(() => false);
    const pods = release.cluster.read.list('Pod', namespace);
    for (const pod of pods) {
      const isReady = pod.status?.conditions?.some(
        ({ type, status: is }) => type === 'Ready' && is === 'True',
      );
      const name = pod.metadata?.name ?? '';
      if (!isReady) release.cluster.deleteObject('Pod', namespace, name);
    }
    await release.after({ do: 'plugin', line: 'promote --full' }, 2000);
    await release.after({ do: 'plugin', line: 'abort' }, 30_000);
    const together =
      (size(release) ?? 0) + (release.setOf('web:v1')?.status?.availableReplicas ?? 0);
    expect(together).toBeGreaterThanOrEqual(4);
    expect(size(release)).toBe(2);
    release.dog.outage.isDown = false;
    await release.pass(120_000);
    expect(size(release)).toBe(0);
  });

  it('does not lose its pods one by one again because the status was wiped', async () => {
    const release = await referring({ scaleDown: 'progressively' });
    expect(size(release)).toBe(0);
    await change(release, withImage('web:v2'));
    await release.after({ do: 'wipe' });
    expect(release.where()).toBe('Paused 1/2');
    // As without the wipe: they stay until the release is healthy, and then all go.
    await change(release, { spec: { replicas: 6 } });
    expect(size(release)).toBe(6);
    for (const pod of release.cluster.read.list('Pod', namespace)) {
      release.cluster.deleteObject('Pod', namespace, pod.metadata?.name ?? '');
    }
    await release.pass(20_000);
    expect(size(release)).toBe(6);
    await release.command({ verb: 'promote' }, 20_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(size(release)).toBe(0);
  });

  it('keeps its pods when the rollout has none: somebody is on the way back', async () => {
    const release = await referring({ scaleDown: 'onsuccess' });
    release.cluster.scale(namespace, target.name, 0);
    await release.pass(10_000);
    await change(release, { spec: { replicas: 4 } });
    expect(size(release)).toBe(4);
  });

  it('keeps its pods when scaleDown is never, or nothing', async () => {
    expect(size(await referring({ scaleDown: 'never' }))).toBe(4);
    expect(size(await referring({}))).toBe(4);
  });
});

describe('a reference that leads nowhere', () => {
  it('is said with its path, and taken up when the Deployment is there', async () => {
    const release = await referring({}, { given: null });
    expect(release.status()).toMatchObject({ phase: 'Degraded' });
    expect(release.status().message).toContain(
      'spec.workloadRef names the Deployment source, which does not exist',
    );
    release.cluster.apply('Deployment', deployment(0));
    await release.pass(10_000);
    expect(release.where()).toBe('Healthy 2/2');
  });

  it('changes nothing of what runs', async () => {
    const release = await referring({});
    release.cluster.deleteObject('Deployment', namespace, 'source');
    await release.pass(60_000);
    expect(release.status().phase).toBe('Degraded');
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
  });

  it.each([
    [
      { kind: 'StatefulSet' },
      'must name a Deployment or ReplicaSet of apps/v1 or a PodTemplate of v1, not StatefulSet of apps/v1',
    ],
    [
      { apiVersion: 'v1' },
      'must name a Deployment or ReplicaSet of apps/v1 or a PodTemplate of v1, not Deployment of v1',
    ],
    [{ name: '' }, 'does not name the workload; set its name'],
  ])('names what is wrong with %j', async (ref, message) => {
    const release = await referring(ref);
    expect(release.status().message).toContain(`spec.workloadRef ${message}`);
  });
});

describe('a command that changes the template', () => {
  const commands: Command[] = [
    { verb: 'undo' },
    { verb: 'undo', toRevision: 1 },
    { verb: 'image', container: '*', image: 'web:v3' },
  ];
  const told = async (release: Release) =>
    (await release.ledger()).findLast(({ kind }) => kind === 'command')?.text;

  it.each(commands)('is refused while the Deployment is missing: %j', async (command) => {
    const release = await referring({});
    await change(release, withImage('web:v2'));
    await release.command({ verb: 'promote' }, 30_000);
    release.cluster.deleteObject('Deployment', namespace, 'source');
    await release.pass(5000);
    await release.command(command);
    expect(release.dog.live()?.spec).not.toHaveProperty('template');
    expect(await told(release)).toContain(
      'Nothing was done: spec.workloadRef names the Deployment source, which does not exist.',
    );
    // When it is back, nothing stands in its way.
    release.cluster.apply('Deployment', deployment(0, 'web:v2'));
    await release.pass(30_000);
    expect(release.where()).toBe('Healthy 2/2');
  });

  it('is refused beside a reference and a template: which is meant nobody can say', async () => {
    const release = await referring({});
    await release.cluster.as('kubectl').patch(
      { kind: 'Rollout', ...target },
      {
        spec: { template: templateOf('web:v2') },
      },
    );
    await release.pass(5000);
    await release.command({ verb: 'image', container: 'web', image: 'web:v3' });
    expect(imagesOf(release.dog.live()?.spec?.template)).toEqual(['web:v2']);
    expect(await told(release)).toContain(
      'Nothing was done: spec.workloadRef stands beside spec.template; remove one of the two.',
    );
  });
});

describe('a rollout that takes its template from', () => {
  const selector = { matchLabels: { app: 'web' } };

  it('a PodTemplate follows its changes', async () => {
    const ref = { apiVersion: 'v1', kind: 'PodTemplate' };
    const release = await referring(ref, { given: null, more: { selector } });
    release.cluster.apply('PodTemplate', { metadata: source, template: templateOf('web:v1') });
    await release.pass(10_000);
    expect(release.where()).toBe('Healthy 2/2');
    await release.command({ verb: 'image', container: 'web', image: 'web:v2' });
    expect(release.where()).toBe('Paused 1/2');
  });

  it('a ReplicaSet follows its changes', async () => {
    const release = await referring({ kind: 'ReplicaSet' }, { given: null });
    const spec = { replicas: 0, selector, template: templateOf('web:v1') };
    release.cluster.apply('ReplicaSet', { metadata: source, spec });
    await release.pass(10_000);
    expect(release.where()).toBe('Healthy 2/2');
    await release.cluster
      .as('kubectl')
      .patch({ kind: 'ReplicaSet', ...source }, withImage('web:v2'));
    await release.pass(5000);
    expect(release.where()).toBe('Paused 1/2');
  });
});

describe('a promote', () => {
  it('does not promote a template the Deployment has got since', async () => {
    const release = await referring({});
    await change(release, withImage('web:v2'));
    const promoted = release.command({ verb: 'promote' }, 5000);
    await release.cluster
      .as('kubectl')
      .patch({ kind: 'Deployment', ...source }, withImage('web:v3'));
    await promoted;
    expect(release.where()).toBe('Paused 1/2');
    const told = (await release.ledger()).findLast(({ kind }) => kind === 'command');
    expect(told?.text).toMatch(/changed in the meantime|another template/);
  });
});
