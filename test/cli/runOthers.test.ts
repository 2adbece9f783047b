import { expect, it, onTestFinished } from 'vitest';
import type { Lease } from '../../lib/model/lease.ts';
import { minuteMs, secondMs, toTime } from '../../lib/model/units.ts';
import { startRun } from '../../server/run.ts';
import { cluster, web, withImage } from './adoptStage.ts';
import { serin } from './support.ts';

function lease(): Lease {
  const renewTime = new Date().toISOString();
  const spec = { holderIdentity: 'argo-rollouts-1_2', leaseDurationSeconds: 15, renewTime };
  return { metadata: { namespace: 'argo-rollouts', name: 'argo-rollouts-controller-lock' }, spec };
}

async function runOn(kubeconfig: string, instanceId = '') {
  const warned: string[] = [];
  const logged: string[] = [];
  const watches = new AbortController();
  const run = await startRun({
    ...{ kubeconfig, namespaces: [], instanceId, cluster: 'local', port: 0 },
    userAgent: 'serin/test',
    env: {},
    dir: 'memory',
    log: (level, message) => level !== 'debug' && logged.push(`${level} ${message}`),
    warn: (line) => warned.push(line),
    signal: watches.signal,
  });
  onTestFinished(async () => {
    await run.close();
    watches.abort();
  });
  const env = { SERIN_SERVER: run.server, SERIN_TOKEN: run.token, SERIN_CLUSTER: 'local' };
  return { warned, logged, env };
}

/** A release of web at its pause, to which Argo's controller has written just now, and one at rest. */
async function contested(leases: Lease[]) {
  const { sim, run, pass, kubeconfig } = await cluster({ leases });
  sim.apply('Rollout', web('web'));
  sim.apply('Rollout', web('idle'));
  await run('idle');
  await run();
  sim.apply('Rollout', withImage(web('web'), 'web:v2'));
  await run();
  const write = async (at: number) => {
    await pass(at);
    const time = toTime(at);
    const said = { type: 'Progressing', status: 'True', reason: 'R', message: `${at}` } as const;
    const conditions = [{ ...said, lastUpdateTime: time, lastTransitionTime: time }];
    const target = { namespace: 'shop', name: 'web' };
    const argo = sim.as('rollouts-controller');
    await argo.patch(
      { kind: 'Rollout', ...target },
      { status: { conditions } },
      { subresource: 'status' },
    );
  };
  return { sim, kubeconfig, write };
}

it('serin run says who else drives the rollouts, keeps away, and refuses commands', async () => {
  const { kubeconfig, write, sim } = await contested([lease()]);
  await write(Date.now() - secondMs);
  const { warned, logged, env } = await runOn(kubeconfig);
  expect(warned.length).toBe(4);
  const [whose = '', rest = ''] = (warned[0] ?? '').split(' held by ');
  expect(whose).toBe(
    'another controller drives all namespaces, without an instance id: ' +
      'Lease argo-rollouts/argo-rollouts-controller-lock',
  );
  expect(rest).toMatch(
    /^argo-rollouts-1_2, renewed \d+s ago; to stop it: stop argo-rollouts-1_2 if it still runs/,
  );
  expect(warned.slice(2)).toEqual([
    '  shop/idle: rollouts-controller wrote to its status last',
    expect.stringMatching(/^ {2}shop\/web: rollouts-controller wrote to its status \ds ago$/),
  ]);

  const kept = () => logged.filter((line) => /another controller is at work/.test(line));
  await expect.poll(kept).toEqual(['warn another controller is at work, so Serin keeps away']);
  const asked = await serin(['promote', 'web', '-n', 'shop'], env);
  expect(asked.code).toBe(1);
  const explained = await serin(['explain', 'web', '-n', 'shop'], env);
  const why =
    "rollouts-controller writes to this rollout's status too, so Serin keeps away from it.";
  expect(asked.err).toContain(`Nothing was done: ${why}`);
  expect(explained.out).toContain(why);

  // It writes again, which Serin notices, and does not say once more.
  const met = () => {
    const events = sim.read.list('Event', 'shop');
    return events.find(({ reason }) => reason === 'RivalController')?.count;
  };
  await expect.poll(met).toBe(1);
  await write(Date.now() + 11 * secondMs);
  await expect.poll(met).toBe(2);
  expect(kept()).toHaveLength(1);

  const aborted = await serin(['abort', 'web', '-n', 'shop'], env);
  expect(aborted.code).toBe(0);
  expect(sim.read.find('Rollout', 'shop', 'web')?.status?.abort).toBe(true);
});

it('serin run says nothing where nobody else is at work', async () => {
  const { kubeconfig, write } = await contested([]);
  await write(Date.now() - 10 * minuteMs);
  const { warned, logged } = await runOn(kubeconfig);
  expect(warned).toEqual([]);
  // It may have begun its work already, which is no word of anybody else.
  expect(logged.filter((line) => !line.startsWith('info patch '))).toEqual([]);
});

it('serin run is not concerned with those of another instance', async () => {
  const { kubeconfig, write } = await contested([lease()]);
  await write(Date.now() - secondMs);
  expect((await runOn(kubeconfig, 'mine')).warned).toEqual([]);
});
