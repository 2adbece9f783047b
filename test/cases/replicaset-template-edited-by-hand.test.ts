import { describe, expect, it } from 'vitest';
import type { ReplicaSet, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { podTemplateHash } from '../../lib/model/hash.ts';
import { imagesOf } from '../../lib/model/workload.ts';
import { addService } from '../faults/acts.ts';
import { target } from '../faults/stage.ts';
import { openRelease, type Release } from '../simulate/releasesStage.ts';
import { openCase, readCase, setImage } from './manifests.ts';

// A ReplicaSet whose template somebody edited is not the rollout's of that template: its pods are others.

const name = 'replicaset-template-edited-by-hand';
const { namespace } = target;

function hashOf(image: string): string {
  const { spec } = readCase(name);
  const template = { ...spec.template, spec: { containers: [{ name: 'c', image }] } };
  return podTemplateHash(template);
}

async function editSet(release: Release, set: ReplicaSet | undefined, image: string) {
  const spec = { template: { spec: { containers: [{ name: 'c', image }] } } };
  const place = { namespace, name: set?.metadata?.name ?? '' };
  await release.cluster.as('kubectl-set').patch({ kind: 'ReplicaSet', ...place }, { spec });
  await release.pass(30_000);
}

function podImages(release: Release): string[] {
  const pods = release.cluster.read.list('Pod', namespace);
  return pods.flatMap((pod) => imagesOf({ spec: pod.spec ?? { containers: [] } })).sort();
}

describe('a ReplicaSet edited to what the rollout asks for next', () => {
  it('is none of it: the new template gets its own, its steps, and its pods', async () => {
    const release = await openCase(name);
    await editSet(release, release.setOf('nginx:1'), 'nginx:2');
    expect(podImages(release)).toEqual(['nginx:1', 'nginx:1']);
    await setImage(release, 'nginx:2');
    expect(release.where()).toBe('Paused 1/2');
    expect(release.status().currentPodHash).toBe(hashOf('nginx:2'));
    expect(podImages(release)).toEqual(['nginx:1', 'nginx:2']);
    await release.command({ verb: 'promote' }, 60_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(podImages(release)).toEqual(['nginx:2', 'nginx:2']);
  });

  it('is gone back to by an abort, as it is', async () => {
    const release = await openCase(name);
    await editSet(release, release.setOf('nginx:1'), 'nginx:2');
    await setImage(release, 'nginx:2');
    await release.command({ verb: 'abort' }, 60_000);
    expect(release.status().stableRS).toBe(hashOf('nginx:1'));
    expect(podImages(release)).toHaveLength(2);
  });

  it('is not what the rollout goes back to: that template gets another', async () => {
    const release = await openCase(name);
    await setImage(release, 'nginx:2');
    await release.command({ verb: 'promote' }, 60_000);
    await editSet(release, release.setOf('nginx:1'), 'nginx:3');
    await setImage(release, 'nginx:1');
    expect(podImages(release)).toEqual(['nginx:1', 'nginx:2']);
    await release.command({ verb: 'promote' }, 60_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(podImages(release)).toEqual(['nginx:1', 'nginx:1']);
    // Of one hash function as of another: neither template is rolled out again.
    const { currentPodHash } = release.status();
    await setImage(release, 'nginx:2');
    expect(release.status().currentPodHash).toBe(hashOf('nginx:2'));
    await setImage(release, 'nginx:1', 60_000);
    expect(release.status().currentPodHash).toBe(currentPodHash);
    expect(podImages(release)).toEqual(['nginx:1', 'nginx:1']);
    expect(release.dog.sets()).toHaveLength(3);
  });

  it('changes nothing while the rollout asks for nothing else', async () => {
    const release = await openCase(name);
    const { writes } = release.dog.requests;
    await editSet(release, release.setOf('nginx:1'), 'nginx:2');
    await release.pass(10 * 60_000);
    expect(release.dog.requests.writes).toBe(writes);
    expect(release.where()).toBe('Healthy 2/2');
  });
});

it('one that was not edited is gone back to at once, in blue-green too', async () => {
  const { spec } = readCase(name);
  const strategy: RolloutSpec = { strategy: { blueGreen: { activeService: 'active' } } };
  const release = await openRelease({ ...spec, ...strategy }, { isEmpty: true });
  addService(release.cluster, 'active');
  const service = { spec: { selector: { app: 'mut' } } };
  await release.cluster
    .as('kubectl')
    .patch({ kind: 'Service', namespace, name: 'active' }, service);
  release.cluster.apply('Rollout', { metadata: target, spec: { ...spec, ...strategy } });
  await release.pass(10_000);
  await setImage(release, 'nginx:2');
  await setImage(release, 'nginx:1', 3000);
  expect(release.status().blueGreen?.activeSelector).toBe(hashOf('nginx:1'));
  expect(release.status().collisionCount).toBeUndefined();
});
