import { describe, expect, it } from 'vitest';
import type { ManagedRoute } from '../../../lib/decide/traffic/router.ts';
import { istio } from '../../../lib/decide/traffic/routers/istio/istio.ts';
import { beta, both, first, httpOf, look, second, stageOf, to, web } from './istioStage.ts';
import { goalAt, objectsOf, recorded, seen } from './peer.ts';
import { manifest, routerStage } from './stage.ts';

describe('the Istio router writes what Argo was recorded to write', () => {
  const routes: Record<string, ManagedRoute[][]> = {
    'router-istio-headers': [
      [],
      [first, second],
      [first, second],
      [first],
      [],
      [first, second],
      [],
    ],
    'router-istio-mirror': [[], [look, beta], [look, beta], [beta], []],
  };

  it.each([
    ['router-istio-several', [1, 3]],
    ['router-istio-tls-tcp', [1, 2]],
    ['router-istio-headers', [1, 2, 3, 4, 5, 6]],
    ['router-istio-mirror', [1, 2, 4]],
    ['router-istio-subsets-abort', [1, 2, 3, 4]],
    ['experiment-weights-istio', [1]],
  ])('%s', (name, at) => {
    const { canary, observations } = recorded(name);
    for (const index of at) {
      const observation = observations[index]!;
      const stage = routerStage(istio, {
        routing: canary.trafficRouting!,
        objects: objectsOf(observations[index - 1]!),
      });
      expect(stage.check()).toEqual([]);
      stage.reach({ ...goalAt(observation), routes: routes[name]?.[index] ?? [] });
      expect(seen(stage.objects())).toEqual(observation.objects);
    }
  });

  it('router-istio-ping-pong', () => {
    const { canary, observations } = recorded('router-istio-ping-pong');
    const isPing = [true, true, false, false, false, false, true];
    for (const [index, observation] of observations.entries()) {
      const stage = routerStage(istio, {
        routing: canary.trafficRouting!,
        objects: objectsOf(observations[index - 1] ?? observation),
        services: isPing[index]
          ? { stable: 'ping', canary: 'pong' }
          : { stable: 'pong', canary: 'ping' },
      });
      stage.reach(goalAt(observation));
      expect(seen(stage.objects())).toEqual(observation.objects);
    }
  });
});

