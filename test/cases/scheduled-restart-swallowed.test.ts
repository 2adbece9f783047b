import { describe, expect, it } from 'vitest';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import { fromTime, minuteMs, toTime } from '../../lib/model/units.ts';
import { nameOf } from '../../lib/model/workload.ts';
import { addService, serviceNames } from '../faults/acts.ts';
import { key, target } from '../faults/stage.ts';
import { openRelease, type Release } from '../simulate/releasesStage.ts';
import { image, later, patchSpec, podNames, specOf } from './casesStage.ts';

// A restart that is planned begins at its time, whatever is released until then.

const { restartAt: _, ...spec } = specOf('scheduled-restart-swallowed');
/** When the simulated clock begins, and as long after that as the manifest asks for. */
const firstAt = toTime(fromTime('2026-01-01T00:01:00Z'));

/** When each pod was told to go. */
function watchEvictions({ cluster, clock }: Release): { name: string; at: number }[] {
  const seen: { name: string; at: number }[] = [];
  cluster.watch(({ kind, type, object, before }) => {
    if (kind !== 'Pod' || type !== 'MODIFIED') return;
    if (object.metadata?.deletionTimestamp === undefined || before?.metadata?.deletionTimestamp)
      return;
    seen.push({ name: nameOf(object), at: clock.now() });
  });
  return seen;
}

/** Nothing goes before the time; a while after it none of the pods is left that there were before. */
async function expectRestart(release: Release, restartAt: string): Promise<void> {
  const at = fromTime(restartAt);
  const evicted = watchEvictions(release);
  await release.pass(at - release.clock.now() - 200);
  expect(evicted).toEqual([]);
  const before = podNames(release);
  expect(release.status().restartedAt).toBeUndefined();
  await release.pass(2 * minuteMs);
  const names = podNames(release);
  expect(names).toHaveLength(before.length);
  expect(names.filter((name) => before.includes(name))).toEqual([]);
  // The first at once, and one after the other.
  expect(evicted.map(({ name }) => name).sort()).toEqual(before);
  expect((evicted[0]?.at ?? 0) - at).toBeLessThan(1000);
  expect(new Set(evicted.map((each) => each.at)).size).toBe(evicted.length);
  expect(release.status().restartedAt).toBe(restartAt);
  expect(release.dog.violations).toEqual([]);
}

async function dueAt({ simulated }: Release): Promise<number | undefined> {
  return (await simulated.world.store.load(key))?.dueAt;
}

