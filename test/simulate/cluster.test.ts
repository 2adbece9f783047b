import { describe, expect, it } from 'vitest';
import { Conflict, NotFound, Terminal } from '../../lib/errors.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { lab, namespace, replicaSet, rollout, start, web } from './manifests.ts';

const meta = (object: { metadata?: Rollout['metadata'] }) => object.metadata!;

describe('creating', () => {
  it('gives an object what the server gives it', async () => {
    const { cluster, clock } = lab();
    await clock.run({ until: start + 1700, eventsMax: 10 });
    const created = await cluster.create('Rollout', rollout());
    expect(meta(created)).toMatchObject({
      name: 'web',
      namespace: 'shop',
      generation: 1,
      creationTimestamp: '2026-01-31T12:00:01Z',
      uid: expect.stringMatching(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/),
      resourceVersion: expect.stringMatching(/^\d+$/),
    });
    expect(await cluster.get({ kind: 'Rollout', namespace: 'shop', name: 'web' })).toEqual(created);
    expect(created.spec).toEqual(rollout().spec);
  });

  it('refuses a name that is taken, and keeps what is there', async () => {
    const { cluster } = lab();
    await cluster.create('ReplicaSet', replicaSet({ image: 'web:v1' }));
    const second = cluster.create('ReplicaSet', replicaSet({ image: 'web:v2' }));
    await expect(second).rejects.toThrow(new Conflict('replicasets.apps "web-1" already exists'));
    const kept = await cluster.get({ kind: 'ReplicaSet', namespace: 'shop', name: 'web-1' });
    expect(kept.spec?.template?.spec?.containers?.[0]?.image).toBe('web:v1');
  });

  it('ignores a status where there is a subresource for it', async () => {
    const { cluster } = lab();
    const given = { ...rollout(), status: { phase: 'Healthy' } };
    expect((await cluster.create('Rollout', given)).status).toBeUndefined();
    const claimed = { ...replicaSet(), status: { replicas: 9 } };
    expect((await cluster.create('ReplicaSet', claimed)).status).toEqual({ replicas: 0 });
  });

  it('names an object by generateName', async () => {
    const { cluster } = lab();
    const event = {
      metadata: { namespace, generateName: 'web.' },
      reason: 'RolloutPaused',
      reportingComponent: 'serin',
      reportingInstance: '',
    };
    const names = await Promise.all([1, 2].map(() => cluster.create('Event', event)));
    expect(names.map((created) => meta(created).name)).toEqual([
      expect.stringMatching(/^web\.[a-z0-9]{5}$/),
      expect.stringMatching(/^web\.[a-z0-9]{5}$/),
    ]);
    expect(await cluster.list('Event', 'shop')).toHaveLength(2);
  });

  it('keeps events for an hour', async () => {
    const { cluster, pass } = lab();
    const event = { reportingComponent: 'serin', reportingInstance: '' };
    const create = (name: string) =>
      cluster.create('Event', { metadata: { namespace, name }, ...event });
    await create('old');
    await pass(59 * 60_000);
    await create('recent');
    expect(await cluster.list('Event', 'shop')).toHaveLength(2);
    await pass(2 * 60_000);
    await create('new');
    expect((await cluster.list('Event', 'shop')).map((found) => meta(found).name)).toEqual([
      'new',
      'recent',
    ]);
  });

  it('has every write a higher version, over all kinds', async () => {
    const { cluster } = lab();
    const versions = [
      meta(await cluster.create('Rollout', rollout())).resourceVersion,
      meta(await cluster.create('ReplicaSet', replicaSet())).resourceVersion,
      meta(await cluster.patch({ kind: 'Rollout', ...web }, { spec: { paused: true } }))
        .resourceVersion,
    ].map(Number);
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  });
});

