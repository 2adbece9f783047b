import { describe, expect, it } from 'vitest';
import type { ObjectMeta, ReplicaSet, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { ephemeralMetadataAnnotation } from '../../lib/model/names.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { key, target } from '../faults/stage.ts';
import type { Release } from '../simulate/releasesStage.ts';
import { patchSpec } from './casesStage.ts';
import { openCase, setImage } from './manifests.ts';

// What a role put over the template's own label or annotation is given back: a Service may ask for it.

const name = 'template-label-lost-at-promotion';
const { namespace } = target;

/** The values under a name, of all pods there are. */
function onPods(release: Release, part: 'labels' | 'annotations', entry: string): unknown[] {
  const pods = release.cluster.read.list('Pod', namespace);
  const alive = pods.filter((pod) => !pod.metadata?.deletionTimestamp);
  return alive.map((pod) => pod.metadata?.[part]?.[entry]).sort();
}

/** How many pods the Service leads to. */
function endpoints(release: Release): number {
  const { spec } = release.cluster.read.get('Service', namespace, 'pa');
  const pods = release.cluster.read.list('Pod', namespace);
  const wanted = Object.entries(spec?.selector ?? {});
  return pods.filter((pod) =>
    wanted.every(([label, value]) => pod.metadata?.labels?.[label] === value),
  ).length;
}

const rolesOf = (roles: object): RolloutSpec => ({ strategy: { canary: roles } });
const template = (metadata: ObjectMeta): RolloutSpec => ({ template: { metadata } });

describe('at a promotion', () => {
  it('a label of the template comes back, and its Service keeps its pods', async () => {
    const release = await openCase(name);
    await setImage(release, 'nginx:2');
    expect(onPods(release, 'labels', 'role')).toEqual(['canary', 'live']);
    await release.command({ verb: 'promote' }, 60_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(onPods(release, 'labels', 'role')).toEqual(['live', 'live']);
    expect(release.setOf('nginx:2')?.spec?.template?.metadata?.labels?.role).toBe('live');
    expect(endpoints(release)).toBe(2);
    const { writes } = release.dog.requests;
    await release.pass(10 * 60_000);
    expect(release.dog.requests.writes).toBe(writes);
  });

  it('so does an annotation, of each version its own', async () => {
    const release = await openCase(name);
    const roles = { stableMetadata: { annotations: { note: 'stable' } } };
    const canaryMetadata = { annotations: { note: 'canary' } };
    await patchSpec(
      release,
      {
        ...rolesOf({ ...roles, canaryMetadata }),
        ...template({ annotations: { note: 'first' } }),
      },
      10_000,
    );
    await release.command({ verb: 'promote' }, 60_000);
    expect(onPods(release, 'annotations', 'note')).toEqual(['stable', 'stable']);
    const containers = [{ name: 'c', image: 'nginx:2' }];
    const next = { metadata: { annotations: { note: 'second' } }, spec: { containers } };
    await patchSpec(release, { template: next }, 10_000);
    expect(onPods(release, 'annotations', 'note')).toEqual(['canary', 'stable']);
    await patchSpec(release, rolesOf({ stableMetadata: null, canaryMetadata: null }), 10_000);
    expect(onPods(release, 'annotations', 'note')).toEqual(['first', 'second']);
    const own = ['nginx:1', 'nginx:2'].map(
      (image) =>
        release.dog
          .sets()
          .filter((set) => (set.spec?.replicas ?? 0) > 0)
          .find((set) => set.spec?.template?.spec?.containers?.[0]?.image === image)?.spec?.template
          ?.metadata?.annotations?.note,
    );
    expect(own).toEqual(['first', 'second']);
  });
});

it('a ReplicaSet without pods gets its label back too, when the spec has no role any more', async () => {
  const release = await openCase(name);
  await patchSpec(release, rolesOf({ stableMetadata: { labels: { role: 'stable' } } }), 10_000);
  await release.after({ do: 'scale', replicas: 0 });
  const roleOf = () => release.setOf('nginx:1')?.spec?.template?.metadata?.labels?.role;
  expect(roleOf()).toBe('stable');
  await patchSpec(release, rolesOf({ stableMetadata: null }), 10_000);
  expect(roleOf()).toBe('live');
});

it('an undo has the label of the template, and not of a role', async () => {
  const release = await openCase(name);
  await patchSpec(release, rolesOf({ stableMetadata: { labels: { role: 'stable' } } }), 10_000);
  await setImage(release, 'nginx:2');
  await release.command({ verb: 'promote' }, 60_000);
  await setImage(release, 'nginx:3');
  await release.command({ verb: 'undo' }, 10_000);
  const { metadata, spec } = release.dog.live()?.spec?.template ?? {};
  expect(spec?.containers?.[0]?.image).toBe('nginx:2');
  expect(metadata?.labels).toEqual({ app: 'pa', role: 'live' });
  expect(release.where()).toBe('Healthy 2/2');
});

describe('a rollout taken over from Argo', () => {
  const set = (release: Release, image: string): ReplicaSet => release.setOf(image) ?? {};

  /** As Argo leaves it: its own annotation, and no note of what was there before. */
  async function inject(release: Release, image: string, labels: object, note: object | null) {
    const place = { namespace, name: set(release, image).metadata?.name ?? '' };
    const injected = note && JSON.stringify({ labels: note });
    const argo = release.cluster.as('rollouts-controller');
    const annotations = { [ephemeralMetadataAnnotation]: injected, [replaced]: null };
    const patch: MergePatch = {
      metadata: { annotations },
      spec: { template: { metadata: { labels } } },
    };
    await argo.patch({ kind: 'ReplicaSet', ...place }, patch);
    const { uid } = set(release, image).metadata ?? {};
    for (const pod of release.cluster.read.list('Pod', namespace)) {
      if (!pod.metadata?.ownerReferences?.some((owner) => owner.uid === uid)) continue;
      const here = { namespace, name: pod.metadata.name ?? '' };
      await argo.patch({ kind: 'Pod', ...here }, { metadata: { labels } });
    }
  }
  const replaced = 'serin/replaced-metadata';

  it('in mid-release gets back what Argo put a role over', async () => {
    const release = await openCase(name);
    await setImage(release, 'nginx:2');
    await inject(release, 'nginx:2', { role: 'canary' }, { role: 'canary' });
    await release.command({ verb: 'promote' }, 60_000);
    expect(onPods(release, 'labels', 'role')).toEqual(['live', 'live']);
    expect(endpoints(release)).toBe(2);
  });

  it('gets back what Argo took off at a promotion', async () => {
    const release = await openCase(name);
    await inject(release, 'nginx:1', { role: null }, null);
    await release.simulated.world.invoke({ key });
    await release.pass(5000);
    expect(onPods(release, 'labels', 'role')).toEqual(['live', 'live']);
    expect(set(release, 'nginx:1').spec?.template?.metadata?.labels?.role).toBe('live');
  });

  it('gets it back on the stable version of a release as well', async () => {
    const release = await openCase(name);
    await setImage(release, 'nginx:2');
    await inject(release, 'nginx:1', { role: null }, null);
    await release.simulated.world.invoke({ key });
    await release.pass(5000);
    expect(onPods(release, 'labels', 'role')).toEqual(['canary', 'live']);
  });
});
