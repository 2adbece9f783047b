import { describe, expect, it } from 'vitest';
import { newReplicaSet } from '../../lib/decide/replicaSets/revision.ts';
import type { CanaryStep, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { podTemplateHash } from '../../lib/model/hash.ts';
import { uidOf } from '../../lib/model/workload.ts';
import { perform } from '../faults/acts.ts';
import { templateOf } from '../faults/scenario.ts';
import { runSeed } from '../faults/seed.ts';
import { key, manifest, target } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

const steps: CanaryStep[] = [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: {} }];

function canary(more: RolloutSpec = {}): RolloutSpec {
  return { ...more, strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps } } };
}

function expectSafe({ dog }: Release): void {
  expect(dog.violations).toEqual([]);
}

async function paused(more: RolloutSpec = {}): Promise<Release> {
  const release = await openRelease(canary(more));
  await release.image('web:v2');
  expect(release.where()).toBe('Paused 1/4');
  return release;
}

describe('a status that was wiped', () => {
  it('is put back as it was, pause and all', async () => {
    const release = await paused();
    const { pauseConditions, stableRS } = release.status();
    await release.after({ do: 'wipe' });
    expect(release.where()).toBe('Paused 1/4');
    expect(release.status()).toMatchObject({ stableRS, pauseConditions });
    expect((await release.ledger()).map(({ kind }) => kind)).toContain('restored');
    expectSafe(release);
  });

  it('is held when it does not fit the record, until a person promotes', async () => {
    const release = await paused();
    const { stableRS } = release.status();
    const wiped = perform(release, { do: 'wipe' });
    await release.image('web:v3', 600_000);
    await wiped;
    expect(release.status()).toMatchObject({ phase: 'Paused', message: 'StatusLost', stableRS });
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
    await release.after({ do: 'plugin', line: 'promote' }, 10_000);
    // From the first step.
    expect(release.where()).toBe('Paused 1/4');
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v3': 2 });
    expectSafe(release);
  });

  it('outside a release is no reason to release anything', async () => {
    const release = await openRelease(canary());
    await release.after({ do: 'wipe' }, 10_000);
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });
});

describe('a stable ReplicaSet that was deleted in mid-release', () => {
  it('leaves the canary to serve, which only a person makes stable', async () => {
    const release = await paused();
    await release.after({ do: 'deleteSet', role: 'stable' }, 600_000);
    expect(release.status().message).toBe('StableReplicaSetLost');
    expect(release.status().stableRS).toBeUndefined();
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    await release.after({ do: 'plugin', line: 'promote' }, 10_000);
    expect(release.where()).toBe('Healthy 4/4');
    expectSafe(release);
  });

  it('gives the stable version its pods, should the rollout be scaled up meanwhile', async () => {
    const release = await openRelease(canary({ replicas: 0 }));
    const wiped = perform(release, { do: 'wipe' });
    await release.image('web:v2', 30_000);
    await wiped;
    expect(release.status()).toMatchObject({ phase: 'Paused', message: 'StatusLost' });
    for (const replicas of [4, 6]) {
      await release.after({ do: 'scale', replicas }, 30_000);
      expect(release.sizes()).toEqual({ 'web:v1': replicas });
    }
    // Fewer pods are a person's to take.
    await release.after({ do: 'scale', replicas: 2 }, 30_000);
    expect(release.sizes()).toEqual({ 'web:v1': 6 });
    expectSafe(release);
  });

  it.each(['while a wiped status is held', 'together with the status'])(
    '%s leaves no rollout without pods',
    async (when) => {
      const isLater = when === 'while a wiped status is held';
      const release = await openRelease({
        strategy: { canary: { steps: [{ pause: {} }, { setWeight: 50 }] } },
      });
      await release.image('web:v2');
      // Another template makes that the record does not fit.
      const wiped = perform(release, { do: 'wipe' });
      const deleted = isLater ? undefined : perform(release, { do: 'deleteSet', role: 'stable' });
      await release.image('web:v3', 60_000);
      await Promise.all([wiped, deleted]);
      expect(release.status()).toMatchObject({ phase: 'Paused', message: 'StatusLost' });
      if (isLater) await release.after({ do: 'deleteSet', role: 'stable' }, 60_000);
      expect(release.sizes()).toEqual({ 'web:v3': 4 });
      // They serve, and no more: what is released only a person says.
      expect(release.status()).toMatchObject({ phase: 'Paused', availableReplicas: 4 });
      expect(release.status().stableRS).toBeUndefined();
      await release.after({ do: 'plugin', line: 'promote' }, 10_000);
      expect(release.where()).toBe('Healthy 2/2');
      expectSafe(release);
    },
  );
});

