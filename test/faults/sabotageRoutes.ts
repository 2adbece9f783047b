import type { Sabotage } from './plant.ts';

// Bugs of a canary with a router: routes.ts and rest.ts find them.

const bugs: Sabotage[] = [
  {
    name: 'more is sent to a stable side whose Service leads to no pod',
    file: 'lib/decide/traffic/goal.ts',
    find: "if (!isLess || !isDown(release, 'stable') || isDown(release, 'canary')) return aim;",
    replace: 'if (!isLess || present !== undefined) return aim;',
  },
  {
    name: 'pods leave while requests are sent to them',
    file: 'lib/decide/replicaSets/scaleRouted.ts',
    find: 'if (goal >= size || replicas === 0) return goal;',
    replace: 'if (goal >= 0 || replicas === 0) return goal;',
  },
  {
    name: 'requests are sent to a canary without pods',
    file: 'lib/decide/traffic/goal.ts',
    find: 'if (!current || availableOf(current) === 0)',
    replace: 'if (!current)',
  },
  {
    name: 'a weight step is done before its weight is there',
    file: 'lib/decide/steps/setWeight.ts',
    find: 'return traffic.isThere && traffic.goal?.weight === weight && isLed;',
    replace: 'return isLed;',
  },
  {
    name: 'an abort stops halfway',
    file: 'lib/decide/traffic/goal.ts',
    find: 'return Math.min(presentWeight(release) ?? total, total - room);',
    replace: 'return Math.max(presentWeight(release) ?? 0, total - room);',
  },
  {
    name: 'a Service is led to a version that cannot serve what is sent there',
    file: 'lib/decide/release/traffic.ts',
    find: 'return availableOf(set) >= podsNeeded(rollout, Math.min(weight, totalWeightOf(rollout)));',
    replace: 'return availableOf(set) >= 0;',
  },
  {
    name: 'what a webhook refused once is never written again',
    file: 'lib/decide/traffic/routes.ts',
    find: 'return refused !== undefined && refused.aim === aim && now < retryAt(refused);',
    replace: 'return refused !== undefined && (refused.aim === aim || now < retryAt(refused));',
  },
  {
    name: 'what is written of a router that is not used any more is left behind',
    file: 'lib/decide/traffic/givenBack.ts',
    find: 'if (mayGiveBack(release, routing)) for (const write of given) writes.push(write);',
    replace:
      'if (mayGiveBack(release, routing) && given.length > 9) writes.push({ ...given[0]! });',
  },
  {
    name: 'the routes of steps are left behind',
    file: 'lib/decide/traffic/routers/istio/virtualService.ts',
    find: 'const own = after.filter((route) => !isManaged(route));',
    replace:
      'const own = goal.routes.length > 0 ? after.filter((route) => !isManaged(route)) : after;',
  },
  {
    name: 'the routers of a rollout that is gone stay as they were',
    file: 'lib/decide/rollout/cleanup.ts',
    find: '...routedBefore(record).flatMap((rollout) => writesFor(rollout, answers)),',
    replace: '...routedBefore(record).flatMap((rollout) => writesFor(rollout, answers)).slice(9),',
  },
  {
    name: 'a router that cannot be told of an abort stops it',
    file: 'lib/decide/strategy/services.ts',
    find: 'return isRefused || (traffic?.faults.length ?? 0) > 0;',
    replace: 'return isRefused && (traffic?.faults.length ?? 0) > 99;',
  },
];

export const routeSabotages = bugs.map((bug): Sabotage => ({ ...bug, met: 'routed' }));
