import { describe, expect, it } from 'vitest';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { workloadGenerationAnnotation } from '../../lib/model/names.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { target } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

// What Argo CD makes of the statuses Serin writes, by its own rules for a Rollout's health and actions:
// argo-cd resource_customizations/argoproj.io/Rollout (health.lua, actions/).

type Health = 'Progressing' | 'Suspended' | 'Degraded' | 'Healthy';

/** As Argo CD tells it since Argo Rollouts 1.0: by the phase, once all is observed. */
function healthByPhase({ spec, status, metadata }: Rollout): Health {
  const { observedGeneration, workloadObservedGeneration, phase } = status ?? {};
  if (Number(observedGeneration) !== metadata?.generation) return 'Progressing';
  const noted = metadata?.annotations?.[workloadGenerationAnnotation];
  if (spec?.workloadRef && workloadObservedGeneration !== noted) return 'Progressing';
  return phase === 'Paused' ? 'Suspended' : (phase as Health);
}

/** As it told it before, from counts and conditions. */
function healthByCounts({ spec = {}, status = {}, metadata }: Rollout): Health {
  if (Number(status.observedGeneration) !== metadata?.generation) return 'Progressing';
  const isBad = (status.conditions ?? []).some(
    ({ type, reason = '' }) =>
      type === 'InvalidSpec' ||
      (type === 'Progressing' && ['RolloutAborted', 'ProgressDeadlineExceeded'].includes(reason)),
  );
  if (isBad) return 'Degraded';
  if (spec.paused || (status.pauseConditions ?? []).length > 0) return 'Suspended';
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, stableRS } = status;
  const isWhole = updatedReplicas >= (spec.replicas ?? 1) && availableReplicas >= updatedReplicas;
  const isAlone = spec.strategy?.blueGreen !== undefined || replicas <= updatedReplicas;
  const isStable = stableRS !== undefined && stableRS === status.currentPodHash;
  return isWhole && isAlone && isStable ? 'Healthy' : 'Progressing';
}

const steps = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }];
const canary = { strategy: { canary: { steps } } };

function health(release: Release): Health[] {
  const live = release.dog.live() ?? {};
  return [healthByPhase(live), healthByCounts(live)];
}

describe("a Rollout's health in Argo CD", () => {
  it.each<[string, Health, (release: Release) => Promise<void>]>([
    ['at rest', 'Healthy', async () => {}],
    ['at a pause', 'Suspended', (r) => r.image('web:v2')],
    [
      'paused by a person',
      'Suspended',
      async (r) => {
        await r.image('web:v2');
        await r.command({ verb: 'pause' });
      },
    ],
    [
      'aborted',
      'Degraded',
      async (r) => {
        await r.image('web:v2');
        await r.command({ verb: 'abort' });
      },
    ],
    [
      'stuck',
      'Degraded',
      async (r) => {
        r.cluster.failPods(() => true);
        await r.image('web:v2', 60_000);
      },
    ],
    [
      'invalid',
      'Degraded',
      (r) => act(r, { spec: { strategy: { canary: { steps: [{ setWeight: 101 }] } } } }),
    ],
    [
      'under way',
      'Progressing',
      async (r) => {
        r.cluster.failPods(() => true);
        await r.image('web:v2', 8000);
      },
    ],
    [
      'promoted',
      'Healthy',
      async (r) => {
        await r.image('web:v2');
        await r.command({ verb: 'promote' }, 30_000);
      },
    ],
  ])('%s is %s', async (_, expected, come) => {
    const release = await openRelease({ ...canary, progressDeadlineSeconds: 20 });
    await come(release);
    expect(health(release)).toEqual([expected, expected]);
  });
});

/** What Argo CD writes: the spec and the status, as two patches. */
async function act(release: Release, { status, ...spec }: MergePatch): Promise<void> {
  const argocd = release.cluster.as('argocd-controller');
  if (Object.keys(spec).length > 0) await argocd.patch({ kind: 'Rollout', ...target }, spec);
  if (status)
    await argocd.patch({ kind: 'Rollout', ...target }, { status }, { subresource: 'status' });
  await release.pass(10_000);
}

describe("a Rollout's actions in Argo CD", () => {
  const atPause = async () => {
    const release = await openRelease(canary);
    await release.image('web:v2');
    return release;
  };

  it.each<[string, MergePatch, string]>([
    ['resume', { spec: { paused: false }, status: { pauseConditions: null } }, 'Healthy 3/3'],
    ['promote-full', { status: { promoteFull: true } }, 'Healthy 3/3'],
    ['skip-current-step', { status: { currentStepIndex: 2 } }, 'Healthy 3/3'],
    ['abort', { status: { abort: true } }, 'Degraded 0/3'],
    ['pause', { spec: { paused: true } }, 'Paused 1/3'],
  ])('%s', async (_, patch, where) => {
    const release = await atPause();
    await act(release, patch);
    await release.pass(20_000);
    expect(release.where()).toBe(where);
  });

  it('retry', async () => {
    const release = await atPause();
    await act(release, { status: { abort: true } });
    await act(release, { status: { abort: null } });
    expect(release.where()).toBe('Paused 1/3');
  });

  it('restart', async () => {
    const release = await openRelease(canary);
    const pods = () => release.cluster.read.list('Pod', target.namespace);
    const before = pods().map(({ metadata }) => metadata?.uid);
    const restartAt = new Date(release.clock.now()).toISOString().replace(/\.\d+Z/, 'Z');
    await act(release, { spec: { restartAt } });
    await release.pass(60_000);
    expect(pods().some(({ metadata }) => before.includes(metadata?.uid))).toBe(false);
    expect(release.where()).toBe('Healthy 3/3');
  });
});
