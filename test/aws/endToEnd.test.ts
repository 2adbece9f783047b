import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import type { LedgerEntry } from '../../lib/model/record.ts';
import { permitAll, startIssuer } from '../access/support.ts';
import { until } from '../cluster/processes.ts';
import { still } from '../cluster/stage.ts';
import { circleci } from '../hooks/payloads.ts';
import { between, type Used, used } from './counters.ts';
import { clusterName, type Scene, startScene } from './scene.ts';
import { region } from './services.ts';
import { credentials } from './stage.ts';

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
  const path = '/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/front-api';
  return (await scene.plane.read(path)) as Rollout;
}

async function reaches(phase: string, step?: number, withinMs = 120_000): Promise<void> {
  let seen: Rollout = {};
  const isThere = async (): Promise<boolean> => {
    seen = await rollout();
    const { phase: now, currentStepIndex, observedGeneration } = seen.status ?? {};
    const isSeen = observedGeneration === String(seen.metadata?.generation);
    return isSeen && now === phase && (step === undefined || step === currentStepIndex);
  };
  await until(`${phase} at step ${step}`, isThere, { withinMs }).catch((error) => {
    const logs = ['reconcile', 'admission', 'apiCommands'].map((name) => tail(name)).join('\n');
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

const hookSecret = 'a-secret-of-32-characters-or-more';
const hook = {
  id: 'shop',
  kind: 'circleci',
  secrets: [{ ssm: '/serin/hooks/shop' }],
  rules: [
    {
      when: {
        project: 'github/acme/front-api',
        workflow: 'release',
        branch: 'main',
        status: 'failed',
      },
      do: { cluster: clusterName, namespace: 'default', rollout: 'front-api', action: 'abort' },
    },
  ],
};

/** A delivery of CircleCI: its workflow on main has failed. */
async function deliver(secret: string): Promise<Response> {
  const happened_at = new Date().toISOString();
  const body = JSON.stringify(circleci({ happened_at, workflow: { status: 'failed' } }));
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return await fetch(`${scene.api.url}/v1/hooks/shop`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'circleci-signature': `v1=${signature}` },
    body,
  });
}

const told = (entries: LedgerEntry[]) =>
  entries.map(({ kind, actor }) => `${kind}: ${actor.proof} ${actor.name}`);

describe('front-api on AWS', () => {
  it('is released, promoted, aborted in the next release, and the ledger names everyone', async () => {
    const issuer = await startIssuer({ sub: 'ada' });
    const issuers = [{ name: 'ci', issuer: issuer.url, audience: 'serin' }];
    await scene.applySettings({ issuers, policies: permitAll, hooks: [hook] });
    const ssm = new SSMClient({ region, endpoint: scene.aws.moto.endpoint, credentials });
    const parameter = {
      Name: '/serin/hooks/shop',
      Value: hookSecret,
      Type: 'SecureString',
    } as const;
    await ssm.send(new PutParameterCommand(parameter));
    await release('old-tag');
    await reaches('Healthy');
    const began = used(scene);

    await release('new-tag');
    await reaches('Paused', 1);
    const call = async (place: string, init: RequestInit = {}, over = {}) =>
      await fetch(`${scene.api.url}${path}${place}`, {
        ...init,
        headers: {
          authorization: `Bearer ${await issuer.sign(over)}`,
          'content-type': 'application/json',
        },
      });
    const promote = { method: 'POST', body: '{}' };
    expect((await call('/promote', promote, { aud: 'another' })).status).toBe(401);
    const promoted = await call('/promote', promote);
    expect(promoted.status, await promoted.clone().text()).toBe(200);
    await reaches('Healthy', 6, 150_000);
    const first = await ledger();
    const pauses = first.flatMap(({ pause }) => (pause ? [pause] : []));
    const timed = pauses.filter(({ askedMs }) => askedMs > 0);
    expect(timed.map(({ askedMs }) => askedMs)).toEqual([60_000, 10_000]);
    for (const { askedMs, keptMs } of timed) {
      expect(keptMs).toBeGreaterThanOrEqual(askedMs);
      expect(keptMs).toBeLessThan(askedMs + 3000);
    }
    expect(told(first)).toContain('revision: reported admin');
    expect(told(first).filter((line) => /^(?:command|promoted)/.test(line))).toEqual([
      expect.stringMatching(/^command: verified .*ada/),
      expect.stringMatching(/^promoted: verified .*ada/),
    ]);

    await release('bad-tag');
    await reaches('Paused', 1);
    expect((await deliver('not-the-secret-that-was-agreed-on')).status).toBe(401);
    expect((await rollout()).status?.abort).toBeUndefined();
    const delivered = await deliver(hookSecret);
    expect(delivered.status, await delivered.clone().text()).toBe(200);
    await reaches('Degraded');
    expect((await rollout()).status?.abort).toBe(true);
    const second = (await ledger()).slice(first.length);
    expect(told(second)).toContain('revision: reported admin');
    expect(told(second).filter((line) => /^(?:command|aborted)/.test(line))).toEqual([
      expect.stringMatching(/^command: verified circleci:.*front-api/),
      expect.stringMatching(/^aborted: verified circleci:.*front-api/),
    ]);
    // The API tells the same, in its own words.
    const history = await call('/history');
    expect(history.status).toBe(200);
    expect(JSON.stringify(await history.json())).toContain('circleci');

    expect(await usersOfCluster()).toEqual(['serin-reconcile']);
    expect(scene.aws.refused).toEqual([]);
    // What a release still has to do is not to be counted as idling.
    await still(async () => scene.aws.functions.get('reconcile')!.invocations.length);
    await writeCounters(between(began, used(scene)));
  }, 400_000);
});

/** The roles that the cluster has seen, of all that have asked it for anything. */
async function usersOfCluster(): Promise<string[]> {
  const lines = readFileSync(scene.plane.auditLog, 'utf8').trim().split('\n');
  const users = lines.map((line) => String(JSON.parse(line).user?.username));
  const roles = users.flatMap((user) => /assumed-role\/([^/]+)/.exec(user)?.[1] ?? []);
  expect(scene.tokens.asked.filter((each) => each.refused)).toEqual([]);
  return [...new Set(roles)].sort();
}

/** Idle minutes that are put into one: so many sweeps, and the list that comes with every tenth. */
const idleMinutes = 10;

async function writeCounters(released: Used): Promise<void> {
  const began = used(scene);
  const { reconcile } = Object.fromEntries(scene.aws.functions);
  const endsAt = Date.now() + 60_000;
  for (let minute = 0; minute < idleMinutes; minute += 1) await scene.sweep();
  await reconcile!.invoke({ Records: [{ messageId: 'list', body: '{"list":"prod"}' }] });
  await delay(endsAt - Date.now());
  const idle = between(began, used(scene));
  // The queue is polled by the minute, whatever happens.
  idle.sqs.receive *= idleMinutes;
  const counted = {
    countedOn: new Date().toISOString().slice(0, 10),
    releases: 2,
    ...released,
    idle: { minutes: idleMinutes, clusters: 1, ...idle },
  };
  mkdirSync('.serin', { recursive: true });
  writeFileSync('.serin/aws-counters.json', `${JSON.stringify(counted, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(counted)}\n`);
}
