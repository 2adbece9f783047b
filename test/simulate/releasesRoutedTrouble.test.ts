import { describe, expect, it } from 'vitest';
import { Terminal, Transient } from '../../lib/errors.ts';
import type {
  CanaryStrategy,
  RolloutCondition,
  RolloutSpec,
} from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { look } from '../../lib/reconcile/answer.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import type { QueueMessage } from '../../lib/world.ts';
import { key, manifest } from '../faults/stage.ts';
import { ingressSpec, openRouted, type Routed, weightAnnotation } from './routedStage.ts';

const canaryIngress = 'web-web-canary';

function expectSafe({ dog }: Routed): void {
  expect(dog.violations).toEqual([]);
}

async function paused(canary: CanaryStrategy = {}, spec: RolloutSpec = {}): Promise<Routed> {
  const release = await openRouted(canary, { spec });
  await release.image('web:v2');
  expect(release.where()).toBe('Paused 1/4');
  return release;
}

function conditionOf(release: Routed, type: string): RolloutCondition | undefined {
  return release.status().conditions?.find((each) => each.type === type);
}

async function reasonsOf({ simulated }: Routed) {
  return (await look(simulated.world, key)).reasons;
}

/** An admission webhook that objects to what Serin writes of an object, until it is told otherwise. */
function objectTo({ cluster }: Routed, kind: string, error = () => denial): void {
  cluster.denyWrites((each) => (each === kind ? error() : undefined));
}
const denial = new Terminal('admission webhook "rules.example" denied the request: no canaries');

it('an abort sends no more to a stable side whose Service leads to no pod', async () => {
  const release = await paused();
  await release.edit('Service', 'stable', { spec: { selector: { [hashLabel]: 'gone' } } });
  objectTo(release, 'Service', () => new Transient('the webhook does not answer'));
  await release.after({ do: 'plugin', line: 'abort' }, minuteMs);
  expect(release.weight()).toBe(25);
  release.cluster.denyWrites(() => undefined);
  await release.pass(2 * minuteMs);
  expect(release.led('stable')).toBe('web:v1');
  expect(release.weight()).toBe(0);
  expectSafe(release);
});

it('one answer that is throttled makes no rollout Degraded', async () => {
  const release = await paused();
  const { cluster } = release.cluster;
  const { get } = cluster;
  const throttled = new Set<string>();
  cluster.get = async (ref) => {
    // Every other request for each of them.
    if (ref.kind !== 'Ingress' || throttled.delete(ref.name)) return await get(ref);
    throttled.add(ref.name);
    throw new Transient('429 Too Many Requests');
  };
  const phases = new Set<string | undefined>();
  release.cluster.watch(({ kind, object }) => {
    if (kind === 'Rollout') phases.add(object.status?.phase);
  });
  await release.after({ do: 'plugin', line: 'promote' }, minuteMs);
  expect(release.weight()).toBe(50);
  expect([...phases]).toEqual(['Paused', 'Progressing']);
  expectSafe(release);
});

