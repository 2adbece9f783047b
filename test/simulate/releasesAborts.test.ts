import { describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import type { CanaryStep, RolloutSpec } from '../../lib/model/argo.generated.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { reconcile } from '../../lib/reconcile.ts';
import type { World } from '../../lib/world.ts';
import { key, target } from '../faults/stage.ts';
import { meddled } from './meddled.ts';
import { openRelease, type Release } from './releasesStage.ts';

// An abort always acts: docs/adr/0013-an-abort-always-acts.md

const steps: CanaryStep[] = [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: {} }];

function canary(more: RolloutSpec = {}): RolloutSpec {
  return { ...more, strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps } } };
}

async function paused(more: RolloutSpec = {}): Promise<Release> {
  const release = await openRelease(canary(more));
  await release.image('web:v2');
  expect(release.where()).toBe('Paused 1/4');
  return release;
}

async function edit(release: Release, spec: MergePatch, spanMs = 1000): Promise<void> {
  await release.cluster.as('kubectl-edit').patch({ kind: 'Rollout', ...target }, { spec });
  await release.pass(spanMs);
}

function expectBack({ dog, sizes, status }: Release): void {
  expect(sizes()).toEqual({ 'web:v1': 4 });
  expect(status()).toMatchObject({ abort: true, phase: 'Degraded' });
  expect(status().promoteFull).toBeUndefined();
  expect(dog.violations).toEqual([]);
}

describe('an abort', () => {
  it.each<['plugin' | 'api']>([['plugin'], ['api']])(
    'takes the place of a full promotion on its way (%s)',
    async (by) => {
      const release = await paused();
      // No pod of it ever becomes ready, so the promotion takes its time.
      await release.image('web:bad');
      await release.after({ do: 'plugin', line: 'promote --full' }, 1000);
      expect(release.status().promoteFull).toBe(true);
      if (by === 'api') await release.command({ verb: 'abort' }, 20_000);
      else await release.after({ do: 'plugin', line: 'abort' }, 20_000);
      expectBack(release);
    },
  );

  it('is no more in the way of a full promotion that came after it', async () => {
    const release = await paused();
    await release.after({ do: 'plugin', line: 'abort' }, 10_000);
    await release.after({ do: 'plugin', line: 'promote --full' }, 20_000);
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
  });

  it('holds within the rollback window too', async () => {
    const release = await openRelease(canary({ rollbackWindow: { revisions: 3 } }));
    await release.image('web:v2');
    await release.after({ do: 'plugin', line: 'promote --full' }, 20_000);
    expect(release.where()).toBe('Healthy 4/4');
    // Back to v1 takes no steps; meanwhile somebody thinks better of it.
    await release.image('web:v1', 450);
    await release.after({ do: 'plugin', line: 'abort' }, 20_000);
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expect(release.status()).toMatchObject({ abort: true, phase: 'Degraded' });
    expect(release.dog.violations).toEqual([]);
  });

  it('moves the pods although a person has paused the rollout', async () => {
    const release = await paused();
    await release.command({ verb: 'pause' });
    await release.command({ verb: 'abort' }, 20_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expect(release.status().abort).toBe(true);
    expect(release.dog.violations).toEqual([]);
  });

  it('never makes the canary stable, however much was lost', async () => {
    const release = await paused();
    await release.after({ do: 'deleteSet', role: 'stable' }, 10_000);
    await release.after({ do: 'wipe' }, 10_000);
    expect(release.status().message).toMatch(/Lost/);
    await release.after({ do: 'plugin', line: 'abort' }, 20_000);
    expect(release.status().stableRS).toBeUndefined();
    expect(release.status().phase).not.toBe('Healthy');
    expect(release.dog.violations).toEqual([]);
  });

  it('goes back although the spec got something that Serin does not carry out', async () => {
    const release = await paused();
    await edit(release, {
      strategy: { canary: { trafficRouting: { plugins: { 'acme/mesh': {} } } } },
    });
    await release.command({ verb: 'abort' }, 40_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    const told = (await release.ledger()).find(({ kind }) => kind === 'command');
    expect(told?.text).toMatch(/^abort: done/);
  });
});

describe('a rollout that Serin leaves alone', () => {
  it('refuses a command, and names the field', async () => {
    const release = await openRelease({
      strategy: { canary: { trafficRouting: { plugins: { 'acme/mesh': {} } } } },
    });
    await release.after(
      { do: 'api', command: { verb: 'pause' }, dies: false, fresh: true },
      10_000,
    );
    const told = (await release.ledger()).find(({ kind }) => kind === 'command');
    expect(told?.text).toMatch(/^pause: refused.*trafficRouting/);
  });
});

describe('a command that the API server refuses', () => {
  it('is over at once, in the words of the server, and holds nothing up', async () => {
    const release = await paused();
    const { simulated } = release;
    const world = refusing(simulated.world, 'the year is out of range');
    const { progress } = (await world.store.load(key)) ?? {};
    const bound = {
      ...{ uid: progress?.uid ?? '', generation: progress?.generation ?? 0 },
      ...{ podHash: progress?.currentPodHash ?? '', stepIndex: 1 },
      ...{ pauseStart: progress?.pauseStart ?? null, paused: false },
    };
    const record = await world.store.load(key);
    if (!record) throw new Error('there is no record');
    const actor = { name: 'ann', proof: 'verified' } as const;
    const intents = (['restart', 'promote'] as const).map((verb) => ({
      ...{ id: verb, command: { verb }, actor, bound, acceptedAt: world.clock.now() },
    }));
    await world.store.save({ ...record, intents });
    const done = reconcile(world, key);
    await release.pass(10_000);
    await done;
    const told = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(told.map(({ text }) => text)).toEqual([
      'restart: refused. The API server refused it: the year is out of range',
      expect.stringMatching(/^promote: done/),
    ]);
  });
});

/** The world with an API server that takes no change of the spec. */
function refusing(world: World, why: string): World {
  return meddled(world, (cluster) => ({
    ...cluster,
    patch: async (ref, patch, options) => {
      if ('spec' in patch && ref.kind === 'Rollout') throw new Terminal(why);
      return cluster.patch(ref, patch, options);
    },
  }));
}
