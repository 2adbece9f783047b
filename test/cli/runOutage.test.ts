import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { scaledClock } from '../../lib/simulate/clock.ts';
import { type SimulatedCluster, simulatedCluster } from '../../lib/simulate/cluster.ts';
import { web, withImage } from './adoptStage.ts';
import { runOn } from './runStage.ts';

/** A server for the simulated cluster that can be stopped, and comes back where it was. */
async function apiServer(sim: SimulatedCluster) {
  const api = restApi(sim);
  let http: Server | undefined;
  let port = 0;
  const start = async (): Promise<void> => {
    const server = createServer(restListener(api));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
    http = server;
  };
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => http?.close(resolve));
    http?.closeAllConnections();
    await closed;
  };
  await start();
  onTestFinished(stop);
  return { start, stop, server: () => `http://127.0.0.1:${port}` };
}

it('goes on within 5 s after the API server is back with what became due meanwhile', async () => {
  const clock = scaledClock(1);
  onTestFinished(() => clock.stop());
  const pods = { bindMs: 20, readyMs: 200, jitterMs: 0, terminationMs: 100 };
  const sim = simulatedCluster({ clock, seed: 1, ...pods });
  const { start, stop, server } = await apiServer(sim);
  const logged = await runOn(server());
  const status = () => sim.read.find('Rollout', 'shop', 'web')?.status;
  const steps = [{ setWeight: 34 }, { pause: { duration: '3s' } }];
  const rollout = web('web', { strategy: { canary: { steps } } });
  sim.apply('Rollout', rollout);
  await expect.poll(() => status()?.phase, { timeout: 10_000 }).toBe('Healthy');
  sim.apply('Rollout', withImage(rollout, 'web:v2'));
  await expect.poll(() => status()?.phase, { timeout: 10_000 }).toBe('Paused');

  await stop();
  await delay(11_000);
  expect(status()?.phase).toBe('Paused');
  await start();
  const back = Date.now();
  await expect.poll(() => status()?.currentStepIndex, { timeout: 30_000 }).toBe(2);
  expect(Date.now() - back).toBeLessThan(5000);
  // Each watch says once what is wrong, however often it is tried, and when that is over.
  const said = (line: RegExp) => logged.filter((each) => line.test(each));
  await expect
    .poll(() => said(/the watch of Rollouts goes on$/).length, { timeout: 10_000 })
    .toBe(1);
  expect(said(/the watch of Rollouts$/).length).toBeLessThanOrEqual(2);
  expect(said(/^error/)).toEqual([]);
}, 60_000);
