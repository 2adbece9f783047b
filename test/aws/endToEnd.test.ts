import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import type { LedgerEntry } from '../../lib/model/record.ts';
import { settingsText, startIssuer } from '../access/support.ts';
import { until } from '../cluster/processes.ts';
import { clusterName, type Scene, startScene } from './scene.ts';

const key = { cluster: clusterName, namespace: 'default', name: 'front-api' };
const path = `/v1/clusters/${clusterName}/namespaces/default/rollouts/front-api`;
const manifest = readFileSync(
  join(import.meta.dirname, '..', '..', 'examples', 'front-api.yaml'),
  'utf8',
);

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene?.stop());

const release = (tag: string) =>
  scene.plane.kubectl(['apply', '-f', '-'], manifest.replace('old-tag', tag));

async function rollout(): Promise<Rollout> {
  return JSON.parse(await scene.plane.kubectl(['get', 'rollout', 'front-api', '-o', 'json']));
}

async function reaches(phase: string, step?: number, withinMs = 60_000): Promise<void> {
  let seen: Rollout = {};
  const isThere = async (): Promise<boolean> => {
    seen = await rollout();
    const { phase: now, currentStepIndex, observedGeneration } = seen.status ?? {};
    const isSeen = observedGeneration === String(seen.metadata?.generation);
    return isSeen && now === phase && (step === undefined || step === currentStepIndex);
  };
  await until(`${phase} at step ${step}`, isThere, { withinMs }).catch((error) => {
    const logs = ['reconcile', 'doorbell', 'api'].map((name) => tail(name)).join('\n');
    throw new Error(`${error.message}: ${JSON.stringify(seen.status, null, 1)}\n${logs}`);
  });
}

function tail(name: string): string {
  try {
    return readFileSync(join(scene.aws.dir, `${name}.log`), 'utf8').slice(-3000);
  } catch {
    return '';
  }
}

async function ledger(): Promise<LedgerEntry[]> {
  const { items } = await scene.store.ledger(key, { limit: 100 });
  return items.reverse();
}

describe('front-api on AWS', () => {
  it('is released, promoted by a signed call, and keeps its pauses', async () => {
    const issuer = await startIssuer({ sub: 'ada' });
    const settings = [{ name: 'ci', issuer: issuer.url, audience: 'serin' }];
    await scene.applySettings(settingsText(settings));
    await release('old-tag');
    await reaches('Healthy');
    await release('new-tag');
    await reaches('Paused', 1);

    const promote = (token: string) =>
      fetch(`${scene.api.url}${path}/promote`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{}',
      });
    expect((await promote(await issuer.sign({ aud: 'another' }))).status).toBe(401);
    const promoted = await promote(await issuer.sign());
    expect(promoted.status, await promoted.clone().text()).toBe(200);
    await reaches('Healthy', 6, 150_000);

    const entries = await ledger();
    const pauses = entries.flatMap(({ pause }) => (pause ? [pause] : []));
    expect(pauses.map(({ askedMs }) => askedMs)).toEqual([60_000, 10_000]);
    for (const { askedMs, keptMs } of pauses) {
      expect(keptMs).toBeGreaterThanOrEqual(askedMs);
      expect(keptMs).toBeLessThan(askedMs + 3000);
    }
    const told = entries.map(({ kind, actor }) => `${kind} ${actor.proof} ${actor.name}`);
    expect(told).toContain('x');
  }, 300_000);
});
