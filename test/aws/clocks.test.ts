import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { permitAll, startIssuer } from '../access/support.ts';
import { until } from '../cluster/processes.ts';
import { apply, newNamespace, reaches, rolloutIn, webRollout } from '../cluster/stage.ts';
import { clusterName, type Scene, startScene } from './scene.ts';

const names = ['reconcile', 'look', 'sweep', 'admission', 'apiReads', 'apiCommands', 'hooks'];
const wrongBy = 5 * minuteMs - 10 * secondMs;

describe.each([
  [
    // The cluster's, the issuer's and ours, that is.
    "all of them ahead of everybody's",
    Object.fromEntries(names.map((name) => [name, wrongBy])),
  ],
  [
    'some ahead and some behind, and the sweep right',
    { apiCommands: wrongBy, admission: wrongBy, reconcile: -wrongBy },
  ],
])('clocks five minutes wrong, %s', (_, clockMs: Record<string, number>) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene({ clockMs });
  });
  afterAll(() => scene?.stop());

  it('a pause is as long as it is, signatures are taken, and so is a token', async () => {
    const issuer = await startIssuer({ sub: 'ada' });
    const issuers = [{ name: 'ci', issuer: issuer.url, audience: 'serin' }];
    await scene.applySettings({ issuers, policies: permitAll, hooks: [] });
    const namespace = await newNamespace(scene.plane, 'clocks');
    const pauseSeconds = 5;
    const steps = [{ setWeight: 34 }, { pause: {} }, { pause: { duration: pauseSeconds } }];
    const rolloutWith = (image: string) =>
      webRollout(namespace, {
        strategy: { canary: { steps } },
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
    /** With a token that has expired so long ago by the clock of commands. */
    const promote = async (expiredMs: number) => {
      const exp = Math.floor((Date.now() + (clockMs.apiCommands ?? 0) - expiredMs) / secondMs);
      return await fetch(`${scene.api.url}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await issuer.sign({ iat: exp - 300, exp })}`,
          'content-type': 'application/json',
        },
        body: '{}',
      });
    };
    // docs/aws/access.md allows clocks five minutes.
    expect((await promote(5 * minuteMs + 10 * secondMs)).status).toBe(401);
    await reaches(scene.plane, namespace, 'Paused', { step: 1 });
    const before = Date.now();
    const promoted = await promote(5 * minuteMs - 20 * secondMs);
    // 202: taken, where the machine is too slow to carry it out meanwhile.
    expect([200, 202], await promoted.clone().text()).toContain(promoted.status);
    await reaches(scene.plane, namespace, 'Paused', { step: 2 });
    const after = Date.now();
    // By another clock the pause is long over, or has hardly begun.
    await scene.sweep();
    await delay(pauseSeconds * secondMs - secondMs - (Date.now() - before));
    const { status } = await rolloutIn(scene.plane, namespace);
    // Where nobody could look in time, its length below tells the same.
    if (Date.now() - before < pauseSeconds * secondMs) expect(status?.currentStepIndex).toBe(2);
    await scene.sweep();
    await reaches(scene.plane, namespace, 'Healthy', { step: 3 });
    expect(Date.now() - before).toBeGreaterThanOrEqual(pauseSeconds * secondMs);
    expect(Date.now() - after).toBeLessThan(pauseSeconds * secondMs + 10 * secondMs);

    const key = { cluster: clusterName, namespace, name: 'web' };
    const told = async (): Promise<string[]> => {
      const { items } = await scene.store.ledger(key, { limit: 50 });
      return items.filter(({ revision }) => revision === 2).map(({ kind }) => kind);
    };
    await until('the end', async () => (await told()).includes('completed'));
    // Each once, though the sweep has woken it again and again.
    expect((await told()).reverse()).toEqual([
      ...['revision', 'step', 'paused', 'command', 'promoted'],
      ...['step', 'paused', 'resumed', 'step', 'completed'],
    ]);
    const sets = await scene.plane.kubectl(['-n', namespace, 'get', 'rs', '-o', 'name']);
    expect(sets.trim().split('\n')).toHaveLength(2);
  }, 120_000);
});
