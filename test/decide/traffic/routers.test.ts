import { expect, it } from 'vitest';
import { routersOf } from '../../../lib/decide/traffic/routers.ts';
import type { RolloutTrafficRouting } from '../../../lib/model/argo.generated.ts';

const namesOf = (routing: RolloutTrafficRouting) => routersOf(routing).map(({ name }) => name);

it.each<[string, RolloutTrafficRouting]>([
  ['traefik', { traefik: { weightedTraefikServiceName: 'web' } }],
  ['smi', { smi: {} }],
])('%s is the router of its field alone', (name, routing) => {
  expect(namesOf(routing)).toEqual([name]);
});

it('a rollout may use several routers, or none', () => {
  expect(namesOf({ smi: {}, traefik: { weightedTraefikServiceName: 'web' } }).sort()).toEqual([
    'smi',
    'traefik',
  ]);
  expect(namesOf({ managedRoutes: [], plugins: { 'example/other': {} } })).toEqual([]);
});
