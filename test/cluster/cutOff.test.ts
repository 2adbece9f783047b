import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startBarrier } from './barrier.ts';
import { plugin } from './peer.ts';
import { until } from './processes.ts';
import { startSerin } from './serin.ts';
import { apply, newNamespace, reaches, rolloutIn, webRollout, withControlPlane } from './stage.ts';

const plane = withControlPlane();
const steps = [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }, { pause: {} }];
const canary = { strategy: { canary: { steps } } };

/** A kubeconfig that reaches the cluster in another way than the administrator's. */
function kubeconfigWith(name: string, user: object, server?: string): string {
  const config = JSON.parse(readFileSync(plane().kubeconfig, 'utf8'));
  config.users = [{ name: 'admin', user }];
  if (server !== undefined)
    config.clusters = [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }];
  const file = join(plane().dir, `kubeconfig-${name}`);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** A service account that may do everything in its namespace, with tokens that can be revoked. */
async function account(namespace: string) {
  const rbac = 'rbac.authorization.k8s.io';
  await apply(
    plane(),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'serin', namespace } },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name: 'serin', namespace } },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'serin', namespace }],
    },
  );
  const secret = (name: string) => ['-n', namespace, 'secret', name];
  return {
    /** A token that is good for as long as the Secret of that name is there. */
    issue: async (name: string): Promise<string> => {
      const metadata = { name, namespace };
      await apply(plane(), { apiVersion: 'v1', kind: 'Secret', metadata });
      const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', name];
      const verb = ['create', 'token', 'serin', '-n', namespace];
      return (await plane().kubectl([...verb, ...bound])).trim();
    },
    revoke: async (name: string, token: string): Promise<void> => {
      await plane().kubectl(['delete', ...secret(name)]);
      // The API server remembers for some seconds whom it has let in.
      const isRefused = async (): Promise<boolean> => {
        const { status } = await fetchAs(token, namespace);
        return status === 401;
      };
      await until('the token to be refused', isRefused, { withinMs: 30_000 });
    },
  };
}

/** As whoever holds the token, through a barrier that hands everything on. */
async function fetchAs(token: string, namespace: string): Promise<Response> {
  const barrier = await startBarrier(plane());
  try {
    const path = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts`;
    return await fetch(`${barrier.server}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
  } finally {
    barrier.close();
  }
}

describe('credentials that are revoked in mid-release', () => {
  it('are fetched anew, and with none that is good the release waits and goes on later', async () => {
    const namespace = await newNamespace(plane(), 'revoked');
    const { issue, revoke } = await account(namespace);
    const file = join(plane().dir, 'credential.json');
    const hand = (token: string) => {
      const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential' };
      writeFileSync(file, JSON.stringify({ ...credential, status: { token } }), { mode: 0o600 });
    };
    const exec = {
      ...{ apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' },
      ...{ command: 'cat', args: [file] },
    };
    const first = await issue('first');
    hand(first);
    const kubeconfig = kubeconfigWith('exec', { exec });
    const serin = await startSerin(plane(), { namespaces: [namespace], kubeconfig });
    onTestFinished(serin.stop);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    await plugin(plane(), namespace, 'set image web web=web:v2');
    await reaches(plane(), namespace, 'Paused', { step: 1 });

    const second = await issue('second');
    hand(second);
    await revoke('first', first);
    await plugin(plane(), namespace, 'promote web');
    await reaches(plane(), namespace, 'Paused', { step: 3, withinMs: 15_000 });

    // Now the watches have to sign in, too, and there is nothing to sign in with.
    await revoke('second', second);
    await plane().stopApiServer();
    await plane().startApiServer();
    await plugin(plane(), namespace, 'promote web');
    const isSaid = async () => /does not accept these credentials/.test(logOf(serin));
    await until('the refusal to be said', isSaid);
    const waiting = await reaches(plane(), namespace, 'Paused', { step: 3 });
    expect(waiting.status?.updatedReplicas).toBe(2);
    hand(await issue('third'));
    await reaches(plane(), namespace, 'Healthy', { step: 4, withinMs: 90_000 });
    for (const token of [first, second]) expect(logOf(serin)).not.toContain(token);
  });
});

describe('a watch that has expired', () => {
  it('is begun anew with what was missed, and the release goes on', async () => {
    const namespace = await newNamespace(plane(), 'expired');
    const barrier = await startBarrier(plane());
    onTestFinished(barrier.close);
    const kubeconfig = kubeconfigWith('barrier', { token: 'token-of-admin' }, barrier.server);
    const serin = await startSerin(plane(), { namespaces: [namespace], kubeconfig });
    onTestFinished(serin.stop);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');

    barrier.hold();
    await plane().stopApiServer();
    await plane().startApiServer();
    await plugin(plane(), namespace, 'set image web web=web:v2');
    const { metadata } = JSON.parse(await plane().kubectl(['get', '--raw', '/api/v1/namespaces']));
    const compacted = await fetch(`${plane().etcd}/v3/kv/compaction`, {
      method: 'POST',
      body: JSON.stringify({ revision: metadata.resourceVersion, physical: true }),
    });
    expect(compacted.status).toBe(200);
    expect(barrier.expired()).toBe(0);
    barrier.release();

    await reaches(plane(), namespace, 'Paused', { step: 1, withinMs: 20_000 });
    expect(barrier.expired()).toBeGreaterThan(0);
    await plugin(plane(), namespace, 'promote web');
    await reaches(plane(), namespace, 'Paused', { step: 3 });
    await plugin(plane(), namespace, 'promote web');
    await reaches(plane(), namespace, 'Healthy', { step: 4 });
  });
});

describe('an API server that is away', () => {
  it('holds a due release up no longer than that, and a command is told when it expires', async () => {
    const namespace = await newNamespace(plane(), 'away');
    const serin = await startSerin(plane(), { namespaces: [namespace] });
    onTestFinished(serin.stop);
    const timed = [
      { setWeight: 34 },
      { pause: { duration: 20 } },
      { setWeight: 67 },
      { pause: {} },
    ];
    await apply(plane(), webRollout(namespace, { strategy: { canary: { steps: timed } } }));
    await reaches(plane(), namespace, 'Healthy');
    await plugin(plane(), namespace, 'set image web web=web:v2');
    await reaches(plane(), namespace, 'Paused', { step: 1 });

    await plane().stopApiServer();
    const stoppedAt = Date.now();
    const said = await serin.cli(`promote web -n ${namespace}`);
    const toldMs = Date.now() - stoppedAt;
    expect(said.out + said.err).toMatch(/it could not be carried out within 60 s/);
    expect(said.code).toBe(1);
    expect(toldMs).toBeLessThan(65_000);
    // So long as was seen to hold a release up for two minutes.
    await new Promise((resolve) => setTimeout(resolve, 75_000 - toldMs));
    await plane().startApiServer();
    // Measured from /readyz. The pods of the next step wait for other controllers, which are slower.
    const goesOn = async () => (await rolloutIn(plane(), namespace)).status?.currentStepIndex === 2;
    await until('the next step', goesOn, { withinMs: 5000 });
  }, 180_000);
});

function logOf({ log }: { log: string }): string {
  return readFileSync(log, 'utf8');
}
