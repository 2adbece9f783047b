import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namespace, pod, replicaSet, rollout, service, version } from './objects.ts';
import { type Served, type Simulation, servedSimulation, type Wire } from './serve.ts';

const token = 'a-token-of-the-test';
const rollouts = '/apis/argoproj.io/v1alpha1/namespaces/default/rollouts';
const pods = '/api/v1/namespaces/default/pods';
const merge = 'application/merge-patch+json';
const jsonPatch = 'application/json-patch+json';

let made: Simulation & Served;
beforeEach(async () => {
  made = await servedSimulation({ token });
});
afterEach(() => made.close());

type Reply = { code: number; body: Wire };
type Options = { body?: unknown; type?: string; headers?: Record<string, string> };

/** Speaks as kubectl does, without being one. */
async function call(method: string, path: string, options: Options = {}): Promise<Reply> {
  const { body, type = 'application/json', headers = {} } = options;
  const response = await fetch(`${made.server}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'user-agent': 'kubectl/v1.33.0 (linux/amd64)',
      ...(body === undefined ? {} : { 'content-type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = text.startsWith('{') ? JSON.parse(text) : { text };
  return { code: response.status, body: parsed };
}

const names = ({ body }: Reply): string[] => body.items.map(({ metadata }) => metadata.name ?? '');

describe('the simulated API server', () => {
  it('wants its token, for everything', async () => {
    for (const path of ['/version', '/apis', rollouts, '/nothing']) {
      for (const authorization of ['', 'Bearer wrong', `Basic ${token}`, token]) {
        const { code, body } = await call('GET', path, { headers: { authorization } });
        expect(code).toBe(401);
        expect(body).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Unauthorized' });
      }
    }
    const refused = await call('POST', rollouts, {
      body: rollout('web'),
      headers: { authorization: '' },
    });
    expect(refused.code).toBe(401);
    expect(made.sim.read.list('Rollout', '')).toEqual([]);
  });

  it('tells what it serves', async () => {
    expect((await call('GET', '/version')).body).toMatchObject({ major: '1', minor: '33' });
    expect((await call('GET', '/api')).body).toMatchObject({ versions: ['v1'] });
    const groups = (await call('GET', '/apis')).body.groups;
    const names = groups.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['argoproj.io', 'apps', 'networking.k8s.io']));
    expect((await call('GET', '/apis/apps')).body).toMatchObject({
      kind: 'APIGroup',
      name: 'apps',
    });
    const argo = (await call('GET', '/apis/argoproj.io/v1alpha1')).body;
    const entries = argo.resources.map(({ name }) => name);
    expect(entries).toEqual(
      expect.arrayContaining(['rollouts', 'rollouts/status', 'analysisruns']),
    );
    expect(argo.resources[0]).toMatchObject({
      kind: 'Rollout',
      namespaced: true,
      shortNames: ['ro'],
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    });
    expect((await call('GET', '/api/v1')).body.groupVersion).toBe('v1');
    expect((await call('GET', '/livez')).body).toEqual({ text: 'ok' });
    for (const path of ['/openapi/v2', '/apis/policy/v1', '/api/v2', '/apis/apps/v1/pods', '/x']) {
      const { code, body } = await call('GET', path);
      expect([path, code, body.reason]).toEqual([path, 404, 'NotFound']);
    }
  });

  it('answers lists with a version, kinds as the real one, and pages', async () => {
    for (const name of ['a', 'b', 'c']) made.sim.apply('Rollout', rollout(name));
    made.sim.apply('Service', service('s'));
    const all = await call('GET', rollouts);
    expect(all.body).toMatchObject({ kind: 'RolloutList', apiVersion: 'argoproj.io/v1alpha1' });
    expect(all.body.items[0]?.kind).toBe('Rollout');
    const newest = made.sim.read.get('Service', namespace, 's');
    expect(all.body.metadata.resourceVersion).toBe(version(newest));
    const services = await call('GET', '/api/v1/services');
    expect(services.body.items[0]?.kind).toBeUndefined();
    const first = await call('GET', `${rollouts}?limit=2`);
    expect(names(first)).toEqual(['a', 'b']);
    expect(first.body.metadata.remainingItemCount).toBe(1);
    const rest = `${rollouts}?limit=2&continue=${first.body.metadata.continue}`;
    const second = await call('GET', rest);
    expect(names(second)).toEqual(['c']);
    expect(second.body.metadata.continue).toBeUndefined();
    expect((await call('GET', `${rollouts}?continue=what`)).code).toBe(400);
  });

  it('selects by fields', async () => {
    made.sim.apply('Pod', pod('a'));
    made.sim.apply('Pod', pod('b'));
    await made.settle();
    expect(names(await call('GET', `${pods}?fieldSelector=metadata.name=b`))).toEqual(['b']);
    expect(names(await call('GET', `${pods}?fieldSelector=metadata.name!=b`))).toEqual(['a']);
    const running = 'fieldSelector=status.phase=Running,metadata.namespace=default';
    expect(names(await call('GET', `/api/v1/pods?${running}`))).toEqual(['a', 'b']);
    const unknown = await call('GET', `${pods}?fieldSelector=spec.what=b`);
    expect(unknown.code).toBe(400);
    expect(unknown.body.message).toContain('field label not supported: spec.what');
  });

  it('creates and updates, with the manager from the query or the user agent', async () => {
    const created = await call('POST', `${rollouts}?fieldManager=me`, { body: rollout('web') });
    expect(created.code).toBe(201);
    const { metadata } = created.body;
    expect(metadata.managedFields?.[0]?.manager).toBe('me');
    const again = await call('POST', rollouts, { body: rollout('web') });
    expect(again).toMatchObject({ code: 409, body: { reason: 'AlreadyExists', code: 409 } });

    const object = { ...created.body, spec: { ...created.body.spec, replicas: 4, paused: true } };
    const { replicas: _, ...without } = object.spec;
    const put = await call('PUT', `${rollouts}/web`, { body: { ...object, spec: without } });
    expect(put.code).toBe(200);
    expect(put.body.spec).toEqual(without);
    expect(put.body.metadata.managedFields?.at(-1)?.manager).toBe('kubectl');
    const stale = await call('PUT', `${rollouts}/web`, { body: object });
    expect(stale).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    const blind = { ...object, metadata: { name: 'web' } };
    expect((await call('PUT', `${rollouts}/web`, { body: blind })).code).toBe(422);
    expect((await call('PUT', `${rollouts}/other`, { body: object })).code).toBe(400);
  });

  it('refuses what it cannot do rather than do something else', async () => {
    made.sim.apply('ReplicaSet', replicaSet('web'));
    const path = '/apis/apps/v1/namespaces/default/replicasets/web';
    const body = { spec: { replicas: 3 } };
    const strategic = 'application/strategic-merge-patch+json';
    for (const type of [strategic, 'application/apply-patch+yaml', 'text/plain']) {
      const { code, body: status } = await call('PATCH', path, { body, type });
      expect([code, status.reason]).toEqual([415, 'UnsupportedMediaType']);
      expect(status.message).toContain(merge);
    }
    const trial = await call('PATCH', `${path}?dryRun=All`, { body, type: merge });
    expect(trial.code).toBe(400);
    expect((await call('DELETE', `${path}?dryRun=All`)).code).toBe(400);
    const orphan = await call('DELETE', path, { body: { propagationPolicy: 'Orphan' } });
    expect(orphan.code).toBe(400);
    expect((await call('DELETE', path.replace('/web', ''))).code).toBe(405);
    for (const broken of ['{', '[]', '"x"']) {
      expect((await call('PATCH', path, { body: broken, type: merge })).code).toBe(400);
      expect((await call('POST', pods, { body: broken })).code).toBe(400);
    }
    expect(made.sim.read.get('ReplicaSet', namespace, 'web').spec?.replicas).toBe(0);
    const large = { ...pod('large'), metadata: { name: 'large', annotations: { a: '' } } };
    large.metadata.annotations.a = 'x'.repeat(4 * 1024 * 1024);
    expect((await call('POST', pods, { body: large })).code).toBe(413);
  });

  it('patches by JSON patch', async () => {
    made.sim.apply('Rollout', rollout('web', { a: '1' }));
    const patch = (body: unknown) => call('PATCH', `${rollouts}/web`, { body, type: jsonPatch });
    const done = await patch([
      { op: 'test', path: '/spec/replicas', value: 2 },
      { op: 'replace', path: '/spec/replicas', value: 3 },
      { op: 'add', path: '/metadata/labels/x~1y', value: 'z' },
      { op: 'remove', path: '/metadata/labels/a' },
      { op: 'add', path: '/spec/strategy/canary/steps/0', value: { setWeight: 10 } },
      { op: 'add', path: '/spec/strategy/canary/steps/-', value: { setWeight: 90 } },
      { op: 'remove', path: '/spec/strategy/canary/steps/1' },
    ]);
    expect(done.code).toBe(200);
    expect(done.body.spec.replicas).toBe(3);
    expect(done.body.metadata.labels).toEqual({ 'x/y': 'z' });
    expect(done.body.spec.strategy?.canary.steps).toEqual([
      { setWeight: 10 },
      { pause: {} },
      { setWeight: 90 },
    ]);
    const before = made.sim.read.get('Rollout', namespace, 'web');
    for (const bad of [
      [
        { op: 'test', path: '/spec/replicas', value: 2 },
        { op: 'remove', path: '/spec/replicas' },
      ],
      [{ op: 'replace', path: '/spec/nothing', value: 1 }],
      [{ op: 'remove', path: '/spec/strategy/canary/steps/9' }],
      [{ op: 'move', from: '/a', path: '/b' }],
    ]) {
      expect((await patch(bad)).code).toBe(422);
    }
    for (const broken of [{}, [{ op: 'add' }], [{ op: 'add', path: 'x' }]]) {
      expect((await patch(broken)).code).toBe(400);
    }
    expect(made.sim.read.get('Rollout', namespace, 'web')).toEqual(before);
  });

  it('keeps status apart, as the plugin writes it', async () => {
    made.sim.apply('Rollout', rollout('web'));
    const abort = await call('PATCH', `${rollouts}/web/status`, {
      body: { status: { abort: true } },
      type: merge,
    });
    expect(abort.body.status).toEqual({ abort: true });
    const body = { ...abort.body, spec: {}, status: { phase: 'Degraded' } };
    const put = await call('PUT', `${rollouts}/web/status`, { body });
    expect(put.body.status).toEqual({ phase: 'Degraded' });
    expect(put.body.spec.replicas).toBe(2);
    expect((await call('GET', `${rollouts}/web/status`)).body).toEqual(put.body);
  });

  it('scales by the autoscaling form', async () => {
    made.sim.apply('Rollout', rollout('web'));
    made.sim.patchStatus(namespace, 'web', { HPAReplicas: 2, selector: 'app=web' });
    const scale = await call('GET', `${rollouts}/web/scale`);
    expect(scale.body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { replicas: 2, selector: 'app=web' },
    });
    const patched = await call('PATCH', `${rollouts}/web/scale`, {
      body: { spec: { replicas: 3 } },
      type: merge,
    });
    expect(patched.body).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
    const put = await call('PUT', `${rollouts}/web/scale`, {
      body: { ...patched.body, spec: { replicas: 5 } },
    });
    expect(put.body.spec.replicas).toBe(5);
    const stale = await call('PUT', `${rollouts}/web/scale`, {
      body: { ...scale.body, spec: { replicas: 9 } },
    });
    expect(stale.code).toBe(409);
    expect(made.sim.read.get('Rollout', namespace, 'web').spec?.replicas).toBe(5);
    made.sim.apply('ReplicaSet', replicaSet('set'));
    const set = await call('GET', '/apis/apps/v1/namespaces/default/replicasets/set/scale');
    expect(set.body.status).toEqual({ replicas: 0, selector: 'app=set' });
    expect((await call('GET', `${pods}/x/scale`)).code).toBe(404);
  });

  it('evicts within budgets, and deletes', async () => {
    made.sim.apply('Pod', pod('web', { app: 'web' }));
    made.sim.addDisruptionBudget({ namespace, selector: 'app=web', minAvailable: 1 });
    await made.settle();
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web' } };
    const held = await call('POST', `${pods}/web/eviction`, { body });
    expect(held.code).toBe(429);
    expect(held.body.details.causes[0]?.reason).toBe('DisruptionBudget');
    const wrong = { preconditions: { uid: 'another' } };
    expect((await call('DELETE', `${pods}/web`, { body: wrong })).code).toBe(409);
    const deleted = await call('DELETE', `${pods}/web`);
    expect(deleted.body).toMatchObject({ kind: 'Status', status: 'Success' });
    await made.settle();
    expect((await call('GET', `${pods}/web`)).code).toBe(404);
    expect((await call('DELETE', `${pods}/web`)).code).toBe(404);
  });
});
