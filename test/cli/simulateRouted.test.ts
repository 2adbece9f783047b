import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SimulatedRelease } from '../../cli/simulate/simulation.ts';
import { serin, temporaryFolder } from './support.ts';

// Releases whose requests a router sends, with and without its objects in the files.

type Router = { routing: object; canary?: object; invented: string[]; atLeast?: number };

const gateway = (fields: object) => ({ plugins: { 'argoproj-labs/gatewayAPI': fields } });
const meshed = (side: string) => ({ name: `web-${side}` });

const routers: [string, Router][] = [
  [
    'alb',
    {
      routing: { alb: { ingress: 'web', rootService: 'web-root', servicePort: 80 } },
      invented: ['Ingress web'],
    },
  ],
  ['ambassador', { routing: { ambassador: { mappings: ['web'] } }, invented: ['Mapping web'] }],
  [
    'apisix',
    {
      routing: { apisix: { route: { name: 'web', rules: ['one', 'two'] } } },
      invented: ['ApisixRoute web'],
    },
  ],
  [
    'appMesh',
    {
      routing: {
        appMesh: {
          virtualService: { name: 'web', routes: ['main'] },
          virtualNodeGroup: {
            canaryVirtualNodeRef: meshed('canary'),
            stableVirtualNodeRef: meshed('stable'),
          },
        },
      },
      invented: [
        'VirtualService web',
        'VirtualNode web-canary',
        'VirtualNode web-stable',
        'VirtualRouter web',
      ],
    },
  ],
  ...['http', 'grpc', 'tcp', 'tls'].map((kind): [string, Router] => [
    `gatewayAPI, ${kind}`,
    {
      routing: gateway({ [`${kind}Route`]: 'web' }),
      invented: [`${kind.toUpperCase()}Route web`],
    },
  ]),
  [
    'gatewayAPI, by labels',
    {
      routing: gateway({ httpRouteSelector: { matchLabels: { app: 'web' } } }),
      invented: ['HTTPRoute web'],
    },
  ],
  [
    'istio, by hosts',
    {
      routing: { istio: { virtualService: { name: 'web' } } },
      invented: ['VirtualService web'],
    },
  ],
  [
    'istio, by subsets, of several VirtualServices with named routes',
    {
      routing: {
        istio: {
          virtualServices: [
            { name: 'web', routes: ['one', 'two'] },
            { name: 'tcp.mesh', tcpRoutes: [{ port: 5432 }] },
            { name: 'tls', tlsRoutes: [{ port: 443, sniHosts: ['a.example', 'b.example'] }] },
          ],
          destinationRule: {
            name: 'web',
            canarySubsetName: 'canary',
            stableSubsetName: 'stable',
          },
        },
      },
      canary: { canaryService: undefined, stableService: undefined },
      invented: [
        'VirtualService web',
        'VirtualService mesh/tcp',
        'VirtualService tls',
        'DestinationRule web',
      ],
    },
  ],
  [
    'nginx',
    { routing: { nginx: { stableIngresses: ['a', 'b'] } }, invented: ['Ingress a', 'Ingress b'] },
  ],
  [
    'nlb',
    {
      routing: { plugins: { 'serin/nlb': { service: 'web', protocol: 'TCP', port: 443 } } },
      invented: ['Service web'],
    },
  ],
  // The rollout makes the TrafficSplit itself.
  ['smi', { routing: { smi: {} }, invented: [] }],
  [
    'traefik',
    {
      routing: { traefik: { weightedTraefikServiceName: 'web' } },
      invented: ['TraefikService web'],
    },
  ],
];

function fileOf(...objects: object[]): string {
  const file = join(temporaryFolder(), 'web.yaml');
  writeFileSync(file, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  return file;
}

function rollout({ routing, canary = {} }: Pick<Router, 'routing' | 'canary'>): object {
  const labels = { app: 'web' };
  return {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'web' } },
    spec: {
      replicas: 4,
      selector: { matchLabels: labels },
      strategy: {
        canary: {
          ...{ canaryService: 'web-canary', stableService: 'web-stable', ...canary },
          trafficRouting: routing,
          steps: [{ setWeight: 25 }, { pause: {} }],
        },
      },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      },
    },
  };
}

async function simulated(file: string): Promise<SimulatedRelease> {
  const { out, err } = await serin(['simulate', file, '--image', 'web=web:2', '-o', 'json']);
  expect(err).toBe('');
  return JSON.parse(out) as SimulatedRelease;
}

describe('simulate with a router', () => {
  it.each(routers)('invents what the files lack: %s', async (_, router) => {
    const release = await simulated(fileOf(rollout(router)));
    expect(release.invented).toEqual(router.invented);
    expect(release.phase).toBe('Paused');
    expect(release.steps.at(-1)).toMatchObject({ setWeight: 25, sentWeight: 25 });
  });

  it('says what it has invented', async () => {
    const [, router] = routers.find(([name]) => name === 'istio, by hosts') ?? [];
    const file = fileOf(rollout(router as Router));
    const { out } = await serin(['simulate', file, '--image', 'web=web:2']);
    expect(out).toContain('\nInvented, as the files have none: VirtualService web.\n');
  });

  it.each([
    ['networking.istio.io/v1alpha3', 'List'],
    ['networking.istio.io/v1', 'VirtualServiceList'],
  ])('takes those of the files, of version %s and in a %s', async (apiVersion, list) => {
    const destination = (host: string, weight: number) => ({ destination: { host }, weight });
    const service = {
      ...{ apiVersion, kind: 'VirtualService', metadata: { name: 'web' } },
      spec: {
        hosts: ['web.example'],
        http: [{ route: [destination('web-stable', 90), destination('other', 10)] }],
      },
    };
    const listed = { apiVersion: list === 'List' ? 'v1' : apiVersion, kind: list };
    const objects = { ...listed, items: [service] };
    const routed = rollout({ routing: { istio: { virtualService: { name: 'web' } } } });
    const args = ['simulate', fileOf(routed, objects), '--image', 'web=web:2'];
    const { code, err } = await serin(args);
    expect(err).toContain(
      'names the VirtualService web, whose route spec.http[0] has no destination of the host web-canary',
    );
    expect(code).toBe(1);
  });

  it('takes the namespace that is given for those without', async () => {
    const labels = { app: 'web' };
    const ingress = {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web', labels } },
      spec: {
        rules: [{ http: { paths: [{ backend: { service: { name: 'web-stable' } } }] } }],
      },
    };
    const routed = rollout({ routing: { nginx: { stableIngress: 'web' } } });
    const args = ['--image', 'web=web:2', '-o', 'json', '-n', 'shop'];
    const { out } = await serin(['simulate', fileOf(routed, ingress), ...args]);
    expect(JSON.parse(out)).toMatchObject({ invented: [], phase: 'Paused' });
  });
});
