import { describe, expect, it } from 'vitest';
import { istio } from '../../../lib/decide/traffic/routers/istio/istio.ts';
import type { CanaryStrategy, IstioTrafficRouting } from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { beta, both, field, type Setting, stageOf, to, web } from './istioStage.ts';
import { manifest } from './stage.ts';

describe('what is wrong with a VirtualService is said, and how to mend it', () => {
  const path = `${field}.virtualService.name`;
  const faultOf = (objects: KubernetesObject[], setting: Setting = {}) => {
    const [fault, ...more] = stageOf(objects, setting).check();
    expect(more).toEqual([]);
    return fault;
  };

  it('when it is missing or cannot be read', () => {
    const canary: CanaryStrategy = { steps: [{ setHeaderRoute: beta.header }] };
    expect(faultOf([], { canary })).toEqual({
      path,
      message: 'names the VirtualService web, which does not exist; create it, or name another',
    });
    const stage = stageOf([web({ route: both() })]);
    stage.fail('VirtualService', 'web', 'forbidden', 'allow it');
    expect(stage.check()).toEqual([
      { path, message: 'names the VirtualService web, which cannot be read: forbidden; allow it' },
    ]);
    expect(stage.canaryWeights()).toEqual([]);
  });

  it('when it has no routes', () => {
    const message = 'names the VirtualService web, which has no http, tls or tcp routes; add one';
    expect(faultOf([web()])).toEqual({ path, message });
    expect(faultOf([manifest('VirtualService', 'web', {})])).toEqual({ path, message });
  });

  it('when the spec names none of two', () => {
    expect(faultOf([web({ route: both() }, { route: both() })])).toEqual({
      path,
      message:
        'names the VirtualService web, which has 2 http routes besides those of steps; ' +
        'name those that lead to the rollout in routes',
    });
  });

  it('when it has no such route', () => {
    const virtualServices = [{ name: 'web', routes: ['main', 'gone'] }];
    expect(faultOf([web({ name: 'main', route: both() })], { istio: { virtualServices } })).toEqual(
      {
        path: `${field}.virtualServices[0].routes[1]`,
        message: 'names a route that the VirtualService web does not have; add it there',
      },
    );
  });

  it('when a route does not lead to both sides', () => {
    expect(faultOf([web({ route: [to('stable', 100)] })])).toEqual({
      path,
      message:
        'names the VirtualService web, whose route spec.http[0] has no destination of the host canary; ' +
        'add it, with a weight',
    });
    const destinationRule = { name: 'web', canarySubsetName: 'new', stableSubsetName: 'old' };
    const subsets = [{ name: 'old' }, { name: 'new' }];
    const rule = manifest('DestinationRule', 'web', { spec: { subsets } });
    const http = { route: [to('web', 0, { subset: 'new' }), to('stable', 100)] };
    const istio = { virtualService: { name: 'web' }, destinationRule };
    expect(faultOf([web(http), rule], { istio })?.message).toContain(
      'no destination of the subset old',
    );
    const other = { route: [to('web', 100, { subset: 'old' }), to('canary', 0)] };
    expect(faultOf([web(other), rule], { istio })?.message).toContain(
      'no destination of the subset new',
    );
  });

  it('when steps ask for routes, and there are none before which these could stand', () => {
    const tcp = manifest('VirtualService', 'web', { spec: { tcp: [{ route: both() }] } });
    const canary: CanaryStrategy = { steps: [{ setHeaderRoute: beta.header }] };
    expect(faultOf([tcp], { canary })).toEqual({
      path,
      message:
        'names the VirtualService web, which has no http routes, before which the routes of steps ' +
        'could stand; add one, or remove those steps',
    });
  });

  it('and names in a list that it does not have are no fault', () => {
    const tls = manifest('VirtualService', 'web', { spec: { tls: [{ route: both() }] } });
    const virtualService = { name: 'web', routes: ['primary'] };
    expect(stageOf([tls], { istio: { virtualService } }).check()).toEqual([]);
  });
});

describe('the Istio part of a spec', () => {
  const pathsOf = (given: IstioTrafficRouting, canary: CanaryStrategy = {}) => {
    const { trafficRouting } = canary;
    const strategy = { canary: { ...canary, trafficRouting: { ...trafficRouting, istio: given } } };
    return istio.validate({ spec: { strategy } }).map(({ path }) => path);
  };
  const virtualService = { name: 'web', routes: ['main'] };

  it('names one VirtualService or several', () => {
    expect(pathsOf({ virtualService })).toEqual([]);
    expect(pathsOf({ virtualServices: [virtualService] })).toEqual([]);
    expect(pathsOf({ virtualService, virtualServices: [virtualService] })).toEqual([field]);
    expect(pathsOf({ virtualServices: [] })).toEqual([field]);
    expect(pathsOf({})).toEqual([field]);
  });

  it('does not name a route of a step as its own', () => {
    const routing = { trafficRouting: { managedRoutes: [{ name: 'main' }] } };
    expect(pathsOf({ virtualService }, routing)).toEqual([`${field}.virtualService.routes[0]`]);
  });

  it('names two subsets', () => {
    const destinationRule = { name: 'web', canarySubsetName: 'web', stableSubsetName: 'web' };
    expect(pathsOf({ virtualService, destinationRule })).toEqual([
      `${field}.destinationRule.canarySubsetName`,
    ]);
  });

  it('needs Services unless there are subsets', () => {
    expect(istio.needsServices({ istio: { virtualService } })).toBe(true);
    const destinationRule = { name: 'web', canarySubsetName: 'new', stableSubsetName: 'old' };
    expect(istio.needsServices({ istio: { virtualService, destinationRule } })).toBe(false);
  });
});
