import { afterAll, beforeAll, expect, it } from 'vitest';
import { needOf, objectFaults, objectOf } from '../../lib/decide/traffic/objects.ts';
import type { Routed, Router } from '../../lib/decide/traffic/router.ts';
import { routers } from '../../lib/decide/traffic/routers.ts';
import { refOf, type Write } from '../../lib/model/plan.ts';
import { key } from '../faults/stage.ts';
import { openRouted } from './routedStage.ts';

// A router takes a file and a row: this one is all that another load balancer would need.

const { namespace } = key;
const board = {
  path: 'spec.strategy.canary.trafficRouting.plugins["test/board"]',
  ref: { kind: 'Ingress', namespace, name: 'board' },
} as const;

/** It sends as many of 100 requests to the canary as an annotation says. */
const router: Router = {
  name: 'plugins["test/board"]',
  isUsed: ({ plugins }) => plugins?.['test/board'] !== undefined,
  can: [],
  needsServices: () => true,
  validate: () => [],
  needs: () => [needOf(board)],
  check: ({ answers }) => objectFaults(board, answers),
  carries: (routed) => {
    const weight = weightOn(routed);
    return weight === undefined ? [] : [{ ref: board.ref, canary: [Number(weight)] }];
  },
  desired: (routed, { canary }) => written(routed, String(canary.weight)),
  giveBack: (routed) => written(routed, null),
};

function weightOn({ answers }: Routed): string | undefined {
  return objectOf(board, answers)?.metadata?.annotations?.weight;
}

function written(routed: Routed, weight: string | null): Write[] {
  const object = objectOf(board, routed.answers);
  if (!object || (weightOn(routed) ?? null) === weight) return [];
  const patch = { metadata: { annotations: { weight } } };
  return [{ phase: 'route', do: 'patch', ref: refOf('Ingress', object), patch }];
}

beforeAll(() => {
  routers.push(router);
});
afterAll(() => {
  routers.pop();
});

it('a router of another file goes through a release, an abort and its end', async () => {
  const trafficRouting = { plugins: { 'test/board': {} } };
  const release = await openRouted({ trafficRouting }, { objects: [['Ingress', 'board', {}]] });
  const weight = () => release.find('Ingress', 'board')?.metadata?.annotations?.weight;
  await release.image('web:v2');
  expect([release.where(), weight()]).toEqual(['Paused 1/4', '25']);
  expect(release.status().canary?.weights?.canary?.weight).toBe(25);
  await release.after({ do: 'plugin', line: 'abort' });
  expect([release.status().phase, weight()]).toEqual(['Degraded', '0']);
  await release.after({ do: 'plugin', line: 'retry' });
  await release.after({ do: 'plugin', line: 'promote --full' }, 60_000);
  expect([release.where(), weight()]).toEqual(['Healthy 4/4', '0']);
  expect(release.sizes()).toEqual({ 'web:v2': 4 });
  release.cluster.deleteObject('Rollout', namespace, key.name);
  await release.pass(70_000);
  expect(weight()).toBeUndefined();
});
