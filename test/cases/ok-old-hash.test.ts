import { describe, expect, it } from 'vitest';
import type { ReplicaSet, RolloutStatus, RolloutStrategy } from '../../lib/model/argo.generated.ts';
import { stepHash } from '../../lib/model/hash.ts';
import {
  desiredReplicasAnnotation,
  hashLabel,
  instanceIdLabel,
  revisionAnnotation,
} from '../../lib/model/names.ts';
import { uidOf } from '../../lib/model/workload.ts';
import { target } from '../faults/stage.ts';
import { openRelease, type Release } from '../simulate/releasesStage.ts';
import { readCase, setImage } from './manifests.ts';

// ReplicaSets with hash labels of another hash function are the rollout's, whatever they are called.

const { spec } = readCase('ok-old-hash');
const { namespace } = target;

type Old = { hash: string; image: string; revision: number; replicas: number };

/** A rollout as another controller left it in mid-release: of oldaaa1 stable, of oldbbb2 the new pods. */
async function takenOver(strategy: RolloutStrategy, sets: Old[], status: RolloutStatus) {
  const release = await openRelease(spec, { isEmpty: true });
  const { cluster } = release;
  const image = sets.at(-1)?.image ?? '';
  const template = { ...spec.template, spec: { containers: [{ name: 'c', image }] } };
  const selector = { app: 'oc', [hashLabel]: 'oldaaa1' };
  const ports = [{ port: 80 }];
  const service = { metadata: { name: 'active', namespace }, spec: { selector, ports } };
  cluster.apply('Service', service);
  // Not Serin's yet.
  const labels = { [instanceIdLabel]: 'another' };
  const rollout = { metadata: { ...target, labels }, spec: { ...spec, strategy, template } };
  const made = cluster.apply('Rollout', rollout);
  for (const set of sets) {
    cluster.apply('ReplicaSet', oldSet(set, uidOf(made)));
    await release.pass(10_000);
  }
  const seen = { observedGeneration: String(made.metadata?.generation ?? 0) };
  const currentStepHash = stepHash(strategy) || null;
  cluster.patchStatus(namespace, target.name, { ...status, ...seen, currentStepHash });
  const taken = { metadata: { labels: { [instanceIdLabel]: null } } };
  await cluster.as('kubectl').patch({ kind: 'Rollout', ...target }, taken);
  await release.pass(20_000);
  return release;
}

function oldSet({ hash, image, revision, replicas }: Old, uid: string): ReplicaSet {
  const labels = { app: 'oc', [hashLabel]: hash };
  const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: target.name, uid };
  return {
    metadata: {
      ...{ name: `${target.name}-${hash}`, namespace, labels },
      annotations: { [revisionAnnotation]: String(revision), [desiredReplicasAnnotation]: '2' },
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
    },
  };
}

const stable: Old = { hash: 'oldaaa1', image: 'nginx:1', revision: 1, replicas: 1 };
const current: Old = { hash: 'oldbbb2', image: 'nginx:2', revision: 2, replicas: 1 };
const hashes = (release: Release) =>
  release.dog.sets().map((set) => set.metadata?.labels?.[hashLabel] ?? '');
const pauseConditions = [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:00:00Z' }];

describe('ReplicaSets with hash labels of another era', () => {
  it('are taken over at rest and in mid-canary, promoted and gone back to', async () => {
    const release = await takenOver(spec.strategy ?? {}, [stable, current], {
      ...{ currentPodHash: 'oldbbb2', stableRS: 'oldaaa1', currentStepIndex: 1 },
      ...{ pauseConditions, controllerPause: true },
    });
    expect(release.where()).toBe('Paused 1/2');
    await release.command({ verb: 'promote' }, 60_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.status().stableRS).toBe('oldbbb2');
    await setImage(release, 'nginx:1');
    expect(release.status().currentPodHash).toBe('oldaaa1');
    await release.command({ verb: 'promote' }, 60_000);
    expect(release.sizes()).toEqual({ 'nginx:1': 2 });
    expect(release.status().stableRS).toBe('oldaaa1');
    expect(hashes(release)).toEqual(['oldaaa1', 'oldbbb2']);
  });

  it('are taken over in blue-green before the switch, promoted and gone back to', async () => {
    const strategy = { blueGreen: { activeService: 'active', autoPromotionEnabled: false } };
    const whole = [stable, current].map((set) => ({ ...set, replicas: 2 }));
    const pause = { reason: 'BlueGreenPause', startTime: '2026-01-01T00:00:00Z' };
    const release = await takenOver(strategy, whole, {
      ...{ currentPodHash: 'oldbbb2', stableRS: 'oldaaa1', controllerPause: true },
      ...{ pauseConditions: [pause], blueGreen: { activeSelector: 'oldaaa1' } },
    });
    expect(release.status().message).toBe('BlueGreenPause');
    await release.command({ verb: 'promote' }, 10_000);
    expect(release.status().blueGreen?.activeSelector).toBe('oldbbb2');
    await setImage(release, 'nginx:1');
    expect(release.status().blueGreen?.activeSelector).toBe('oldaaa1');
    expect(hashes(release)).toEqual(['oldaaa1', 'oldbbb2']);
  });
});
