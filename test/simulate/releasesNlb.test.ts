import { describe, expect, it } from 'vitest';
import type { CanaryStrategy } from '../../lib/model/argo.generated.ts';
import { verifyAnnotation } from '../../lib/model/names.ts';
import { openRouted, type Routed } from './routedStage.ts';
import { openVerified, type Verified } from './verifiedStage.ts';

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

describe('an NLB that was there before its router', () => {
  const routing = { plugins: { 'serin/nlb': { service: 'web', protocol: 'TCP', port: 80 } } };

  /** What the listener sends where, and whether there is a healthy target for it, as it changes. */
  async function seen(release: Verified, seconds: number): Promise<string[]> {
    const found: string[] = [];
    for (let second = 0; second < seconds; second += 1) {
      const now = Object.entries(release.sent())
        .filter(([, weight]) => weight > 0)
        .map(([name]) => `${name}: ${release.healthy(name) > 0 ? 'healthy' : 'nobody there'}`)
        .join(', ');
      if (found.at(-1) !== now) found.push(now);
      await release.pass(1000);
    }
    return found;
  }

  async function withoutRouter(canary: CanaryStrategy = {}): Promise<Verified> {
    const none = { trafficRouting: null as never, ...canary };
    const release = await openVerified(none, { delayMs: 5000, healthMs: 20_000 }, 'existingNlb');
    expect(release.where()).toMatch(/^Healthy/);
    return release;
  }

  const addRouter = (release: Verified) =>
    release.edit('Rollout', 'web', { spec: { strategy: { canary: { trafficRouting: routing } } } });

  it('sends all to its own Service until the targets of the stable one are healthy', async () => {
    const release = await withoutRouter();
    expect(release.sent()).toEqual({ web: 1 });
    await addRouter(release);
    expect(await seen(release, 10)).toEqual(['web: healthy']);
    expect(await release.why()).toContainEqual(
      expect.stringMatching(/^0 of 4 new targets are healthy/),
    );
    expect(await seen(release, 60)).toEqual(['web: healthy', 'stable: healthy']);
    expect(release.sent()).toEqual({ web: 0, canary: 0, stable: 100 });
    expect(await release.why()).toEqual([]);
    await release.image('web:v2', 60_000);
    expect(release.where()).toBe('Paused 1/4');
    expect(release.sent()).toEqual({ web: 0, canary: 25, stable: 75 });
  });

  it('does so too where the router comes with a release', async () => {
    const release = await withoutRouter();
    await addRouter(release);
    await release.image('web:v2', 0);
    expect(await seen(release, 90)).toEqual(['web: healthy', 'canary: healthy, stable: healthy']);
    expect(release.where()).toBe('Paused 1/4');
  });

  it('stays with its own Service while AWS does not say', async () => {
    const release = await withoutRouter();
    release.cluster.failAws({ throttled: 1, lies: 0 });
    await addRouter(release);
    expect(await seen(release, 120)).toEqual(['web: healthy']);
    release.cluster.failAws({ throttled: 0, lies: 0 });
    expect(await seen(release, 60)).toEqual(['web: healthy', 'stable: healthy']);
  });

  it('is not waited for where nobody looks', async () => {
    const release = await withoutRouter();
    await release.edit('Rollout', 'web', {
      metadata: { annotations: { [verifyAnnotation]: 'false' } },
    });
    await addRouter(release);
    await release.pass(10_000);
    expect(release.sent()).toEqual({ web: 0, canary: 0, stable: 100 });
  });
});