describe('another controller at work', () => {
  it('is left alone for a while, longer each time, and then no more', async () => {
    const release = await paused();
    await release.after({ do: 'rival', writes: 3 }, 14_000);
    const { writes } = release.dog.requests;
    await release.after({ do: 'plugin', line: 'promote' }, 2000);
    expect(release.where()).toBe('Paused 1/4');
    expect(release.dog.requests.writes).toBe(writes);
    const events = release.cluster.read.list('Event', target.namespace);
    expect(events.map(({ reason }) => reason)).toContain('RivalController');
    await release.pass(120_000);
    expect(release.where()).toBe('Paused 3/4');
    expectSafe(release);
  });

  it('does not keep an abort that was asked for', async () => {
    const release = await paused();
    await release.after({ do: 'rival', writes: 1 });
    await release.command({ verb: 'abort' }, 2000);
    expect(release.status().abort).toBe(true);
    await release.pass(20_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });
});

describe('a template that the API server refuses', () => {
  it('is said to be refused, and keeps no abort', async () => {
    const release = await paused();
    const twice = { name: 'web', image: 'web:v3' };
    const spec = { template: { spec: { containers: [twice, twice] } } };
    await release.cluster.as('kubectl-edit').patch({ kind: 'Rollout', ...target }, { spec });
    await release.pass(5000);
    expect(release.status().message).toMatch(/^Failed to create new replica set/);
    await release.after({ do: 'plugin', line: 'abort' }, 30_000);
    expect(release.status()).toMatchObject({ abort: true, currentStepIndex: 0 });
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });
});

describe('the table out of order', () => {
  it('keeps no abort that is in the status, and the wake is tried again', async () => {
    const release = await paused();
    release.dog.outage.isDown = true;
    await release.after({ do: 'plugin', line: 'abort' }, 10_000);
    expect(release.status()).toMatchObject({ abort: true, currentStepIndex: 0 });
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expect(release.dog.trace.join('\n')).toMatch(/warn: a wake failed Transient: The table cannot/);
    release.dog.outage.isDown = false;
    await release.pass(60_000);
    expect((await release.ledger()).map(({ kind }) => kind)).toContain('aborted');
    expectSafe(release);
  });

  it('lets a promote that is in the status go on', async () => {
    const release = await paused();
    release.dog.outage.isDown = true;
    await release.after({ do: 'plugin', line: 'promote' }, 10_000);
    expect(release.status().currentStepIndex).toBe(2);
    release.dog.outage.isDown = false;
    await release.pass(180_000);
    expect(release.where()).toBe('Paused 3/4');
    expectSafe(release);
  });

  it('makes a new template wait', async () => {
    const release = await openRelease(canary());
    const { writes } = release.dog.requests;
    release.dog.outage.isDown = true;
    await release.image('web:v2', 60_000);
    expect(release.dog.requests.writes).toBe(writes);
    release.dog.outage.isDown = false;
    await release.pass(60_000);
    expect(release.where()).toBe('Paused 1/4');
    expectSafe(release);
  });
});

describe('two processes at once', () => {
  it('do nothing twice, and leave nothing undone', async () => {
    const alone = await openRelease(canary());
    const writesOf = async (release: Release, count: number): Promise<number> => {
      const { writes } = release.dog.requests;
      const changed = perform(release, { do: 'image', image: 'web:v2' });
      const turns = perform(release, { do: 'together', count });
      await release.pass(10_000);
      await Promise.all([changed, turns]);
      return release.dog.requests.writes - writes;
    };
    const once = await writesOf(alone, 1);
    const together = await openRelease(canary());
    const twice = await writesOf(together, 3);
    for (const release of [alone, together]) {
      expect(release.where()).toBe('Paused 1/4');
      expect(release.dog.sets()).toHaveLength(2);
      expectSafe(release);
    }
    // What loses finds its object changed and looks again: refused writes are all it costs.
    expect(twice).toBeLessThanOrEqual(2 * once);
    const kinds = (await together.ledger()).map(({ kind }) => kind);
    expect(kinds).toEqual((await alone.ledger()).map(({ kind }) => kind));
  });

  it('one of which stops in the middle: the other comes back to it', async () => {
    const release = await openRelease(canary());
    const { store } = release.simulated.world;
    const record = await store.load(key);
    const lease = { by: 'one that stopped', until: release.clock.now() + 20_000 };
    await store.save({ ...record!, lease });
    await release.image('web:v2', 10_000);
    expect(release.where()).toBe('Healthy 4/4');
    await release.pass(30_000);
    expect(release.where()).toBe('Paused 1/4');
    expectSafe(release);
  });
});

describe('faults of all kinds', () => {
  const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

  it.each(seeds)('seed %i: nothing unsafe, nothing stranded', async (seed) => {
    const { violation } = await runSeed(seed);
    expect(violation && `npm run faults -- --seed ${seed}: ${violation.detail}`).toBeUndefined();
  });
});

describe('ReplicaSets that nobody owns', () => {
  const orphan = async (release: Release) => {
    const { cluster } = release;
    for (const set of release.dog.sets()) {
      const name = set.metadata?.name ?? '';
      const patch = { metadata: { ownerReferences: null } };
      await cluster
        .as('kubectl')
        .patch({ kind: 'ReplicaSet', namespace: target.namespace, name }, patch);
    }
  };

  it('are taken over by a rollout that was deleted without them and applied again', async () => {
    const release = await openRelease({ strategy: { canary: { steps: [{ pause: {} }] } } });
    await release.image('web:v2');
    await release.command({ verb: 'promote' }, 30_000);
    const pods = () => release.cluster.read.list('Pod', target.namespace).map(uidOf).sort();
    const before = pods();
    await orphan(release);
    release.cluster.deleteObject('Rollout', target.namespace, target.name);
    await release.pass(10_000);
    expect(pods()).toEqual(before);
    const live = manifest(release.scenario);
    live.spec = { ...live.spec, template: templateOf('web:v2') };
    release.cluster.apply('Rollout', live);
    await release.pass(30_000);
    expect(release.status()).toMatchObject({ phase: 'Healthy' });
    expect(pods()).toEqual(before);
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expect(release.setOf('web:v1')?.metadata?.ownerReferences).toHaveLength(1);
  });

  /** A ReplicaSet as somebody else would make it: with what would be the next one's name. */
  const slipIn = async (release: Release, image: string, seen: string) => {
    const wanted = newReplicaSet(release.dog.live() ?? {}, hashOf(seen), 9);
    const { ownerReferences: _, ...metadata } = wanted.metadata ?? {};
    const { spec, metadata: labelled } = wanted.spec?.template ?? {};
    const containers = [{ name: 'web', image }];
    await release.cluster.as('somebody').create('ReplicaSet', {
      ...wanted,
      metadata: { ...metadata, name: `web-${hashOf(seen)}` },
      spec: {
        ...wanted.spec,
        template: { ...(labelled && { metadata: labelled }), spec: { ...spec, containers } },
      },
    });
  };
  const hashOf = (image: string) => podTemplateHash(templateOf(image));

  it.each([
    ['before it is the current version', true],
    ['as the version is asked for', false],
  ])('are no way to slip other pods into a release (%s)', async (_name, isEarly) => {
    const release = await openRelease({
      strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } },
    });
    await slipIn(release, 'evil:v1', 'web:v2');
    if (isEarly) await release.pass(5000);
    await release.image('web:v2', 30_000);
    expect(release.where()).toBe('Paused 1/2');
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
    await release.command({ verb: 'promote' }, 30_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
  });

  it('are gone back to where they run the same, with what their role had put into them', async () => {
    const canaryMetadata = { labels: { role: 'canary' } };
    const stableMetadata = { labels: { role: 'stable' } };
    const release = await openRelease({
      strategy: { canary: { canaryMetadata, stableMetadata, steps: [{ pause: {} }] } },
    });
    await release.image('web:v2');
    await release.command({ verb: 'promote' }, 30_000);
    const uid = uidOf(release.setOf('web:v1') ?? {});
    await orphan(release);
    await release.pass(10_000);
    expect(release.where()).toBe('Healthy 1/1');
    await release.image('web:v1', 30_000);
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expect(uidOf(release.setOf('web:v1') ?? {})).toBe(uid);
    expect(release.status().collisionCount).toBeUndefined();
  });

  it('come back to a rollout that lost them in mid-release, and change nothing of it', async () => {
    const steps = [{ setWeight: 50 }, { pause: {} }];
    const release = await openRelease({ strategy: { canary: { steps } } });
    await release.image('web:v2');
    expect(release.where()).toBe('Paused 1/2');
    await orphan(release);
    await release.pass(90_000);
    expect(release.where()).toBe('Paused 1/2');
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
  });
});
