import { describe, expect, it } from 'vitest';
import { Conflict, NotFound } from '../../lib/errors.ts';
import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { lab, namespace, replicaSet, rollout, web } from './manifests.ts';

const meta = (object: { metadata?: Rollout['metadata'] }) => object.metadata!;
const set = { namespace, name: 'web-1' };

describe('patching', () => {
  it('bumps the generation for the spec, and for nothing else', async () => {
    const { cluster } = lab();
    await cluster.create('Rollout', rollout());
    const generations = [
      await cluster.patch({ kind: 'Rollout', ...web }, { metadata: { labels: { a: 'b' } } }),
      await cluster.patch(
        { kind: 'Rollout', ...web },
        { status: { phase: 'x' } },
        { subresource: 'status' },
      ),
      await cluster.patch({ kind: 'Rollout', ...web }, { spec: { paused: true } }),
      await cluster.patch(
        { kind: 'Rollout', ...web },
        { spec: { replicas: 5 } },
        { subresource: 'scale' },
      ),
    ].map((object) => meta(object).generation);
    expect(generations).toEqual([1, 1, 2, 3]);
  });

  it('keeps status and spec apart', async () => {
    const { cluster } = lab();
    await cluster.create('Rollout', rollout());
    const both = {
      metadata: { labels: { a: 'b' } },
      spec: { paused: true },
      status: { abort: true },
    };
    const byStatus = await cluster.patch({ kind: 'Rollout', ...web }, both, {
      subresource: 'status',
    });
    expect(byStatus.status).toEqual({ abort: true });
    expect(byStatus.spec).toEqual(rollout().spec);
    expect(meta(byStatus).labels).toBeUndefined();

    const other = { ...both, status: { abort: false, phase: 'Healthy' } };
    const bySpec = await cluster.patch({ kind: 'Rollout', ...web }, other);
    expect(bySpec.status).toEqual({ abort: true });
    expect(bySpec.spec?.paused).toBe(true);
    expect(meta(bySpec).labels).toEqual({ a: 'b' });
  });

  it('removes by null, merges objects and replaces lists', async () => {
    const { cluster } = lab();
    await cluster.create('Rollout', rollout());
    const first = {
      spec: { paused: true, strategy: { canary: { maxSurge: 1, steps: [{ setWeight: 1 }] } } },
    };
    await cluster.patch({ kind: 'Rollout', ...web }, first);
    const second = { spec: { paused: null, strategy: { canary: { maxSurge: null } } } };
    const { spec } = await cluster.patch({ kind: 'Rollout', ...web }, second);
    expect(spec).toEqual(rollout({ strategy: { canary: { steps: [{ setWeight: 1 }] } } }).spec);
  });

  it('is refused in another version than the one named', async () => {
    const { cluster } = lab();
    const { resourceVersion } = meta(await cluster.create('Rollout', rollout()));
    const target = { ...web, resourceVersion: resourceVersion! };
    await cluster.patch({ kind: 'Rollout', ...target }, { spec: { paused: true } });
    const late = cluster.patch({ kind: 'Rollout', ...target }, { spec: { paused: false } });
    await expect(late).rejects.toThrow(Conflict);
    const inBody = cluster.patch(
      { kind: 'Rollout', ...web },
      { metadata: { resourceVersion }, spec: null },
    );
    await expect(inBody).rejects.toThrow(Conflict);
    expect(
      (await cluster.get({ kind: 'Rollout', namespace: 'shop', name: 'web' })).spec?.paused,
    ).toBe(true);
  });

  it('that changes nothing leaves the version as it was, and is not announced', async () => {
    const { cluster, watch, pass } = lab();
    await cluster.create('Rollout', rollout());
    await cluster.create('ReplicaSet', replicaSet({ replicas: 0 }));
    await pass(1000);
    const before = meta(
      await cluster.get({ kind: 'ReplicaSet', namespace: 'shop', name: 'web-1' }),
    );
    const changes: string[] = [];
    watch(({ type }) => changes.push(type));
    await cluster.patch(
      { kind: 'Rollout', ...web },
      { spec: { replicas: 3 }, metadata: { labels: null } },
    );
    const again = { spec: replicaSet({ replicas: 0 }).spec };
    expect(meta(await cluster.patch({ kind: 'ReplicaSet', ...set }, again))).toEqual(before);
    expect(changes).toEqual([]);
  });

  it('cannot change what the server writes', async () => {
    const { cluster } = lab();
    const before = meta(await cluster.create('Rollout', rollout()));
    const metadata = { generation: 9, creationTimestamp: null, managedFields: null };
    expect(meta(await cluster.patch({ kind: 'Rollout', ...web }, { metadata }))).toEqual(before);
  });

  it('through scale sets the size alone', async () => {
    const { cluster } = lab();
    await cluster.create('ReplicaSet', replicaSet());
    const patch = { spec: { replicas: 1, minReadySeconds: 9 } };
    const scaled = await cluster.patch({ kind: 'ReplicaSet', ...set }, patch, {
      subresource: 'scale',
    });
    expect(scaled.spec).toEqual({ ...scaled.spec, replicas: 1 });
    expect(scaled.spec?.minReadySeconds).toBeUndefined();
  });

  it('of something that is not there is NotFound', async () => {
    const { cluster } = lab();
    const gone = [
      cluster.get({ kind: 'Rollout', namespace: 'shop', name: 'web' }),
      cluster.patch({ kind: 'Rollout', ...web }, {}),
      cluster.remove({ kind: 'Rollout', ...web, uid: 'x' }),
      cluster.evict({ kind: 'Pod', namespace: 'shop', name: 'web-1-x', uid: 'x' }),
    ];
    for (const { reason } of (await Promise.allSettled(gone)) as never[]) {
      expect(reason).toBeInstanceOf(NotFound);
    }
  });
});