describe('the routes of a VirtualService', () => {
  it('are those that the spec names; others stay, and all other fields', () => {
    const other = { name: 'other', route: both(40) };
    const main = {
      name: 'main',
      timeout: '3s',
      route: [to('stable', 100, { port: { number: 80 } }), to('canary', 0)],
    };
    const stage = stageOf([web(main, other)], {
      istio: { virtualService: { name: 'web', routes: ['main'] } },
    });
    const [write, ...more] = stage.reach({ weight: 30 });
    expect(more).toEqual([]);
    expect(write).toMatchObject({ phase: 'route', do: 'patch' });
    expect(httpOf(stage)).toEqual([
      { ...main, route: [to('stable', 70, { port: { number: 80 } }), to('canary', 30)] },
      other,
    ]);
    expect(stage.canaryWeights()).toEqual([30]);
  });

  it('are one and the same object, though the spec names it twice', () => {
    const stage = stageOf([web({ name: 'a', route: both() }, { name: 'b', route: both() })], {
      istio: {
        virtualServices: [
          { name: 'web', routes: ['a'] },
          { name: 'web.app', routes: ['b'] },
        ],
      },
    });
    expect(stage.reach({ weight: 25 })).toHaveLength(1);
    expect(httpOf(stage)).toEqual([
      { name: 'a', route: both(25) },
      { name: 'b', route: both(25) },
    ]);
  });

  it('may be in another namespace, where hosts have their domain', () => {
    const domain = '.app.svc.cluster.local';
    const there = web({ route: [to(`stable${domain}`, 100), to(`canary${domain}`, 0)] });
    const stage = stageOf([{ ...there, metadata: { name: 'web.v1', namespace: 'mesh' } }], {
      istio: { virtualService: { name: 'web.v1.mesh.cluster.local' } },
      routing: { managedRoutes: [{ name: 'beta' }] },
    });
    const additional = [{ service: 'trial', weight: 5, hash: 'x' }];
    stage.reach({ weight: 10, additional, routes: [beta] });
    expect(stage.objects()[0]?.spec).toEqual({
      http: [
        {
          name: 'beta',
          match: [{ headers: { 'X-Try': { exact: '1' } } }],
          route: [to(`canary${domain}`, 100)],
        },
        {
          route: [to(`stable${domain}`, 85), to(`canary${domain}`, 10), to(`trial${domain}`, 5)],
        },
      ],
    });
  });

  it('that a TLS or TCP route of the spec finds are all of that port and those hosts', () => {
    const tls = [
      { match: [{ port: 443, sniHosts: ['a', 'b'] }], route: both() },
      {
        match: [
          { port: 443, sniHosts: ['a'] },
          { port: 443, sniHosts: ['b'] },
        ],
        route: both(),
      },
      {
        match: [
          { port: 443, sniHosts: ['a'] },
          { port: 444, sniHosts: ['b'] },
        ],
        route: both(),
      },
      { match: [{ port: 443, sniHosts: ['a', 'c'] }], route: both() },
    ];
    const tcp = [{ route: both() }, { match: [{ port: 3000 }], route: both() }];
    const stage = stageOf([manifest('VirtualService', 'web', { spec: { tls, tcp } })], {
      istio: {
        virtualService: {
          name: 'web',
          tlsRoutes: [{ port: 443, sniHosts: ['b', 'a'] }],
          tcpRoutes: [{}],
        },
      },
    });
    stage.reach({ weight: 40 });
    const { spec } = stage.object('VirtualService', 'web')!;
    const routes = spec as { tls: { route: object }[]; tcp: { route: object }[] };
    expect(routes.tls.map(({ route }) => route)).toEqual([both(40), both(40), both(), both()]);
    expect(routes.tcp.map(({ route }) => route)).toEqual([both(40), both()]);
  });

  it('need no name where there is one besides those of steps, also while these are there', () => {
    const stage = stageOf([web({ name: 'main', route: both() })], {
      routing: { managedRoutes: [{ name: 'beta' }] },
    });
    stage.reach({ weight: 0, routes: [beta] });
    stage.reach({ weight: 20, routes: [beta] });
    expect(httpOf(stage)[1]).toEqual({ name: 'main', route: both(20) });
  });

  it('tell of a larger share where the weights are not parts of 100', () => {
    const stage = stageOf([web({ route: [to('stable', 1), to('canary', 1)] })]);
    expect(stage.canaryWeights()).toEqual([50]);
    stage.reach({ weight: 20 });
    expect(stage.canaryWeights()).toEqual([20]);
  });
});

describe('the destinations of an experiment', () => {
  const additional = [
    { service: 'web-6d9f-2-1-baseline', weight: 5, hash: 'ba5e' },
    { service: 'web-6d9f-2-1-trial', weight: 15, hash: '7714' },
  ];
  const extra = additional.map(({ service, weight }) => to(service, weight));

  it('come after the others, and go all together', () => {
    const stage = stageOf([web({ route: both(10) })]);
    stage.reach({ weight: 10, additional });
    expect(httpOf(stage)).toEqual([{ route: [to('stable', 70), to('canary', 10), ...extra] }]);
    stage.reach({ weight: 10 });
    expect(httpOf(stage)).toEqual([{ route: both(10) }]);
  });

  it('that Argo left behind go as well: with weight 0, or without a host', () => {
    const leftOver = [to('web-6d9f-2-1-trial', 0), to('', 15)];
    const stage = stageOf([web({ route: [...both(10), ...leftOver] })]);
    stage.reach({ weight: 10 });
    expect(httpOf(stage)).toEqual([{ route: both(10) }]);
  });

  it("and another's destination goes only where it has a weight, which would be too much", () => {
    const stage = stageOf([web({ route: [...both(), to('spare', 0), to('legacy', 10)] })]);
    stage.reach({ weight: 10 });
    expect(httpOf(stage)).toEqual([{ route: [...both(10), to('spare', 0)] }]);
  });
});

