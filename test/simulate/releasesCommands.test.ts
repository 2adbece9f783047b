import { describe, expect, it } from 'vitest';
import { Transient } from '../../lib/errors.ts';
import type { CanaryStep, Rollout, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { stepHash } from '../../lib/model/hash.ts';
import { fieldManager, hashLabel, instanceIdLabel } from '../../lib/model/names.ts';
import { toTime } from '../../lib/model/units.ts';
import { nameOf, uidOf } from '../../lib/model/workload.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { templateOf } from '../faults/scenario.ts';
import { key, manifest, target } from '../faults/stage.ts';
import { meddled } from './meddled.ts';
import { openRelease, type Release } from './releasesStage.ts';

const steps: CanaryStep[] = [{ setWeight: 50 }, { pause: {} }, { pause: { duration: 10 } }];

function canary(more: RolloutSpec = {}): RolloutSpec {
  return { ...more, strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps } } };
}

function expectSafe({ dog }: Release): void {
  expect(dog.violations).toEqual([]);
}

describe('a command', () => {
  it('is carried out once, for whoever gave it, and what it did is told', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    await release.command({ verb: 'promote' }, 1000);
    expect(release.where()).toBe('Paused 2/3');
    const told = (await release.ledger()).filter(({ reason }) => reason === 'because');
    expect(told.map(({ kind }) => kind)).toEqual(['command', 'promoted']);
    expect(new Set(told.map(({ actor }) => actor.proof))).toEqual(new Set(['verified']));
    await release.pass(20_000);
    expect(release.where()).toBe('Healthy 3/3');
    expectSafe(release);
  });

  it('that has been overtaken by another template does nothing', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    const promote = { do: 'api', command: { verb: 'promote' }, dies: true, fresh: true } as const;
    // Stored, and the API ends before it has it carried out.
    await release.after(promote, 100);
    await release.image('web:v3', 90_000);
    expect(release.where()).toBe('Paused 1/3');
    const [command] = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(command?.text).toMatch(/^promote: superseded. Nothing was done/);
    expectSafe(release);
  });

  it('that the API could not have carried out is, by the sweep', async () => {
    const release = await openRelease(canary(), { doorbell: true });
    await release.image('web:v2');
    await release.after(
      { do: 'api', command: { verb: 'abort' }, dies: true, fresh: true },
      130_000,
    );
    expect(release.status()).toMatchObject({ abort: true, phase: 'Degraded' });
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });
});

describe('a skipped step', () => {
  it('takes a promote of that step along, which does not lift the next pause', async () => {
    const pauses: CanaryStep[] = [{ setWeight: 50 }, { pause: {} }, { pause: {} }];
    const release = await openRelease({ strategy: { canary: { steps: pauses } } });
    await release.image('web:v2', 10_000);
    expect(release.where()).toBe('Paused 1/3');
    // Both go on from the same step, and Serin gets to see the two at once.
    release.cluster.patchStatus(
      target.namespace,
      target.name,
      { pauseConditions: null },
      'kubectl',
    );
    await release.command({ verb: 'promote', skipCurrentStep: true }, 10_000);
    expect(release.where()).toBe('Paused 2/3');
    expectSafe(release);
  });
});

describe('the ledger of commands', () => {
  it('is in the order of time, those that wrote nothing among it', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    await release.command({ verb: 'promote' }, 20_000);
    expect(release.where()).toBe('Healthy 3/3');
    const names = ['prox', 'pro', 'pr', 'p', 'proxy', 'q'];
    for (const container of names) {
      await release.command({ verb: 'image', container, image: 'x:1' });
    }
    await release.command({ verb: 'image', container: 'web', image: 'web:v2' });
    await release.image('web:v3');
    const entries = await release.ledger();
    const times = entries.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const asked = entries.filter(({ kind }) => kind === 'command').map(({ text }) => text);
    expect(asked.map((text) => /container=(\S+)/.exec(text)?.[1] ?? text.split(':')[0])).toEqual([
      'promote',
      ...names,
      'web',
    ]);
    // What a command has written is told behind it.
    const [promoted, resumed] = ['promoted', 'command'].map((kind) =>
      entries.findIndex((entry) => entry.kind === kind),
    );
    expect(promoted).toBe((resumed ?? 0) + 1);
  });
});

describe('a restart by command', () => {
  const told = async (at: (now: number) => number) => {
    const release = await openRelease(canary());
    await release.pass(60_000);
    await release.command({ verb: 'restart', at: toTime(at(release.clock.now())) });
    const [command] = (await release.ledger()).filter(({ kind }) => kind === 'command');
    return command?.text.replace(/\d{4}-\S+Z/g, 'T');
  };

  it('tells what becomes of the pods', async () => {
    const [now, before, later] = [
      await told((at) => at),
      await told((at) => at - 3_600_000),
      await told((at) => at + 3_600_000),
    ];
    expect(now).toBe('restart at=T: done. Pods created before T are being replaced.');
    expect(before).toBe('restart at=T: done. There is no pod created before T to replace.');
    expect(later).toBe('restart at=T: done. All pods are to be replaced at T.');
  });
});