describe('listing', () => {
  const fill = async () => {
    const lived = lab();
    const labels = [{ app: 'a', tier: 'x' }, { app: 'b', tier: 'y' }, { app: 'c' }, {}];
    for (const [index, each] of labels.entries()) {
      const metadata = {
        name: `s${index}`,
        namespace: index === 3 ? 'other' : 'shop',
        labels: each,
      };
      await lived.cluster.create('Service', { metadata });
    }
    return lived.cluster;
  };

  it.each([
    ['', 's0 s1 s2'],
    ['app=a', 's0'],
    ['app==a', 's0'],
    ['app!=a', 's1 s2'],
    ['app in (a, c)', 's0 s2'],
    ['app notin (a,c)', 's1'],
    ['tier', 's0 s1'],
    ['!tier', 's2'],
    ['tier notin (x)', 's1 s2'],
    ['app in (a,b),tier=y', 's1'],
    ['app=a,app=b', ''],
  ])('by the selector %j', async (selector, names) => {
    const found = await (await fill()).list('Service', 'shop', selector);
    expect(found.map((service) => meta(service).name).join(' ')).toBe(names);
  });

  it('of all namespaces', async () => {
    expect(await (await fill()).list('Service', '')).toHaveLength(4);
    expect(await (await fill()).list('Service', '', '!app')).toHaveLength(1);
  });

  it('refuses a selector that is none', async () => {
    const cluster = await fill();
    for (const selector of ['a=b=c', 'app in a', 'a b', '=x']) {
      await expect(cluster.list('Service', 'shop', selector)).rejects.toThrow(Terminal);
    }
  });
});

describe('deleting', () => {
  it('is refused for another object of that name, or another version', async () => {
    const { cluster } = lab();
    const { uid, resourceVersion } = meta(await cluster.create('Rollout', rollout()));
    await cluster.patch({ kind: 'Rollout', ...web }, { spec: { paused: true } });
    const target = { ...web, uid: uid! };
    await expect(cluster.remove({ kind: 'Rollout', ...web, uid: 'other' })).rejects.toThrow(
      Conflict,
    );
    const stale = cluster.remove({ kind: 'Rollout', ...target, resourceVersion: resourceVersion! });
    await expect(stale).rejects.toThrow(Conflict);
    await cluster.remove({ kind: 'Rollout', ...target });
    await expect(cluster.get({ kind: 'Rollout', namespace: 'shop', name: 'web' })).rejects.toThrow(
      NotFound,
    );
  });

  it('takes along what was owned, down to the pods, a little later', async () => {
    const { cluster, read, pass, deleteObject } = lab();
    const { uid } = meta(await cluster.create('Rollout', rollout()));
    const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: uid! };
    const owned = replicaSet();
    owned.metadata!.ownerReferences = [{ ...owner, controller: true }];
    await cluster.create('ReplicaSet', owned);
    await cluster.create('ReplicaSet', replicaSet({ name: 'free', replicas: 1 }));
    await pass(1000);
    expect(read.list('Pod', 'shop')).toHaveLength(4);

    deleteObject('Rollout', 'shop', 'web');
    expect(read.list('ReplicaSet', 'shop')).toHaveLength(2);
    await pass(1000);
    expect(read.list('ReplicaSet', 'shop').map((left) => meta(left).name)).toEqual(['free']);
    expect(read.list('Pod', 'shop').map((left) => meta(left).generateName)).toEqual(['free-']);
  });

  it('collects what is created for an owner that has gone', async () => {
    const { cluster, read, pass } = lab();
    const orphan = replicaSet({ replicas: 0 });
    const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: 'gone' };
    orphan.metadata!.ownerReferences = [owner];
    await cluster.create('ReplicaSet', orphan);
    await pass(1000);
    expect(read.list('ReplicaSet', '')).toEqual([]);
  });

  it('waits for finalizers', async () => {
    const { cluster, read } = lab();
    const held = rollout();
    held.metadata!.finalizers = ['example.org/hold'];
    const { uid } = meta(await cluster.create('Rollout', held));
    await cluster.remove({ kind: 'Rollout', ...web, uid: uid! });
    expect(meta(read.get('Rollout', 'shop', 'web')).deletionTimestamp).toBe('2026-01-31T12:00:00Z');
    await cluster.patch({ kind: 'Rollout', ...web }, { metadata: { finalizers: null } });
    expect(read.find('Rollout', 'shop', 'web')).toBeUndefined();
  });
});

describe('what comes back', () => {
  it('cannot be changed, and what was sent is not shared', async () => {
    const { cluster } = lab();
    const sent = rollout();
    const created = await cluster.create('Rollout', sent);
    sent.spec!.replicas = 99;
    expect(() => {
      created.spec!.replicas = 98;
    }).toThrow(TypeError);
    expect(
      (await cluster.get({ kind: 'Rollout', namespace: 'shop', name: 'web' })).spec?.replicas,
    ).toBe(3);
  });
});

