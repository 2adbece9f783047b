import { expect, it } from 'vitest';
import type { Ask } from '../../lib/api/call.ts';
import { localAuthenticate } from '../../lib/api/localToken.ts';
import { apiRoutes } from '../../lib/api/routes.ts';
import type { Kind } from '../../lib/model/kinds.ts';
import { fromTime } from '../../lib/model/units.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { consumer } from '../../server/consumer.ts';

// Runs that no rollout owns itself: some belong to one all the same, by way of an Experiment.

const of = (kind: Kind, owner: { metadata?: { name?: string; uid?: string } }) => ({
  ownerReferences: [
    {
      ...{ apiVersion: 'argoproj.io/v1alpha1', kind, controller: true },
      ...{ name: owner.metadata?.name ?? '', uid: owner.metadata?.uid ?? '' },
    },
  ],
});

/** Runs of two rollouts' Experiments, of an Experiment of nobody, of one that is gone, and of nobody. */
async function api() {
  const simulated = simulatedWorld({
    ...{ clock: virtualClock(fromTime('2026-01-01T00:00:00Z')), seed: 1 },
  });
  simulated.connect(consumer);
  const { world, cluster } = simulated;
  const make = (kind: Kind, name: string, owners: object = {}) => {
    const metadata = { namespace: 'shop', name, ...owners };
    cluster.apply(kind, { metadata, spec: {} } as never);
    return cluster.read.get(kind as 'Experiment', 'shop', name);
  };
  for (const name of ['web', 'payroll']) {
    const experiment = make('Experiment', `${name}-2`, of('Rollout', make('Rollout', name)));
    make('AnalysisRun', `${name}-2-rate`, of('Experiment', experiment));
  }
  make('AnalysisRun', 'trial-rate', of('Experiment', make('Experiment', 'trial')));
  make('AnalysisRun', 'by-hand');
  const mayNot = async ({ on }: Ask) =>
    on.name === 'payroll' ? 'a policy forbids payroll' : undefined;
  const ask = async (rest: string, policy: object) => {
    const deps = { authenticate: localAuthenticate('token', 'ada'), newId: () => '1', ...policy };
    const url = `http://127.0.0.1/v1/clusters/local/namespaces/shop/analysisruns${rest}`;
    const headers = { authorization: 'Bearer token' };
    const answer = await apiRoutes({ world, ...deps }).fetch(new Request(url, { headers }));
    return { status: answer.status, body: (await answer.json()) as never };
  };
  return {
    all: (rest = '') => ask(rest, {}),
    some: (rest = '') => ask(rest, { mayNot }),
    leave: (name: string) =>
      make('AnalysisRun', `${name}-rate`, of('Experiment', { metadata: { name, uid: 'gone' } })),
  };
}

it('are listed to those who may read the rollout whose they are', async () => {
  const { all, some } = await api();
  const names = ({ body: { items } }: { body: { items: { name: string }[] } }) =>
    items.map(({ name }) => name);
  const open = ['by-hand', 'trial-rate', 'web-2-rate'];
  expect(names(await all()).sort()).toEqual(['by-hand', 'payroll-2-rate', ...open.slice(1)]);
  const told = await some();
  expect(names(told).sort()).toEqual(open);
  expect(JSON.stringify(told.body)).not.toContain('payroll');
});

it('are not there for others', async () => {
  const { all, some } = await api();
  expect(await all('/payroll-2-rate')).toMatchObject({
    ...{ status: 200, body: { items: [{ owner: 'Experiment/payroll-2' }] } },
  });
  expect(await some('/web-2-rate')).toMatchObject({ status: 200 });
  const hidden = await some('/payroll-2-rate');
  expect(hidden.status).toBe(404);
  const absent = await some('/payroll-3-rate');
  expect(JSON.stringify(hidden).replaceAll('payroll-2', 'payroll-3')).toBe(JSON.stringify(absent));
});

it('are left out where nobody knows any more whose they are', async () => {
  const { all, leave } = await api();
  leave('old');
  expect((await all('/old-rate')).status).toBe(404);
  expect(JSON.stringify(await all())).not.toContain('old-rate');
});
