import { describe, expect, it } from 'vitest';
import type { RolloutStrategy } from '../../lib/model/argo.generated.ts';
import { manifest, target } from '../faults/stage.ts';
import type { Release } from '../simulate/releasesStage.ts';
import { openCase, readCase } from './manifests.ts';

// A rollout that is given another strategy keeps nothing in its status that belongs to the old one.

const name = 'stale-selectors-after-strategy-change';
const canary: RolloutStrategy = { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } };

/** As `kubectl replace` does, with another image. */
async function replace(release: Release, strategy: RolloutStrategy, image: string): Promise<void> {
  const { spec } = readCase(name);
  const template = { ...spec.template, spec: { containers: [{ name: 'c', image }] } };
  const whole = manifest(release.scenario);
  release.cluster.apply('Rollout', { ...whole, spec: { ...spec, template, strategy } });
  await release.pass(60_000);
}

describe('a rollout changed from blue-green to canary', () => {
  it('has no selectors of Services in its status, and goes through its steps', async () => {
    const release = await openCase(name);
    expect(release.status().blueGreen?.activeSelector).toBeDefined();
    await replace(release, canary, 'nginx:2');
    expect(release.status().blueGreen).toBeUndefined();
    expect(release.where()).toBe('Paused 1/2');
    await release.command({ verb: 'promote' }, 60_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.sizes()).toEqual({ 'nginx:2': 2 });
  });

  it('keeps the empty object that Argo leaves there', async () => {
    const release = await openCase(name);
    await replace(release, canary, 'nginx:2');
    release.cluster.patchStatus(target.namespace, target.name, { blueGreen: {}, canary: {} });
    await release.pass(120_000);
    expect(release.status()).toMatchObject({ blueGreen: {}, canary: {} });
  });
});

describe('a rollout changed from canary to blue-green', () => {
  it('has no step and nothing else of a canary in its status', async () => {
    const release = await openCase(name);
    await replace(release, canary, 'nginx:2');
    // As Argo leaves it of a canary with weights, experiments or analyses.
    const left = { weights: { canary: { weight: 50 } }, currentExperiment: 'tried' };
    release.cluster.patchStatus(target.namespace, target.name, { canary: left });
    await replace(release, { blueGreen: { activeService: 'bgc' } }, 'nginx:3');
    const { canary: known, currentStepIndex, currentStepHash, blueGreen } = release.status();
    expect([known, currentStepIndex, currentStepHash]).toEqual([undefined, undefined, undefined]);
    expect(release.status().phase).toBe('Healthy');
    expect(blueGreen?.activeSelector).toBe(release.status().currentPodHash);
  });
});
