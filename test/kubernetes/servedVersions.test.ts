import { describe, expect, it, onTestFinished } from 'vitest';
import { NotFound, NotServed, Terminal } from '../../lib/errors.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import { type Kind, rowOf, typeMetaOf } from '../../lib/model/kinds.ts';
import { asking } from '../../lib/observe/ask.ts';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { noOthers } from '../noAws.ts';
import { namespace, rollout } from './objects.ts';
import { serve, simulation } from './serve.ts';
import { servingVersions, type Versions } from './servingVersions.ts';

// What routers define themselves, on clusters that serve it in other versions than the preferred ones.

async function clusterServing(served: Versions) {
  const { sim } = simulation();
  const asked: string[] = [];
  const api = servingVersions(restApi(sim), served, asked);
  const { server, close } = await serve(restListener(api));
  onTestFinished(close);
  const cluster = kubernetesCluster({ signIn: async () => ({ server }), doorbell: false });
  const put = (kind: Kind, name: string) =>
    sim.apply(kind, { ...typeMetaOf(kind), metadata: { name, namespace }, spec: {} } as never);
  return { cluster, sim, asked, served, put };
}

const web = (kind: Kind) => ({ kind, namespace, name: 'web' });
const inVersions = (asked: string[]) => asked.map((line) => /\/(v\w+)\/?/.exec(line)?.[1]);

describe('objects of routers', () => {
  it.each<[Kind, string]>([
    ['VirtualService', 'v1beta1'],
    ['VirtualService', 'v1alpha3'],
    ['DestinationRule', 'v1beta1'],
    ['HTTPRoute', 'v1beta1'],
    ['TLSRoute', 'v1alpha2'],
    ['TrafficSplit', 'v1alpha2'],
  ])('are read, listed and written as the cluster serves them: %s %s', async (kind, version) => {
    const { cluster, sim, asked, put } = await clusterServing({ [kind]: [version] });
    put(kind, 'web');
    const apiVersion = `${rowOf(kind).group}/${version}`;
    const found = await cluster.get(web(kind));
    expect(found).toMatchObject({ apiVersion, kind, metadata: { name: 'web' } });
    expect(await cluster.list(kind, namespace)).toEqual([found]);
    const spec = { hosts: ['web'] };
    await cluster.patch(web(kind), { spec });
    expect(sim.read.get(kind, namespace, 'web')).toMatchObject({ spec });
    const { uid = '', resourceVersion = '' } = (await cluster.get(web(kind))).metadata ?? {};
    await cluster.remove({ ...web(kind), uid, resourceVersion });
    const made = { ...typeMetaOf(kind), metadata: { name: 'web', namespace }, spec };
    expect(await cluster.create(kind, made as never)).toMatchObject({ apiVersion, kind });
    // It was asked once which version there is.
    const calls = asked.filter((line) => line.includes('namespaces'));
    expect(inVersions(calls).slice(1)).toEqual(Array(6).fill(version));
  });

  it('are asked about nothing where the preferred version is served, or of no router', async () => {
    const { cluster, sim, asked, put } = await clusterServing({});
    put('VirtualService', 'web');
    sim.apply('Rollout', rollout('web'));
    for (const kind of ['VirtualService', 'Rollout'] as const) await cluster.get(web(kind));
    await expect(cluster.get({ ...web('VirtualService'), name: 'x' })).rejects.toThrow(NotFound);
    await expect(cluster.get({ ...web('Rollout'), name: 'x' })).rejects.toThrow(NotFound);
    expect(asked.filter((line) => !line.includes('/namespaces/'))).toEqual([]);
    expect(asked).toHaveLength(4);
  });

  it('of one group may be served in different versions', async () => {
    const { cluster, put } = await clusterServing({ HTTPRoute: ['v1'], TLSRoute: ['v1alpha2'] });
    for (const kind of ['HTTPRoute', 'TLSRoute'] as const) put(kind, 'web');
    const found = [await cluster.get(web('HTTPRoute')), await cluster.get(web('TLSRoute'))];
    expect(found).toMatchObject([
      { apiVersion: 'gateway.networking.k8s.io/v1' },
      { apiVersion: 'gateway.networking.k8s.io/v1alpha2' },
    ]);
  });

  it('are looked for in the newest version that Serin can use', async () => {
    const { cluster, put } = await clusterServing({ VirtualService: ['v1alpha3', 'v1beta1'] });
    put('VirtualService', 'web');
    const found = await cluster.get(web('VirtualService'));
    expect(found).toMatchObject({ apiVersion: 'networking.istio.io/v1beta1' });
  });

  it('are found in the next version when the cluster takes one away', async () => {
    const { cluster, served, put } = await clusterServing({ VirtualService: ['v1alpha3'] });
    put('VirtualService', 'web');
    await cluster.get(web('VirtualService'));
    served.VirtualService = ['v1'];
    const found = cluster.get(web('VirtualService'));
    await expect(found).resolves.toMatchObject({ apiVersion: 'networking.istio.io/v1' });
  });

  it('that are missing are known to be, and in which version they can be made', async () => {
    const { cluster } = await clusterServing({ TrafficSplit: ['v1alpha3'], VirtualService: [] });
    const { ask, answers } = asking({ cluster, ...noOthers });
    const kinds = ['TrafficSplit', 'VirtualService', 'HTTPRoute'] as const;
    await ask(kinds.map((kind) => ({ read: { object: web(kind) }, bears: 'all' })));
    expect(kinds.map((kind) => answers.object(web(kind)))).toEqual([
      { missing: true, apiVersion: 'split.smi-spec.io/v1alpha3' },
      { missing: true, unserved: true },
      { missing: true },
    ]);
  });
});

describe('a kind that the cluster does not serve', () => {
  it('is said to be that, and is asked for again', async () => {
    const { cluster, served, put } = await clusterServing({ VirtualService: ['v2'] });
    const refused = cluster.get(web('VirtualService'));
    await expect(refused).rejects.toThrow(NotServed);
    await expect(refused).rejects.toThrow(
      'get virtualservices.networking.istio.io default/web: this cluster does not serve ' +
        'virtualservices.networking.istio.io in version v1 or v1beta1 or v1alpha3',
    );
    await expect(cluster.list('VirtualService', '')).rejects.toThrow(NotServed);
    served.VirtualService = ['v1'];
    put('VirtualService', 'web');
    const found = cluster.get(web('VirtualService'));
    await expect(found).resolves.toMatchObject({ metadata: { name: 'web' } });
  });

  it('is not taken for that where nobody may ask what is served', async () => {
    const { server, close } = await serve((request, response) => {
      const isDiscovery = !request.url?.includes('namespaces');
      response.writeHead(isDiscovery ? 403 : 404).end('');
    });
    onTestFinished(close);
    const cluster = kubernetesCluster({ signIn: async () => ({ server }), doorbell: false });
    const refused = cluster.get(web('VirtualService'));
    await expect(refused).rejects.toThrow(Terminal);
    await expect(refused).rejects.toThrow(
      /may not ask what this cluster serves: .*system:discovery/,
    );
  });
});
