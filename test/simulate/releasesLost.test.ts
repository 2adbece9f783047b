import { describe, expect, it } from 'vitest';
import { Transient } from '../../lib/errors.ts';
import type { RolloutSpec, RolloutStatus } from '../../lib/model/argo.generated.ts';
import type { Command } from '../../lib/model/intent.ts';
import { fieldManager, hashLabel } from '../../lib/model/names.ts';
import { availableOf, podHashOf } from '../../lib/model/workload.ts';
import { reconcile } from '../../lib/reconcile.ts';
import type { Cluster } from '../../lib/world.ts';
import { addService } from '../faults/acts.ts';
import { templateOf } from '../faults/scenario.ts';
import { key, manifest, target } from '../faults/stage.ts';
import { meddled } from './meddled.ts';
import { openRelease, type Release } from './releasesStage.ts';

// What is known of the stable version may be late: the watchdog judges a turn by what that had read.

const { namespace } = target;

function canary(steps: object[], more: RolloutSpec = {}): RolloutSpec {
  return { ...more, strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps } } };
}

/** One run of Serin's as a process of its own, on a cluster that something happens to meanwhile. */
async function runWith(release: Release, meddle: (cluster: Cluster) => Cluster): Promise<void> {
  await release.run((world) => reconcile(meddled(world, meddle), key));
}

/** All pods of a canary without steps are there, and Serin has not looked since. */
async function allUp(): Promise<Release> {
  const release = await openRelease(canary([]), { doorbell: false });
  await release.pass(130_000);
  await release.image('web:v2', 0);
  const isUp = () => availableOf(release.setOf('web:v2') ?? {}) === 4;
  for (let count = 0; count < 9000 && !isUp(); count += 1) await release.pass(20);
  expect(release.status().stableRS).toBe(hashOf(release, 'web:v1'));
  return release;
}

/** Somebody deletes the stable ReplicaSet when it has just been read. */
function deletingStable(release: Release): (cluster: Cluster) => Cluster {
  return (cluster) => ({
    ...cluster,
    list: async (kind, where, selector) => {
      const found = await cluster.list(kind, where, selector);
      const stable = kind === 'ReplicaSet' ? release.setOf('web:v1') : undefined;
      if (stable)
        release.cluster.deleteObject('ReplicaSet', namespace, stable.metadata?.name ?? '');
      return found;
    },
  });
}

/** The process ends with a write of the status: what comes of it the record does not know. */
function endingWith(isIt: (status: RolloutStatus) => boolean): (cluster: Cluster) => Cluster {
  return (cluster) => ({
    ...cluster,
    patch: async (ref, patch, options) => {
      const written = await cluster.patch(ref, patch, options);
      const { status } = patch as { status?: RolloutStatus };
      if (ref.kind !== 'Rollout' || !status || !isIt(status)) return written;
      throw new Transient('the connection was lost');
    },
  });
}

function hashOf(release: Release, image: string): string {
  return podHashOf(release.setOf(image));
}

describe('a stable ReplicaSet that is deleted after Serin has read it', () => {
  it('is exchanged as if it were there: the canary has its pods', async () => {
    const release = await allUp();
    await runWith(release, deletingStable(release));
    expect(release.setOf('web:v1')).toBeUndefined();
    expect(release.status().stableRS).toBe(hashOf(release, 'web:v2'));
    await release.pass(60_000);
    expect(release.where()).toBe('Healthy 0/0');
    expect(release.dog.violations).toEqual([]);
  });

  it('is exchanged as if it were there: the preview was promoted', async () => {
    const blueGreen = { activeService: 'active', autoPromotionEnabled: false };
    const spec = { strategy: { blueGreen } };
    const release = await openRelease(spec, { isEmpty: true, doorbell: false });
    addService(release.cluster, 'active');
    release.cluster.apply('Rollout', manifest(release.scenario));
    await release.pass(130_000);
    await release.image('web:v2', 130_000);
    expect(release.status().message).toBe('BlueGreenPause');
    await release.after({ do: 'plugin', line: 'promote' }, 0);
    await runWith(release, deletingStable(release));
    expect(release.status().stableRS).toBe(hashOf(release, 'web:v2'));
    const { spec: active } = release.cluster.read.get('Service', namespace, 'active');
    expect(active?.selector?.[hashLabel]).toBe(hashOf(release, 'web:v2'));
    await release.pass(60_000);
    expect(release.status().phase).toBe('Healthy');
    expect(release.dog.violations).toEqual([]);
  });
});

it('a template that was being released when the stable version went may take its place later', async () => {
  const release = await openRelease(canary([{ setWeight: 50 }, { pause: {} }]));
  await release.image('web:v2');
  await release.after({ do: 'deleteSet', role: 'stable' }, 60_000);
  expect(release.status().message).toBe('StableReplicaSetLost');
  // Another template takes its place, and before that one has it somebody goes back to the first.
  const edit = (image: string) =>
    release.cluster
      .as('kubectl-edit')
      .patch({ kind: 'Rollout', ...target }, { spec: { template: { ...templateOf(image) } } });
  const stop = release.cluster.watch(({ kind, object, writer }) => {
    if (kind !== 'Rollout' || writer.manager !== fieldManager) return;
    if (object.status?.currentPodHash !== hashOf(release, 'web:v3')) return;
    stop();
    queueMicrotask(() => void edit('web:v2'));
  });
  await release.image('web:v3', 60_000);
  expect(release.where()).toBe('Healthy 2/2');
  expect(release.status().stableRS).toBe(hashOf(release, 'web:v2'));
  expect(release.sizes()).toEqual({ 'web:v2': 4 });
  expect(release.dog.violations).toEqual([]);
});

