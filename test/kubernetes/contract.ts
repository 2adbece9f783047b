import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Conflict, NotFound, Terminal } from '../../lib/errors.ts';
import type { Kind } from '../../lib/model/kinds.ts';
import type { Cluster } from '../../lib/world.ts';
import { namespace, pod, replicaSet, rollout, service, uid, version } from './objects.ts';

/** A cluster with nothing in it, and what a test does to it besides. */
export type ClusterUnderTest = {
  cluster: Cluster;
  /** The same cluster as somebody who is not Serin writes to it. */
  other: Cluster;
  /** Forbids disruptions that leave fewer ready pods than this. */
  addBudget: (selector: string, minAvailable: number) => Promise<void>;
  /** Lets the cluster's controllers come to rest. */
  settle: () => Promise<void>;
  close: () => Promise<void>;
};

/** What every implementation of the World's Cluster does. */
export function clusterContract(name: string, make: () => Promise<ClusterUnderTest>): void {
  describe(`the contract of a cluster: ${name}`, () => {
    let made: ClusterUnderTest;
    let cluster: Cluster;
    beforeEach(async () => {
      made = await make();
      cluster = made.cluster;
    });
    afterEach(() => made.close());

    describe('get', () => {
      it('answers what was created, with what the server gave it', async () => {
        const created = await cluster.create('Rollout', rollout('web'));
        expect(created).toMatchObject({
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'Rollout',
          metadata: { name: 'web', namespace, generation: 1 },
          spec: { replicas: 2 },
        });
        expect(uid(created)).not.toBe('');
        expect(created.metadata?.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(await cluster.get({ kind: 'Rollout', namespace, name: 'web' })).toEqual(created);
      });

      it.each<Kind>(['Rollout', 'ReplicaSet', 'Pod', 'Service', 'Event'])(
        'of a %s that is not there is NotFound',
        async (kind) => {
          await expect(cluster.get({ kind, namespace, name: 'gone' })).rejects.toThrow(NotFound);
          await expect(cluster.get({ kind, namespace: 'elsewhere', name: 'gone' })).rejects.toThrow(
            NotFound,
          );
        },
      );

      it.each(['', '..', '../web', 'a/b', 'Web', 'a?b', 'a b'])(
        'by the name %j is NotFound, and reaches nothing else',
        async (bad) => {
          await cluster.create('Service', service('web'));
          await expect(cluster.get({ kind: 'Service', namespace, name: bad })).rejects.toThrow(
            NotFound,
          );
        },
      );
    });

    describe('list', () => {
      it('answers one namespace or all, each object with its kind', async () => {
        await cluster.create('Service', service('a'));
        const elsewhere = { ...service('b'), metadata: { name: 'b', namespace: 'elsewhere' } };
        await cluster.create('Service', elsewhere);
        const here = await cluster.list('Service', namespace);
        expect(here.map(({ metadata }) => metadata?.name)).toEqual(['a']);
        expect(here[0]).toMatchObject({ apiVersion: 'v1', kind: 'Service' });
        expect(here[0]).toEqual(await cluster.get({ kind: 'Service', namespace, name: 'a' }));
        expect(await cluster.list('Service', '')).toHaveLength(2);
        expect(await cluster.list('Service', 'nowhere')).toEqual([]);
        expect(await cluster.list('Rollout', '')).toEqual([]);
      });

      it.each([
        ['app=web', ['both', 'web']],
        ['app=web,tier=front', ['both']],
        ['app!=web', ['api', 'none']],
        ['app in (web,api)', ['api', 'both', 'web']],
        ['app notin (web),app', ['api']],
        ['!app', ['none']],
        ['tier', ['both']],
        ['', ['api', 'both', 'none', 'web']],
      ])('selects by %s', async (selector, names) => {
        await cluster.create('ReplicaSet', replicaSet('web', { app: 'web' }));
        await cluster.create('ReplicaSet', replicaSet('api', { app: 'api' }));
        await cluster.create('ReplicaSet', replicaSet('both', { app: 'web', tier: 'front' }));
        await cluster.create('ReplicaSet', replicaSet('none'));
        const found = await cluster.list('ReplicaSet', namespace, selector);
        expect(found.map(({ metadata }) => metadata?.name)).toEqual(names);
      });

      it('follows the pages to the end', async () => {
        const names = Array.from(
          { length: 23 },
          (_, index) => `s${String(index).padStart(2, '0')}`,
        );
        for (const name of names) await cluster.create('Service', service(name));
        const found = await cluster.list('Service', namespace);
        expect(found.map(({ metadata }) => metadata?.name)).toEqual(names);
      });

      it('by a selector that is none is Terminal', async () => {
        await expect(cluster.list('Pod', namespace, 'a==b==c')).rejects.toThrow(Terminal);
      });
    });

    describe('create', () => {
      it('of a name that is taken is Conflict', async () => {
        await cluster.create('ReplicaSet', replicaSet('web'));
        await expect(cluster.create('ReplicaSet', replicaSet('web'))).rejects.toThrow(Conflict);
      });

      it('of what is invalid is Terminal, and says what is', async () => {
        const bad = { ...replicaSet('web'), spec: { ...replicaSet('web').spec, selector: {} } };
        const refused = cluster.create('ReplicaSet', bad);
        await expect(refused).rejects.toThrow(Terminal);
        await expect(refused).rejects.toThrow(/spec\.selector/);
        expect(await cluster.list('ReplicaSet', namespace)).toEqual([]);
      });

      it('on trial answers the defaults and leaves nothing', async () => {
        const trial = await cluster.create('ReplicaSet', replicaSet('web'), { dryRun: true });
        expect(trial.spec?.template?.spec).toMatchObject({
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 30,
          containers: [{ imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' }],
        });
        expect(await cluster.list('ReplicaSet', namespace)).toEqual([]);
        const created = await cluster.create('ReplicaSet', replicaSet('web'));
        expect(created.spec).toEqual(trial.spec);
        const again = cluster.create('ReplicaSet', replicaSet('web'), { dryRun: true });
        await expect(again).rejects.toThrow(Conflict);
      });

      it('keeps times and unknown amounts as they were written', async () => {
        const time = '2026-01-31T12:00:00Z';
        const event = await cluster.create('Event', {
          metadata: { name: 'web.1', namespace },
          involvedObject: { kind: 'Rollout', namespace, name: 'web' },
          reason: 'Test',
          firstTimestamp: time,
          reportingComponent: 'serin',
          reportingInstance: 'x',
        });
        expect(event.firstTimestamp).toBe(time);
        expect(
          (await cluster.get({ kind: 'Event', namespace, name: 'web.1' })).firstTimestamp,
        ).toBe(time);
      });

      it('and every other write is signed by serin', async () => {
        await made.other.create('Rollout', rollout('web'));
        const target = { namespace, name: 'web' };
        await cluster.patch(
          { kind: 'Rollout', ...target },
          { metadata: { annotations: { a: 'b' } } },
        );
        const status = { status: { phase: 'Healthy' } };
        const last = await cluster.patch({ kind: 'Rollout', ...target }, status, {
          subresource: 'status',
        });
        const by = last.metadata?.managedFields?.map(({ manager, subresource }) => [
          manager,
          subresource,
        ]);
        expect(by).toContainEqual(['serin', undefined]);
        expect(by).toContainEqual(['serin', 'status']);
        expect(by?.filter(([manager]) => manager !== 'serin')).toHaveLength(1);
      });
    });

    describe('patch', () => {
      it('merges: null removes, lists are replaced', async () => {
        await cluster.create('Rollout', rollout('web', { a: '1', b: '2' }));
        const patch = {
          metadata: { labels: { a: null, c: '3' } },
          spec: { strategy: { canary: { steps: [{ setWeight: 10 }] } } },
        };
        const patched = await cluster.patch({ kind: 'Rollout', namespace, name: 'web' }, patch);
        expect(patched.metadata?.labels).toEqual({ b: '2', c: '3' });
        expect(patched.spec?.strategy?.canary?.steps).toEqual([{ setWeight: 10 }]);
        expect(patched.spec?.template).toEqual(rollout('web').spec?.template);
        expect(patched.metadata?.generation).toBe(2);
      });

      it('of a version that is no more is Conflict and changes nothing', async () => {
        const created = await cluster.create('Rollout', rollout('web'));
        const target = { namespace, name: 'web', resourceVersion: version(created) };
        const first = await cluster.patch(
          { kind: 'Rollout', ...target },
          { spec: { replicas: 3 } },
        );
        const stale = cluster.patch({ kind: 'Rollout', ...target }, { spec: { replicas: 4 } });
        await expect(stale).rejects.toThrow(Conflict);
        const status = { status: { phase: 'Healthy' } };
        const staleStatus = cluster.patch({ kind: 'Rollout', ...target }, status, {
          subresource: 'status',
        });
        await expect(staleStatus).rejects.toThrow(Conflict);
        expect(await cluster.get({ kind: 'Rollout', namespace, name: 'web' })).toEqual(first);
        const next = { ...target, resourceVersion: version(first) };
        const second = await cluster.patch({ kind: 'Rollout', ...next }, { spec: { replicas: 5 } });
        expect(second.spec?.replicas).toBe(5);
      });

      it('keeps spec and status apart', async () => {
        await cluster.create('Rollout', rollout('web'));
        const target = { namespace, name: 'web' };
        const both = { spec: { replicas: 7 }, status: { phase: 'Paused', stableRS: 'x' } };
        const status = await cluster.patch({ kind: 'Rollout', ...target }, both, {
          subresource: 'status',
        });
        expect(status).toMatchObject({ spec: { replicas: 2 }, status: { phase: 'Paused' } });
        expect(status.metadata?.generation).toBe(1);
        const spec = await cluster.patch(
          { kind: 'Rollout', ...target },
          {
            spec: { replicas: 7 },
            status: { phase: 'Healthy' },
          },
        );
        expect(spec).toMatchObject({ spec: { replicas: 7 }, status: { phase: 'Paused' } });
        expect(spec.metadata?.generation).toBe(2);
      });

      it('scales, and answers the object', async () => {
        await cluster.create('Rollout', rollout('web'));
        const scaled = await cluster.patch(
          { kind: 'Rollout', namespace, name: 'web' },
          { spec: { replicas: 5 } },
          { subresource: 'scale' },
        );
        expect(scaled).toMatchObject({ kind: 'Rollout', spec: { replicas: 5 } });
        expect(scaled.spec?.template).toBeDefined();
      });

      it('that changes nothing leaves the version', async () => {
        const created = await cluster.create('Rollout', rollout('web'));
        const same = await cluster.patch(
          { kind: 'Rollout', namespace, name: 'web' },
          { spec: { replicas: 2 } },
        );
        expect(version(same)).toBe(version(created));
      });

      it('of what is not there is NotFound, of what may not change Terminal', async () => {
        const gone = { namespace, name: 'gone' };
        await expect(cluster.patch({ kind: 'Pod', ...gone }, {})).rejects.toThrow(NotFound);
        const status = cluster.patch(
          { kind: 'Rollout', ...gone },
          { status: {} },
          { subresource: 'status' },
        );
        await expect(status).rejects.toThrow(NotFound);
        await cluster.create('ReplicaSet', replicaSet('web'));
        const selector = { spec: { selector: { matchLabels: { app: 'other' } } } };
        const target = { namespace, name: 'web' };
        await expect(cluster.patch({ kind: 'ReplicaSet', ...target }, selector)).rejects.toThrow(
          Terminal,
        );
      });
    });

    describe('remove', () => {
      it('deletes that very object only', async () => {
        const created = await cluster.create('ReplicaSet', replicaSet('web'));
        const target = { namespace, name: 'web', uid: uid(created) };
        const stranger = { ...target, uid: '00000000-0000-4000-8000-000000000000' };
        await expect(cluster.remove({ kind: 'ReplicaSet', ...stranger })).rejects.toThrow(Conflict);
        const stale = { ...target, resourceVersion: '1' };
        await expect(cluster.remove({ kind: 'ReplicaSet', ...stale })).rejects.toThrow(Conflict);
        const { resourceVersion } =
          (await cluster.get({ kind: 'ReplicaSet', namespace, name: 'web' })).metadata ?? {};
        await cluster.remove({
          kind: 'ReplicaSet',
          ...target,
          resourceVersion: resourceVersion ?? '',
        });
        await expect(cluster.get({ kind: 'ReplicaSet', namespace, name: 'web' })).rejects.toThrow(
          NotFound,
        );
        await expect(cluster.remove({ kind: 'ReplicaSet', ...target })).rejects.toThrow(NotFound);
      });

      it('takes along what the object owned', async () => {
        const owner = await cluster.create('Rollout', rollout('web'));
        const reference = {
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'Rollout',
          name: 'web',
          uid: uid(owner),
          controller: true,
        };
        const owned = replicaSet('web-1');
        await cluster.create('ReplicaSet', {
          ...owned,
          metadata: { ...owned.metadata, ownerReferences: [reference] },
        });
        await cluster.remove({ kind: 'Rollout', namespace, name: 'web', uid: uid(owner) });
        await made.settle();
        expect(await cluster.list('ReplicaSet', namespace)).toEqual([]);
      });
    });

    describe('evict', () => {
      it('deletes the pod', async () => {
        const created = await cluster.create('Pod', pod('web', { app: 'web' }));
        await made.settle();
        expect(
          await cluster.evict({ kind: 'Pod', namespace, name: 'web', uid: uid(created) }),
        ).toBe(true);
        await made.settle();
        await expect(cluster.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(
          NotFound,
        );
      });

      it('answers false where a budget forbids it', async () => {
        const created = await cluster.create('Pod', pod('web', { app: 'web' }));
        await made.addBudget('app=web', 1);
        await made.settle();
        expect(
          await cluster.evict({ kind: 'Pod', namespace, name: 'web', uid: uid(created) }),
        ).toBe(false);
        expect(
          (await cluster.get({ kind: 'Pod', namespace, name: 'web' })).metadata?.deletionTimestamp,
        ).toBe(undefined);
      });

      it('of another pod of that name is Conflict, of none NotFound', async () => {
        await cluster.create('Pod', pod('web'));
        await expect(
          cluster.evict({ kind: 'Pod', namespace, name: 'web', uid: 'another' }),
        ).rejects.toThrow(Conflict);
        await expect(
          cluster.evict({ kind: 'Pod', namespace, name: 'gone', uid: 'another' }),
        ).rejects.toThrow(NotFound);
      });
    });
  });
}
