import { describe, expect, it } from 'vitest';
import {
  Conflict,
  MissingRight,
  NotFound,
  Terminal,
  Transient,
  Unreachable,
} from '../../lib/errors.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { observe } from '../../lib/observe/observe.ts';
import { rolloutController } from '../../lib/reconcile/rolloutController.ts';
import type { Cluster } from '../../lib/world.ts';
import { templateOf } from '../faults/scenario.ts';
import { key, target } from '../faults/stage.ts';
import { openRelease, type Release } from '../simulate/releasesStage.ts';

type Fail = (call: string) => Error | undefined;

/** What a turn sees now, on a cluster some of whose calls fail; and the calls, in waves side by side. */
async function seeing(release: Release, fail: Fail = () => undefined) {
  const { world } = release.simulated;
  const cluster = await world.cluster(key.cluster);
  const waves = new Map<number, string[]>();
  const call = async <T>(name: string, answer: () => Promise<T>): Promise<T> => {
    const now = release.clock.now();
    waves.set(now, [...(waves.get(now) ?? []), name]);
    await release.clock.sleepUntil(now + 10);
    const error = fail(name);
    if (error) throw error;
    return await answer();
  };
  const watched: Cluster = {
    ...cluster,
    get: (ref) => call(`get ${ref.kind} ${ref.name}`, () => cluster.get(ref)),
    list: (kind, namespace, selector) =>
      call(`list ${kind}`, () => cluster.list(kind, namespace, selector)),
    create: (kind, object, options) =>
      call(`dry run ${kind}`, () => cluster.create(kind, object, options)),
  };
  const now = release.clock.now();
  const watching = { ...world, cluster: async () => watched };
  const record = await world.store.load(key);
  const found = observe(watching, key, rolloutController, { record, now });
  const seen = found.then((each) => each?.observed);
  // So that nobody misses it while the clock goes on: not so far that Serin acts by itself.
  seen.catch(() => {});
  await release.clock.run({ until: now + 100, eventsMax: 1000 });
  return { seen, waves: [...waves.values()] };
}

const strategy = { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } };

/** A release whose spec was changed just now, and nobody has acted on it yet. */
async function changed(spec: object, status = {}): Promise<Release> {
  const release = await openRelease({ strategy });
  const kubectl = release.cluster.as('kubectl');
  await kubectl.patch({ kind: 'Rollout', ...target }, { spec });
  release.cluster.patchStatus(target.namespace, target.name, status);
  return release;
}

const atNewTemplate = (status = {}) => changed({ template: templateOf('web:v2') }, status);
const withWorkload = () => {
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'source' };
  const canary = { stableService: 'stable' };
  return changed({ workloadRef, template: null, strategy: { canary } });
};

const failing = (name: string, error: Error) => (call: string) =>
  call === name ? error : undefined;

describe('one turn', () => {
  it('at rest reads its rollout, and then the rest side by side', async () => {
    const canary = { stableService: 'stable', steps: [{ setWeight: 50 }] };
    const release = await openRelease({ strategy: { canary } });
    const metadata = { ...target, name: 'stable' };
    release.cluster.apply('Service', { metadata, spec: { selector: { app: 'web' } } });
    await release.pass(2 * minuteMs);
    expect(release.where()).toBe('Healthy 1/1');
    const { waves } = await seeing(release);
    expect(waves).toEqual([['get Rollout web'], ['list ReplicaSet', 'get Service stable']]);
  });

  it('ends with what failed, where it cannot do without', async () => {
    const release = await withWorkload();
    for (const [call, error] of [
      ['get Rollout web', new Unreachable('away')],
      ['list ReplicaSet', new MissingRight('forbidden', 'a rule')],
      ['list ReplicaSet', new NotFound('no such resource')],
      ['get Deployment source', new Transient('throttled')],
      ['get Service stable', new Transient('throttled')],
      ['list ReplicaSet', new TypeError('a bug')],
    ] as const) {
      const { seen } = await seeing(release, failing(call, error));
      await expect(seen).rejects.toBe(error);
    }
  });

  it('takes a workload that it may not read as a fault of the spec', async () => {
    const error = new MissingRight('it is forbidden', 'a rule');
    const { seen } = await seeing(await withWorkload(), failing('get Deployment source', error));
    expect(await seen).toMatchObject({
      workloadFault: 'names the Deployment source, which cannot be read: it is forbidden',
      workloadRemedy: 'a rule',
    });
  });

  it('takes a template that is refused for good as a fault, and tries again what may pass', async () => {
    const release = await atNewTemplate();
    const refused = await seeing(release, failing('dry run ReplicaSet', new Terminal('no')));
    expect(await refused.seen).toMatchObject({ dryRun: { refused: 'no' } });
    const error = new Transient('not now');
    const passing = await seeing(release, failing('dry run ReplicaSet', error));
    await expect(passing.seen).rejects.toBe(error);
  });

  it('does not wait for a new template where the release is aborted', async () => {
    const release = await atNewTemplate({ abort: true });
    const { seen } = await seeing(release, failing('dry run ReplicaSet', new Transient('not now')));
    expect(await seen).toMatchObject({ dryRun: { refused: 'not now' } });
  });

  it('is taken again where the new ReplicaSet has just been created', async () => {
    const release = await atNewTemplate();
    const { seen } = await seeing(release, failing('dry run ReplicaSet', new Conflict('exists')));
    await expect(seen).rejects.toThrow(
      /^ReplicaSet web-\w+ appeared while it was being looked for/,
    );
  });
});
