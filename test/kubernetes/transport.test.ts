import { afterEach, describe, expect, it } from 'vitest';
import { Conflict, NotFound, Terminal, Transient } from '../../lib/errors.ts';
import { type KubernetesOptions, kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Cluster } from '../../lib/world.ts';
import { answer, cutOff, hang, reset, type Seen, scripted, status } from './faults.ts';
import { namespace, pod, rollout } from './objects.ts';
import { serve } from './serve.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Script = Parameters<typeof scripted>;
type Scene = { cluster: Cluster; seen: Seen[]; fresh: boolean[] };

async function scene(replies: Script, options: Partial<KubernetesOptions> = {}): Promise<Scene> {
  const { listener, seen } = scripted(...replies);
  const { server, close } = await serve(listener);
  closing.push(close);
  const fresh: boolean[] = [];
  const signIn = async (asked: { fresh: boolean }) => {
    fresh.push(asked.fresh);
    return { server, token: `token-${fresh.filter(Boolean).length}` };
  };
  const cluster = kubernetesCluster({ signIn, doorbell: false, timeoutMs: 2000, ...options });
  return { cluster, seen, fresh };
}

const web = { metadata: { name: 'web', namespace, resourceVersion: '7', uid: 'u' } };
const target = { namespace, name: 'web' };
const crdHint = /install the CRDs with `serin crds \| kubectl apply --server-side -f -`/;

describe('what a refusal means', () => {
  it.each([
    [400, Terminal],
    [403, Terminal],
    [405, Terminal],
    [413, Terminal],
    [415, Terminal],
    [422, Terminal],
    [404, NotFound],
    [408, Transient],
    [409, Conflict],
    [410, Transient],
    [429, Transient],
    [500, Transient],
    [502, Transient],
    [503, Transient],
    [504, Transient],
  ])('%i', async (code, kind) => {
    const { cluster } = await scene([status(code, 'Reason', `because of ${code}`)]);
    const { cluster: html } = await scene([answer(code, '<html>an error page</html>')]);
    const calls = (on: Cluster) => [
      on.get({ kind: 'Rollout', namespace, name: 'web' }),
      on.create('Rollout', rollout('web')),
      on.patch({ kind: 'Rollout', ...target }, {}, { subresource: 'status' }),
      on.remove({ kind: 'Rollout', ...target, uid: 'u' }),
      on.evict({ kind: 'Pod', namespace, name: 'web', uid: 'u' }),
    ];
    for (const call of calls(cluster)) {
      const error = await call.catch((caught) => caught);
      expect(error).toBeInstanceOf(kind);
      expect(error.message).toMatch(new RegExp(`default/web: ${code} because of ${code}`));
    }
    for (const call of calls(html)) {
      const error = await call.catch((caught) => caught);
      expect(error).toBeInstanceOf(kind);
      expect(error.message).toContain('an error page');
    }
  });

  it('a missing right is named with its verb and its resource', async () => {
    const message =
      'rollouts.argoproj.io "web" is forbidden: User "serin" cannot patch resource ' +
      '"rollouts/status" in API group "argoproj.io" in the namespace "default"';
    const { cluster } = await scene([status(403, 'Forbidden', message)]);
    const refused = cluster.patch({ kind: 'Rollout', ...target }, {}, { subresource: 'status' });
    await expect(refused).rejects.toThrow(
      'allow the verb "patch" on the resource "rollouts/status" ' +
        'of API group "argoproj.io" in namespace default',
    );
    await expect(cluster.list('Pod', '')).rejects.toThrow(
      /"list" on the resource "pods" of API group "" in all namespaces/,
    );
    await expect(cluster.evict({ kind: 'Pod', namespace, name: 'web', uid: 'u' })).rejects.toThrow(
      /"create" on the resource "pods\/eviction"/,
    );
  });

  it('a quota or an admission rule is no missing right', async () => {
    const message = 'pods "web" is forbidden: exceeded quota: small, requested: pods=1';
    const { cluster } = await scene([status(403, 'Forbidden', message)]);
    const error = await cluster.create('Pod', pod('web')).catch((caught) => caught);
    expect(error).toBeInstanceOf(Terminal);
    expect(error.message).toContain('exceeded quota');
    expect(error.message).not.toContain('lacks a right');
  });

  it('a list of Rollouts that is not found says to install the CRDs', async () => {
    const message = 'the server could not find the requested resource';
    const { cluster } = await scene([status(404, 'NotFound', message)]);
    await expect(cluster.list('Rollout', '')).rejects.toThrow(Terminal);
    await expect(cluster.list('Rollout', '')).rejects.toThrow(crdHint);
    await expect(cluster.list('Pod', '')).rejects.toThrow(NotFound);
    await expect(cluster.get({ kind: 'Rollout', namespace, name: 'web' })).rejects.toThrow(
      NotFound,
    );
  });

  it('429 is a budget only where it says so', async () => {
    const causes = [{ reason: 'DisruptionBudget', message: 'needs 1 healthy pods and has 1' }];
    const { cluster } = await scene([
      status(429, 'TooManyRequests', 'Cannot evict pod', { causes }),
      status(429, 'TooManyRequests', 'too many requests', { retryAfterSeconds: 1 }),
    ]);
    expect(await cluster.evict({ kind: 'Pod', namespace, name: 'web', uid: 'u' })).toBe(false);
    await expect(cluster.evict({ kind: 'Pod', namespace, name: 'web', uid: 'u' })).rejects.toThrow(
      Transient,
    );
  });

  it('two budgets for one pod are nothing that passes', async () => {
    const message = 'This pod has more than one PodDisruptionBudget, which is not supported';
    const { cluster } = await scene([status(500, 'InternalError', message)]);
    await expect(cluster.evict({ kind: 'Pod', namespace, name: 'web', uid: 'u' })).rejects.toThrow(
      Terminal,
    );
  });
});

