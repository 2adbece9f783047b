import { describe, expect, it } from 'vitest';
import { alb } from '../../../lib/decide/traffic/routers/alb.ts';
import type { ALBTrafficRouting, CanaryStrategy } from '../../../lib/model/argo.generated.ts';
import {
  annotationOf,
  field,
  ingress,
  managed,
  pathTo,
  prefix,
  rule,
  stageOf,
} from './albStage.ts';

describe('what is wrong with an ALB Ingress is said, and how to mend it', () => {
  it('when it is missing or cannot be read', () => {
    expect(stageOf([]).check()).toEqual([
      {
        path: `${field}.ingress`,
        message: 'names the Ingress web, which does not exist; create it, or name another',
      },
    ]);
    const stage = stageOf();
    stage.fail('Ingress', 'web', 'forbidden');
    expect(stage.check()).toEqual([
      {
        path: `${field}.ingress`,
        message: 'names the Ingress web, which cannot be read: forbidden',
      },
    ]);
    expect(stage.canaryWeights()).toEqual([]);
  });

  it('when none of its rules leads to the root', () => {
    const stage = stageOf([ingress('web', [rule('web.example', pathTo('stable')), {}])]);
    expect(stage.check()).toEqual([
      {
        path: `${field}.ingress`,
        message:
          'names the Ingress web, of which no rule leads to the Service root; ' +
          'give it a path with that backend',
      },
    ]);
  });

  it('when it cannot be told what belongs to whom', () => {
    for (const text of ['web:actions.root', '[]', '1', 'null', '{"web":"x"}', '{"web":[1]}']) {
      const rules = [rule('web.example', pathTo('root'))];
      expect(stageOf([ingress('web', rules, { [managed]: text })]).check()).toEqual([
        {
          path: `${field}.ingress`,
          message: `names the Ingress web, whose annotation ${managed} cannot be read; remove it`,
        },
      ]);
    }
    const empty = ingress('web', [rule('web.example', pathTo('root'))], {
      [managed]: '{"shop":null}',
    });
    const stage = stageOf([empty]);
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 10 });
    expect(annotationOf(stage, managed)).toBe(`{"shop":[],"web":["${prefix}/actions.root"]}`);
  });
});

describe('the ALB part of a spec', () => {
  const faultsOf = (given: Partial<ALBTrafficRouting>, canary: CanaryStrategy = {}) => {
    const part = { ingress: 'web', servicePort: 80, ...given };
    const trafficRouting = { ...canary.trafficRouting, alb: part };
    const both = { stableService: 'stable', canaryService: 'canary' };
    return alb
      .validate({ spec: { strategy: { canary: { ...both, ...canary, trafficRouting } } } })
      .map(({ path }) => path);
  };

  it('names one Ingress or several, and a port', () => {
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ ingresses: ['web'] })).toEqual([field]);
    expect(faultsOf({ ingress: '', ingresses: ['web'] })).toEqual([]);
    expect(faultsOf({ ingress: '', ingresses: [] })).toEqual([field]);
    expect(faultsOf({ servicePort: 0 })).toEqual([`${field}.servicePort`]);
    expect(faultsOf({ servicePort: 65536 })).toEqual([`${field}.servicePort`]);
    expect(faultsOf({ servicePort: 65535 })).toEqual([]);
  });

  it('is sticky for a second to a week', () => {
    const path = `${field}.stickinessConfig.durationSeconds`;
    const stickyFor = (durationSeconds: number, enabled = true) =>
      faultsOf({ stickinessConfig: { enabled, durationSeconds } });
    expect(stickyFor(0)).toEqual([path]);
    expect(stickyFor(604801)).toEqual([path]);
    expect([...stickyFor(1), ...stickyFor(604800), ...stickyFor(0, false)]).toEqual([]);
  });

  it('names the root where Services turn round', () => {
    const pingPong = { pingService: 'ping', pongService: 'pong' };
    expect(faultsOf({}, { pingPong })).toEqual([`${field}.rootService`]);
    expect(faultsOf({ rootService: 'root' }, { pingPong })).toEqual([]);
  });

  it('has no route of a step under the name of the root', () => {
    const trafficRouting = { managedRoutes: [{ name: 'beta' }, { name: 'stable' }] };
    expect(faultsOf({}, { trafficRouting })).toEqual([
      'spec.strategy.canary.trafficRouting.managedRoutes[1].name',
    ]);
    expect(faultsOf({ rootService: 'root' }, { trafficRouting })).toEqual([]);
  });

  it('compares header values as they are', () => {
    const values = [{ exact: 'a' }, { prefix: 'a' }, { regex: 'a' }];
    const match = values.map((headerValue) => ({ headerName: 'x', headerValue }));
    const steps = [
      { setHeaderRoute: { name: 'beta' } },
      { setHeaderRoute: { name: 'beta', match } },
    ];
    const path = 'spec.strategy.canary.steps[1].setHeaderRoute.match';
    expect(faultsOf({}, { steps })).toEqual([1, 2].map((at) => `${path}[${at}].headerValue`));
  });
});
