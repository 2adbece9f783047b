import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type {
  BlueGreenStrategy,
  CanaryStrategy,
  Deployment,
  Rollout,
} from '../../lib/model/argo.generated.ts';
import { hashLabel, managedByAnnotation } from '../../lib/model/names.ts';
import { imagesOf, nameOf, podHashOf } from '../../lib/model/workload.ts';
import { openRelease, type Release } from '../simulate/releasesStage.ts';

// argo-rollouts 4541: with the rollout at 0, its Services led to no pod although the Deployment had two.
// Played with the names of the simulated stage, the sizes of the case.

const file = new URL('./way-back-to-a-deployment-loses-traffic.yaml', import.meta.url);
const namespace = 'shop';
const name = 'web';

type Manifest = { kind: 'Rollout' | 'Deployment' | 'Service'; metadata: { name: string } };

/** The manifest of the case, under the name that the stage's helpers speak of. */
function manifests(): Manifest[] {
  const text = readFileSync(file, 'utf8').replaceAll('wbg', name);
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

type Strategy = { blueGreen: BlueGreenStrategy } | { canary: CanaryStrategy };

/** As the case has it, or with another strategy and its Services. */
async function applied(strategy?: Strategy, services: string[] = [name]): Promise<Stage> {
  const release = await openRelease({}, { isEmpty: true });
  for (const { kind, ...object } of manifests()) {
    const meta = { ...object.metadata, namespace };
    const names = kind === 'Service' ? services : [name];
    for (const each of names) {
      const manifest = { ...object, metadata: { ...meta, name: each } };
      const spec = strategy && kind === 'Rollout' ? { strategy } : {};
      const merged = { ...(manifest as Rollout).spec, ...spec };
      release.cluster.apply(kind, { ...manifest, spec: merged } as Rollout);
    }
  }
  await release.pass(20_000);
  return { ...release, services };
}

type Stage = Release & { services: string[] };

const live = ({ cluster }: Release) => cluster.read.get('Deployment', namespace, name);
const serviceOf = ({ cluster }: Release, each: string) =>
  cluster.read.get('Service', namespace, each);
const hashOf = (release: Release, each = name) =>
  serviceOf(release, each).spec?.selector?.[hashLabel];

/** Ready pods behind a Service: the rollout's that its selector asks for, and the Deployment's own. */
function endpoints(release: Release, each = name): number {
  const { selector = {} } = serviceOf(release, each).spec ?? {};
  const pods = release.cluster.read.list('Pod', namespace).filter(({ metadata, status }) => {
    const isReady = status?.conditions?.some(
      ({ type, status: is }) => type === 'Ready' && is === 'True',
    );
    const isAsked = Object.entries(selector).every(
      ([key, value]) => metadata?.labels?.[key] === value,
    );
    return isReady && isAsked && metadata?.deletionTimestamp === undefined;
  });
  const own = selector[hashLabel] === undefined ? (live(release).status?.readyReplicas ?? 0) : 0;
  return pods.length + own;
}

async function scaleDeployment(release: Release, replicas: number, spanMs = 10_000): Promise<void> {
  const target = { namespace, name };
  await release.cluster
    .as('kubectl')
    .patch({ kind: 'Deployment', ...target }, { spec: { replicas } });
  await release.pass(spanMs);
}

async function scaleRollout(release: Release, replicas: number, spanMs = 20_000): Promise<void> {
  release.cluster.scale(namespace, name, replicas);
  await release.pass(spanMs);
}

async function setImage(release: Release, image: string, spanMs = 20_000): Promise<void> {
  const template = { spec: { containers: [{ name: 'c', image }] } };
  const target = { namespace, name };
  await release.cluster
    .as('kubectl')
    .patch({ kind: 'Deployment', ...target }, { spec: { template } });
  await release.pass(spanMs);
}

/** The fewest ready pods that a Service led to from now on. */
function watchEndpoints(release: Release, each = name): () => number {
  let least = Number.POSITIVE_INFINITY;
  release.cluster.watch(() => {
    least = Math.min(least, endpoints(release, each));
  });
  return () => least;
}

/** A version beside the stable one that nobody has consented to: one pod of it. */
async function previewed(): Promise<Stage> {
  const blueGreen = {
    ...{ activeService: name, previewService: 'preview', autoPromotionEnabled: false },
    previewReplicaCount: 1,
  };
  const release = await applied({ blueGreen }, [name, 'preview']);
  await setImage(release, 'nginx:2');
  expect(release.status().phase).toBe('Paused');
  return release;
}

/** The most pods of the preview there were while the Service led to every pod. */
function watchPreview(release: Release): () => number {
  let most = 0;
  release.cluster.watch(() => {
    if (hashOf(release) !== undefined) return;
    most = Math.max(most, release.setOf('nginx:2')?.status?.replicas ?? 0);
  });
  return () => most;
}

const strategies: [string, Strategy, string[]][] = [
  [
    'blue-green',
    { blueGreen: { activeService: name, previewService: 'preview' } },
    [name, 'preview'],
  ],
  [
    'canary',
    { canary: { stableService: name, canaryService: 'canary', steps: [{ setWeight: 50 }] } },
    [name, 'canary'],
  ],
];

describe('the way back from a rollout to its Deployment', () => {
  it('leads the Service to the Deployment’s pods, and to the rollout’s again', async () => {
    const release = await applied();
    expect(release.where()).toBe('Healthy 0/0');
    const hash = hashOf(release);
    await scaleDeployment(release, 2);
    expect(hashOf(release)).toBe(hash);
    await scaleRollout(release, 0);
    expect(hashOf(release)).toBeUndefined();
    expect(endpoints(release)).toBe(2);
    expect(release.where()).toBe('Healthy 0/0');
    await scaleRollout(release, 2);
    expect(hashOf(release)).toBe(hash);
    expect(endpoints(release)).toBe(2);
    expect(release.where()).toBe('Healthy 0/0');
  });

  it.each(strategies)(
    'is gone both ways without a gap by all Services (%s)',
    async (_, strategy, services) => {
      const release = await applied(strategy, services);
      expect(services.map((each) => hashOf(release, each))).not.toContain(undefined);
      await scaleDeployment(release, 2);
      const least = services.map((each) => watchEndpoints(release, each));
      await scaleRollout(release, 0);
      expect(services.map((each) => hashOf(release, each))).toEqual([undefined, undefined]);
      await scaleRollout(release, 2);
      expect(services.map((each) => hashOf(release, each))).not.toContain(undefined);
      expect(least.map((each) => each())).toEqual([2, 2]);
    },
  );

  it.each(strategies)(
    'is gone with the rollout at 0 first, too (%s)',
    async (_, strategy, services) => {
      const release = await applied(strategy, services);
      await scaleRollout(release, 0);
      // The Deployment is to have no pods: there is nothing to lead to yet.
      expect(services.map((each) => hashOf(release, each))).not.toContain(undefined);
      await scaleDeployment(release, 2);
      expect(services.map((each) => endpoints(release, each))).toEqual([2, 2]);
    },
  );

  it('holds while the Deployment’s pods come and go, and writes nothing for that', async () => {
    const release = await applied();
    await scaleDeployment(release, 2);
    await scaleRollout(release, 0);
    const { resourceVersion } = serviceOf(release, name).metadata ?? {};
    await scaleDeployment(release, 0);
    await scaleDeployment(release, 3);
    await release.pass(600_000);
    expect(serviceOf(release, name).metadata?.resourceVersion).toBe(resourceVersion);
    expect(endpoints(release)).toBe(3);
  });

  it('takes the Service again only with all its pods while the Deployment serves', async () => {
    const release = await applied();
    await scaleDeployment(release, 2);
    await scaleRollout(release, 0);
    const lucky = new Set<string>();
    release.cluster.failPods(({ metadata }) => {
      if (lucky.size < 1) lucky.add(metadata?.uid ?? '');
      return !lucky.has(metadata?.uid ?? '');
    });
    await scaleRollout(release, 2);
    // One of two pods: the Deployment's two go on serving beside it.
    expect(hashOf(release)).toBeUndefined();
    expect(endpoints(release)).toBe(3);
    // Nothing else serves any more: one pod is better than pods of any version.
    await scaleDeployment(release, 0);
    expect(hashOf(release)).toBeDefined();
    expect(endpoints(release)).toBe(1);
  });

  it('gives the Services back and takes no new ones when the rollout is deleted meanwhile', async () => {
    const release = await applied();
    await scaleDeployment(release, 2);
    await scaleRollout(release, 0);
    release.cluster.deleteObject('Rollout', namespace, name);
    await release.pass(120_000);
    expect(hashOf(release)).toBeUndefined();
    expect(serviceOf(release, name).metadata?.annotations ?? {}).not.toHaveProperty([
      managedByAnnotation,
    ]);
  });

  it('is no consent to a preview: the stable version has the traffic again', async () => {
    const blueGreen = {
      activeService: name,
      previewService: 'preview',
      autoPromotionEnabled: false,
    };
    const release = await applied({ blueGreen }, [name, 'preview']);
    const hash = hashOf(release);
    await scaleDeployment(release, 2);
    await scaleRollout(release, 0);
    await setImage(release, 'nginx:2');
    expect(release.status()).toMatchObject({ phase: 'Paused', stableRS: hash });
    await scaleRollout(release, 2);
    expect(hashOf(release)).toBe(hash);
    expect(hashOf(release, 'preview')).toBe(release.status().currentPodHash);
    expect(release.sizes()).toEqual({ 'nginx:1': 2, 'nginx:2': 2 });
    await release.command({ verb: 'promote' }, 20_000);
    expect(hashOf(release)).toBe(release.status().currentPodHash);
    expect(imagesOf(release.setOf('nginx:2')?.spec?.template)).toEqual(['nginx:2']);
  });

  it('leads no preview to a kept version that goes', async () => {
    const blueGreen = {
      activeService: name,
      previewService: 'preview',
      scaleDownDelaySeconds: 600,
    };
    const release = await applied({ blueGreen }, [name, 'preview']);
    await setImage(release, 'nginx:2');
    expect(release.sizes()).toEqual({ 'nginx:1': 2, 'nginx:2': 2 });
    const empty: string[] = [];
    release.cluster.watch(() => {
      const hash = hashOf(release, 'preview');
      const set = release.dog.sets().find((each) => podHashOf(each) === hash);
      if (set?.spec?.replicas === 0) empty.push(nameOf(set));
    });
    // All of it before Serin looks again.
    await setImage(release, 'nginx:1', 0);
    await scaleDeployment(release, 2, 0);
    await scaleRollout(release, 0);
    expect(hashOf(release, 'preview')).toBeUndefined();
    expect(endpoints(release)).toBe(2);
    expect(empty).toEqual([]);
  });

  it('lets no pod of a preview serve on the way', async () => {
    const release = await previewed();
    await scaleDeployment(release, 2);
    const mixed = watchPreview(release);
    await scaleRollout(release, 0);
    expect(hashOf(release)).toBeUndefined();
    expect(endpoints(release)).toBe(2);
    expect(mixed()).toBe(0);
  });

  it('lets none serve either when the stable version is at 0 already', async () => {
    const release = await previewed();
    await scaleRollout(release, 0);
    expect(release.sizes()).toEqual({ 'nginx:2': 1 });
    const mixed = watchPreview(release);
    await scaleDeployment(release, 2, 20_000);
    expect(hashOf(release)).toBeUndefined();
    expect(endpoints(release)).toBe(2);
    expect(mixed()).toBe(0);
  });

  it('leads to pods all along, also when the status is wiped meanwhile', async () => {
    const release = await previewed();
    await scaleDeployment(release, 2);
    const least = watchEndpoints(release);
    const mixed = watchPreview(release);
    await scaleRollout(release, 0, 0);
    await release.after({ do: 'wipe' }, 20_000);
    expect(hashOf(release)).toBeUndefined();
    expect(least()).toBe(2);
    expect(mixed()).toBe(0);
  });

  it('stays open to an abort, which leads back to the stable version', async () => {
    const blueGreen = { activeService: name, autoPromotionEnabled: false };
    const release = await applied({ blueGreen });
    const hash = hashOf(release);
    await setImage(release, 'nginx:2');
    await scaleDeployment(release, 2);
    await scaleRollout(release, 0);
    await release.command({ verb: 'abort' }, 20_000);
    expect(release.status()).toMatchObject({ abort: true, stableRS: hash });
    expect(endpoints(release)).toBe(2);
    await scaleRollout(release, 2);
    expect(hashOf(release)).toBe(hash);
    expect(endpoints(release)).toBe(2);
  });

  it('takes a rollback that comes meanwhile', async () => {
    const release = await applied();
    const hash = hashOf(release);
    await setImage(release, 'nginx:2');
    await scaleDeployment(release, 2);
    await scaleRollout(release, 0);
    await release.command({ verb: 'undo' }, 20_000);
    expect(endpoints(release)).toBe(2);
    await scaleRollout(release, 2);
    expect(hashOf(release)).toBe(hash);
    expect(endpoints(release)).toBe(2);
    expect(release.where()).toBe('Healthy 0/0');
  });

  it('keeps the pods of a release that a person paused, and their Services', async () => {
    const [, strategy, services] = strategies[1] ?? [];
    const release = await applied(strategy, services);
    await scaleDeployment(release, 2);
    await release.command({ verb: 'pause' });
    await scaleRollout(release, 0);
    expect(hashOf(release)).toBeDefined();
    expect(endpoints(release)).toBe(2);
    await release.command({ verb: 'resume' }, 20_000);
    expect(hashOf(release)).toBeUndefined();
    expect(endpoints(release)).toBe(2);
  });

  it.each(strategies)(
    'keeps the pods of a rollout whose spec is faulty, and their Services (%s)',
    async (_, strategy, services) => {
      const release = await applied(strategy, services);
      await scaleDeployment(release, 2);
      const place = { namespace, name };
      const edit = (limit: number | null) =>
        release.cluster
          .as('kubectl')
          .patch({ kind: 'Rollout', ...place }, { spec: { revisionHistoryLimit: limit } });
      await edit(-1);
      const least = watchEndpoints(release);
      await scaleRollout(release, 0);
      expect(hashOf(release)).toBeDefined();
      await edit(null);
      await release.pass(20_000);
      expect(hashOf(release)).toBeUndefined();
      expect(least()).toBe(2);
    },
  );

  it('is what a new rollout without pods begins with', async () => {
    const release = await openRelease({}, { isEmpty: true });
    for (const { kind, ...object } of manifests()) {
      const spec = (object as Deployment).spec ?? {};
      const sized = kind === 'Service' ? {} : { replicas: kind === 'Rollout' ? 0 : 2 };
      const metadata = { ...object.metadata, namespace };
      release.cluster.apply(kind, { ...object, metadata, spec: { ...spec, ...sized } } as Rollout);
    }
    await release.pass(20_000);
    expect(hashOf(release)).toBeUndefined();
    expect(endpoints(release)).toBe(2);
    await scaleRollout(release, 2);
    expect(hashOf(release)).toBeDefined();
    expect(endpoints(release)).toBe(2);
  });
});
