import { expect, it } from 'vitest';
import { openRouted, type Routed } from './routedStage.ts';

// The stable Service is the one that an NLB is made for: it is led to a version, and has weights.

const spec = { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] };
const action = 'service.beta.kubernetes.io/actions.TCP-80';

/** What is sent to the stable Service itself, and to the canary's. */
function weights({ find }: Routed): [number, number] {
  const { forwardConfig } = JSON.parse(
    find('Service', 'stable')?.metadata?.annotations?.[action] ?? '{}',
  );
  return [forwardConfig.baseServiceWeight, forwardConfig.targetGroups[0].weight];
}

it('a release behind an NLB goes by weights, and a router that is gone leaves none', async () => {
  const plugins = { 'serin/nlb': { service: 'stable', protocol: 'TCP', port: 80 } };
  const release = await openRouted(
    { trafficRouting: { plugins } },
    { objects: [['Service', 'stable', { spec }]] },
  );
  expect(weights(release)).toEqual([100, 0]);
  await release.image('web:v2');
  expect(weights(release)).toEqual([75, 25]);
  await release.after({ do: 'plugin', line: 'promote' });
  expect(weights(release)).toEqual([50, 50]);
  await release.after({ do: 'plugin', line: 'promote' }, 40_000);
  expect(weights(release)).toEqual([100, 0]);
  expect(release.led('stable')).toBe('web:v2');
  await release.edit('Rollout', 'web', {
    spec: { strategy: { canary: { trafficRouting: null, scaleDownDelaySeconds: null } } },
  });
  await release.pass(10_000);
  expect(release.find('Service', 'stable')?.metadata?.annotations?.[action]).toBeUndefined();
});
