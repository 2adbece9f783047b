import { describe, expect, it } from 'vitest';
import { Terminal, Transient } from '../../lib/errors.ts';
import type { CanaryStep, CanaryStrategy } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { podHashOf } from '../../lib/model/workload.ts';
import { templateOf } from '../faults/scenario.ts';
import { target } from '../faults/stage.ts';
import { openRouted, type Routed, virtualService, webIngress } from './routedStage.ts';

// Istio's VirtualService carries weights, and routes that steps set.

type Route = {
  name?: string;
  route: { destination: { host: string }; weight?: number }[];
};

const istio = { virtualService: { name: 'web', routes: ['main'] } };
const header = (name: string, value?: string): CanaryStep => ({
  setHeaderRoute: {
    name,
    ...(value && { match: [{ headerName: 'X-Try', headerValue: { exact: value } }] }),
  },
});

function expectSafe({ dog }: Routed): void {
  expect(dog.violations).toEqual([]);
}

function routesOf(release: Routed): Route[] {
  const { spec } = release.find('VirtualService', 'web') as { spec?: { http?: Route[] } };
  return spec?.http ?? [];
}

/** `stable 75, canary 25` */
function sent(release: Routed): string {
  const main = routesOf(release).find(({ name }) => name === 'main');
  return (main?.route ?? [])
    .map(({ destination, weight }) => `${destination.host} ${weight}`)
    .join(', ');
}

function named(release: Routed): (string | undefined)[] {
  return routesOf(release).map(({ name }) => name);
}

async function headed(canary: CanaryStrategy = {}): Promise<Routed> {
  const steps: CanaryStep[] = [
    { setCanaryScale: { replicas: 1 } },
    header('beta', '1'),
    header('alpha', '2'),
    { pause: {} },
    header('beta'),
    { pause: {} },
  ];
  const managedRoutes = [{ name: 'alpha' }, { name: 'beta' }];
  const release = await openRouted(
    { steps, trafficRouting: { managedRoutes, istio }, ...canary },
    { objects: virtualService('stable', 'canary') },
  );
  await release.image('web:v2');
  expect(release.where()).toBe('Paused 3/6');
  return release;
}

describe('routes that steps set', () => {
  it('stand before the others in the order of managedRoutes, and go as the steps say', async () => {
    const release = await headed();
    expect(named(release)).toEqual(['alpha', 'beta', 'main']);
    await release.after({ do: 'plugin', line: 'promote' });
    expect(named(release)).toEqual(['alpha', 'main']);
    await release.after({ do: 'plugin', line: 'promote' }, 10_000);
    expect(release.where()).toBe('Healthy 6/6');
    expect(named(release)).toEqual(['main']);
    expect(sent(release)).toBe('stable 100, canary 0');
    expectSafe(release);
  });

  it('go with an abort, before the pods that they lead to', async () => {
    const release = await headed({ abortScaleDownDelaySeconds: 1 });
    const left: string[] = [];
    release.cluster.watch(({ kind }) => {
      const size = release.setOf('web:v2')?.spec?.replicas;
      if (kind === 'ReplicaSet' && size === 0) left.push(named(release).join());
    });
    await release.after({ do: 'plugin', line: 'abort' }, 10_000);
    expect(left[0]).toBe('main');
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expectSafe(release);
  });

  it('go when the steps are changed to others', async () => {
    const release = await headed();
    await release.after({ do: 'steps', steps: [{ setWeight: 25 }, { pause: {} }] }, 10_000);
    expect(named(release)).toEqual(['main']);
    expect(sent(release)).toBe('stable 75, canary 25');
    expectSafe(release);
  });

  it('go with a newer image, and come back with its pods', async () => {
    const release = await headed();
    const seen = new Set<string>();
    release.cluster.watch(() => seen.add(named(release).join()));
    await release.image('web:v3', 10_000);
    expect(seen).toContain('main');
    expect(named(release)).toEqual(['alpha', 'beta', 'main']);
    expectSafe(release);
  });

  it('of somebody else stay, and so do other fields', async () => {
    const release = await headed();
    const { metadata } = release.find('VirtualService', 'web') ?? {};
    await release.edit('VirtualService', 'web', {
      metadata: { resourceVersion: metadata?.resourceVersion ?? '', labels: { team: 'blue' } },
      spec: { gateways: ['front'], http: [...routesOf(release), { name: 'theirs', route: [] }] },
    });
    await release.after({ do: 'plugin', line: 'abort' }, 10_000);
    expect(named(release)).toEqual(['main', 'theirs']);
    expect(release.find('VirtualService', 'web')).toMatchObject({
      metadata: { labels: { team: 'blue' } },
      spec: { gateways: ['front'] },
    });
  });
});

