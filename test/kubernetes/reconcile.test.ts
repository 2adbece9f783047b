import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { World } from '../../lib/world.ts';
import { namespace } from './objects.ts';
import { serve, startedAt } from './serve.ts';

const key = { cluster: 'local', namespace, name: 'front-api' };

it('a release goes its way over HTTP: up, healthy, a new image, the first pause', async () => {
  const clock = virtualClock(startedAt);
  const { world: simulated, cluster: sim } = simulatedWorld({ clock, seed: 7 });
  const calls: string[] = [];
  const api = restApi(sim, { token: 'token' });
  const { server, close } = await serve(
    restListener((request) => {
      calls.push(`${request.method} ${request.path}`);
      return api(request);
    }),
  );
  const signIn = async () => ({ server, token: 'token' });
  const cluster = kubernetesCluster({ signIn, doorbell: true });
  const world: World = { ...simulated, cluster: async () => cluster };

  const manifest: Rollout = parse(readFileSync('examples/front-api.yaml', 'utf8'));
  const reach = async (phase: string): Promise<Rollout> => {
    for (let turn = 0; turn < 30; turn += 1) {
      await reconcile(world, key);
      const rollout = await cluster.get({ kind: 'Rollout', namespace, name: 'front-api' });
      if (rollout.status?.phase === phase) return rollout;
      await clock.run({ until: clock.now() + 1000, eventsMax: 1000 });
    }
    throw new Error(`not ${phase} after 30 s`);
  };
  try {
    sim.apply('Rollout', manifest);
    const healthy = await reach('Healthy');
    expect(healthy.status).toMatchObject({ readyReplicas: 2, availableReplicas: 2 });
    const [stable] = await cluster.list('ReplicaSet', namespace);
    expect(stable?.metadata?.annotations?.['rollout.argoproj.io/revision']).toBe('1');

    await cluster.patch(
      { kind: 'Rollout', namespace, name: 'front-api' },
      {
        spec: {
          template: { spec: { containers: [{ name: 'front-api', image: 'front-api:new-tag' }] } },
        },
      },
    );
    const paused = await reach('Paused');
    expect(paused.status).toMatchObject({
      currentStepIndex: 1,
      pauseConditions: [{ reason: 'CanaryPauseStep' }],
      stableRS: healthy.status?.currentPodHash,
      updatedReplicas: 1,
    });
    const hash = paused.status?.currentPodHash;
    const canary = await cluster.list('Pod', namespace, `rollouts-pod-template-hash=${hash}`);
    expect(canary.map(({ spec }) => spec?.containers?.[0]?.image)).toEqual(['front-api:new-tag']);
    const managers = paused.metadata?.managedFields?.map(({ manager }) => manager);
    expect(new Set(managers)).toEqual(new Set(['kubectl-client-side-apply', 'serin']));

    calls.length = 0;
    await reconcile(world, key);
    expect(calls.every((call) => call.startsWith('GET'))).toBe(true);
    expect(calls.length).toBeLessThanOrEqual(4);
  } finally {
    await close();
  }
});
