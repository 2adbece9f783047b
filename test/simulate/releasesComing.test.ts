import { describe, expect, it } from 'vitest';
import type { CanaryStrategy, RolloutSpec } from '../../lib/model/argo.generated.ts';
import type { ComingStep, ComingView } from '../../lib/model/view.ts';
import { key, manifest } from '../faults/stage.ts';
import { metric } from './analysedStage.ts';
import { openRelease, type Release } from './releasesStage.ts';
import { openRouted } from './routedStage.ts';

// What a view says will come is what then comes.

const steps = [
  { setWeight: 25 },
  { pause: { duration: '30s' } },
  { setWeight: 50 },
  { pause: { duration: '5m' } },
  { setWeight: 75 },
  { pause: {} },
];

function canary(more: CanaryStrategy = {}): RolloutSpec {
  return { replicas: 4, strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps, ...more } } };
}

async function coming({ simulated }: Release): Promise<ComingView | undefined> {
  return (await simulated.world.store.load(key))?.view?.coming;
}

function line({ index, setWeight, newPods, oldPods, lastsMs, awaits }: ComingStep): string {
  const lasts = lastsMs === undefined ? '' : ` ${lastsMs / 1000}s`;
  return `${index}: ${setWeight} % ${newPods}+${oldPods}${lasts}${awaits ? ` ${awaits}` : ''}`;
}

describe('what comes next', () => {
  it('are the steps to come with their pods, pauses, and who ends them', async () => {
    const release = await openRelease(canary());
    expect(await coming(release)).toBeUndefined();
    const from = release.clock.now();
    await release.image('web:v2', 20_000);
    const { until = 0, steps: found = [] } = (await coming(release)) ?? {};
    expect(Math.round((until - from) / 1000)).toBe(32);
    expect(found.map(line)).toEqual([
      '2: 50 % 2+2',
      '3: 50 % 2+2 300s',
      '4: 75 % 3+1',
      '5: 75 % 3+1 person',
      '6: 100 % 4+0',
    ]);
  });

  it('comes', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2', 20_000);
    const { until = 0, steps: found = [] } = (await coming(release)) ?? {};
    let at = until;
    for (const { index, newPods, oldPods, lastsMs = 0 } of found.slice(0, -1)) {
      // Pods take a second.
      await release.pass(at + 3000 - release.clock.now());
      expect(release.status().currentStepIndex).toBeGreaterThanOrEqual(index);
      const sizes = { 'web:v1': oldPods, 'web:v2': newPods };
      if (lastsMs > 0) expect(release.sizes()).toEqual(sizes);
      at += lastsMs;
    }
    expect(await coming(release)).toEqual({ awaits: 'person', steps: found.slice(-1) });
    await release.command({ verb: 'promote' }, 10_000);
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expect(await coming(release)).toBeUndefined();
  });

  it('waits for the person who paused it, and is nothing after an abort', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2', 20_000);
    await release.command({ verb: 'pause' }, 1000);
    expect((await coming(release))?.until).toBeUndefined();
    expect((await coming(release))?.awaits).toBe('person');
    await release.command({ verb: 'resume' }, 1000);
    expect((await coming(release))?.awaits).toBeUndefined();
    await release.command({ verb: 'abort' }, 1000);
    expect(await coming(release)).toBeUndefined();
  });

  it('are the first thirty of very many steps', async () => {
    const many = Array.from({ length: 100 }, (_, index) => ({ setWeight: index }));
    const release = await openRelease(canary({ steps: [{ pause: {} }, ...many] }));
    await release.image('web:v2', 20_000);
    const found = await coming(release);
    expect(found?.awaits).toBe('person');
    expect(found?.steps.map(({ index }) => index)).toEqual(
      many.slice(1, 31).map((_, at) => at + 1),
    );
  });

  it('are the pods of a canary with a router, and what is no pause', async () => {
    const templates = [{ name: 'trial', specRef: 'canary' }];
    const mixed = [
      { pause: {} },
      { setCanaryScale: { replicas: 3 } },
      { setWeight: 50 },
      { setCanaryScale: { matchTrafficWeight: true } },
      { experiment: { templates, duration: '2m' } },
      { experiment: { templates, analyses: [{ name: 'a', templateName: 'a' }], duration: '2m' } },
      { analysis: { templates: [{ templateName: 'a' }] } },
    ];
    const routed = await openRouted({ steps: mixed }, { isEmpty: true });
    routed.put('AnalysisTemplate', 'a', { spec: { metrics: [metric] } });
    routed.cluster.apply('Rollout', manifest(routed.scenario));
    await routed.pass(10_000);
    await routed.image('web:v2', 20_000);
    const { awaits, steps: found = [] } = (await coming(routed)) ?? {};
    expect(awaits).toBe('person');
    const ahead = found.map(line);
    expect(ahead).toEqual([
      '1: 0 % 3+4',
      '2: 50 % 3+4',
      '3: 50 % 2+4',
      '4: 50 % 2+4 120s',
      '5: 50 % 2+4 experiment',
      '6: 50 % 2+4 analysis',
      '7: 100 % 4+0',
    ]);
    await routed.command({ verb: 'promote' }, 15_000);
    expect(routed.status().currentStepIndex).toBe(4);
    expect(routed.sizes()).toMatchObject({ 'web:v1': 4 });
    expect(routed.setOf('web:v2')?.spec?.replicas).toBe(2);
    expect((await coming(routed))?.awaits).toBe('experiment');
    expect((await coming(routed))?.steps.map(line)).toEqual(ahead.slice(4));
  });

  it('are as few pods of the stable version as it needs with dynamicStableScale', async () => {
    const routed = await openRouted({ dynamicStableScale: true });
    await routed.image('web:v2', 20_000);
    const { steps: found = [] } = (await coming(routed)) ?? {};
    expect(found.map(line)).toEqual(['2: 50 % 2+2', '3: 50 % 2+2 person', '4: 100 % 4+0']);
    await routed.command({ verb: 'promote' }, 30_000);
    expect(routed.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
  });
});
