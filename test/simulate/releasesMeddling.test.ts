import { describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import type { CanaryStep, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { hashLabel, revisionAnnotation } from '../../lib/model/names.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { Cluster } from '../../lib/world.ts';
import { addService } from '../faults/acts.ts';
import { templateOf } from '../faults/scenario.ts';
import { key, manifest, target } from '../faults/stage.ts';
import { rollout } from './manifests.ts';
import { meddled } from './meddled.ts';
import { openRelease, type Release } from './releasesStage.ts';

// What somebody does to the objects of a release beside the rollout itself: nothing of it strands the
// release without a word, keeps Serin busy, or leaves a Service without pods.

const { namespace } = target;
const steps: CanaryStep[] = [{ setWeight: 25 }, { pause: {} }];
const canary: RolloutSpec = { strategy: { canary: { steps } } };
const tenMinutes = 10 * 60_000;

async function patchSet(release: Release, image: string, metadata: object): Promise<void> {
  const name = release.setOf(image)?.metadata?.name ?? '';
  await release.cluster
    .as('kubectl')
    .patch({ kind: 'ReplicaSet', namespace, name }, { metadata: { ...metadata } });
}

describe('a ReplicaSet whose label was taken off', () => {
  it('is found, so that an abort goes back', async () => {
    const release = await openRelease(canary);
    await release.image('web:v2');
    await patchSet(release, 'web:v2', { labels: { app: null } });
    await release.command({ verb: 'abort' }, 30_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
  });

  it('is scaled as before', async () => {
    const release = await openRelease(canary);
    await patchSet(release, 'web:v1', { labels: { app: null } });
    await release.after({ do: 'scale', replicas: 8 });
    expect(release.sizes()).toEqual({ 'web:v1': 8 });
  });

  it('is named when it is the one it is known by', async () => {
    const release = await openRelease(canary);
    await patchSet(release, 'web:v1', { labels: { [hashLabel]: null } });
    await release.after({ do: 'scale', replicas: 8 }, 60_000);
    expect(release.status().message).toMatch(/has lost its labels; put them back: rollouts-pod/);
  });
});

describe('a selector', () => {
  it.each([
    [{ [hashLabel]: 'abc' }, /must not name rollouts-pod-template-hash/],
    [{ app: 'my web' }, /asks app for a value that no label can have: my web/],
    [{ app: ','.repeat(60_000) }, /asks app for a value that no label can have: ,,/],
    [{ 'a b': 'web' }, /has a key that no label can have: a b/],
  ])('of %o is told to be none', async (labels: Record<string, string>, told) => {
    const template = { ...templateOf('web:v1'), metadata: { labels } };
    const release = await openRelease({ ...canary, selector: { matchLabels: labels }, template });
    expect(release.status().phase).toBe('Degraded');
    expect(release.status().message).toMatch(told);
  });
});

it('a revision too large to count is none', async () => {
  const release = await openRelease(canary);
  await release.image('web:v2');
  await release.command({ verb: 'promote' }, 30_000);
  await patchSet(release, 'web:v1', { annotations: { [revisionAnnotation]: '9'.repeat(25) } });
  await release.image('web:v3', 30_000);
  expect(release.where()).toBe('Paused 1/2');
  const { writes } = release.dog.requests;
  await release.pass(tenMinutes);
  expect(release.dog.requests.writes).toBe(writes);
});

it('a refusal in other words each time is tried again now and then, not at once', async () => {
  const clock = virtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const made = simulatedWorld({ clock, seed: 1 });
  let refusals = 0;
  const refusing = (cluster: Cluster): Cluster => ({
    ...cluster,
    patch: async (ref, ...rest) => {
      if (ref.kind !== 'ReplicaSet') return await cluster.patch(ref, ...rest);
      refusals += 1;
      throw new Terminal(`403 admission webhook denied request ${refusals}`);
    },
  });
  made.connect({
    deliver: (message, world) => {
      return deliver(meddled(world, refusing), message);
    },
  });
  const { metadata } = made.cluster.apply('Rollout', rollout());
  await clock.run({ until: clock.now() + 10_000, eventsMax: 100_000 });
  made.cluster.scale(metadata?.namespace ?? '', metadata?.name ?? '', 5);
  await clock.run({ until: clock.now() + 5 * 60_000, eventsMax: 100_000 });
  expect(refusals).toBeGreaterThan(2);
  expect(refusals).toBeLessThan(20);
});

it('the ledger tells what became of a command whose rollout is deleted first', async () => {
  const release = await openRelease(canary);
  const { store } = release.simulated.world;
  const record = (await store.load(key))!;
  const { uid, generation, currentPodHash: podHash } = record.progress!;
  const bound = { uid, generation, podHash, stepIndex: 1, pauseStart: null };
  const actor = { name: 'ann', proof: 'verified' as const };
  const acceptedAt = release.simulated.world.clock.now();
  const intent = { id: 'i', command: { verb: 'abort' as const }, actor, bound, acceptedAt };
  await store.save({ ...record, intents: [intent] });
  release.cluster.deleteObject('Rollout', namespace, target.name);
  await release.pass(10_000);
  const told = (await store.ledger(key, { limit: 50 })).items.find(
    ({ kind }) => kind === 'command',
  );
  expect(told?.actor).toEqual(actor);
  expect(told?.text).toBe('abort: superseded. Nothing was done: the rollout was deleted.');
});

describe('what is deleted or renamed while Serin is not there', () => {
  async function forgotten(): Promise<Release> {
    const release = await openRelease(
      { strategy: { blueGreen: { activeService: 'active' } } },
      { isEmpty: true },
    );
    for (const name of ['active', 'next']) addService(release.cluster, name);
    release.cluster.apply('Rollout', manifest(release.scenario));
    await release.pass(10_000);
    const { store } = release.simulated.world;
    await store.forget(key, (await store.load(key))?.version ?? 0);
    return release;
  }
  const selectorOf = ({ cluster }: Release, name: string) =>
    cluster.read.get('Service', namespace, name).spec?.selector;

  it('gives back the Service that the rollout does not name any more', async () => {
    const release = await forgotten();
    const spec = { ...release.scenario.spec, strategy: { blueGreen: { activeService: 'next' } } };
    release.cluster.apply('Rollout', { metadata: target, spec });
    await release.pass(20_000);
    expect(selectorOf(release, 'active')).toEqual({ app: 'web' });
    expect(selectorOf(release, 'next')).toHaveProperty(hashLabel);
  });

  it('gives back the Service of a rollout that is gone', async () => {
    const release = await forgotten();
    release.cluster.deleteObject('Rollout', namespace, target.name);
    await release.pass(2 * tenMinutes);
    expect(selectorOf(release, 'active')).toEqual({ app: 'web' });
  });
});

it('the stable Service keeps pods at a weight of 100', async () => {
  const full = [{ setWeight: 50 }, { pause: {} }, { setWeight: 100 }, { pause: {} }];
  const limits = { maxSurge: 1, maxUnavailable: 0 };
  const services = { stableService: 'stable', canaryService: 'canary' };
  const release = await openRelease(
    { strategy: { canary: { ...services, ...limits, steps: full } } },
    { isEmpty: true },
  );
  for (const name of ['stable', 'canary']) addService(release.cluster, name);
  release.cluster.apply('Rollout', manifest(release.scenario));
  await release.pass(10_000);
  const isServed = (): boolean => {
    const { spec } = release.cluster.read.get('Service', namespace, 'stable');
    return release.cluster.read.list('Pod', namespace).some(({ metadata, status }) => {
      const isReady = status?.conditions?.some(
        (each) => each.type === 'Ready' && each.status === 'True',
      );
      const isMeant = metadata?.labels?.[hashLabel] === spec?.selector?.[hashLabel];
      return isMeant && isReady === true && !metadata?.deletionTimestamp;
    });
  };
  let unserved = 0;
  release.cluster.watch(() => {
    if (!isServed()) unserved += 1;
  });
  await release.image('web:v2');
  await release.command({ verb: 'promote' }, 60_000);
  expect(release.where()).toBe('Paused 3/4');
  await release.command({ verb: 'abort' }, 60_000);
  expect(release.sizes()).toEqual({ 'web:v1': 4 });
  expect(unserved).toBe(0);
});