describe('an object of a router that is gone', () => {
  it('is told with its remedy, and the release goes on once it is back', async () => {
    const release = await paused();
    release.remove('Ingress', 'web');
    await release.pass(5000);
    const { message } = conditionOf(release, 'InvalidSpec') ?? {};
    expect(message).toMatch(/trafficRouting.nginx.stableIngress names the Ingress web.*create it/);
    expect(release.status().phase).toBe('Degraded');
    await release.after({ do: 'plugin', line: 'promote' }, minuteMs);
    expect(release.status().currentStepIndex).toBe(2);
    expect(release.weight()).toBe(25);
    release.put('Ingress', 'web', ingressSpec);
    await release.pass(10_000);
    expect(release.where()).toBe('Paused 3/4');
    expect(release.weight()).toBe(50);
    expect(conditionOf(release, 'InvalidSpec')).toBeUndefined();
    expectSafe(release);
  });

  it('is looked for after the notice that it comes back, until it is there', async () => {
    const release = await paused();
    const { world } = release.simulated;
    const again = async (uid: string): Promise<boolean> => {
      const sent: QueueMessage[] = [];
      const wakes = { send: async (message: QueueMessage) => void sent.push(message) };
      const before = { uid, resourceVersion: '', looks: 0 };
      await deliver({ ...world, wakes }, { key, before });
      return sent.some((message) => 'before' in message);
    };
    expect(await again('uid-of-one-to-come')).toBe(true);
    expect(await again(release.find('Ingress', 'web')?.metadata?.uid ?? '')).toBe(false);
  });

  // argo-rollouts 4128: stuck, and an abort is not carried out.
  it('does not hold up an abort: nothing is sent to the aborted version, and it goes', async () => {
    const release = await paused();
    release.remove('Ingress', 'web');
    await release.pass(1000);
    await release.after({ do: 'plugin', line: 'abort' });
    expect(release.status()).toMatchObject({ abort: true, currentStepIndex: 0, phase: 'Degraded' });
    expect(release.led('canary')).toBe('web:v1');
    await release.pass(40_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });

  // argo-rollouts 4626: the deadline is dead while traffic cannot be routed.
  it('does not hold up the progress deadline', async () => {
    const spec = { progressDeadlineSeconds: 60, progressDeadlineAbort: true };
    const release = await paused({}, spec);
    release.remove('Ingress', 'web');
    await release.after({ do: 'plugin', line: 'promote' }, 10_000);
    expect(release.status().abort).toBeUndefined();
    await release.pass(90_000);
    expect(release.status().abort).toBe(true);
    expect(conditionOf(release, 'Progressing')?.reason).toBe('RolloutAborted');
    await release.pass(40_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });

  it('does not hold up a retry', async () => {
    const release = await paused();
    await release.after({ do: 'plugin', line: 'abort' }, 40_000);
    release.remove('Ingress', 'web');
    await release.after({ do: 'plugin', line: 'retry' }, 10_000);
    expect(release.status().abort).toBe(false);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 1 });
    release.put('Ingress', 'web', ingressSpec);
    await release.pass(10_000);
    expect(release.where()).toBe('Paused 1/4');
    expectSafe(release);
  });

  // argo-rollouts 4461: an abort after a full promotion is not carried out.
  it('does not hold up a full promotion, nor the abort that takes it back', async () => {
    const release = await paused();
    release.remove('Ingress', 'web');
    release.cluster.failPods(() => true);
    await release.after({ do: 'plugin', line: 'promote --full' }, 10_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    await release.after({ do: 'plugin', line: 'abort' }, minuteMs);
    expect(release.status()).toMatchObject({ abort: true });
    expect(release.status().promoteFull).toBeUndefined();
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });

  it('lets no new version begin, and says so', async () => {
    const release = await openRouted({});
    release.remove('Ingress', 'web');
    await release.image('web:v2', 10_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expect(release.status().phase).toBe('Degraded');
    release.put('Ingress', 'web', ingressSpec);
    await release.pass(minuteMs);
    expect(release.where()).toBe('Paused 1/4');
    expectSafe(release);
  });
});

// argo-rollouts 4750: a crash loop, the Service that leads nowhere, and a deadline that does not fire.
describe('a new version that crashes', () => {
  it('is aborted by its deadline, while the stable version keeps the traffic', async () => {
    const deadline = { progressDeadlineSeconds: 60, progressDeadlineAbort: true };
    const spec = { ...deadline, minReadySeconds: 10 };
    const release = await openRouted({}, { spec });
    await release.pass(minuteMs);
    const led = new Set<string>();
    release.cluster.watch(() => led.add(release.led('stable')));
    await release.image('web:v2-crash', 3 * minuteMs);
    expect(release.status().abort).toBe(true);
    expect([...led]).toEqual(['web:v1']);
    expect(release.weight()).toBe(0);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });
});

describe('an object of a router that may not be written', () => {
  it('is told with what the webhook said, tried again, and the release goes on', async () => {
    const release = await paused();
    objectTo(release, 'Ingress');
    await release.after({ do: 'plugin', line: 'promote' }, minuteMs);
    expect(release.status().currentStepIndex).toBe(2);
    expect(conditionOf(release, 'ReplicaFailure')).toMatchObject({
      reason: 'WriteRefused',
      message: expect.stringContaining('no canaries'),
    });
    const reasons = await reasonsOf(release);
    expect(reasons).toContainEqual(
      expect.objectContaining({ mark: 'refused', text: expect.stringContaining('no canaries') }),
    );
    const tries = release.dog.requests.writes;
    await release.pass(10 * minuteMs);
    expect(release.dog.requests.writes - tries).toBeLessThan(30);
    release.cluster.denyWrites(() => undefined);
    await release.pass(2 * minuteMs);
    expect(release.where()).toBe('Paused 3/4');
    expect(conditionOf(release, 'ReplicaFailure')).toBeUndefined();
    expectSafe(release);
  });

  it('does not hold up an abort', async () => {
    const release = await paused();
    objectTo(release, 'Ingress');
    await release.after({ do: 'plugin', line: 'abort' }, minuteMs);
    expect(release.status()).toMatchObject({ abort: true, phase: 'Degraded' });
    expect(release.led('canary')).toBe('web:v1');
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    release.cluster.denyWrites(() => undefined);
    await release.pass(2 * minuteMs);
    expect(release.weight()).toBe(0);
    expectSafe(release);
  });

  it('nor does a webhook that does not answer', async () => {
    const release = await paused();
    const slow = new Transient('failed calling webhook "rules.example": context deadline exceeded');
    objectTo(release, 'Ingress', () => slow);
    await release.after({ do: 'plugin', line: 'abort' }, minuteMs);
    expect(release.status()).toMatchObject({ abort: true, phase: 'Degraded' });
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });

  it('of another owner is no canary Ingress of ours, and the condition says so', async () => {
    const release = await openRouted({}, { isEmpty: true });
    release.put('Ingress', canaryIngress, ingressSpec);
    release.cluster.apply('Rollout', manifest(release.scenario));
    await release.pass(10_000);
    const { message } = conditionOf(release, 'InvalidSpec') ?? {};
    expect(message).toMatch(/web-web-canary.*is not this rollout's; delete or rename it/);
    release.remove('Ingress', canaryIngress);
    await release.pass(minuteMs);
    expect(release.where()).toBe('Healthy 4/4');
    expectSafe(release);
  });
});

describe('a first version under a spec that became faulty', () => {
  it('gets its pods all the same', async () => {
    const release = await openRouted({}, { spec: { replicas: 0 } });
    await release.after({ do: 'break' });
    expect(release.sizes()).toEqual({});
    await release.after({ do: 'scale', replicas: 4 }, 2 * minuteMs);
    expect(conditionOf(release, 'InvalidSpec')).toBeDefined();
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
  });
});

describe('what somebody else changes', () => {
  it('of a weight is put right at once', async () => {
    const release = await paused();
    await release.edit('Ingress', canaryIngress, {
      metadata: { annotations: { [weightAnnotation]: '90' } },
    });
    await release.pass(3000);
    expect(release.weight()).toBe(25);
    expect(release.where()).toBe('Paused 1/4');
  });

  it('by deleting the canary Ingress is made anew', async () => {
    const release = await paused();
    release.remove('Ingress', canaryIngress);
    await release.pass(3000);
    expect(release.weight()).toBe(25);
    expectSafe(release);
  });

  it('by making a Service anew is found within a minute, and that is led to its version', async () => {
    const release = await paused();
    release.remove('Service', 'canary');
    await release.pass(1000);
    release.put('Service', 'canary', { spec: { selector: { app: 'web' } } });
    await release.pass(minuteMs);
    expect(release.led('canary')).toBe('web:v2');
    expect(release.where()).toBe('Paused 1/4');
    expectSafe(release);
  });

  it('of what the stable Service leads to takes no pods away while weights are not known', async () => {
    const canary = { dynamicStableScale: true, steps: [{ setWeight: 75 }, { pause: {} }] };
    const release = await openRouted(canary, { isEmpty: true });
    objectTo(release, 'Ingress');
    release.cluster.apply('Rollout', manifest(release.scenario));
    await release.pass(10_000);
    await release.image('web:v2', 10_000);
    const sizes: (number | undefined)[] = [];
    release.cluster.watch(() => sizes.push(release.sizes()['web:v1']));
    await release.edit('Service', 'stable', { spec: { selector: { [hashLabel]: null } } });
    await release.pass(2 * minuteMs);
    expect(release.led('stable')).toBe('web:v1');
    expect([...new Set(sizes)]).toEqual([4]);
  });

  it('by taking the router out is given back, and by putting one in gets weights at once', async () => {
    const release = await paused();
    const as = release.cluster.as('kubectl-edit');
    const ref = { kind: 'Rollout', ...key } as const;
    const routing = (trafficRouting: object | null) =>
      as.patch(ref, { spec: { strategy: { canary: { trafficRouting } } } });
    await routing(null);
    await release.pass(10_000);
    expect(release.find('Ingress', canaryIngress)).toBeUndefined();
    expect(release.status().canary?.weights).toBeUndefined();
    expect(release.where()).toBe('Paused 1/4');
    await routing({ nginx: { stableIngress: 'web' } });
    await release.pass(10_000);
    expect(release.weight()).toBe(25);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 1 });
    expectSafe(release);
  });

  it('by a weight for pods that are not up keeps the stable pods that it comes back to', async () => {
    const canary = { dynamicStableScale: true, steps: [{ setWeight: 75 }, { pause: {} }] };
    const release = await openRouted(canary, { spec: { minReadySeconds: 30 } });
    await release.pass(minuteMs);
    await release.image('web:v2');
    const sizes: (number | undefined)[] = [];
    release.cluster.watch(() => sizes.push(release.sizes()['web:v1']));
    const annotations = { [weightAnnotation]: '75' };
    await release.edit('Ingress', canaryIngress, { metadata: { annotations } });
    await release.pass(5000);
    expect([...new Set(sizes)]).toEqual([4]);
    expect(release.weight()).toBe(0);
    expectSafe(release);
  });

  it('by a weight that another version gets is no step that is done', async () => {
    const steps = [{ setWeight: 75 }, { setWeight: 25 }, { pause: {} }];
    const release = await openRouted({ steps }, { spec: { minReadySeconds: 30 } });
    await release.pass(minuteMs);
    await release.image('web:v2', 10_000);
    const annotations = { [weightAnnotation]: '75' };
    await release.edit('Ingress', canaryIngress, { metadata: { annotations } });
    // It stays until its pods are up.
    objectTo(release, 'Ingress');
    expect(release.weight()).toBe(75);
    await release.pass(minuteMs);
    expect(release.weight()).toBe(75);
    release.cluster.denyWrites(() => undefined);
    await release.pass(2 * minuteMs);
    expect(release.where()).toBe('Paused 2/3');
    expectSafe(release);
  });
});