describe('a command whose write meets somebody else’s', () => {
  /** Right after the write of Serin's that `isIt` knows. */
  function onWrite(
    { cluster }: Release,
    isIt: (before: Rollout, after: Rollout) => boolean,
    then: () => void,
  ): void {
    const stop = cluster.watch(({ kind, object, before, writer }) => {
      if (kind !== 'Rollout' || writer.manager !== fieldManager || !before) return;
      if (!isIt(before as Rollout, object)) return;
      stop();
      queueMicrotask(then);
    });
  }

  it('is done, and is not done again, when they take it back', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    await release.after({ do: 'plugin', line: 'abort' });
    const isRetried = (before: Rollout, after: Rollout) =>
      before.status?.abort === true && after.status?.abort === false;
    onWrite(release, isRetried, () => {
      release.cluster.patchStatus(target.namespace, target.name, { abort: true }, 'kubectl');
    });
    await release.command({ verb: 'retry' }, 20_000);
    expect(release.status()).toMatchObject({ abort: true, phase: 'Degraded' });
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    const [command] = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(command?.text).toMatch(/^retry: done/);
    expectSafe(release);
  });

  it('is not known to be done when they take it back and its answer was lost', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    await release.after({ do: 'plugin', line: 'abort' });
    const lossy = meddled(release.simulated.world, (cluster) => ({
      ...cluster,
      patch: async (ref, patch, options) => {
        await cluster.patch(ref, patch, options);
        throw new Transient('the connection was lost');
      },
    }));
    const retry = { do: 'api', command: { verb: 'retry' }, dies: true, fresh: true } as const;
    await release.after(retry, 100);
    await expect(reconcile(lossy, key)).rejects.toThrow(Transient);
    expect(release.status().abort).toBe(false);
    release.cluster.patchStatus(target.namespace, target.name, { abort: true }, 'kubectl');
    await release.pass(90_000);
    expect(release.status()).toMatchObject({ abort: true, phase: 'Degraded' });
    const [command] = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(command?.text).toMatch(/^retry: superseded. Whether it was carried out is not known/);
  });

  it('is told as of its author where its answer was lost and it expired before anybody looked', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    const lossy = meddled(release.simulated.world, (cluster) => ({
      ...cluster,
      patch: async (ref, patch, options) => {
        await cluster.patch(ref, patch, options);
        throw new Transient('the connection was lost');
      },
    }));
    const command = { verb: 'promote', full: true } as const;
    await release.after({ do: 'api', command, dies: true, fresh: true }, 100);
    await expect(reconcile(lossy, key)).rejects.toThrow(Transient);
    expect(release.status().promoteFull).toBe(true);
    release.faults.away(75_000);
    await release.pass(120_000);
    expect(release.status().phase).toBe('Healthy');
    const told = await release.ledger();
    const asked = told.find(({ kind }) => kind === 'command');
    expect(asked?.text).toMatch(/^promote full: expired. Whether it was carried out is not known/);
    expect(told.find(({ kind }) => kind === 'promoted')?.actor).toEqual(asked?.actor);
  });

  it('is carried out when it was refused because theirs, an autoscaler’s, was faster', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    let isFirst = true;
    const late = meddled(release.simulated.world, (cluster) => ({
      ...cluster,
      patch: async (ref, patch, options) => {
        if (isFirst) release.cluster.scale(target.namespace, target.name, 6);
        isFirst = false;
        return cluster.patch(ref, patch, options);
      },
    }));
    const pause = { do: 'api', command: { verb: 'pause' }, dies: true, fresh: true } as const;
    await release.after(pause, 100);
    await reconcile(late, key);
    expect(release.dog.live()?.spec).toMatchObject({ paused: true, replicas: 6 });
    const [command] = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(command?.text).toMatch(/^pause: done/);
  });
});

describe('undo', () => {
  it('brings the earlier template back without a new ReplicaSet for what was defaulted', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    await release.after({ do: 'plugin', line: 'promote --full' }, 10_000);
    expect(release.where()).toBe('Healthy 3/3');
    const names = release.dog.sets().map(nameOf).sort();
    // The ReplicaSet's template has what the API server filled in; the rollout's had not.
    expect(release.setOf('web:v1')?.spec?.template?.spec?.dnsPolicy).toBe('ClusterFirst');
    await release.command({ verb: 'undo' }, 10_000);
    expect(release.dog.sets().map(nameOf).sort()).toEqual(names);
    expect(release.where()).toBe('Paused 1/3');
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
    const [command] = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(command?.text).toMatch(/^undo: done/);
    expectSafe(release);
  });

  it('names the revisions there are when it is asked for another', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    await release.command({ verb: 'undo', toRevision: 7 });
    expect(release.where()).toBe('Paused 1/3');
    expect(await release.ledger()).not.toContainEqual(expect.objectContaining({ kind: 'command' }));
    expectSafe(release);
  });
});

