import { expect, it } from 'vitest';
import type { BlueGreenStrategy } from '../../lib/model/argo.generated.ts';
import { fieldManager, hashLabel } from '../../lib/model/names.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { podHashOf } from '../../lib/model/workload.ts';
import { addService } from '../faults/acts.ts';
import { templateOf } from '../faults/scenario.ts';
import { target } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

// Blue-green with its template in a Deployment, which has the traffic back for a while.

const { namespace } = target;
const services = { activeService: 'active', previewService: 'preview' };

async function referring(
  more: Partial<BlueGreenStrategy> = {},
  sizes = { rollout: 4, deployment: 0 },
): Promise<Release> {
  const release = await openRelease({}, { isEmpty: true });
  for (const name of ['active', 'preview']) addService(release.cluster, name);
  const selector = { matchLabels: { app: 'web' } };
  release.cluster.apply('Deployment', {
    metadata: { namespace, name: 'source' },
    spec: { replicas: sizes.deployment, selector, template: templateOf('web:v1') },
  });
  release.cluster.apply('AnalysisTemplate', {
    metadata: { namespace, name: 'check' },
    spec: { metrics: [{ name: 'm', provider: { web: { url: 'http://metrics/t/value/1' } } }] },
  });
  release.cluster.apply('Rollout', {
    metadata: { ...target },
    spec: {
      replicas: sizes.rollout,
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'source' },
      strategy: { blueGreen: { ...services, ...more } },
    },
  });
  await release.pass(20_000);
  expect(release.status().phase).toBe('Healthy');
  return release;
}

/** What somebody writes of both with kubectl, before Serin looks. */
async function edit(release: Release, rollout: MergePatch, deployment: MergePatch): Promise<void> {
  const kubectl = release.cluster.as('kubectl');
  await kubectl.patch({ kind: 'Deployment', namespace, name: 'source' }, { spec: deployment });
  await kubectl.patch({ kind: 'Rollout', ...target }, { spec: rollout });
}

const ofImage = (image: string): MergePatch => ({ template: { ...templateOf(image) } });

/** The image of the version that the active Service leads to; '' where it is the Deployment's pods. */
function active(release: Release): string {
  const { spec } = release.cluster.read.get('Service', namespace, 'active');
  return imageOf(release, spec?.selector?.[hashLabel]);
}

function imageOf(release: Release, hash: string | undefined): string {
  const set = release.dog.sets().find((each) => podHashOf(each) === hash);
  return set?.spec?.template?.spec?.containers?.[0]?.image ?? '';
}

it('a version without pods becomes the stable one once the Deployment has the traffic', async () => {
  const release = await referring();
  const moves: string[] = [];
  release.cluster.failPods(() => true);
  await release.cluster
    .as('kubectl')
    .patch({ kind: 'Deployment', namespace, name: 'source' }, { spec: ofImage('web:v2') });
  await release.pass(20_000);
  expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
  release.cluster.watch(({ kind, before, object }) => {
    if (kind !== 'Rollout') return;
    const { stableRS } = object.status ?? {};
    if (stableRS === before?.status?.stableRS) return;
    moves.push(`${imageOf(release, stableRS)} is stable, traffic goes to '${active(release)}'`);
  });
  await edit(release, { replicas: 0 }, { ...ofImage('web:v3'), replicas: 2 });
  await release.pass(20_000);
  expect(moves).toEqual(["web:v3 is stable, traffic goes to ''"]);
  expect(release.status().phase).toBe('Healthy');
  expect(release.dog.violations).toEqual([]);
});

it('a version that had the traffic, and never became the stable one, waits for consent again', async () => {
  const release = await referring({ autoPromotionEnabled: false });
  await edit(release, {}, ofImage('web:v2'));
  await release.pass(10_000);
  // Another image comes right after the switch to it.
  atNextSwitch(release, () => edit(release, { replicas: 3 }, ofImage('web:v3')));
  await release.after({ do: 'plugin', line: 'promote' }, 20_000);
  expect(active(release)).toBe('web:v2');
  expect(imageOf(release, release.status().stableRS)).toBe('web:v1');
  await edit(release, { replicas: 0 }, { replicas: 2 });
  await release.pass(20_000);
  expect(active(release)).toBe('');
  await edit(release, { replicas: 4 }, ofImage('web:v2'));
  await release.pass(20_000);
  expect(release.status().message).toBe('BlueGreenPause');
  expect(active(release)).toBe('web:v1');
  expect(release.dog.violations).toEqual([]);
});

/** What somebody does when Serin has led the active Service elsewhere, before the status says so. */
function atNextSwitch(release: Release, act: () => Promise<void>): void {
  const stop = release.cluster.watch(({ kind, object, writer }) => {
    if (kind !== 'Service' || object.metadata?.name !== 'active') return;
    if (writer.manager !== fieldManager) return;
    stop();
    queueMicrotask(() => void act());
  });
}

it('an analysis is not waited for while the Deployment has the traffic', async () => {
  const analysis = { templates: [{ templateName: 'check' }] };
  const analyses = {
    ...{ prePromotionAnalysis: analysis, postPromotionAnalysis: analysis },
    previewReplicaCount: 2,
  };
  const release = await referring(analyses, { rollout: 0, deployment: 4 });
  await edit(release, {}, ofImage('web:v2'));
  await release.pass(60_000);
  expect(release.status().phase).toBe('Healthy');
  expect(release.status().stableRS).toBe(release.status().currentPodHash);
  expect(active(release)).toBe('');
  expect(release.dog.violations).toEqual([]);
});