describe('watching', () => {
  it('announces every change with its writer and what was before', async () => {
    const { cluster, as, watch } = lab();
    const seen: unknown[] = [];
    const stop = watch(({ type, kind, object, before, writer }) =>
      seen.push([type, kind, object, before, writer.manager]),
    );
    const first = await cluster.create('Rollout', rollout());
    const second = await as('kubectl').patch(
      { kind: 'Rollout', ...web },
      { spec: { paused: true } },
    );
    await cluster.remove({ kind: 'Rollout', ...web, uid: meta(first).uid! });
    stop();
    await cluster.create('Rollout', rollout());
    expect(seen).toEqual([
      ['ADDED', 'Rollout', first, undefined, 'serin'],
      ['MODIFIED', 'Rollout', second, first, 'kubectl'],
      ['DELETED', 'Rollout', second, second, 'serin'],
    ]);
  });
});

describe('calls that take time', () => {
  it('have their effect half-way', async () => {
    const { cluster, read, clock } = lab({ latencyMs: 100 });
    const times: number[] = [];
    const call = async () => {
      await cluster.create('Rollout', rollout());
      times.push(clock.now() - start);
    };
    clock.schedule(start, call);
    await clock.run({ until: start + 49, eventsMax: 9 });
    expect(read.find('Rollout', 'shop', 'web')).toBeUndefined();
    await clock.run({ until: start + 51, eventsMax: 9 });
    expect(read.find('Rollout', 'shop', 'web')).toBeDefined();
    await clock.run({ eventsMax: 9 });
    expect(times).toEqual([100]);
  });

  it('send what they were given, whatever becomes of it on the way', async () => {
    const { cluster, read, clock } = lab({ latencyMs: 100 });
    const sent = rollout();
    clock.schedule(start, async () => void (await cluster.create('Rollout', sent)));
    await clock.run({ until: start + 10, eventsMax: 9 });
    sent.spec!.replicas = 99;
    await clock.run({ eventsMax: 9 });
    expect(read.get('Rollout', 'shop', 'web').spec?.replicas).toBe(3);
  });

  it('lets two writers meet: the second to arrive loses', async () => {
    const { cluster, as, apply, read, clock } = lab({ latencyMs: 100 });
    const { resourceVersion } = meta(apply('Rollout', rollout()));
    const ends: string[] = [];
    const write = (name: string, paused: boolean) => async () => {
      const target = { ...web, resourceVersion: resourceVersion! };
      const client = name === 'a' ? cluster : as(name);
      await client.patch({ kind: 'Rollout', ...target }, { spec: { paused } }).then(
        () => ends.push(`${name} wrote`),
        (error: Error) => ends.push(`${name} ${error.name}`),
      );
    };
    clock.schedule(start, write('a', true));
    clock.schedule(start + 10, write('b', false));
    await clock.run({ eventsMax: 99 });
    expect(ends).toEqual(['b Conflict', 'a wrote']);
    expect(read.get('Rollout', 'shop', 'web').spec?.paused).toBe(true);
  });
});

describe('what a person does', () => {
  it('apply creates, then changes what the manifest says and drops what left it', async () => {
    const { apply, cluster } = lab();
    apply('Rollout', rollout({ minReadySeconds: 5 }));
    await cluster.patch(
      { kind: 'Rollout', ...web },
      { metadata: { annotations: { mine: 'kept' } } },
    );
    const applied = apply('Rollout', rollout({ replicas: 4 }));
    expect(applied.spec).toEqual(rollout({ replicas: 4 }).spec);
    expect(meta(applied)).toMatchObject({ generation: 2, annotations: { mine: 'kept' } });
  });

  it('scale and patchStatus write through their subresources', () => {
    const { apply, scale, patchStatus } = lab();
    apply('Rollout', rollout());
    expect(scale('shop', 'web', 9).spec?.replicas).toBe(9);
    const promoted = patchStatus('shop', 'web', { pauseConditions: null, currentStepIndex: 2 });
    expect(promoted.status).toEqual({ currentStepIndex: 2 });
    expect(meta(promoted).managedFields?.at(-1)).toMatchObject({
      manager: 'kubectl-argo-rollouts',
      subresource: 'status',
    });
  });
});

describe('the same seed', () => {
  it('gives the same cluster, another seed another', async () => {
    const play = async (seed: number) => {
      const { cluster, pass, read } = lab({ seed, jitterMs: 300 });
      await cluster.create('ReplicaSet', replicaSet({ replicas: 5 }));
      await pass(3000);
      return JSON.stringify([read.list('ReplicaSet', ''), read.list('Pod', '')]);
    };
    expect(await play(1)).toBe(await play(1));
    expect(await play(1)).not.toBe(await play(2));
  });
});