it('a stable ReplicaSet that went is made anew where the spec has its template again', async () => {
  const release = await openRelease(canary([{ setWeight: 50 }, { pause: {} }]));
  const hash = hashOf(release, 'web:v1');
  await release.image('web:v2', 20_000);
  const known = new Set<string | undefined>();
  release.cluster.watch(() => known.add(release.status().stableRS));
  await release.after({ do: 'image', image: 'web:v1' }, 0);
  await release.after({ do: 'deleteSet', role: 'stable' }, 60_000);
  expect([...known]).toEqual([hash]);
  expect(release.status()).toMatchObject({ phase: 'Healthy', stableRS: hash });
  expect(release.sizes()).toEqual({ 'web:v1': 4 });
  expect(release.dog.violations).toEqual([]);
});

const promotes = ({ stableRS }: RolloutStatus): boolean => stableRS !== undefined;
const begins = ({ currentPodHash }: RolloutStatus): boolean => currentPodHash !== undefined;

describe('a status that was wiped while the record was behind it', () => {
  it('is held, with the stable version that the record knows', async () => {
    const release = await allUp();
    await expect(runWith(release, endingWith(promotes))).rejects.toThrow(Transient);
    expect(release.status().stableRS).toBe(hashOf(release, 'web:v2'));
    await release.after({ do: 'image', image: 'web:v1' }, 0);
    await release.after({ do: 'wipe' }, 90_000);
    expect(release.status()).toMatchObject({
      message: 'StatusLost',
      stableRS: hashOf(release, 'web:v1'),
    });
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    await release.after({ do: 'plugin', line: 'promote' }, 130_000);
    expect(release.where()).toBe('Healthy 0/0');
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expect(release.dog.violations).toEqual([]);
  });

  it('goes on without a stable version when a person says so, whatever the history forgets', async () => {
    const spec = { ...canary([]), replicas: 0, revisionHistoryLimit: 0 };
    const release = await openRelease(spec, { isEmpty: true, doorbell: false });
    release.cluster.apply('Rollout', manifest(release.scenario));
    await expect(runWith(release, endingWith(promotes))).rejects.toThrow(Transient);
    await release.after({ do: 'wipe' }, 90_000);
    expect(release.status()).toMatchObject({ message: 'StatusLost' });
    expect(release.status().stableRS).toBeUndefined();
    await release.image('web:v2', 90_000);
    expect(release.setOf('web:v1')).toBeUndefined();
    await release.image('web:v1', 90_000);
    await release.image('web:v2', 0);
    // The earlier stable version is there, once more, until the rollout goes on.
    await expect(runWith(release, endingWith(begins))).rejects.toThrow(Transient);
    expect(release.setOf('web:v1')).toBeDefined();
    await release.after({ do: 'plugin', line: 'promote' }, 90_000);
    expect(release.where()).toBe('Healthy 0/0');
    expect(release.status().stableRS).toBe(hashOf(release, 'web:v2'));
    expect(release.dog.violations).toEqual([]);
  });
});

describe('a command that was taken before the status was wiped', () => {
  const steps = [{ setWeight: 50 }, { pause: {} }];

  it.each<{ command: Command; where: string }>([
    { command: { verb: 'abort' }, where: 'Degraded 0/2' },
    { command: { verb: 'promote' }, where: 'Healthy 2/2' },
  ])('is carried out when it is back: $command.verb', async ({ command, where }) => {
    const release = await openRelease(canary(steps), { doorbell: false });
    await release.pass(130_000);
    await release.image('web:v2', 130_000);
    expect(release.where()).toBe('Paused 1/2');
    // Who takes it ends before it wakes anybody.
    await release.after({ do: 'api', command, dies: true, fresh: true }, 0);
    await release.after({ do: 'wipe' }, 0);
    await runWith(release, (cluster) => cluster);
    await release.pass(30_000);
    expect(release.where()).toBe(where);
    const entry = (await release.ledger()).find(({ kind }) => kind === 'command');
    expect(entry?.text).toContain(`${command.verb}: done`);
    expect(release.dog.violations).toEqual([]);
  });
});

it('a lost status is no rollback, whatever the rollback window: a person says so', async () => {
  const release = await openRelease({ ...canary([]), rollbackWindow: { revisions: 1 } });
  await release.image('web:v2', 20_000);
  const stable = hashOf(release, 'web:v2');
  await release.image('web:v3', 0);
  await release.after({ do: 'image', image: 'web:v1' }, 0);
  await release.after({ do: 'wipe' }, 130_000);
  expect(release.status()).toMatchObject({ message: 'StatusLost', stableRS: stable });
  expect(release.sizes()).toEqual({ 'web:v2': 4 });
  await release.after({ do: 'plugin', line: 'promote' }, 60_000);
  expect(release.where()).toBe('Healthy 0/0');
  expect(release.sizes()).toEqual({ 'web:v1': 4 });
  expect(release.dog.violations).toEqual([]);
});