describe('the routes of steps', () => {
  const routing = { managedRoutes: [{ name: 'look' }, { name: 'beta' }] };
  const main = {
    name: 'main',
    route: [to('stable', 80, { port: { number: 8080 } }), to('canary', 20)],
  };

  it('have the port of the route whose weights are set', () => {
    const stage = stageOf([web(main)], { routing });
    stage.reach({ weight: 20, routes: [look, beta] });
    const canary = { host: 'canary', port: { number: 8080 } };
    expect(httpOf(stage)).toEqual([
      {
        name: 'look',
        match: [
          { method: { exact: 'GET' }, uri: { prefix: '/a' }, headers: { 'x-a': { regex: 'b.*' } } },
        ],
        route: main.route,
        mirror: canary,
        mirrorPercentage: { value: 35 },
      },
      {
        name: 'beta',
        match: [{ headers: { 'X-Try': { exact: '1' } } }],
        route: [{ destination: canary, weight: 100 }],
      },
      main,
    ]);
  });

  it('that mirror follow the weights, and all of the requests are mirrored by default', () => {
    const stage = stageOf([web(main)], { routing });
    const { percentage: _, ...all } = look.mirror;
    stage.reach({ weight: 20, routes: [{ name: 'look', mirror: all }] });
    stage.reach({ weight: 60, routes: [{ name: 'look', mirror: all }] });
    expect(httpOf(stage)[0]).toMatchObject({
      route: [{ weight: 40 }, { weight: 60 }],
      mirrorPercentage: { value: 100 },
    });
    expect(stage.canaryWeights()).toEqual([60, 60]);
  });

  it('are put in order and put right where they were edited, and all others stay', () => {
    const other = { name: 'other', route: [to('elsewhere')] };
    const options = { routing, istio: { virtualService: { name: 'web', routes: ['main'] } } };
    const stage = stageOf([web(main, other)], options);
    stage.reach({ weight: 20, routes: [look, beta] });
    const [mirror, header, ...rest] = httpOf(stage);
    stage.put(web(...rest, { ...header, route: [to('stable', 100)] }, mirror!));
    stage.reach({ weight: 20, routes: [look, beta] });
    expect(httpOf(stage)).toEqual([mirror, header, ...rest]);
    stage.reach({ weight: 20, routes: [beta] });
    expect(httpOf(stage)).toEqual([header, ...rest]);
    stage.giveBack();
    expect(httpOf(stage)).toEqual([
      { ...main, route: [to('stable', 100, { port: { number: 8080 } }), to('canary', 0)] },
      other,
    ]);
  });

  it('go when it is given back, and destinations that nobody knows stay', () => {
    const stage = stageOf([web(main)], { routing });
    stage.reach({ weight: 20, routes: [beta] });
    const [header, { route = [], ...rest }] = httpOf(stage) as [object, { route?: object[] }];
    const renamed = [{ ...route[0], destination: { host: 'renamed' } }, route[1]];
    stage.put(web(header, { ...rest, route: renamed }));
    stage.giveBack();
    expect(httpOf(stage)).toEqual([{ ...rest, route: renamed }]);
  });

  it('are not put into a VirtualService without http routes', () => {
    const tcp = manifest('VirtualService', 'tcp', { spec: { tcp: [{ route: both() }] } });
    const istio = { virtualServices: [{ name: 'web' }, { name: 'tcp' }] };
    const stage = stageOf([web(main), tcp], { routing, istio });
    stage.reach({ weight: 20, routes: [beta] });
    expect(stage.object('VirtualService', 'tcp')?.spec).toEqual({ tcp: [{ route: both(20) }] });
  });
});
