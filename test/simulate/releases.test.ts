import { describe, expect, it } from 'vitest';
import type { CanaryStrategy, Pod, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { podTemplateHash } from '../../lib/model/hash.ts';
import { imagesOf, nameOf } from '../../lib/model/workload.ts';
import { templateOf } from '../faults/scenario.ts';
import { target } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

const halfThenPause = [{ setWeight: 50 }, { pause: {} }];

function canary(strategy: CanaryStrategy, spec: RolloutSpec = {}): RolloutSpec {
  return { ...spec, strategy: { canary: { maxSurge: 1, maxUnavailable: 0, ...strategy } } };
}

/** Nothing unsafe happened on the way, as the fault runs would see it. */
function expectSafe({ dog }: Release): void {
  expect(dog.violations).toEqual([]);
}

describe('rollbackWindow', () => {
  async function released(revisions: number): Promise<Release> {
    const release = await openRelease(
      canary({ steps: halfThenPause }, { rollbackWindow: { revisions } }),
    );
    for (const image of ['web:v2', 'web:v3']) {
      await release.image(image);
      await release.after({ do: 'plugin', line: 'promote' }, 10_000);
    }
    expect(release.where()).toBe('Healthy 2/2');
    return release;
  }

  it('takes a version within it back without steps', async () => {
    const release = await released(1);
    await release.image('web:v2', 10_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expectSafe(release);
  });

  it('takes an older one step by step', async () => {
    const release = await released(1);
    await release.image('web:v1', 10_000);
    expect(release.where()).toBe('Paused 1/2');
    expectSafe(release);
  });
});

describe('replicaProgressThreshold', () => {
  async function halfFailing(value: number): Promise<Release> {
    const replicaProgressThreshold = { type: 'Percent', value };
    const steps = halfThenPause;
    const release = await openRelease(
      canary({ steps, maxUnavailable: 1, replicaProgressThreshold }),
    );
    const seen: string[] = [];
    release.cluster.failPods((pod: Pod) => {
      if (imagesOf(pod)[0] !== 'web:v2') return false;
      if (!seen.includes(nameOf(pod))) seen.push(nameOf(pod));
      return seen.indexOf(nameOf(pod)) % 2 === 1;
    });
    await release.image('web:v2', 30_000);
    expect(release.sizes()['web:v2']).toBe(2);
    return release;
  }

  it('lets a step end with fewer pods than it asks for', async () => {
    const release = await halfFailing(50);
    expect(release.where()).toBe('Paused 1/2');
    expectSafe(release);
  });

  it('holds it while there are not even these', async () => {
    const release = await halfFailing(80);
    expect(release.where()).toBe('Progressing 0/2');
    expectSafe(release);
  });
});

describe('antiAffinity', () => {
  it('keeps canary pods off the nodes of stable ones, for as long as there are two', async () => {
    const antiAffinity = { preferredDuringSchedulingIgnoredDuringExecution: { weight: 20 } };
    const release = await openRelease(canary({ steps: halfThenPause, antiAffinity }));
    const affinity = (image: string) =>
      JSON.stringify(release.setOf(image)?.spec?.template?.spec?.affinity ?? {});
    expect(affinity('web:v1')).toBe('{}');
    await release.image('web:v2');
    const { stableRS = '' } = release.status();
    expect(affinity('web:v2')).toContain(stableRS);
    await release.after({ do: 'plugin', line: 'promote' }, 10_000);
    expect(release.where()).toBe('Healthy 2/2');
    await release.image('web:v3');
    expect(affinity('web:v3')).toContain(release.status().stableRS);
    expect(affinity('web:v3')).not.toContain(stableRS);
    expectSafe(release);
  });
});

describe('the progress deadline', () => {
  const spec = { progressDeadlineSeconds: 20 };

  it('only says so when the release is stuck', async () => {
    const release = await openRelease(canary({ steps: halfThenPause }, spec));
    await release.image('web:bad', 30_000);
    expect(release.status()).toMatchObject({ phase: 'Degraded', currentStepIndex: 0 });
    expect(release.status().message).toMatch(/^ProgressDeadlineExceeded: ReplicaSet/);
    expect(release.status().abort).toBeUndefined();
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:bad': 1 });
    expectSafe(release);
  });

  it('aborts it where that is asked for', async () => {
    const aborting = { ...spec, progressDeadlineAbort: true };
    const release = await openRelease(canary({ steps: halfThenPause }, aborting));
    await release.image('web:bad', 40_000);
    expect(release.status()).toMatchObject({ phase: 'Degraded', abort: true });
    expect(release.status().message).toMatch(/^RolloutAborted: .* has timed out progressing/);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    const told = (await release.ledger()).find(({ kind }) => kind === 'aborted');
    expect(told?.actor).toEqual({ name: 'serin', proof: 'verified' });
    expectSafe(release);
  });

  it('does not run over a pause', async () => {
    const release = await openRelease(canary({ steps: halfThenPause }, spec));
    await release.image('web:v2', 120_000);
    expect(release.where()).toBe('Paused 1/2');
    expectSafe(release);
  });
});

describe('a restart', () => {
  const ready = ({ cluster }: Release): Pod[] =>
    cluster.read
      .list('Pod', target.namespace)
      .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      .filter(({ status }) =>
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      );

  it('replaces every pod and leaves a disruption budget whole', async () => {
    const release = await openRelease(canary({}, { replicas: 3 }));
    const { namespace } = target;
    release.cluster.addDisruptionBudget({ namespace, selector: 'app=web', minAvailable: 2 });
    const before = ready(release).map(nameOf);
    let least = before.length;
    release.cluster.watch(({ kind }) => {
      if (kind === 'Pod') least = Math.min(least, ready(release).length);
    });
    await release.command({ verb: 'restart' }, 60_000);
    const names = ready(release).map(nameOf);
    expect(names).toHaveLength(3);
    expect(names.filter((name) => before.includes(name))).toEqual([]);
    expect(least).toBe(2);
    expect(release.status().phase).toBe('Healthy');
    expect((await release.ledger()).map(({ kind }) => kind)).toContain('restarted');
    expectSafe(release);
  });

  it('waits for a budget that allows nothing, without hurry, and says so', async () => {
    const release = await blocked();
    const before = ready(release).map(nameOf);
    const { writes } = release.dog.requests;
    await release.command({ verb: 'restart' }, 60_000);
    expect(ready(release).map(nameOf)).toEqual(before);
    expect(release.status()).toMatchObject({ phase: 'Progressing' });
    expect(release.status().message).toBe('rollout is restarting');
    expect(release.dog.requests.writes - writes).toBeLessThan(30);
    expectSafe(release);
  });

  it('that cannot go on holds no abort up', async () => {
    const release = await blocked();
    await release.image('web:v2');
    await release.command({ verb: 'restart' });
    await release.command({ verb: 'abort' }, 30_000);
    expect(release.status()).toMatchObject({ abort: true, currentStepIndex: 0 });
    expect(release.sizes()).toEqual({ 'web:v1': 3 });
    expectSafe(release);
  });

  /** With a budget that no pod may leave. */
  async function blocked(): Promise<Release> {
    const release = await openRelease(canary({ steps: halfThenPause }, { replicas: 3 }));
    const { namespace } = target;
    release.cluster.addDisruptionBudget({ namespace, selector: 'app=web', minAvailable: 9 });
    return release;
  }
});

describe('a ReplicaSet name that somebody else has', () => {
  it('is left to them, and another is made', async () => {
    const release = await openRelease(canary({ steps: halfThenPause }));
    const template = templateOf('web:v2');
    const name = `${target.name}-${podTemplateHash(template)}`;
    const labels = { app: 'stranger' };
    const strange = { ...template, metadata: { labels } };
    await release.cluster.as('kubectl').create('ReplicaSet', {
      metadata: { namespace: target.namespace, name },
      spec: { replicas: 0, selector: { matchLabels: labels }, template: strange },
    });
    await release.image('web:v2');
    expect(release.status().collisionCount).toBe(1);
    expect(nameOf(release.setOf('web:v2') ?? {})).not.toBe(name);
    expect(release.where()).toBe('Paused 1/2');
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
    expectSafe(release);
  });
});

describe('revisionHistoryLimit', () => {
  it('keeps so many older ReplicaSets, the newest, and never one with pods', async () => {
    const release = await openRelease(canary({}, { revisionHistoryLimit: 2 }));
    for (const image of ['web:v2', 'web:v3', 'web:v4', 'web:v5']) {
      await release.image(image, 90_000);
    }
    expect(release.status().phase).toBe('Healthy');
    const images = release.dog.sets().map((set) => imagesOf(set.spec?.template)[0]);
    expect(images.sort()).toEqual(['web:v3', 'web:v4', 'web:v5']);
    expectSafe(release);
  });
});

describe('absent replicas', () => {
  it('become 1, for an autoscaler to start from', async () => {
    const release = await openRelease(canary({}, { replicas: undefined as unknown as number }));
    expect(release.dog.live()?.spec?.replicas).toBe(1);
    expect(release.status()).toMatchObject({ phase: 'Healthy', availableReplicas: 1 });
    expectSafe(release);
  });
});
