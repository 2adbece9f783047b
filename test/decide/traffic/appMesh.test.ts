import { describe, expect, it } from 'vitest';
import { appMesh } from '../../../lib/decide/traffic/routers/appMesh.ts';
import type { RolloutStatus } from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { hashLabel } from '../../../lib/model/names.ts';
import { hashes, manifest, type RouterStage, routerStage } from './stage.ts';

const field = 'spec.strategy.canary.trafficRouting.appMesh';

const target = (name: string, weight: number, namespace?: string) => ({
  virtualNodeRef: { name, ...(namespace !== undefined && { namespace }) },
  weight,
});
const route = (name: string, ...weightedTargets: object[]) => ({
  name,
  httpRoute: { match: { prefix: '/' }, action: { weightedTargets } },
});
const main = route('main', target('new', 0), target('old', 100));
const other = route('other', target('old', 70), target('new', 30));

const service = manifest('AppMeshVirtualService', 'web', {
  spec: { provider: { virtualRouter: { virtualRouterRef: { name: 'router' } } } },
});
const router = (...routes: object[]) =>
  manifest('VirtualRouter', 'router', { spec: { listeners: [{}], routes } });
const node = (name: string, hash?: string) =>
  manifest('VirtualNode', name, {
    spec: { podSelector: { matchLabels: { app: 'web', ...(hash && { [hashLabel]: hash }) } } },
  });
const nodes = [node('new', 'canary-hash'), node('old', hashes.stable)];
const objects = [service, router(main, other), ...nodes];

const mesh = {
  virtualService: { name: 'web', routes: ['main'] },
  virtualNodeGroup: {
    canaryVirtualNodeRef: { name: 'new' },
    stableVirtualNodeRef: { name: 'old' },
  },
};

function stageOf(
  given: KubernetesObject[] = objects,
  { routes, status = {} }: { routes?: string[]; status?: RolloutStatus } = {},
): RouterStage {
  const virtualService = { name: 'web', ...(routes ? { routes } : { routes: ['main'] }) };
  return routerStage(appMesh, {
    routing: { appMesh: { ...mesh, virtualService } },
    objects: given,
    status,
  });
}

function routesOf(stage: RouterStage): object[] {
  return (stage.object('VirtualRouter', 'router')!.spec as { routes: object[] }).routes;
}

function hashOf(stage: RouterStage, name: string) {
  const { spec } = stage.object('VirtualNode', name) ?? {};
  return (spec as { podSelector: { matchLabels: Record<string, string> } }).podSelector.matchLabels[
    hashLabel
  ];
}

describe('a VirtualRouter', () => {
  it('gets the weights in the routes that are named', () => {
    const stage = stageOf();
    expect(stage.check()).toEqual([]);
    expect(stage.canaryWeights()).toEqual([0]);
    stage.reach({ weight: 35 });
    expect(routesOf(stage)).toEqual([route('main', target('new', 35), target('old', 65)), other]);
    expect(stage.canaryWeights()).toEqual([35]);
  });

  it('gets them in all of its routes where none is named', () => {
    const stage = stageOf(objects, { routes: [] });
    expect(stage.canaryWeights()).toEqual([0, 30]);
    stage.reach({ weight: 35 });
    expect(stage.canaryWeights()).toEqual([35, 35]);
  });

  it.each(['tcpRoute', 'http2Route', 'grpcRoute'])('has routes as a %s', (key) => {
    const stage = stageOf([service, router({ name: 'main', [key]: main.httpRoute }), ...nodes]);
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 35 });
    const { httpRoute } = route('main', target('new', 35), target('old', 65));
    expect(routesOf(stage)).toEqual([{ name: 'main', [key]: httpRoute }]);
  });
});

describe('a VirtualNode', () => {
  it('of the canary has its pods before requests are sent to them', () => {
    const stage = stageOf();
    stage.reach({ weight: 0, hashes: { canary: hashes.stable, stable: hashes.stable } });
    expect(hashOf(stage, 'new')).toBe(hashes.canary);
    expect(hashOf(stage, 'old')).toBe(hashes.stable);
    expect(stage.hashes()).toEqual(hashes);
  });

  it('of the canary keeps its pods as long as requests are sent to it', () => {
    const stage = stageOf();
    stage.reach({ weight: 35 });
    const promoted = { canary: hashes.canary, stable: hashes.canary };
    stage.reach({ weight: 35, hashes: promoted });
    expect(hashOf(stage, 'old')).toBe(hashes.canary);
    expect(hashOf(stage, 'new')).toBe(hashes.canary);
    expect(stage.reach({ weight: 35, hashes: { ...hashes, canary: 'n3w3st' } })).toHaveLength(2);
    expect(hashOf(stage, 'new')).toBe('n3w3st');
  });

  it('of the canary has no pods while there is no canary', () => {
    const status = { currentPodHash: hashes.stable };
    const stage = stageOf([service, router(main), node('new', 'none'), node('old')], { status });
    expect(stage.hashes()).toEqual({ canary: 'none', stable: '' });
    stage.reach({ weight: 0, hashes: { canary: hashes.stable, stable: hashes.stable } });
    expect(hashOf(stage, 'new')).toBe('canary-hash');
    expect(hashOf(stage, 'old')).toBe(hashes.stable);
  });

  it('has the labels that it had when the router is not used any more', () => {
    const stage = stageOf();
    stage.reach({ weight: 35 });
    stage.giveBack();
    expect(hashOf(stage, 'new')).toBeUndefined();
    expect(stage.object('VirtualNode', 'old')?.spec).toEqual(node('old').spec);
    expect(stage.canaryWeights()).toEqual([0]);
  });
});

