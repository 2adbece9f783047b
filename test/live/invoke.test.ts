import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Context } from 'aws-lambda';
import { expect, it, onTestFinished, vi } from 'vitest';
import { reconcileHandler } from '../../functions/reconcile.ts';
import { lambdaInvoke } from '../../lib/aws/invoke.ts';
import { NotFound, Terminal, Transient } from '../../lib/errors.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { World } from '../../lib/world.ts';

/** The reconcile function behind Lambda's own API. What it threw is a failure that Lambda counts. */
async function stage(change: Partial<World> = {}) {
  const clock = virtualClock(Date.parse('2026-01-31T12:00:00Z'));
  const counted: string[] = [];
  const logged: string[] = [];
  const { world, cluster } = simulatedWorld({
    ...{ clock, seed: 1, count: (name) => void counted.push(name) },
    log: (level, message) => void (level === 'error' && logged.push(message)),
  });
  const failures: unknown[] = [];
  const handler = reconcileHandler({ ...world, ...change });
  const server = createServer(async (request, response) => {
    const event = JSON.parse(await text(request));
    try {
      const answer = await handler(event, {} as Context);
      response.end(JSON.stringify(answer));
    } catch (error) {
      failures.push(error);
      const { name, message } = error as Error;
      response.setHeader('x-amz-function-error', 'Unhandled');
      response.end(JSON.stringify({ errorType: name, errorMessage: message }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    vi.unstubAllEnvs();
  });
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  const environment = { table: 'table', queueUrl: 'queue', reconcileFunction: 'reconcile' };
  const { invoke, inquire } = lambdaInvoke(environment as never);
  return { invoke, inquire, cluster, failures, counted, logged };
}

const key = { cluster: 'local', namespace: 'shop', name: 'web' };

it.each([
  ['a rollout', key, /There is no rollout web in namespace shop of local/],
  ['a cluster', { ...key, cluster: 'nowhere' }, /no cluster is registered as nowhere/],
])('%s that does not exist is not found, and no failure of the function', async (_, of, said) => {
  const { invoke, failures, counted, logged } = await stage();
  for (const request of [{ key: of, look: true }, { key: of }]) {
    const asked = invoke(request);
    await expect(asked).rejects.toThrow(NotFound);
    await expect(asked).rejects.toThrow(said);
  }
  expect(failures).toEqual([]);
  expect(logged).toEqual([]);
  expect(counted).not.toContain('rollout_reconcile_error');
});

it('answers an inquiry, and that there is nothing', async () => {
  const { inquire, cluster, failures } = await stage();
  const place = { cluster: 'local', namespace: 'shop' };
  cluster.apply('AnalysisRun', { metadata: { name: 'one', namespace: 'shop' }, spec: {} });
  expect(await inquire({ runs: place })).toMatchObject({ runs: [{ name: 'one', status: '' }] });
  await expect(inquire({ runs: { ...place, name: 'two' } })).rejects.toThrow(NotFound);
  expect(failures).toEqual([]);
});

it('answers the rollout that is there', async () => {
  const { invoke, cluster } = await stage();
  const spec = { replicas: 1, strategy: { canary: {} } };
  const metadata = { name: 'web', namespace: 'shop' };
  cluster.apply('Rollout', { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata, spec });
  expect((await invoke({ key, look: true })).view.name).toBe('web');
});

it.each([
  [new Terminal('not allowed'), Terminal],
  [new Transient('later'), Transient],
])('a failure stays one: %s', async (error, kind) => {
  const { invoke, failures } = await stage({ cluster: () => Promise.reject(error) });
  await expect(invoke({ key, look: true })).rejects.toThrow(kind);
  expect(failures).toEqual([error]);
});
