import { describe, expect, it } from 'vitest';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { applyMergePatch } from '../../lib/model/patch.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { fromTime } from '../../lib/model/units.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { namespace, rollout } from './manifests.ts';

const steps = (...list: object[]) => ({ spec: { strategy: { canary: { steps: list } } } });

const asking = (memory: string) => ({
  ...{ name: 'first', image: 'web:v1' },
  resources: { requests: { memory } },
});

/** What somebody writes, what they are told. */
const faults: [what: string, patch: MergePatch, told: string][] = [
  [
    'setWeight 101',
    steps({ setWeight: 101 }),
    'spec.strategy.canary.steps[0].setWeight must be between 0 and 100, not 101',
  ],
  [
    'a surge and an unavailability of 0',
    { spec: { strategy: { canary: { maxSurge: 0, maxUnavailable: '0%' } } } },
    'spec.strategy.canary.maxSurge and maxUnavailable must not both be 0',
  ],
  [
    'a step with two actions',
    steps({ setWeight: 10, pause: {} }),
    'spec.strategy.canary.steps[0] must do one thing, not setWeight and pause; make it 2 steps',
  ],
  [
    'a step without an action',
    steps({}),
    'spec.strategy.canary.steps[0] must be one of: setWeight, pause',
  ],
  [
    'a duration of 1d',
    steps({ pause: { duration: '1d' } }),
    'steps[0].pause.duration must be seconds such as 30 or a duration such as 1m30s or 24h, not 1d',
  ],
  ['no selector', { spec: { selector: null } }, 'spec.selector is missing'],
  [
    'a selector that misses the template',
    { spec: { selector: { matchLabels: { app: 'another' } } } },
    'spec.template.metadata.labels must carry what spec.selector asks for: app=another',
  ],
  [
    'a template and a workloadRef',
    { spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } },
    'spec.template must be empty for workload reference rollout; remove one of the two',
  ],
  [
    'two strategies',
    { spec: { strategy: { blueGreen: { activeService: 'web' } } } },
    'spec.strategy must be canary or blueGreen, not both; remove one',
  ],
  [
    'a quantity that is none',
    { spec: { template: { spec: { initContainers: [asking('much')] } } } },
    'resources.requests[memory] must be a quantity such as 500m, 2 or 1Gi, not the string "much"',
  ],
  ['replicas of -1', { spec: { replicas: -1 } }, 'spec.replicas must be 0 or more, not -1'],
  [
    'a deadline shorter than minReadySeconds',
    { spec: { minReadySeconds: 30, progressDeadlineSeconds: 20 } },
    'spec.progressDeadlineSeconds must be greater than minReadySeconds (30), not 20',
  ],
];

async function healthy() {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const made = simulatedWorld({ clock, seed: 1 });
  made.connect({ deliver: (message, world) => deliver(world, message) });
  const pass = (ms: number) => clock.run({ until: clock.now() + ms, eventsMax: 10_000 });
  const first = made.cluster.apply('Rollout', rollout());
  const name = first.metadata?.name ?? '';
  await pass(60_000);
  const live = (): Rollout => made.cluster.read.get('Rollout', namespace, name);
  /** Its manifest, as in git. */
  const manifest = (): Rollout => ({ metadata: { namespace, name }, spec: { ...live().spec } });
  const sets = () =>
    made.cluster.read.list('ReplicaSet', namespace).map(({ metadata, spec }) => ({
      name: metadata?.name,
      replicas: spec?.replicas,
    }));
  expect(live().status?.phase).toBe('Healthy');
  return { ...made, pass, live, manifest, sets };
}

describe('a faulty spec', () => {
  it.each(faults)('%s is said, and changes nothing', async (_what, patch, told) => {
    const { cluster, pass, live, manifest, sets } = await healthy();
    const [good, before, stable] = [manifest(), sets(), live().status?.stableRS];
    // A new image in the same change: it must not be released either.
    const image = {
      spec: { template: { spec: { containers: [{ name: 'web', image: 'web:v9' }] } } },
    };
    cluster.apply('Rollout', applyMergePatch(applyMergePatch(good, patch), image), 'ci');
    await pass(120_000);
    expect(live().status?.phase).toBe('Degraded');
    expect(live().status?.message).toContain('InvalidSpec: The Rollout "');
    expect(live().status?.message).toContain(told);
    expect(sets()).toEqual(before);
    expect(live().status?.stableRS).toBe(stable);

    cluster.apply('Rollout', good, 'ci');
    await pass(60_000);
    expect(live().status?.phase).toBe('Healthy');
    expect(live().status?.conditions?.some(({ type }) => type === 'InvalidSpec')).toBe(false);
    expect(sets()).toEqual(before);
  });

  it('of a wrong type is refused by the API server', async () => {
    const { cluster, live } = await healthy();
    const good = live();
    const wrong = applyMergePatch(good, { spec: { replicas: 'three' } });
    expect(() => cluster.apply('Rollout', wrong, 'ci')).toThrow(
      /spec\.replicas.* must be a whole number/,
    );
    expect(live()).toEqual(good);
  });

  it('does not keep an abort from going back to the stable version', async () => {
    const { cluster, pass, live, manifest, sets } = await healthy();
    const name = live().metadata?.name ?? '';
    const canary = {
      spec: {
        replicas: 4,
        strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } },
        template: { spec: { containers: [{ name: 'web', image: 'web:v2' }] } },
      },
    };
    cluster.apply('Rollout', applyMergePatch(manifest(), canary), 'ci');
    await pass(60_000);
    expect(live().status?.phase).toBe('Paused');
    cluster.apply('Rollout', applyMergePatch(manifest(), steps({ setWeight: 101 })), 'ci');
    await pass(30_000);
    cluster.patchStatus(namespace, name, { abort: true }, 'kubectl-argo-rollouts');
    await pass(60_000);
    expect(live().status?.abort).toBe(true);
    expect(sets().map(({ replicas }) => replicas)).toEqual([4, 0]);
  });
});
