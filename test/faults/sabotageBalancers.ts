import type { Sabotage } from './plant.ts';

// Bugs of a rollout whose load balancers are looked at: balanced.ts finds them.

const bugs: Sabotage[] = [
  {
    name: 'pods leave before a load balancer has the weights',
    file: 'lib/decide/release/traffic.ts',
    find: "return traffic?.verification !== undefined && traffic.verification.state !== 'verified';",
    replace: 'return false;',
  },
  {
    name: 'a throttle is taken for verified',
    file: 'lib/decide/traffic/verification.ts',
    find: 'if (unknown.length > 0) {',
    replace:
      "if (unknown.length > 0) return { state: 'verified', words: [] };\n  if (unknown.length > 99) {",
  },
  {
    name: 'the weights of the turn before are taken for verified',
    file: 'lib/decide/traffic/verification.ts',
    find: 'const other = weights.find((each) => each.weight !== weight);',
    replace:
      'const before = release.rollout.status?.canary?.weights?.canary?.weight;\n' +
      '  const other = weights.find((each) => each.weight !== weight && each.weight !== before);',
  },
  {
    name: 'a side gets requests before it has healthy targets',
    file: 'lib/decide/traffic/verification.ts',
    find: 'if (canary) return canary.count > 0 && canary.count >= canary.of;',
    replace: 'if (canary) return true;',
  },
  {
    name: 'the stable side gets requests back before it has healthy targets',
    file: 'lib/decide/traffic/verification.ts',
    find: 'if (!missingTargets(release, seen, aim.weight)) return 0;',
    replace: 'if (stable.count >= 0) return 0;',
  },
  {
    name: 'an answer is taken that is older than what was written',
    file: 'lib/elb/shared.ts',
    find: 'if (known && isLater && clock.now() < known.at + lifeMs)',
    replace: 'if (known && clock.now() < known.at + 120 * secondMs)',
  },
];

export const balancerSabotages = bugs.map((bug): Sabotage => ({ ...bug, met: 'balanced' }));
