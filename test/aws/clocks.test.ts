import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { permitAll, startIssuer } from '../access/support.ts';
import { apply, newNamespace, reaches, rolloutIn, webRollout } from '../cluster/stage.ts';
import { clusterName, type Scene, startScene } from './scene.ts';

const names = ['reconcile', 'look', 'sweep', 'doorbell', 'api', 'hooks'];
const wrongBy = 5 * minuteMs - 10 * secondMs;
const half = wrongBy / 2;

describe.each([
  [
    // The cluster's, the issuer's and ours, that is.
    "all of them ahead of everybody's",
    Object.fromEntries(names.map((name) => [name, wrongBy])),
  ],
  [
    'some of them ahead and some behind',
    { api: half, hooks: half, doorbell: half, reconcile: -half, look: -half },
  ],
])('clocks five minutes apart, %s', (_, clockMs: Record<string, number>) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene(clockMs);
  });
  afterAll(() => scene?.stop());

  it('a pause is as long as it is, signatures are taken, and so is a token', async () => {
    const issuer = await startIssuer({ sub: 'ada' });
    const issuers = [{ name: 'ci', issuer: issuer.url, audience: 'serin' }];
    await scene.applySettings({ issuers, policies: permitAll, hooks: [] });
    const namespace = await newNamespace(scene.plane, 'clocks');
    const pause = { duration: 10 };
    const rolloutWith = (image: string) =>
      webRollout(namespace, {
        strategy: { canary: { steps: [{ setWeight: 34 }, { pause: {} }, { pause }] } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image }] },
        },
      });
    await apply(scene.plane, rolloutWith('web:v1'));
    await reaches(scene.plane, namespace, 'Healthy');
    await apply(scene.plane, rolloutWith('web:v2'));
    await reaches(scene.plane, namespace, 'Paused', { step: 1 });
    const path = `/v1/clusters/${clusterName}/namespaces/${namespace}/rollouts/web/promote`;
    const promote = async (claims: { exp?: number }) =>
      await fetch(`${scene.api.url}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await issuer.sign(claims)}`,
          'content-type': 'application/json',
        },
        body: '{}',
      });
    const exp = Math.floor(Date.now() / secondMs) - 6 * 60;
    expect((await promote({ exp })).status).toBe(401);
    const promoted = await promote({});
    expect(promoted.status, await promoted.clone().text()).toBe(200);
    const from = Date.now();
    await delay(8 * secondMs);
    expect((await rolloutIn(scene.plane, namespace)).status?.currentStepIndex).toBe(2);
    await reaches(scene.plane, namespace, 'Healthy', { step: 3 });
    expect(Date.now() - from).toBeGreaterThanOrEqual(9 * secondMs);
    expect(Date.now() - from).toBeLessThan(25 * secondMs);
  }, 120_000);
});