describe('without an answer', () => {
  it('a call ends in time', async () => {
    const { cluster } = await scene([hang], { timeoutMs: 50 });
    const started = performance.now();
    await expect(cluster.get({ kind: 'Rollout', namespace, name: 'web' })).rejects.toThrow(
      /get rollouts.argoproj.io default\/web: no answer within 50 ms/,
    );
    await expect(cluster.patch({ kind: 'Rollout', ...target }, {})).rejects.toThrow(Transient);
    expect(performance.now() - started).toBeLessThan(1500);
  });

  it('also one whose answer never ends', async () => {
    const half = scripted((response) => response.write('{"metadata":'));
    const { server, close } = await serve(half.listener);
    closing.push(close);
    const cluster = kubernetesCluster({
      signIn: async () => ({ server }),
      doorbell: false,
      timeoutMs: 50,
    });
    await expect(cluster.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(Transient);
  });

  it('reads are tried once more when the connection was reset, writes are not', async () => {
    const read = await scene([reset, answer(200, web)]);
    expect((await read.cluster.get({ kind: 'Pod', namespace, name: 'web' })).metadata?.uid).toBe(
      'u',
    );
    expect(read.seen).toHaveLength(2);
    const always = await scene([reset]);
    await expect(always.cluster.list('Pod', namespace)).rejects.toThrow(Transient);
    expect(always.seen).toHaveLength(2);
    const written = await scene([reset, answer(200, web)]);
    await expect(written.cluster.patch({ kind: 'Pod', ...target }, {})).rejects.toThrow(Transient);
    expect(written.seen).toHaveLength(1);
  });

  it('nobody there is Transient', async () => {
    const { server, close } = await serve(() => {});
    await close();
    const cluster = kubernetesCluster({ signIn: async () => ({ server }), doorbell: false });
    await expect(cluster.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(
      /ECONNREFUSED/,
    );
    await expect(cluster.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(Transient);
  });

  it.each([
    ['broken JSON', answer(200, '{"metadata":')],
    ['an HTML page', answer(200, '<html></html>')],
    ['JSON that is no object', answer(200, '[]')],
    ['an answer that is cut off', cutOff],
  ])('%s is Transient', async (_name, reply) => {
    const { cluster } = await scene([reply]);
    await expect(cluster.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(Transient);
    await expect(cluster.list('Pod', namespace)).rejects.toThrow(Transient);
    await expect(cluster.patch({ kind: 'Pod', ...target }, {})).rejects.toThrow(Transient);
  });
});

describe('signing in', () => {
  it('is done afresh once after a 401', async () => {
    const { cluster, seen, fresh } = await scene([
      status(401, 'Unauthorized', 'Unauthorized'),
      answer(200, web),
    ]);
    await cluster.patch({ kind: 'Pod', ...target }, {});
    expect(fresh).toEqual([false, true]);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-0',
      'Bearer token-1',
    ]);
  });

  it('that helps nothing is Terminal and says who has to do what', async () => {
    const { cluster, seen } = await scene([status(401, 'Unauthorized', 'Unauthorized')]);
    const refused = cluster.get({ kind: 'Pod', namespace, name: 'web' });
    await expect(refused).rejects.toThrow(Terminal);
    await expect(refused).rejects.toThrow(/access entry/);
    expect(seen).toHaveLength(2);
  });

  it('that fails keeps its kind of error, or is Terminal', async () => {
    const failing = (error: Error): Cluster =>
      kubernetesCluster({ signIn: () => Promise.reject(error), doorbell: false });
    const throttled = failing(new Transient('throttled'));
    await expect(throttled.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(Transient);
    const broken = failing(new Error('no such plugin'));
    await expect(broken.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(
      /get pods default\/web: cannot sign in: no such plugin/,
    );
    await expect(broken.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(Terminal);
  });

  it('sends no token over plain http to another machine', async () => {
    const signIn = async () => ({ server: 'http://192.0.2.1', token: 'secret' });
    const cluster = kubernetesCluster({ signIn, doorbell: false });
    await expect(cluster.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(
      /https only/,
    );
  });
});

describe('what is sent', () => {
  it('names serin, the version and the preconditions', async () => {
    const { cluster, seen } = await scene([answer(200, web)], { userAgent: 'serin/test' });
    const versioned = { ...target, resourceVersion: '7' };
    const patch = { metadata: { labels: { a: null } } };
    await cluster.patch({ kind: 'Pod', ...versioned }, patch, { subresource: 'status' });
    await cluster.remove({ kind: 'Pod', ...versioned, uid: 'u' });
    await cluster.create('Pod', pod('web'), { dryRun: true });
    await cluster.evict({ kind: 'Pod', namespace, name: 'web', uid: 'u' });
    const [patched, removed, created, evicted] = seen.map(({ body, ...rest }) => ({
      ...rest,
      body: JSON.parse(body),
      path: `${rest.url.pathname}${rest.url.search}`,
    }));
    expect(patched).toMatchObject({
      method: 'PATCH',
      path: '/api/v1/namespaces/default/pods/web/status?fieldManager=serin',
      headers: { 'content-type': 'application/merge-patch+json', 'user-agent': 'serin/test' },
      body: { metadata: { labels: { a: null }, resourceVersion: '7' } },
    });
    expect(removed).toMatchObject({
      method: 'DELETE',
      path: '/api/v1/namespaces/default/pods/web',
      body: {
        propagationPolicy: 'Background',
        preconditions: { uid: 'u', resourceVersion: '7' },
      },
    });
    expect(created).toMatchObject({
      method: 'POST',
      path: '/api/v1/namespaces/default/pods?fieldManager=serin&dryRun=All',
      body: { apiVersion: 'v1', kind: 'Pod' },
    });
    expect(evicted).toMatchObject({
      method: 'POST',
      path: '/api/v1/namespaces/default/pods/web/eviction?fieldManager=serin',
      body: { apiVersion: 'policy/v1', deleteOptions: { preconditions: { uid: 'u' } } },
    });
  });

  it('pages that expire are read again from the start, once', async () => {
    const page = answer(200, { metadata: { continue: 'next' }, items: [web] });
    const expired = status(410, 'Expired', 'The provided continue parameter is too old');
    const all = answer(200, { metadata: {}, items: [web, web] });
    const { cluster, seen } = await scene([page, expired, all]);
    expect(await cluster.list('Pod', namespace, 'app=web')).toHaveLength(2);
    expect(seen.map(({ url }) => url.search)).toEqual([
      '?limit=500&labelSelector=app%3Dweb',
      '?limit=500&labelSelector=app%3Dweb&continue=next',
      '?limit=500&labelSelector=app%3Dweb',
    ]);
    const never = await scene([page, expired, page, expired]);
    await expect(never.cluster.list('Pod', namespace)).rejects.toThrow(/expired twice/);
  });
});