describe('a rollout that another controller has brought half way', () => {
  it('goes on at its step, with its ReplicaSets, whatever their hashes are', async () => {
    const release = await openRelease(canary(), { isEmpty: true });
    const spec = { ...manifest(release.scenario).spec, template: templateOf('web:v2') };
    const { cluster, clock } = release;
    cluster.apply('Rollout', { ...manifest(release.scenario), spec });
    const uid = uidOf(release.dog.live() ?? {});
    const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid };
    for (const [hash, image] of [
      ['oldhash1', 'web:v1'],
      ['oldhash2', 'web:v2'],
    ] as const) {
      const labels = { app: 'web', [hashLabel]: hash };
      const revision = image.slice(-1);
      await cluster.as('rollouts-controller').create('ReplicaSet', {
        metadata: {
          ...{ namespace: target.namespace, name: `web-${hash}`, labels },
          annotations: { 'rollout.argoproj.io/revision': revision },
          ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
        },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: { ...templateOf(image), metadata: { labels } },
        },
      });
    }
    const startTime = toTime(clock.now());
    cluster.patchStatus(target.namespace, target.name, {
      currentPodHash: 'oldhash2',
      stableRS: 'oldhash1',
      currentStepIndex: 1,
      currentStepHash: stepHash(spec.strategy),
      controllerPause: true,
      pauseConditions: [{ reason: 'CanaryPauseStep', startTime }],
    });
    await release.pass(30_000);
    expect(release.dog.sets().map(nameOf).sort()).toEqual(['web-oldhash1', 'web-oldhash2']);
    expect(release.where()).toBe('Paused 1/3');
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
    await release.after({ do: 'plugin', line: 'promote' }, 30_000);
    expect(release.where()).toBe('Healthy 3/3');
    expect(release.status().stableRS).toBe('oldhash2');
    expect(release.dog.sets()).toHaveLength(2);
  });
});

describe('the controller instance id', () => {
  async function labelled(label: string | undefined, instanceId: string): Promise<Release> {
    const release = await openRelease(canary(), { instanceId, isEmpty: true });
    const rollout = manifest(release.scenario);
    const labels = { ...(label !== undefined && { [instanceIdLabel]: label }) };
    release.cluster.apply('Rollout', { ...rollout, metadata: { ...rollout.metadata, labels } });
    await release.pass(10_000);
    return release;
  }

  it.each([
    [undefined, '', true],
    ['blue', 'blue', true],
    ['blue', '', false],
    [undefined, 'blue', false],
    ['green', 'blue', false],
  ] as const)('with the label %s and the id %s: is served: %s', async (label, id, isServed) => {
    const release = await labelled(label, id);
    expect(release.status().phase).toBe(isServed ? 'Healthy' : undefined);
    expect(release.dog.requests.writes > 0).toBe(isServed);
    expect(release.dog.sets()).toHaveLength(isServed ? 1 : 0);
    expectSafe(release);
  });
});

describe('what a release costs', () => {
  const four: CanaryStep[] = [
    { setWeight: 25 },
    { pause: { duration: 30 } },
    { setWeight: 50 },
    { pause: { duration: 30 } },
  ];
  /** Events, which nothing depends on, are counted too. */
  const writesMax = 70;
  const readsMax = 130;

  it('stays within its bounds: four steps, four pods', async () => {
    const strategy = { canary: { maxSurge: 1, maxUnavailable: 0, steps: four } };
    const release = await openRelease({ strategy });
    const before = { ...release.dog.requests };
    await release.image('web:v2', 120_000);
    expect(release.where()).toBe('Healthy 4/4');
    const { reads, writes } = release.dog.requests;
    expect(writes - before.writes).toBeLessThanOrEqual(writesMax);
    expect(reads - before.reads).toBeLessThanOrEqual(readsMax);
    expectSafe(release);
  });

  it('is nothing at rest', async () => {
    const release = await openRelease(canary());
    await release.image('web:v2');
    // The pause has no duration: nothing is due, and the doorbell is silent.
    await release.pass(20 * 60_000);
    const before = { ...release.dog.requests };
    await release.pass(60 * 60_000);
    expect(release.where()).toBe('Paused 1/3');
    const { reads, writes } = release.dog.requests;
    expect({ reads, writes }).toEqual({ reads: before.reads, writes: before.writes });
    expectSafe(release);
  });
});
