import { expect, it, onTestFinished } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { look } from '../../lib/reconcile/answer.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { failureAnswer, Refused } from '../../lib/simulate/apiServer/rest/answers.ts';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { World } from '../../lib/world.ts';
import { serve, startedAt } from './serve.ts';

const key = { cluster: 'local', namespace: 'shop', name: 'web' };
const labels = { app: 'web' };
const template = (image: string) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image }] },
});
const web = (image: string, spec: Rollout['spec'] = { template: template(image) }): Rollout => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    strategy: { canary: { stableService: 'stable', steps: [{ setWeight: 50 }, { pause: {} }] } },
    ...spec,
  },
});

/** A release on an API server that does not let Serin do one thing. */
async function stage(method: string, path: RegExp) {
  const clock = virtualClock(startedAt);
  const { world: simulated, cluster: sim } = simulatedWorld({ clock, seed: 7 });
  const api = restApi(sim);
  const rbac = { isOn: false };
  const { server, close } = await serve(
    restListener(async (request) => {
      const isIt = request.method === method && path.test(request.path);
      if (!rbac.isOn || !isIt) return await api(request);
      const said = 'it is forbidden: User "serin" cannot do resource "it" in API group "some"';
      return failureAnswer(new Refused(403, 'Forbidden', said), method, {});
    }),
  );
  onTestFinished(close);
  const cluster = kubernetesCluster({ signIn: async () => ({ server }), doorbell: true });
  const world: World = { ...simulated, cluster: async () => cluster };
  const ports = [{ port: 80 }];
  const metadata = { name: 'stable', namespace: 'shop' };
  sim.apply('Service', { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } });
  const errors: unknown[] = [];
  const play = async (spanMs: number): Promise<void> => {
    const until = clock.now() + spanMs;
    while (clock.now() < until) {
      await reconcile(world, key).catch((error: unknown) => errors.push(error));
      await clock.run({ until: clock.now() + 1000, eventsMax: 10_000 });
    }
  };
  sim.apply('Rollout', web('web:v1'));
  await play(10_000);
  return { world, sim, rbac, play, errors, clock };
}

type Given = [what: string, method: string, path: RegExp, rule: string, spec?: Rollout['spec']];
const cases: Given[] = [
  [
    'to create a ReplicaSet',
    'POST',
    /\/replicasets$/,
    '{apiGroups: ["apps"], resources: ["replicasets"], verbs: ["create"]}',
  ],
  [
    'to size a ReplicaSet',
    'PATCH',
    /\/replicasets\//,
    '{apiGroups: ["apps"], resources: ["replicasets"], verbs: ["patch"]}',
  ],
  [
    'to write the status',
    'PATCH',
    /\/rollouts\/web\/status$/,
    '{apiGroups: ["argoproj.io"], resources: ["rollouts/status"], verbs: ["patch"]}',
  ],
  [
    'to list ReplicaSets',
    'GET',
    /\/replicasets$/,
    '{apiGroups: ["apps"], resources: ["replicasets"], verbs: ["list"]}',
  ],
  [
    'to read a Service',
    'GET',
    /\/services\//,
    '{apiGroups: [""], resources: ["services"], verbs: ["get"]}',
  ],
  [
    'to read the Deployment it refers to',
    'GET',
    /\/deployments\//,
    '{apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"]}',
    { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'source' } },
  ],
];

it.each(cases)('a right that is missing, %s, is named with the rule to add', async (...given) => {
  const [, method, path, rule, spec] = given;
  const { world, sim, rbac, play, clock } = await stage(method, path);
  rbac.isOn = true;
  sim.apply('Rollout', web('web:v2', spec));
  await play(3000);
  const shown = await look(world, key);
  const [reason] = shown.reasons;
  expect(reason?.text).toMatch(/Serin lacks a right/);
  expect(reason).toMatchObject({ mark: 'refused' });
  expect(reason?.unblock).toContain(rule);
  // As the list has it, too.
  const record = await world.store.load(key);
  expect(record?.view?.reasons[0]).toMatchObject({ mark: 'refused', unblock: reason?.unblock });
  // And once it is given, nothing is left of it.
  rbac.isOn = false;
  await play(2 * minuteMs);
  expect((await look(world, key)).reasons.filter(({ mark }) => mark === 'refused')).toEqual([]);
  expect((await world.store.load(key))?.view?.reasons.some(({ mark }) => mark)).toBe(false);
  expect(clock.now()).toBeGreaterThan(startedAt);
});

it('a right to read that is missing is tried again by itself, and told as an error', async () => {
  const { world, rbac, errors } = await stage('GET', /\/replicasets$/);
  rbac.isOn = true;
  const sent: number[] = [];
  const wakes = { send: async (_: unknown, delayMs: number) => void sent.push(delayMs) };
  await expect(reconcile({ ...world, wakes }, key)).rejects.toThrow(Terminal);
  // In a minute, and once.
  await expect(reconcile({ ...world, wakes }, key)).rejects.toThrow(Terminal);
  expect(sent).toEqual([minuteMs - 1000]);
  expect(errors).toEqual([]);
});

it('where the rollout itself cannot be read, there is nothing to show but the right', async () => {
  const { world, rbac } = await stage('GET', /\/rollouts\//);
  rbac.isOn = true;
  await expect(look(world, key)).rejects.toThrow(/lacks a right: allow the verb "get"/);
});
