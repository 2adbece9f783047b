import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { Cluster } from '../../lib/world.ts';
import { addService } from '../faults/acts.ts';
import { manifest, target } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

// The order in which Argo v1.10.1 tells a release, from its test/e2e/functional_test.go: whoever
// follows `kubectl get events --watch` reads the same story.

type Story = Release & { told: string[] };

async function openStory(spec: RolloutSpec, services: string[] = []): Promise<Story> {
  const release = await openRelease(spec, { isEmpty: true });
  for (const name of services) addService(release.cluster, name);
  const told: string[] = [];
  release.cluster.watch(({ kind, object }) => {
    if (kind === 'Event') told.push(object.reason ?? '');
  });
  // As in those tests, `replicas` is left to the controller.
  const { replicas: _, ...given } = manifest(release.scenario).spec ?? {};
  release.cluster.apply('Rollout', { ...manifest(release.scenario), spec: given });
  await release.pass(10_000);
  return { ...release, told };
}

const taken = ['RolloutAddedToInformer'];
const created = ['RolloutUpdated', 'NewReplicaSetCreated'];

describe('the Events of a canary', () => {
  it('tell of an abort, a retry and the steps in the order in which they happen', async () => {
    const steps = [{ setWeight: 50 }, { pause: { duration: '30s' } }];
    const { told, ...release } = await openStory({ strategy: { canary: { steps } } });
    await release.image('web:v2', 10_000);
    await release.after({ do: 'plugin', line: 'abort' }, 10_000);
    await release.after({ do: 'plugin', line: 'retry' }, 50_000);
    expect(release.where()).toBe('Healthy 2/2');
    // TestRolloutAbortRetryPromote
    expect(told).toEqual([
      ...[...taken, ...created, 'RolloutNotCompleted', 'ScalingReplicaSet', 'RolloutCompleted'],
      ...[...created, 'RolloutNotCompleted', 'ScalingReplicaSet'],
      ...['RolloutStepCompleted', 'RolloutPaused'],
      ...['ScalingReplicaSet', 'RolloutAborted'],
      ...['ScalingReplicaSet', 'RolloutStepCompleted', 'RolloutPaused'],
      ...['RolloutStepCompleted', 'RolloutResumed', 'ScalingReplicaSet', 'RolloutCompleted'],
    ]);
  });
});

describe('the Events of a blue-green release', () => {
  it('tell of the sizes and of the switch in the order in which they happen', async () => {
    const { told, ...release } = await openStory(
      { strategy: { blueGreen: { activeService: 'active' } } },
      ['active'],
    );
    await release.image('web:v2', 10_000);
    // TestBlueGreenUpdate
    expect(told).toEqual([
      ...[...taken, ...created, 'ScalingReplicaSet', 'RolloutCompleted', 'SwitchService'],
      ...[...created, 'RolloutNotCompleted'],
      ...['ScalingReplicaSet', 'SwitchService', 'RolloutCompleted'],
    ]);
  });
});

it('Events hold up no write, and the run that tells them ends after them', async () => {
  const clock = virtualClock(Date.parse('2026-01-31T12:00:00Z'));
  const { world, cluster: sim } = simulatedWorld({ clock, seed: 7 });
  const rollout = sim.apply('Rollout', parse(readFileSync('examples/front-api.yaml', 'utf8')));
  const { namespace = '', name = '' } = rollout.metadata ?? {};
  const told: string[] = [];
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const create: Cluster['create'] = async (kind, object, how) => {
    if (kind === 'Event') {
      await gate;
      told.push((object as { reason?: string }).reason ?? '');
    }
    return await sim.cluster.create(kind, object, how);
  };
  const slow = { ...world, cluster: async () => ({ ...sim.cluster, create }) };
  let isOver = false;
  const run = reconcile(slow, { cluster: 'local', namespace, name }).then(() => {
    isOver = true;
  });
  await clock.run({ until: clock.now() + 1000, eventsMax: 1000 });
  const [set] = sim.read.list('ReplicaSet', namespace);
  expect(set?.spec?.replicas).toBe(2);
  expect(told).toEqual([]);
  expect(isOver).toBe(false);
  open();
  await clock.run({ until: clock.now() + 1000, eventsMax: 1000 });
  await run;
  expect(told.slice(0, 2)).toEqual(['RolloutAddedToInformer', 'RolloutUpdated']);
});

describe('Events of what happens again and again', () => {
  it('are counted, not put anew', async () => {
    const steps = [{ setWeight: 50 }, { pause: {} }];
    const release = await openRelease({ strategy: { canary: { steps } } });
    await release.image('web:v2', 10_000);
    for (let count = 0; count < 12; count += 1) {
      release.cluster.scale(target.namespace, target.name, count % 2 === 0 ? 8 : 4);
      await release.pass(60_000);
    }
    const events = release.cluster.read.list('Event', target.namespace);
    const words = events.map(({ message }) => message);
    expect(new Set(words).size).toBe(words.length);
    const scaled = events.find(({ message }) => /^Scaled up .* from 2 to 4/.test(message ?? ''));
    expect(scaled?.count).toBe(6);
    expect(Date.parse(scaled?.lastTimestamp ?? '')).toBeGreaterThan(
      Date.parse(scaled?.firstTimestamp ?? '') + 9 * 60_000,
    );
  });

  it('do not come with every crash, nor with every refusal', async () => {
    const release = await openRelease({
      strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } },
      progressDeadlineSeconds: 60,
    });
    let told = 0;
    release.cluster.watch(({ kind }) => {
      if (kind === 'Event') told += 1;
    });
    await release.image('web:crash', 1_200_000);
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(12);
    const before = told;
    const twice = [
      { name: 'web', image: 'a' },
      { name: 'web', image: 'b' },
    ];
    const template = { spec: { containers: twice } };
    await release.cluster
      .as('kubectl-edit')
      .patch({ kind: 'Rollout', ...target }, { spec: { template } });
    await release.pass(1_200_000);
    expect(release.status().message).toMatch(/Failed to create new replica set .*Duplicate/);
    expect(release.status().phase).toBe('Degraded');
    expect(told - before).toBeGreaterThan(0);
    expect(told - before).toBeLessThan(4);
  });
});