describe('what is wrong with objects of App Mesh is said, and how to mend it', () => {
  const is = 'names the VirtualService web';
  it.each<[string, KubernetesObject[], string]>([
    ['no VirtualService', nodes, `${is}, which does not exist; create it, or name another`],
    [
      'no VirtualRouter of it',
      [manifest('AppMeshVirtualService', 'web', { spec: {} }), ...nodes],
      `${is}, which has no VirtualRouter; give it one`,
    ],
    [
      'a VirtualRouter that is missing',
      [service, ...nodes],
      `${is}, which names the VirtualRouter router, which does not exist; create it, or name another`,
    ],
    [
      'no routes',
      [service, router(), ...nodes],
      `${is}, whose VirtualRouter router has no routes; add one`,
    ],
    [
      'a third target',
      [
        service,
        router(route('main', target('new', 0), target('old', 9), target('x', 1))),
        ...nodes,
      ],
      `${is}, whose VirtualRouter router has a route main whose weightedTargets are not just the ` +
        'VirtualNodes old and new; give it these two',
    ],
    [
      'a target of another namespace',
      [service, router(route('main', target('new', 0, 'x'), target('old', 9))), ...nodes],
      `${is}, whose VirtualRouter router has a route main whose weightedTargets are not just the ` +
        'VirtualNodes old and new; give it these two',
    ],
  ])('%s', (_, given, message) => {
    expect(stageOf(given).check()).toEqual([{ path: `${field}.virtualService.name`, message }]);
  });

  it('a VirtualRouter of another namespace, whose targets are of that one', () => {
    const at = (namespace?: string) => {
      const there = router(
        route('main', target('new', 10, namespace), target('old', 90, namespace)),
      );
      return stageOf([
        inShop,
        { ...there, metadata: { name: 'router', namespace: 'shop' } },
        ...nodes,
      ]);
    };
    const ref = { name: 'router', namespace: 'shop' };
    const inShop = manifest('AppMeshVirtualService', 'web', {
      spec: { provider: { virtualRouter: { virtualRouterRef: ref } } },
    });
    const writesOf = (stage: RouterStage) =>
      [...stage.reach({ weight: 20 }), ...stage.giveBack()].flatMap((write) =>
        write.do === 'patch' && write.ref.kind === 'VirtualRouter' ? [write] : [],
      );
    expect(at().check()).toEqual([
      {
        path: `${field}.virtualService.name`,
        message:
          `${is}, whose VirtualRouter router has a route main whose weightedTargets are not just the ` +
          'VirtualNodes old and new of the namespace app; give it these two, with that namespace',
      },
    ]);
    expect(at().canaryWeights()).toEqual([0]);
    expect(writesOf(at())).toEqual([]);
    expect(at('app').check()).toEqual([]);
    expect(at('app').canaryWeights()).toEqual([10]);
    expect(writesOf(at('app'))).toHaveLength(2);
  });

  it('a route that is not there', () => {
    const message = 'names a route that the VirtualRouter router does not have; add it there';
    const stage = stageOf([service, router(other), ...nodes]);
    expect(stage.check()).toEqual([{ path: `${field}.virtualService.routes[0]`, message }]);
  });

  it('a VirtualNode that is not there', () => {
    expect(stageOf([service, router(main), node('old')]).check()).toEqual([
      {
        path: `${field}.virtualNodeGroup.canaryVirtualNodeRef.name`,
        message: 'names the VirtualNode new, which does not exist; create it, or name another',
      },
    ]);
  });

  it('names that are not given', () => {
    const trafficRouting = { appMesh: {} };
    const faults = appMesh.validate({ spec: { strategy: { canary: { trafficRouting } } } });
    expect(faults).toEqual([
      { path: `${field}.virtualService.name`, message: 'must name a VirtualService' },
      {
        path: `${field}.virtualNodeGroup.canaryVirtualNodeRef.name`,
        message: 'must name a VirtualNode',
      },
      {
        path: `${field}.virtualNodeGroup.stableVirtualNodeRef.name`,
        message: 'must name a VirtualNode',
      },
    ]);
  });
});
