import { describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { target } from '../faults/stage.ts';
import type { Release } from '../simulate/releasesStage.ts';
import { patchSpec } from './casesStage.ts';
import { openCase, setImage } from './manifests.ts';

// Metadata of a role that repeats a label of the selector, and metadata that the API server refuses: neither
// keeps anything from happening.

const name = 'role-metadata-repeats-a-selector-label';
const { namespace } = target;

function podLabels(release: Release): object[] {
  return release.cluster.read
    .list('Pod', namespace)
    .map(({ metadata }) => metadata?.labels ?? {})
    .map(({ [hashLabel]: _, ...labels }) => labels);
}

describe('metadata of a role that repeats a label of the selector', () => {
  it('is taken off at the promotion, and the label stays', async () => {
    const release = await openCase(name);
    await setImage(release, 'nginx:2', 60_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(podLabels(release)).toEqual([{ app: 'em8' }, { app: 'em8' }]);
    expect(release.dog.trace.join('\n')).not.toMatch(/refused|does not match/);
    const { writes } = release.dog.requests;
    await release.pass(10 * 60_000);
    expect(release.dog.requests.writes).toBe(writes);
    await release.after({ do: 'scale', replicas: 5 });
    expect(release.sizes()).toEqual({ 'nginx:2': 5 });
    await setImage(release, 'nginx:3', 60_000);
    expect(release.sizes()).toEqual({ 'nginx:3': 5 });
    expect(release.status().phase).toBe('Healthy');
  });
});

describe('the API server', () => {
  it('refuses to take a label of the selector off the template', async () => {
    const release = await openCase(name);
    const place = { namespace, name: release.setOf('nginx:1')?.metadata?.name ?? '' };
    const off = (app: string | null) => ({ spec: { template: { metadata: { labels: { app } } } } });
    for (const app of [null, 'other']) {
      const patch = release.cluster.as('kubectl').patch({ kind: 'ReplicaSet', ...place }, off(app));
      await expect(patch).rejects.toThrow(/`selector` does not match template `labels`/);
      await expect(patch).rejects.toThrow(Terminal);
    }
  });
});

describe('metadata of a role that the API server refuses', () => {
  const steps = [{ setWeight: 50 }, { pause: {} }];
  const spec: RolloutSpec = {
    strategy: { canary: { stableMetadata: { labels: { role: 'stable' } }, steps } },
  };

  /** From now on a policy of the cluster forbids to change labels and annotations of pods. */
  async function forbidden(): Promise<Release> {
    const release = await openCase(name);
    await patchSpec(release, spec, 10_000);
    release.dog.policy.forbidsMetadata = true;
    return release;
  }
  const said = (release: Release) =>
    release.cluster.read
      .list('Event', namespace)
      .filter(({ reason }) => reason === 'RoleMetadataRefused')
      .map(({ count }) => count);
  const reasons = async (release: Release): Promise<string> => {
    const { view } = await release.simulated.world.invoke({ key: release.dog.key, look: true });
    return view.reasons.map(({ text }) => text).join('\n');
  };

  it('holds up no step, no size and no status, and is said once', async () => {
    const release = await forbidden();
    await setImage(release, 'nginx:2');
    expect(release.where()).toBe('Paused 1/2');
    await release.command({ verb: 'promote' }, 60_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.sizes()).toEqual({ 'nginx:2': 2 });
    await release.after({ do: 'scale', replicas: 5 }, 30_000);
    expect(release.sizes()).toEqual({ 'nginx:2': 5 });
    await release.pass(10 * 60_000);
    expect(release.where()).toBe('Healthy 2/2');
    // Of the pods and of their ReplicaSets, old and new.
    for (const count of said(release)) expect(count).toBe(1);
    expect(said(release).length).toBeGreaterThan(0);
    expect(await reasons(release)).toMatch(/refuses metadata of a role: .*policy forbids it/);
  });

  it('holds up no abort', async () => {
    const release = await forbidden();
    await setImage(release, 'nginx:2');
    await patchSpec(
      release,
      { strategy: { canary: { canaryMetadata: { labels: { role: 'new' } } } } },
      10_000,
    );
    await release.command({ verb: 'abort' }, 60_000);
    expect(release.sizes()).toEqual({ 'nginx:1': 2 });
    expect(release.status().abort).toBe(true);
  });

  it('is put on within a minute of being allowed, and then nothing is said of it', async () => {
    const release = await forbidden();
    await setImage(release, 'nginx:2');
    await release.command({ verb: 'promote' }, 60_000);
    expect(podLabels(release)).not.toContainEqual({ app: 'em8', role: 'stable' });
    release.dog.policy.forbidsMetadata = false;
    await release.pass(75_000);
    const labels = { app: 'em8', role: 'stable' };
    expect(podLabels(release)).toEqual([labels, labels]);
    expect(await reasons(release)).not.toMatch(/refuses/);
    await release.pass(120_000);
    const { reads } = release.dog.requests;
    await release.pass(10 * 60_000);
    expect(release.dog.requests.reads).toBe(reads);
  });
});
