import { describe, expect, it } from 'vitest';
import { reasonLines } from '../../cli/explain/command.ts';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import { addService, perform } from '../faults/acts.ts';
import { key, manifest } from '../faults/stage.ts';
import { openAnalysed } from './analysedStage.ts';
import { openRelease, type Release } from './releasesStage.ts';

const steps = [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: {} }];
const canary: RolloutSpec = { strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps } } };

async function texts({ simulated }: Release): Promise<string[]> {
  const record = await simulated.world.store.load(key);
  return (record?.view?.reasons ?? []).map(({ text }) => text);
}

async function paused(spec: RolloutSpec): Promise<Release> {
  const release = await openRelease(spec);
  await release.image('web:v2', 20_000);
  expect(release.status().phase).toBe('Paused');
  return release;
}

describe('what explain says of an analysis', () => {
  it('is what it has measured, how much is used up, and when it measures next', async () => {
    const provider = { web: { url: 'http://metrics/t/seq/0.97,0.87,0.86,0.91' } };
    const rate = { name: 'success-rate', interval: '1m', failureLimit: 3, provider };
    const metrics = [{ ...rate, successCondition: 'result >= 0.9' }];
    const analysis = { templates: [{ templateName: 'check' }] };
    const release = await openAnalysed(
      { strategy: { canary: { analysis, steps: [{ setWeight: 50 }, { pause: {} }] } } },
      { check: { metrics } },
    );
    await release.image('web:v2', 168_000);
    const { simulated, clock } = release;
    const { view } = await simulated.world.invoke({ key, look: true });
    const lines = reasonLines(view.reasons, clock.now());
    const found = lines.find((line) => line.includes('background analysis')) ?? '';
    expect(found.replace(/web-[a-z0-9]+-2/, 'RUN')).toMatch(
      new RegExp(
        '^  The background analysis goes on, run RUN: success-rate was 0.97, 0.87, 0.86 ' +
          '\\(needs result >= 0.9\\): 2 of 3 allowed failures used; next measurement in 1[0-9]s\\.$',
      ),
    );
  });
});

describe('what explain says of pods', () => {
  it('is that none are going away while a release is held and all of them stay', async () => {
    const release = await paused(canary);
    const wiped = perform(release, { do: 'wipe' });
    await release.image('web:v3', 600_000);
    await wiped;
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
    const said = await texts(release);
    expect(said[0]).toMatch(/status was wiped/);
    expect(said.join(' ')).not.toMatch(/going away|available/);
  });

  it('is that an abandoned version stays until others can take its place', async () => {
    const release = await paused(canary);
    release.cluster.failPods((pod) => pod.spec?.containers?.[0]?.image === 'web:v3');
    await release.image('web:v3', 120_000);
    expect(release.sizes()).toMatchObject({ 'web:v2': 2 });
    const { name = '' } = release.setOf('web:v2')?.metadata ?? {};
    const said = await texts(release);
    expect(said).toContain(`Pods of ${name} stay until others can take their place.`);
    expect(said.join(' ')).not.toMatch(/going away/);
  });

  it('is of a blue-green that a person paused what that pause holds: the switch alone', async () => {
    const { activeService, previewService } = {
      activeService: 'active',
      previewService: 'preview',
    };
    const blueGreen = { activeService, previewService, autoPromotionEnabled: false };
    const release = await openRelease({ strategy: { blueGreen } }, { isEmpty: true });
    for (const name of [activeService, previewService]) addService(release.cluster, name);
    release.cluster.apply('Rollout', manifest(release.scenario));
    await release.pass(10_000);
    await release.command({ verb: 'pause' });
    release.cluster.failPods((pod) => pod.spec?.containers?.[0]?.image === 'web:v2');
    await release.image('web:v2', 30_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    expect(await texts(release)).toEqual([
      'A person paused the rollout (spec.paused); the active Service is not switched meanwhile.',
      '0 of 4 pods of revision 2 are available.',
    ]);
  });
});
