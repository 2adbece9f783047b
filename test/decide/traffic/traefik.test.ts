import { describe, expect, it } from 'vitest';
import { traefik } from '../../../lib/decide/traffic/routers/traefik.ts';
import type { Kind, KubernetesObject } from '../../../lib/model/kinds.ts';
import { objectsOf, recorded, seen } from './peer.ts';
import { manifest, type RouterStage, routerStage } from './stage.ts';

const field = 'spec.strategy.canary.trafficRouting.traefik.weightedTraefikServiceName';

const service = (name: string, weight?: number) => ({
  ...{ name, port: 80 },
  ...(weight !== undefined && { weight }),
});
const weightedService = (...services: object[]) =>
  manifest('TraefikService', 'web', { spec: { weighted: { sticky: {}, services } } });
const web = weightedService(service('stable'), service('canary'));
const old: KubernetesObject = { ...web, apiVersion: 'traefik.containo.us/v1alpha1' };

function stageOf(...objects: KubernetesObject[]): RouterStage {
  return routerStage(traefik, {
    routing: { traefik: { weightedTraefikServiceName: 'web' } },
    objects,
  });
}

function weightsIn(stage: RouterStage, kind: Kind = 'TraefikService') {
  const { spec } = stage.object(kind, 'web') ?? {};
  const { services } = (spec as { weighted: { services: { weight?: number }[] } }).weighted;
  return services.map(({ weight }) => weight);
}

describe('a TraefikService', () => {
  it('is left as Argo was recorded to leave it', () => {
    const { observations } = recorded('router-traefik');
    expect(observations).toHaveLength(3);
    for (const [index, { weights, objects }] of observations.entries()) {
      const before = observations[index - 1] ?? observations[1]!;
      const stage = stageOf(...objectsOf(before));
      const { weight } = weights!.canary!;
      expect(stage.canaryWeights()).not.toEqual([weight]);
      expect(stage.reach({ weight })).toHaveLength(1);
      expect(stage.canaryWeights()).toEqual([weight]);
      expect(seen(stage.objects())).toEqual(objects);
    }
  });

  it('keeps its other Services and fields', () => {
    const others = [service('third', 3), { ...service('canary', 5), namespace: 'other' }];
    const stage = stageOf(weightedService(...others, service('canary'), service('stable')));
    const [write] = stage.reach({ weight: 40 });
    expect(write).toMatchObject({
      phase: 'route',
      patch: {
        spec: { weighted: { services: [...others, service('canary', 40), service('stable', 60)] } },
      },
    });
    expect(stage.object('TraefikService', 'web')).toMatchObject({
      spec: { weighted: { sticky: {} } },
    });
  });

  it('tells the part of the canary', () => {
    const partOf = (...services: object[]) => stageOf(weightedService(...services)).canaryWeights();
    expect(partOf(service('stable'), service('canary'))).toEqual([50]);
    expect(partOf(service('stable', 50), service('canary', 100))).toEqual([100]);
    expect(partOf(service('stable', 0), service('canary', 0))).toEqual([0]);
    expect(partOf(service('stable', 100))).toEqual([]);
    expect(stageOf().canaryWeights()).toEqual([]);
  });

  it('may be in the group of Traefik 2', () => {
    const stage = stageOf(old);
    expect(stage.check()).toEqual([]);
    const [write] = stage.reach({ weight: 30 });
    expect(write).toMatchObject({ ref: { kind: 'OldTraefikService', name: 'web' } });
    expect(weightsIn(stage, 'OldTraefikService')).toEqual([70, 30]);
    expect(stage.canaryWeights()).toEqual([30]);
  });

  it('is the one of the newer group where both have one', () => {
    const stage = stageOf(old, web);
    stage.reach({ weight: 30 });
    expect(weightsIn(stage)).toEqual([70, 30]);
    expect(weightsIn(stage, 'OldTraefikService')).toEqual([undefined, undefined]);
  });

  it('is given back with all requests for the stable Service', () => {
    const stage = stageOf(web);
    stage.reach({ weight: 30 });
    stage.giveBack();
    expect(weightsIn(stage)).toEqual([100, 0]);
    const untouched = stageOf(web);
    untouched.giveBack();
    expect(weightsIn(untouched)).toEqual([100, 0]);
    expect(stageOf().giveBack()).toEqual([]);
  });
});

describe('what is wrong with a TraefikService is said, and how to mend it', () => {
  it('when it is missing', () => {
    const stage = stageOf();
    const missing = {
      path: field,
      message: 'names the TraefikService web, which does not exist; create it, or name another',
    };
    expect(stage.check()).toEqual([missing]);
    stage.fail('OldTraefikService', 'web', 'forbidden');
    expect(stage.check()).toEqual([
      missing,
      {
        path: field,
        message: 'names the TraefikService web, which cannot be read: forbidden',
      },
    ]);
  });

  it('when one group or the other is not served', () => {
    const of = (
      unserved: 'TraefikService' | 'OldTraefikService',
      ...objects: KubernetesObject[]
    ) => {
      const stage = stageOf(...objects);
      stage.serve(unserved, { unserved: true });
      return stage.check().map(({ message }) => message);
    };
    const missing =
      'names the TraefikService web, which does not exist; create it, or name another';
    expect(of('TraefikService')).toEqual([missing]);
    expect(of('OldTraefikService')).toEqual([missing]);
    expect(of('TraefikService', old)).toEqual([]);
    expect(of('OldTraefikService', web)).toEqual([]);
  });

  it('when it cannot be read', () => {
    const stage = stageOf(web, old);
    stage.fail('TraefikService', 'web', 'forbidden');
    expect(stage.check().map(({ message }) => message)).toEqual([
      'names the TraefikService web, which cannot be read: forbidden',
    ]);
    expect(stage.reach({ weight: 30 })).toEqual([]);
  });

  it('when one of the two Services is not in it', () => {
    const mirroring = manifest('TraefikService', 'web', { spec: { mirroring: {} } });
    for (const object of [weightedService(service('stable')), mirroring]) {
      expect(stageOf(object).check()).toEqual([
        {
          path: field,
          message:
            'names the TraefikService web, whose spec.weighted.services are not both stable and ' +
            'canary; add what is missing',
        },
      ]);
    }
    expect(stageOf(mirroring).giveBack()).toEqual([]);
  });

  it('when a spec names none', () => {
    const validate = (weightedTraefikServiceName: string) =>
      traefik.validate({
        spec: {
          strategy: { canary: { trafficRouting: { traefik: { weightedTraefikServiceName } } } },
        },
      });
    expect(validate('')).toEqual([{ path: field, message: 'must name a TraefikService' }]);
    expect(validate('web')).toEqual([]);
  });
});