describe('a restart planned for later', () => {
  it('is not taken for done by a first deployment', async () => {
    const release = await openRelease({ ...spec, restartAt: firstAt });
    expect(release.where()).toBe('Healthy 2/2');
    await expectRestart(release, firstAt);
    expect(release.where()).toBe('Healthy 2/2');
  });

  it('is not cancelled by a template that comes with it', async () => {
    const release = await openRelease(spec);
    const restartAt = later(release, minuteMs);
    await patchSpec(release, { ...image('nginx:2'), restartAt });
    expect(release.where()).toBe('Paused 1/2');
    await expectRestart(release, restartAt);
    expect(release.where()).toBe('Paused 1/2');
  });

  it('is not cancelled by other steps, nor by a release that is aborted', async () => {
    const release = await openRelease(spec);
    const restartAt = later(release, 2 * minuteMs);
    await patchSpec(release, { restartAt });
    await patchSpec(release, {
      strategy: { canary: { steps: [{ setWeight: 10 }, { pause: {} }] } },
    });
    await patchSpec(release, image('nginx:2'));
    await release.command({ verb: 'abort' });
    await expectRestart(release, restartAt);
    expect(release.status()).toMatchObject({ abort: true, phase: 'Degraded' });
  });

  it('is due at its very second, where nothing tells of time and nothing else happens', async () => {
    const release = await openRelease(spec, { doorbell: false });
    const restartAt = later(release, 30 * minuteMs);
    await patchSpec(release, { restartAt }, 2 * minuteMs);
    expect(await dueAt(release)).toBe(fromTime(restartAt));
    await expectRestart(release, restartAt);
  });

  it('begins at its time although an older Serin has called it done', async () => {
    const release = await openRelease(spec);
    const restartAt = later(release, 2 * minuteMs);
    await patchSpec(release, { restartAt }, 0);
    release.cluster.patchStatus(target.namespace, target.name, { restartedAt: restartAt }, 'serin');
    await release.pass(5000);
    expect(await dueAt(release)).toBe(fromTime(restartAt));
    await expectRestart(release, restartAt);
  });

  it('goes on after a disruption budget that let nothing go, and holds no size up meanwhile', async () => {
    const release = await openRelease(spec);
    const budget = { namespace: target.namespace, selector: 'app=web', minAvailable: 2 };
    release.cluster.addDisruptionBudget(budget);
    const restartAt = later(release, minuteMs);
    const before = podNames(release);
    await patchSpec(release, { restartAt }, 3 * minuteMs);
    expect(podNames(release)).toEqual(before);
    expect(release.status()).toMatchObject({
      phase: 'Progressing',
      message: 'rollout is restarting',
    });
    // The budget allows two to go now.
    await patchSpec(release, { replicas: 4 }, 3 * minuteMs);
    expect(podNames(release).filter((name) => before.includes(name))).toEqual([]);
    expect(release.status()).toMatchObject({ phase: 'Healthy', restartedAt: restartAt });
    expect(release.dog.violations).toEqual([]);
  });

  it('that no disruption budget lets happen holds no release up', async () => {
    const release = await openRelease(spec);
    await patchSpec(release, image('nginx:2'));
    release.cluster.addDisruptionBudget({
      namespace: target.namespace,
      selector: 'app=web',
      minAvailable: 9,
    });
    await patchSpec(release, { restartAt: later(release, minuteMs) }, 2 * minuteMs);
    await release.command({ verb: 'promote' }, minuteMs);
    expect(release.sizes()).toEqual({ 'nginx:2': 2 });
    expect(release.status()).toMatchObject({ currentStepIndex: 2, phase: 'Progressing' });
    expect(release.dog.violations).toEqual([]);
  });

  it('replaces both versions of a blue-green release that waits', async () => {
    const strategy = {
      blueGreen: {
        activeService: 'active',
        previewService: 'preview',
        autoPromotionEnabled: false,
      },
    };
    const { strategy: __, ...rest } = spec;
    const release = await openRelease(rest as RolloutSpec, { isEmpty: true });
    for (const name of serviceNames) addService(release.cluster, name);
    const restartAt = later(release, minuteMs);
    release.cluster.apply('Rollout', {
      metadata: { ...target },
      spec: { ...rest, strategy, restartAt },
    });
    await release.pass(10_000);
    expect(release.where()).toBe('Healthy 0/0');
    await patchSpec(release, image('nginx:2'));
    expect(release.status().message).toBe('BlueGreenPause');
    await expectRestart(release, restartAt);
    expect(release.status().message).toBe('BlueGreenPause');
  });
});

describe('a restart whose time has come', () => {
  it('is cancelled by another template, whose pods are new', async () => {
    const release = await openRelease(spec);
    release.cluster.addDisruptionBudget({
      namespace: target.namespace,
      selector: 'app=web',
      minAvailable: 2,
    });
    const restartAt = later(release, 0);
    await patchSpec(release, { restartAt });
    expect(release.status().restartedAt).toBeUndefined();
    await patchSpec(release, image('nginx:2'));
    expect(release.status().restartedAt).toBe(restartAt);
    expect(release.where()).toBe('Paused 1/2');
  });

  it('is not cancelled by other steps', async () => {
    const release = await openRelease(spec);
    const before = podNames(release);
    const steps = [{ setWeight: 10 }, { pause: {} }];
    await patchSpec(
      release,
      { restartAt: later(release, 0), strategy: { canary: { steps } } },
      minuteMs,
    );
    expect(podNames(release).filter((name) => before.includes(name))).toEqual([]);
  });
});