describe('who wrote what', () => {
  const owners = (object: Rollout | ReplicaSet) =>
    (meta(object).managedFields ?? []).map(({ manager, subresource, fieldsV1, time }) => [
      manager,
      subresource ?? '',
      fieldsV1,
      time,
    ]);
  const status = (fields: object) => ({ 'f:status': fields });

  it('is kept by manager and subresource, the last writer of a field having it', async () => {
    const { cluster, as, pass } = lab();
    const options = { subresource: 'status' } as const;
    await as('kubectl').create('Rollout', rollout());
    await cluster.patch(
      { kind: 'Rollout', ...web },
      { status: { phase: 'a', message: 'b' } },
      options,
    );
    await pass(2000);
    const rival = as('rollouts-controller');
    const patch = { status: { phase: 'c', canary: { weights: { verified: true } } } };
    const after = await rival.patch({ kind: 'Rollout', ...web }, patch, options);
    expect(owners(after).slice(1)).toEqual([
      ['serin', 'status', status({ 'f:message': {} }), '2026-01-31T12:00:00Z'],
      [
        'rollouts-controller',
        'status',
        status({ 'f:phase': {}, 'f:canary': { 'f:weights': { 'f:verified': {} } } }),
        '2026-01-31T12:00:02Z',
      ],
    ]);
  });

  it('grows with what a manager writes, and loses what it removes', async () => {
    const { cluster } = lab();
    const options = { subresource: 'status' } as const;
    await cluster.create('Rollout', rollout());
    await cluster.patch(
      { kind: 'Rollout', ...web },
      { status: { phase: 'a', message: 'b' } },
      options,
    );
    const patch = { status: { abort: true, message: null } };
    const after = await cluster.patch({ kind: 'Rollout', ...web }, patch, options);
    expect(owners(after)[1]?.[2]).toEqual(status({ 'f:phase': {}, 'f:abort': {} }));
  });

  it('forgets a manager all of whose fields are gone or taken', async () => {
    const { cluster, as } = lab();
    const options = { subresource: 'status' } as const;
    await as('kubectl').create('Rollout', rollout());
    await as('plugin').patch({ kind: 'Rollout', ...web }, { status: { abort: true } }, options);
    await as('other').patch({ kind: 'Rollout', ...web }, { status: { message: 'm' } }, options);
    const patch = { status: { abort: null, message: 'n' } };
    const after = await cluster.patch({ kind: 'Rollout', ...web }, patch, options);
    expect(owners(after).map(([manager]) => manager)).toEqual(['kubectl', 'serin']);
  });

  it('keeps the time of a manager that wrote nothing new', async () => {
    const { cluster, pass } = lab();
    await cluster.create('Rollout', rollout());
    await pass(5000);
    const after = await cluster.patch({ kind: 'Rollout', ...web }, { spec: { replicas: 3 } });
    expect(owners(after).map((entry) => entry[3])).toEqual(['2026-01-31T12:00:00Z']);
  });
});