describe('a DestinationRule whose subsets are the versions', () => {
  const rule = { name: 'web', stableSubsetName: 'stable', canarySubsetName: 'canary' };
  const trafficRouting = {
    istio: { virtualService: { name: 'web', routes: ['main'] }, destinationRule: rule },
  };
  const route = ['stable', 'canary'].map((subset) => ({
    ...{ destination: { host: 'web', subset }, weight: subset === 'stable' ? 100 : 0 },
  }));
  const labels = { app: 'web' };
  const subsets = ['stable', 'canary'].map((name) => ({ name, labels }));
  const objects: Parameters<Routed['put']>[] = [
    ['VirtualService', 'web', { spec: { hosts: ['web'], http: [{ name: 'main', route }] } }],
    ['DestinationRule', 'web', { spec: { host: 'web', subsets } }],
  ];

  /** The hashes that the subsets stable and canary choose pods by. */
  function chosen(release: Routed): (string | undefined)[] {
    const { spec } = release.find('DestinationRule', 'web') as {
      spec?: { subsets?: { labels?: Record<string, string> }[] };
    };
    return (spec?.subsets ?? []).map((each) => each.labels?.[hashLabel]);
  }

  it('leads all requests to the new version in the end, with steps and without', async () => {
    for (const steps of [[{ setWeight: 50 }], []]) {
      const canary = { trafficRouting, steps, scaleDownDelaySeconds: 1 };
      const release = await openRouted(canary, { services: [], objects });
      await release.image('web:v2', 20_000);
      const hash = podHashOf(release.setOf('web:v2') ?? {});
      expect(chosen(release)).toEqual([hash, hash]);
      expect(release.sizes()).toEqual({ 'web:v2': 4 });
      expect(release.status().canary?.weights?.canary?.weight).toBe(0);
      expectSafe(release);
    }
  });

  it('keeps the pods that it may lead to while it cannot be read', async () => {
    const canary = { trafficRouting, steps: [], scaleDownDelaySeconds: 1 };
    const release = await openRouted(canary, { services: [], objects });
    const denial = new Terminal('admission webhook "rules.example" denied the request');
    release.cluster.denyWrites((kind) => (kind === 'DestinationRule' ? denial : undefined));
    await release.image('web:v2', 20_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    const { cluster } = release.cluster;
    const { get } = cluster;
    cluster.get = async (ref) => {
      if (ref.kind === 'DestinationRule') throw new Transient('503 Service Unavailable');
      return await get(ref);
    };
    await release.pass(120_000);
    expect(release.status().message).toMatch(/DestinationRule web, which cannot be read/);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    expectSafe(release);
    cluster.get = get;
    release.cluster.denyWrites(() => undefined);
    await release.pass(120_000);
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expectSafe(release);
  });

  it('keeps the pods of a version that comes back while the other side leads to it still', async () => {
    const canary = { trafficRouting, steps: [], scaleDownDelaySeconds: 1 };
    const release = await openRouted(canary, { services: [], objects });
    const denial = new Terminal('admission webhook "rules.example" denied the request');
    release.cluster.denyWrites((kind) => (kind === 'DestinationRule' ? denial : undefined));
    await release.image('web:v2', 20_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    const steps = [{ setWeight: 25 }, { pause: {} }];
    const spec = { strategy: { canary: { steps } }, template: templateOf('web:v1') };
    await release.edit('Rollout', 'web', { spec });
    await release.pass(60_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    release.cluster.denyWrites(() => undefined);
    await release.pass(60_000);
    expect(release.where()).toBe('Paused 1/2');
    expect(release.sizes()).toEqual({ 'web:v1': 1, 'web:v2': 4 });
    expectSafe(release);
  });

  it('keeps no pods that it leads to where none are asked for', async () => {
    const canary = { trafficRouting, steps: [], scaleDownDelaySeconds: 1 };
    const release = await openRouted(canary, { services: [], objects });
    const denial = new Terminal('admission webhook "rules.example" denied the request');
    release.cluster.denyWrites((kind) => (kind === 'DestinationRule' ? denial : undefined));
    await release.image('web:v2', 20_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    await release.after({ do: 'scale', replicas: 0 }, 20_000);
    expect(release.sizes()).toEqual({});
  });
});

describe('a rollout that is deleted', () => {
  it('leaves its VirtualService as it was before, and its Services', async () => {
    const release = await headed();
    release.cluster.deleteObject('Rollout', target.namespace, target.name);
    await release.pass(2 * minuteMs);
    expect(named(release)).toEqual(['main']);
    expect(sent(release)).toBe('stable 100, canary 0');
    expect(release.led('canary')).toBe('');
    expect(release.led('stable')).toBe('');
  });
});

describe('ping and pong', () => {
  const pingPong = { pingService: 'ping', pongService: 'pong' };
  const steps: CanaryStep[] = [{ setWeight: 50 }, { pause: {} }];

  async function open(): Promise<Routed> {
    return await openRouted(
      { pingPong, steps, trafficRouting: { istio }, scaleDownDelaySeconds: 2 },
      { services: ['ping', 'pong'], objects: virtualService('ping', 'pong') },
    );
  }
  const weighted = (weight: number) => [
    {
      name: 'main',
      route: [
        { destination: { host: 'ping' }, weight: 100 - weight },
        { destination: { host: 'pong' }, weight },
      ],
    },
  ];
  const led = (release: Routed) => [release.led('ping'), release.led('pong')];

  it('take turns, release upon release, and their Services keep what they lead to', async () => {
    const release = await open();
    expect([release.status().canary?.stablePingPong, sent(release)]).toEqual([
      'ping',
      'ping 100, pong 0',
    ]);
    for (const [image, stable, others] of [
      ['web:v2', 'pong', 'ping 0, pong 100'],
      ['web:v3', 'ping', 'ping 100, pong 0'],
      ['web:v4', 'pong', 'ping 0, pong 100'],
    ]) {
      await release.image(image ?? '');
      expect(sent(release)).toBe('ping 50, pong 50');
      await release.after({ do: 'plugin', line: 'promote' }, 10_000);
      expect(release.status().canary?.stablePingPong).toBe(stable);
      expect(sent(release)).toBe(others);
    }
    expect(led(release)).toEqual(['web:v3', 'web:v4']);
    expect(release.sizes()).toEqual({ 'web:v4': 4 });
    expectSafe(release);
  });

  it('stay where they are after an abort, and a retry goes on with them', async () => {
    const release = await open();
    await release.image('web:v2');
    await release.after({ do: 'plugin', line: 'abort' }, 40_000);
    expect(led(release)).toEqual(['web:v1', 'web:v2']);
    expect(sent(release)).toBe('ping 100, pong 0');
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    await release.after({ do: 'plugin', line: 'retry' });
    expect(sent(release)).toBe('ping 50, pong 50');
    expectSafe(release);
  });

  it('take a new image where there are no pods', async () => {
    const release = await openRouted(
      { pingPong, steps: [{ setWeight: 25 }], trafficRouting: { istio } },
      { services: ['ping', 'pong'], objects: virtualService('ping', 'pong') },
    );
    await release.after({ do: 'scale', replicas: 0 }, 20_000);
    await release.edit('VirtualService', 'web', { spec: { http: weighted(50) } });
    await release.image('web:v2', 20_000);
    expect(release.where()).toBe('Healthy 1/1');
    expectSafe(release);
  });

  it('are what they were once a status that was wiped is put back', async () => {
    const release = await openRouted(
      { pingPong, steps: [{ setWeight: 25 }, { pause: {} }], trafficRouting: { istio } },
      { services: ['ping', 'pong'], objects: virtualService('ping', 'pong') },
    );
    await release.image('web:v2');
    const seen = new Set<string>();
    release.cluster.watch(() => seen.add(sent(release)));
    await release.after({ do: 'wipe' }, 30_000);
    expect(release.where()).toMatch(/^Paused 1/);
    expect(release.status().canary?.stablePingPong).toBe('ping');
    expect([...seen]).toEqual(['ping 75, pong 25']);
    expectSafe(release);
  });

  it('keep their destinations where a spec is faulty, and its router is taken out then', async () => {
    const release = await open();
    await release.after({ do: 'break', how: 'service' });
    const canary = { trafficRouting: null, scaleDownDelaySeconds: null };
    await release.cluster
      .as('kubectl-edit')
      .patch({ kind: 'Rollout', ...target }, { spec: { strategy: { canary } } });
    await release.pass(10_000);
    expect(sent(release)).toBe('ping 100, pong 0');
    expectSafe(release);
  });

  it('take a newer image in the middle, and nothing is sent to pods that are not there', async () => {
    const release = await open();
    await release.image('web:v2');
    await release.image('web:v3', 10_000);
    expect(led(release)).toEqual(['web:v1', 'web:v3']);
    expect(sent(release)).toBe('ping 50, pong 50');
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v3': 2 });
    expectSafe(release);
  });
});

describe('several routers at once', () => {
  it('get the same weight, and one that is taken away is given back', async () => {
    const [service] = virtualService('stable', 'canary');
    const both = { istio, nginx: { stableIngress: 'web' } };
    const objects = [...webIngress, ...(service ? [service] : [])];
    const release = await openRouted({ trafficRouting: both }, { objects });
    await release.image('web:v2');
    expect([release.weight(), sent(release)]).toEqual([25, 'stable 75, canary 25']);
    await release.cluster
      .as('kubectl-edit')
      .patch(
        { kind: 'Rollout', ...target },
        { spec: { strategy: { canary: { trafficRouting: { istio: null } } } } },
      );
    await release.pass(10_000);
    expect([release.weight(), sent(release)]).toEqual([25, 'stable 100, canary 0']);
    expectSafe(release);
  });
});
