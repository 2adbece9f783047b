import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { beta, both, field, look, type Setting, stageOf, to, web } from './istioStage.ts';
import { manifest, type RouterStage } from './stage.ts';

// The Rollout `web` is in the namespace `app`. A VirtualService of another one is its as far as hosts say so.

const path = `${field}.virtualService.name`;
const destinationRule = { name: 'web', canarySubsetName: 'new', stableSubsetName: 'old' };
const subsets = [{ name: 'old' }, { name: 'new' }];
const rule = (host: string) => manifest('DestinationRule', 'web', { spec: { host, subsets } });
const bothAt = (domain: string, canary = 0) => [
  to(`stable${domain}`, 100 - canary),
  to(`canary${domain}`, canary),
];
const inSubsets = (host: string, canary = 0) => [
  to(host, 100 - canary, { subset: 'old' }),
  to(host, canary, { subset: 'new' }),
];

function stageInShop(http: object[], { istio = {}, ...more }: Setting = {}, ...others: object[]) {
  const there = { ...web(...http), metadata: { name: 'front', namespace: 'shop' } };
  const given = { virtualService: { name: 'front.shop' }, ...istio };
  return stageOf([there, ...(others as KubernetesObject[])], { ...more, istio: given });
}

const httpIn = (stage: RouterStage) =>
  (stage.objects()[0]!.spec as { http: { route: object[] }[] }).http;

const noWeights = (stage: RouterStage) => {
  const { spec } = stage.objects()[0]!;
  stage.reach({ weight: 20, routes: [beta], additional: [{ service: 'a', weight: 5, hash: 'a' }] });
  stage.giveBack();
  expect(stage.objects()[0]!.spec).toEqual(spec);
};

describe('a VirtualService of another namespace', () => {
  it('whose hosts are of its own namespace is not written', () => {
    const message = (side: string) =>
      'names the VirtualService front, whose route spec.http[0] has no destination of the host ' +
      `${side}.app.svc.cluster.local; add it, with a weight`;
    for (const domain of ['', '.shop', '.shop.svc.cluster.local', '.app.example.com']) {
      const stage = stageInShop([{ route: bothAt(domain, 10) }]);
      expect(stage.check()).toEqual([
        { path, message: message('stable') },
        { path, message: message('canary') },
      ]);
      expect(stage.canaryWeights()).toEqual([0]);
      noWeights(stage);
    }
  });

  it("is written where they are of the Rollout's namespace", () => {
    for (const domain of ['.app', '.app.svc', '.app.svc.cluster.local', '.app.svc.corp.example']) {
      const stage = stageInShop([{ route: bothAt(domain) }]);
      expect(stage.check()).toEqual([]);
      stage.reach({ weight: 20 });
      expect(httpIn(stage)).toEqual([{ route: bothAt(domain, 20) }]);
      expect(stage.canaryWeights()).toEqual([20]);
    }
  });

  it('keeps what leads elsewhere too', () => {
    const stage = stageInShop([{ route: [...bothAt('.app'), to('shop', 10)] }]);
    expect(stage.check()).toEqual([
      {
        path,
        message:
          'names the VirtualService front of the namespace shop, whose route spec.http[0] also leads ' +
          'elsewhere than to the namespace app; let it lead there alone',
      },
    ]);
    noWeights(stage);
  });

  it('keeps routes that have the name of a managed one and lead elsewhere', () => {
    const routing = { managedRoutes: [{ name: 'beta' }, { name: 'look' }] };
    const theirs = [
      { name: 'beta', route: [to('shop', 100)] },
      { name: 'look', route: bothAt('.app'), mirror: { host: 'shop' } },
    ];
    const ours = { name: 'beta', route: [to('canary.app', 100)] };
    const main = { name: 'main', route: bothAt('.app') };
    const istio = { virtualService: { name: 'front.shop', routes: ['main'] } };
    const stage = stageInShop([...theirs, ours, main], { routing, istio });
    stage.giveBack();
    expect(httpIn(stage)).toEqual([...theirs, main]);
    expect(stage.carries()).toMatchObject([{ routes: [] }]);
  });

  it('gets no routes of steps before those that lead elsewhere', () => {
    const main = { name: 'main', route: bothAt('.app') };
    const istio = { virtualService: { name: 'front.shop', routes: ['main'] } };
    const canary = { steps: [{ setHeaderRoute: beta.header }] };
    const routing = { managedRoutes: [{ name: 'beta' }, { name: 'look' }] };
    const given = { istio, canary, routing };
    const stage = stageInShop([main, { route: [to('shop', 100)] }], given);
    expect(stage.check()).toEqual([
      {
        path,
        message:
          'names the VirtualService front of the namespace shop, of which not all http routes lead to ' +
          'the namespace app alone; name one of which all do, or remove the steps that set routes, ' +
          'since those would take requests of the others',
      },
    ]);
    noWeights(stageInShop([{ route: [to('shop', 100)] }, main], given));
    const alone = stageInShop([main], given);
    expect(alone.check()).toEqual([]);
    alone.reach({ routes: [beta, look] });
    expect(httpIn(alone)).toMatchObject([{ name: 'beta' }, { name: 'look' }, { name: 'main' }]);
    alone.giveBack();
  });

  it('has subsets of the Rollout on hosts of its namespace alone, whatever its rule is for', () => {
    for (const host of ['front.shop.svc.cluster.local', '*.shop.svc.cluster.local', 'front', '']) {
      const istio = { destinationRule };
      const stage = stageInShop([{ route: inSubsets('front') }], { istio }, rule(host));
      expect(stage.check()).toHaveLength(2);
      noWeights(stage);
    }
    for (const host of ['front', 'front.app.svc.cluster.local', '*.app.svc.cluster.local', '']) {
      const istio = { destinationRule };
      const stage = stageInShop([{ route: inSubsets('front.app.svc') }], { istio }, rule(host));
      expect(stage.check()).toEqual([]);
      stage.reach({ weight: 20 });
      expect(httpIn(stage)).toEqual([{ route: inSubsets('front.app.svc', 20) }]);
    }
  });
});

describe('a VirtualService of the own namespace', () => {
  it('may have hosts in each form, and has no Services of others', () => {
    for (const domain of ['', '.app', '.app.svc.cluster.local']) {
      const stage = stageOf([web({ route: [to('stable', 100), to(`canary${domain}`, 0)] })]);
      expect(stage.check()).toEqual([]);
    }
    const stage = stageOf([web({ route: [...both(), to('canary.shop', 0)] })]);
    stage.reach({ weight: 20 });
    expect(httpIn(stage)).toEqual([{ route: [...both(20), to('canary.shop', 0)] }]);
    expect(stageOf([web({ route: bothAt('.shop') })]).check()).toHaveLength(2);
  });

  it('has the subsets of its rule on the host of that', () => {
    const istio = { virtualService: { name: 'web' }, destinationRule };
    const route = [...inSubsets('front'), to('other', 0, { subset: 'new' })];
    const stage = stageOf([web({ route }), rule('front.app.svc.cluster.local')], { istio });
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 20 });
    expect(httpIn(stage)[0]?.route).toEqual([...inSubsets('front', 20), route[2]]);
    const elsewhere = stageOf([web({ route: inSubsets('other') }), rule('front')], { istio });
    expect(elsewhere.check()).toMatchObject([
      {
        message: expect.stringContaining('no destination of the subset old of the host front.app;'),
      },
      {
        message: expect.stringContaining('no destination of the subset new of the host front.app;'),
      },
    ]);
  });
});
