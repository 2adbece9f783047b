import { describe, expect, it } from 'vitest';
import type { BlueGreenStrategy, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { fieldManager, hashLabel, managedByAnnotation } from '../../lib/model/names.ts';
import { addService } from '../faults/acts.ts';
import { templateOf } from '../faults/scenario.ts';
import { manifest, target } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

const { namespace } = target;

async function blueGreen(
  more: Partial<BlueGreenStrategy> = {},
  spec: RolloutSpec = {},
): Promise<Release> {
  const services = { activeService: 'active', previewService: 'preview' };
  const release = await openRelease(
    { ...spec, strategy: { blueGreen: { ...services, ...more } } },
    { isEmpty: true },
  );
  for (const name of ['active', 'preview']) addService(release.cluster, name);
  release.cluster.apply('Rollout', manifest(release.scenario));
  await release.pass(10_000);
  expect(release.status().phase).toBe('Healthy');
  return release;
}

/** The image of the pods a Service leads to. */
function leadsTo(release: Release, service: string): string | undefined {
  const { spec } = release.cluster.read.get('Service', namespace, service);
  const hash = spec?.selector?.[hashLabel];
  return ['web:v1', 'web:v2', 'web:v3'].find((image) => hashOf(release, image) === hash);
}

function hashOf(release: Release, image: string): string | undefined {
  return release.setOf(image)?.metadata?.labels?.[hashLabel];
}

describe('a blue-green release', () => {
  it('shows the new version in preview, and switches when it is promoted', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false });
    await release.image('web:v2');
    expect([leadsTo(release, 'active'), leadsTo(release, 'preview')]).toEqual(['web:v1', 'web:v2']);
    expect(release.status().message).toBe('BlueGreenPause');
    await release.command({ verb: 'promote' });
    expect(leadsTo(release, 'active')).toBe('web:v2');
    const entries = await release.ledger();
    const told = (wanted: string) => entries.find(({ kind }) => kind === wanted)?.text;
    expect(told('promoted')).toMatch(/^Promoted after a pause/);
    expect(told('command')).toBe('promote: done. The pause before the switch is lifted.');
    await release.pass(40_000);
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
  });

  it('is not switched because its active Service lost its selector', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false });
    await release.image('web:v2');
    const patch = { spec: { selector: { [hashLabel]: null } } };
    await release.cluster
      .as('kubectl')
      .patch({ kind: 'Service', namespace, name: 'active' }, patch);
    await release.command({ verb: 'pause' });
    await release.command({ verb: 'resume' });
    expect(leadsTo(release, 'active')).toBe('web:v1');
    expect(release.status().message).toBe('BlueGreenPause');
  });

  it('keeps the pause of autoPromotionSeconds, and ends it early for a promote', async () => {
    const release = await blueGreen({ autoPromotionSeconds: 30 });
    await release.image('web:v2', 20_000);
    expect(leadsTo(release, 'active')).toBe('web:v1');
    await release.pass(15_000);
    expect(leadsTo(release, 'active')).toBe('web:v2');
    await release.image('web:v3', 10_000);
    await release.after({ do: 'plugin', line: 'promote' });
    expect(leadsTo(release, 'active')).toBe('web:v3');
  });

  it('keeps a promote that comes while a pod of the preview is away', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false });
    await release.image('web:v2');
    const hash = release.setOf('web:v2')?.metadata?.labels?.[hashLabel];
    const pods = release.cluster.read.list('Pod', namespace);
    const pod = pods.find(({ metadata }) => metadata?.labels?.[hashLabel] === hash);
    release.cluster.deleteObject('Pod', namespace, pod?.metadata?.name ?? '');
    await release.pass(250);
    await release.after({ do: 'plugin', line: 'promote' }, 10_000);
    expect(leadsTo(release, 'active')).toBe('web:v2');
  });

  it('keeps the pods it has switched to, though its status could not say so yet', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false });
    await release.image('web:v2');
    // A preview is asked for right after the switch, and so the write of the status is refused.
    const stop = release.cluster.watch(({ kind, object, writer }) => {
      if (kind !== 'Service' || object.metadata?.name !== 'active') return;
      if (writer.manager !== fieldManager) return;
      stop();
      const blueGreen = { previewReplicaCount: 1 };
      const { name } = target;
      queueMicrotask(() => {
        const patch = { spec: { strategy: { blueGreen } } };
        void release.cluster.as('kubectl-edit').patch({ kind: 'Rollout', namespace, name }, patch);
      });
    });
    await release.after({ do: 'plugin', line: 'promote' });
    expect(release.dog.violations).toEqual([]);
    expect(leadsTo(release, 'active')).toBe('web:v2');
    expect(release.status().phase).toBe('Healthy');
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
  });

  it('lets go of a replaced version at once where no delay is asked for', async () => {
    const release = await blueGreen({ scaleDownDelaySeconds: 0 });
    await release.image('web:v2', 10_000);
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
  });

  it('keeps an aborted version for good where the delay is 0', async () => {
    const release = await blueGreen({
      autoPromotionEnabled: false,
      abortScaleDownDelaySeconds: 0,
    });
    await release.image('web:v2');
    await release.command({ verb: 'abort' }, 60_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    expect(leadsTo(release, 'active')).toBe('web:v1');
    expect(release.status().phase).toBe('Degraded');
  });

  it.each([400, 500, 600, 700])('switches before a restart that comes %s ms later', async (ms) => {
    const release = await blueGreen();
    const early: string[] = [];
    release.cluster.watch(({ kind, object }) => {
      if (kind !== 'Rollout' || object.status?.stableRS === hashOf(release, 'web:v1')) return;
      if (leadsTo(release, 'active') !== 'web:v2') early.push(object.status?.phase ?? '');
    });
    await release.image('web:v2', ms);
    await release.after({ do: 'plugin', line: 'restart' }, 60_000);
    expect(early).toEqual([]);
    expect(release.status().phase).toBe('Healthy');
    expect(release.status().restartedAt).toBe(release.dog.live()?.spec?.restartAt);
  });

  it('asks anew after an abort that took a promotion back', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false, previewReplicaCount: 1 });
    await release.image('web:v2');
    await release.command({ verb: 'promote' }, 200);
    await release.command({ verb: 'abort' });
    await release.command({ verb: 'retry' }, 30_000);
    expect(leadsTo(release, 'active')).toBe('web:v1');
    expect(release.status().message).toBe('BlueGreenPause');
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 1 });
  });

  it('goes back at once to a version that was kept, whatever the size of a preview', async () => {
    const release = await blueGreen({
      ...{ autoPromotionEnabled: false, previewReplicaCount: 1, scaleDownDelaySeconds: 600 },
    });
    await release.image('web:v2');
    await release.command({ verb: 'promote' }, 20_000);
    await release.command({ verb: 'undo' });
    expect(leadsTo(release, 'active')).toBe('web:v1');
  });

  it('does not grow a preview that was given up', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false, previewReplicaCount: 1 });
    await release.image('web:bad');
    await release.image('web:v3', 10_000);
    expect(release.sizes()).toMatchObject({ 'web:v1': 4, 'web:bad': 1 });
  });

  it('keeps its deadline after an earlier one was aborted by it', async () => {
    const release = await blueGreen(
      {},
      { progressDeadlineSeconds: 20, progressDeadlineAbort: true },
    );
    await release.image('web:bad', 120_000);
    expect(release.status()).toMatchObject({ phase: 'Degraded', abort: true });
    await release.image('web:v2:bad', 120_000);
    expect(release.status()).toMatchObject({ phase: 'Degraded', abort: true });
  });

  it('of no pods is pointed back and switched all the same', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false, previewReplicaCount: 1 });
    await release.after({ do: 'scale', replicas: 0 });
    const patch = { spec: { selector: { [hashLabel]: null } } };
    await release.cluster
      .as('kubectl')
      .patch({ kind: 'Service', namespace, name: 'active' }, patch);
    await release.image('web:v2', 10_000);
    expect(leadsTo(release, 'active')).toBe('web:v1');
    await release.command({ verb: 'promote' }, 10_000);
    expect(leadsTo(release, 'active')).toBe('web:v2');
    expect(release.status().phase).toBe('Healthy');
  });

  it('gives a Service back that another strategy does not name', async () => {
    const release = await blueGreen();
    const { strategy: _, ...spec } = release.scenario.spec;
    const canary = { steps: [{ setWeight: 50 }, { pause: {} }] };
    release.cluster.apply('Rollout', {
      metadata: target,
      spec: { ...spec, template: templateOf('web:v2'), strategy: { canary } },
    });
    await release.pass(5000);
    expect(release.where()).toBe('Paused 1/2');
    // It leads to the pods of both versions, as it does without a rollout.
    const { metadata, spec: given } = release.cluster.read.get('Service', namespace, 'active');
    expect(given?.selector).toEqual({ app: 'web' });
    expect(metadata?.annotations?.[managedByAnnotation]).toBeUndefined();
  });

  it('gives a Service back when pods it never led to are on their way out', async () => {
    const release = await blueGreen({ autoPromotionEnabled: false });
    await release.image('web:v2', 10_000);
    expect(release.sizes()).toMatchObject({ 'web:v1': 4, 'web:v2': 4 });
    const sizes: object[] = [];
    release.cluster.watch(({ kind, object }) => {
      if (kind === 'Service' && object.metadata?.name === 'active') sizes.push(release.sizes());
    });
    const { strategy: _, ...spec } = release.scenario.spec;
    const canary = { steps: [{ setWeight: 0 }, { pause: {} }] };
    release.cluster.apply('Rollout', {
      metadata: target,
      spec: { ...spec, template: templateOf('web:v2'), strategy: { canary } },
    });
    await release.pass(10_000);
    expect(release.where()).toBe('Paused 1/2');
    expect(sizes).toEqual([{ 'web:v1': 4 }]);
  });

  it('gives a Service back that another takes the place of, unless somebody else has it', async () => {
    const release = await blueGreen();
    addService(release.cluster, 'next');
    const stolen = { metadata: { annotations: { [managedByAnnotation]: 'another' } } };
    await release.cluster
      .as('kubectl')
      .patch({ kind: 'Service', namespace, name: 'preview' }, stolen);
    release.cluster.apply('Rollout', {
      metadata: target,
      spec: { ...release.scenario.spec, strategy: { blueGreen: { activeService: 'next' } } },
    });
    await release.pass(5000);
    expect(leadsTo(release, 'next')).toBe('web:v1');
    const { spec } = release.cluster.read.get('Service', namespace, 'active');
    expect(spec?.selector).toEqual({ app: 'web' });
    expect(leadsTo(release, 'preview')).toBe('web:v1');
  });

  it('gives its Services back when it is deleted', async () => {
    const release = await blueGreen();
    release.cluster.deleteObject('Rollout', namespace, target.name);
    await release.pass(5000);
    const { metadata, spec } = release.cluster.read.get('Service', namespace, 'active');
    expect(spec?.selector).toEqual({ app: 'web' });
    expect(metadata?.annotations?.[managedByAnnotation]).toBeUndefined();
  });
});

describe('a Service that does not fit', () => {
  it('is named, and nothing moves until it does', async () => {
    const release = await openRelease(
      { strategy: { blueGreen: { activeService: 'active' } } },
      { isEmpty: true },
    );
    release.cluster.apply('Rollout', manifest(release.scenario));
    await release.pass(5000);
    expect(release.status().message).toMatch(/names the Service active, which does not exist/);
    addService(release.cluster, 'active');
    await release.pass(40_000);
    expect(release.status().phase).toBe('Healthy');
  });
});
