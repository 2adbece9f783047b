import { describe, expect, it } from 'vitest';
import { conflictUntil } from '../../lib/decide/guards/conflictingController.ts';
import { Conflict, NotFound, Terminal, Unreachable } from '../../lib/errors.ts';
import { cachedCluster, type Noticed } from '../../lib/kubernetes/cache.ts';
import type { WatchedCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { ReplicaSet } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';

type Sinks = { [kind: string]: Parameters<WatchedCluster['watch']>[2] };

const set = (version: number, replicas = 1, name = 'web-1'): ReplicaSet => ({
  metadata: {
    ...{ name, namespace: 'shop', uid: `uid-of-${name}`, resourceVersion: String(version) },
    labels: { app: 'web', [hashLabel]: '1' },
    managedFields: [{ manager: 'somebody' }],
  },
  spec: { replicas },
});

/** As a watch does that lists everything. */
function listAnew(sink: Sinks[string] | undefined, ...items: unknown[]): void {
  sink?.found(items as never);
  sink?.complete(new Set((items as ReplicaSet[]).map(({ metadata }) => metadata?.uid ?? '')));
}

/** A cluster whose watches the test plays, and whose calls it answers. */
async function opened(live: Partial<WatchedCluster> = {}, before = (_kind: string) => {}) {
  const watched: string[] = [];
  const sinks: Sinks = {};
  const asked: string[] = [];
  const refuse = (what: string) => async (kind: string) => {
    asked.push(`${what} ${kind}`);
    throw new NotFound(what);
  };
  const cluster = {
    ...{ doorbell: true, get: refuse('get'), list: refuse('list') },
    watch: async (kind: string, { selector }: { selector: string }, sink: Sinks[string]) => {
      const name = selector === '' ? kind : `${kind} ${selector}`;
      before(kind);
      watched.push(name);
      sinks[name] = sink;
      listAnew(sink);
    },
    ...live,
  } as unknown as WatchedCluster;
  const noticed: Noticed[] = [];
  const back: string[] = [];
  const troubles: string[] = [];
  const cached = await cachedCluster(cluster, {
    namespaces: [],
    onChange: (change) => noticed.push(change),
    onTrouble: (kind, { message }) => troubles.push(`${kind} ${message}`),
    onBack: (kind) => back.push(kind),
    signal: new AbortController().signal,
  });
  const told = sinks[`ReplicaSet ${hashLabel}`] as Sinks[string];
  const replicas = async () =>
    (await cached.get({ kind: 'ReplicaSet', namespace: 'shop', name: 'web-1' })).spec?.replicas;
  const change = (object: ReplicaSet, type: 'ADDED' | 'MODIFIED' | 'DELETED' = 'MODIFIED') =>
    told.change(type, object as never);
  return { cached, noticed, asked, told, replicas, change, watched, sinks, back, troubles };
}

const target = { namespace: 'shop', name: 'web-1' };

describe('a cluster read through its watches', () => {
  it('asks for nothing that the watches have told', async () => {
    const { cached, change, replicas, asked } = await opened();
    change(set(5), 'ADDED');
    expect(await replicas()).toBe(1);
    expect(await cached.list('ReplicaSet', 'shop', 'app=web')).toHaveLength(1);
    expect(await cached.list('ReplicaSet', 'shop', 'app=other')).toEqual([]);
    await expect(cached.get({ kind: 'Service', namespace: 'shop', name: 'web' })).rejects.toThrow(
      NotFound,
    );
    expect(asked).toEqual([]);
  });

  it('holds what we wrote at once, and no earlier state that is told later', async () => {
    const { cached, change, replicas, noticed } = await opened({
      patch: (async () => set(9, 4)) as never,
    });
    change(set(5), 'ADDED');
    await cached.patch({ kind: 'ReplicaSet', ...target }, {});
    expect(await replicas()).toBe(4);
    change(set(7, 2));
    expect(await replicas()).toBe(4);
    // Our own write comes back as a notice, which says nothing new.
    change(set(9, 4));
    expect(noticed).toHaveLength(1);
    change(set(12, 5));
    expect(await replicas()).toBe(5);
    expect(noticed).toHaveLength(2);
  });

  it('follows what routers have from when one is asked for, and waits for no watch', async () => {
    const web = { metadata: { name: 'web', namespace: 'shop', uid: 'w', resourceVersion: '5' } };
    const get = async ({ kind }: { kind: string }) => {
      asked.push(`get ${kind}`);
      return web;
    };
    const asked: string[] = [];
    const { cached, watched, sinks, noticed } = await opened({ get } as never);
    expect(watched).not.toContain('Ingress');
    const ingress = { kind: 'Ingress', namespace: 'shop', name: 'web' } as const;
    expect(await cached.get(ingress)).toEqual(web);
    expect(watched.filter((kind) => kind === 'Ingress')).toHaveLength(1);
    await expect.poll(() => sinks.Ingress !== undefined).toBe(true);
    const edited = { metadata: { ...web.metadata, resourceVersion: '6', generation: 2 } };
    sinks.Ingress?.change('ADDED', edited as never);
    expect(await cached.get(ingress)).toEqual(edited);
    expect(noticed).toMatchObject([{ kind: 'Ingress', type: 'ADDED' }]);
    expect(asked).toEqual(['get Ingress']);
    // Of one that is not there the server knows more.
    await cached.get({ ...ingress, name: 'other' });
    expect(asked).toEqual(['get Ingress', 'get Ingress']);
    expect(await cached.list('Ingress', 'shop', '')).toEqual([edited]);
    expect(watched.filter((kind) => /Route|Split|VirtualService/.test(kind))).toEqual([]);
  });

  it('reads what routers have live where it may not be followed, and says so once', async () => {
    const asked: string[] = [];
    const live = {
      get: async () => asked.push('get'),
      list: async () => [asked.push('list')],
      watch: async (kind: string) => {
        if (kind !== 'HTTPRoute') return;
        asked.push('watch');
        throw new Terminal('list httproutes: 403');
      },
    } as never;
    const { cached, troubles } = await opened(live);
    const route = { kind: 'HTTPRoute', namespace: 'shop', name: 'web' } as const;
    await cached.get(route);
    await cached.get(route);
    await cached.list('HTTPRoute', 'shop');
    expect(asked).toEqual(['watch', 'get', 'get', 'list']);
    expect(troubles).toEqual(['HTTPRoute list httproutes: 403']);
  });

  it('asks the server itself for what a watch in trouble may not have told', async () => {
    const list = async (_kind: string, namespace: string) => {
      asked.push(`list ${namespace}`);
      return [set(6, 2)];
    };
    const live = { get: async () => set(6, 2), list } as never;
    const asked: string[] = [];
    const { cached, change, replicas, told, back } = await opened(live);
    change(set(5), 'ADDED');
    told.trouble(new Unreachable('ECONNRESET'));
    told.trouble(new Unreachable('ECONNREFUSED'));
    expect(await replicas()).toBe(2);
    expect(await cached.list('ReplicaSet', 'shop', hashLabel)).toHaveLength(1);
    expect(await cached.list('ReplicaSet', '', hashLabel)).toHaveLength(1);
    expect(await cached.list('Rollout', 'shop')).toEqual([]);
    expect(asked).toEqual(['list shop', 'list ']);
    expect(back).toEqual([]);
    listAnew(told, set(7, 3) as never);
    expect(back).toEqual(['ReplicaSet']);
    expect(await replicas()).toBe(3);
    listAnew(told, set(7, 3) as never);
    expect(back).toHaveLength(1);
    expect(asked).toHaveLength(2);
  });

  it('looks for itself after a conflict', async () => {
    const { cached, change, replicas } = await opened({
      patch: (async () => {
        throw new Conflict('stale');
      }) as never,
      get: (async () => set(8, 3)) as never,
    });
    change(set(5), 'ADDED');
    await expect(cached.patch({ kind: 'ReplicaSet', ...target }, {})).rejects.toThrow(Conflict);
    expect(await replicas()).toBe(3);
  });

  it('believes that look where versions went back: etcd was restored from a backup', async () => {
    const { cached, change, replicas } = await opened({
      patch: (async () => {
        throw new Conflict('stale');
      }) as never,
      get: (async () => set(3, 2)) as never,
    });
    change(set(9, 4), 'ADDED');
    await expect(cached.patch({ kind: 'ReplicaSet', ...target }, {})).rejects.toThrow(Conflict);
    expect(await replicas()).toBe(2);
  });

  it('brings nothing back that we deleted', async () => {
    const { cached, change, replicas } = await opened({ remove: async () => {} });
    change(set(5), 'ADDED');
    await cached.remove({ kind: 'ReplicaSet', ...target, uid: 'uid-of-web-1' });
    change(set(6, 2));
    await expect(replicas()).rejects.toThrow(NotFound);
    change(set(7, 2), 'DELETED');
    await expect(replicas()).rejects.toThrow(NotFound);
  });

  it('tells what went while nobody listened', async () => {
    const { told, change, replicas, noticed } = await opened();
    change(set(5), 'ADDED');
    listAnew(told, set(9, 1, 'web-2') as never);
    await expect(replicas()).rejects.toThrow(NotFound);
    expect(noticed.map(({ type, object }) => `${type} ${object.metadata?.name}`)).toEqual([
      'ADDED web-1',
      'ADDED web-2',
      'DELETED web-1',
    ]);
  });

  it('takes what was made anew under the same name for another object', async () => {
    const { told, change, noticed } = await opened();
    change(set(5), 'ADDED');
    const { metadata, ...anew } = set(9);
    listAnew(told, { ...anew, metadata: { ...metadata, uid: 'another' } });
    expect(noticed.map(({ type, before }) => `${type} ${before?.metadata?.uid}`)).toEqual([
      'ADDED undefined',
      'ADDED undefined',
    ]);
  });

  it('keeps no record of who wrote what where nothing hangs on it', async () => {
    const { cached, change } = await opened();
    change(set(5), 'ADDED');
    const { metadata } = await cached.get({ kind: 'ReplicaSet', namespace: 'shop', name: 'web-1' });
    expect(metadata?.managedFields).toBeUndefined();
  });

  it('knows of a rollout who drives it and who wrote which part, and no more of who wrote what', async () => {
    const { cached, sinks } = await opened();
    const time = '2026-01-31T12:00:00Z';
    const driver = { manager: 'rollouts-controller', subresource: 'status', time };
    const managedFields = [
      { manager: 'kubectl', time, fieldsV1: { 'f:spec': { 'f:template': { 'f:spec': {} } } } },
      { manager: 'labeller', time, fieldsV1: { 'f:metadata': { 'f:labels': {} } } },
      { ...driver, fieldsV1: { 'f:status': { 'f:phase': {}, 'f:canary': { 'f:weights': {} } } } },
    ];
    const metadata = { ...target, uid: 'u', resourceVersion: '5', managedFields };
    sinks.Rollout?.change('ADDED', { metadata } as never);
    const rollout = await cached.get({ kind: 'Rollout', namespace: 'shop', name: 'web-1' });
    expect(rollout.metadata?.managedFields).toEqual([
      { manager: 'kubectl', time, fieldsV1: { 'f:spec': { 'f:template': {} } } },
      { ...driver, fieldsV1: { 'f:status': { 'f:phase': {}, 'f:canary': {} } } },
    ]);
    const sighting = conflictUntil({ rollout }, Date.parse(time) + 1000);
    expect(sighting?.conflictingController.manager).toBe('rollouts-controller');
  });

  it('watches workloads from when one is asked for', async () => {
    const { cached, watched, sinks, asked, noticed } = await opened();
    // What has turns of its own, where that may be watched.
    const early = ['Experiment', 'AnalysisRun'];
    expect(watched).toEqual(['Rollout', `ReplicaSet ${hashLabel}`, 'Service', ...early]);
    const source = {
      metadata: { name: 'source', namespace: 'shop', uid: 'u', resourceVersion: '5' },
    };
    await expect(
      cached.get({ kind: 'Deployment', namespace: 'shop', name: 'source' }),
    ).rejects.toThrow(NotFound);
    expect(watched.at(-1)).toBe('Deployment');
    sinks.Deployment?.change('ADDED', source as never);
    expect(
      await cached.get({ kind: 'Deployment', namespace: 'shop', name: 'source' }),
    ).toMatchObject(source);
    expect(noticed.at(-1)).toMatchObject({ kind: 'Deployment', object: source });
    expect(watched).toHaveLength(6);
    expect(asked).toEqual([]);
  });

  it('keeps ReplicaSets that are no rollout’s beside those that are', async () => {
    const { cached, watched, sinks, change } = await opened();
    change(set(5), 'ADDED');
    const plain = {
      ...set(6, 1, 'plain'),
      metadata: { ...set(6, 1, 'plain').metadata, labels: {} },
    };
    await expect(
      cached.get({ kind: 'ReplicaSet', namespace: 'shop', name: 'plain' }),
    ).rejects.toThrow(NotFound);
    expect(watched.at(-1)).toBe(`ReplicaSet !${hashLabel}`);
    listAnew(sinks[`ReplicaSet !${hashLabel}`], plain as never);
    expect(
      (await cached.get({ kind: 'ReplicaSet', namespace: 'shop', name: 'plain' })).spec?.replicas,
    ).toBe(1);
    listAnew(sinks[`ReplicaSet ${hashLabel}`], set(7) as never);
    expect(
      (await cached.get({ kind: 'ReplicaSet', namespace: 'shop', name: 'plain' })).spec?.replicas,
    ).toBe(1);
    expect(await cached.list('ReplicaSet', 'shop', hashLabel)).toHaveLength(1);
  });

  it('asks again for workloads that it was not allowed to watch', async () => {
    const refusals = [new Terminal('forbidden')];
    const { cached } = await opened({}, (kind) => {
      const refusal = kind === 'Deployment' ? refusals.pop() : undefined;
      if (refusal) throw refusal;
    });
    await expect(
      cached.get({ kind: 'Deployment', namespace: 'shop', name: 'source' }),
    ).rejects.toThrow(Terminal);
    await expect(
      cached.get({ kind: 'Deployment', namespace: 'shop', name: 'source' }),
    ).rejects.toThrow(NotFound);
  });
});
