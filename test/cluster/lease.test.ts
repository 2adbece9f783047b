import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import type { Lease } from '../../lib/model/lease.ts';
import { plugin } from './peer.ts';
import { until } from './processes.ts';
import { type Serin, startSerin } from './serin.ts';
import { apply, newNamespace, reaches, webRollout, withControlPlane } from './stage.ts';

const plane = withControlPlane({ audit: true });
const place = 'serin/run';
const steps = [
  ...[{ setWeight: 34 }, { pause: { duration: 8 } }],
  ...[{ setWeight: 67 }, { pause: { duration: 2 } }],
];

async function holder(): Promise<string | undefined> {
  const path = '/apis/coordination.k8s.io/v1/namespaces/serin/leases/run';
  return ((await plane().read(path)) as Lease).spec?.holderIdentity;
}

async function start(): Promise<Serin> {
  const serin = await startSerin(plane(), { lease: place, inMemory: true });
  onTestFinished(serin.stop);
  return serin;
}

const logOf = ({ log }: Serin): string => readFileSync(log, 'utf8');
const drives = (serin: Serin): boolean => /Serin drives the Rollouts/.test(logOf(serin));

/** Of what Serin made: each name once, if nothing was done twice. */
function created(resource: string): string[] {
  const lines = readFileSync(plane().auditLog, 'utf8').split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ verb, objectRef, responseStatus, userAgent, requestURI }) => {
      const isOurs = /^serin\//.test(userAgent) && objectRef?.resource === resource;
      return (
        isOurs && !/dryRun=/.test(requestURI) && verb === 'create' && responseStatus.code === 201
      );
    })
    .map(({ objectRef }) => objectRef.name);
}

it('another takes over within 15 s of a kill in mid-release, and at once after a stop', async () => {
  const namespace = await newNamespace(plane(), 'leased');
  await newNamespace(plane(), 'serin');
  const first = await start();
  const second = await start();
  expect([drives(first), drives(second)]).toEqual([true, false]);
  await apply(plane(), webRollout(namespace, { strategy: { canary: { steps } } }));
  await reaches(plane(), namespace, 'Healthy');
  await plugin(plane(), namespace, 'set image web web=web:v2');
  const paused = await reaches(plane(), namespace, 'Paused', { step: 1 });
  const startedAt = Date.parse(paused.status?.pauseConditions?.[0]?.startTime ?? '');

  const killedAt = Date.now();
  await first.kill();
  await until('the other to drive', async () => drives(second), { everyMs: 50 });
  const tookMs = Date.now() - killedAt;
  expect(tookMs).toBeLessThan(15_000);
  // Not before the lease of the one that was killed was over: it might have been cut off alone.
  expect(tookMs).toBeGreaterThan(7000);
  const { status } = await reaches(plane(), namespace, 'Healthy', { step: 4 });
  expect(status?.stableRS).toBe(status?.currentPodHash);
  // The pause that was going on kept its time.
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(10_000);
  const sets = created('replicasets');
  expect(sets).toHaveLength(2);
  expect(new Set(sets).size).toBe(2);

  const third = await start();
  expect(drives(third)).toBe(false);
  const before = await holder();
  const stoppedAt = Date.now();
  await second.stop();
  await until('the third to drive', async () => drives(third), { everyMs: 50 });
  expect(Date.now() - stoppedAt).toBeLessThan(6000);
  expect(await holder()).not.toBe(before);
  await plugin(plane(), namespace, 'set image web web=web:v3');
  await reaches(plane(), namespace, 'Healthy', { step: 4 });
  expect(created('replicasets')).toHaveLength(3);
});

it('one that cannot renew its lease stands by, and takes it again', async () => {
  const serin = await start();
  const holds = () => logOf(serin).match(/This process holds the Lease/g)?.length;
  await until('the lease', async () => holds() === 1, { withinMs: 15_000 });
  const before = await holder();
  await plane().stopApiServer();
  await until('the loss', async () => /the lease is lost/.test(logOf(serin)), { withinMs: 20_000 });
  await plane().startApiServer();
  await until('the lease', async () => holds() === 2, { withinMs: 30_000 });
  expect(await holder()).not.toBe(before);
});
