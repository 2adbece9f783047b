import { describe, expect, it } from 'vitest';
import { ambassador } from '../../../lib/decide/traffic/routers/ambassador.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { manifest, type RouterStage, routerStage } from './stage.ts';

const field = 'spec.strategy.canary.trafficRouting.ambassador.mappings';

function mapping(name: string, spec: object): KubernetesObject {
  const { metadata, ...rest } = manifest('Mapping', name, { spec });
  return { ...rest, metadata: { ...metadata, labels: { of: name } } };
}
const web = mapping('web', { prefix: '/web', service: 'stable:80', timeout_ms: 500 });
const api = mapping('api', { prefix: '/api', service: 'stable' });

function stageOf(objects: KubernetesObject[], maxTrafficWeight?: number): RouterStage {
  const mappings = objects.map(({ metadata }) => metadata?.name ?? '');
  const own = mappings.filter((name) => !name.endsWith('-canary'));
  const routing = {
    ambassador: { mappings: own },
    ...(maxTrafficWeight !== undefined && { maxTrafficWeight }),
  };
  return routerStage(ambassador, { routing, objects });
}

function specOf(stage: RouterStage, name: string) {
  return stage.object('Mapping', name)?.spec;
}

describe('the Mapping of a canary', () => {
  it('is there as long as the canary has a weight, and the one of the stable Service stays', () => {
    const stage = stageOf([web, api]);
    expect(stage.canaryWeights()).toEqual([0, 0]);
    expect(stage.reach({ weight: 0 })).toEqual([]);
    expect(stage.reach({ weight: 35 })).toMatchObject([
      { phase: 'route', do: 'create', kind: 'Mapping' },
      { phase: 'route', do: 'create', kind: 'Mapping' },
    ]);
    const ofWeb = { prefix: '/web', service: 'canary:80', timeout_ms: 500, weight: 35 };
    expect(specOf(stage, 'web-canary')).toEqual(ofWeb);
    expect(specOf(stage, 'api-canary')).toEqual({ prefix: '/api', service: 'canary', weight: 35 });
    expect(stage.object('Mapping', 'web-canary')?.metadata?.labels).toBeUndefined();
    expect(specOf(stage, 'web')).toEqual(web.spec);
    expect(stage.canaryWeights()).toEqual([35, 35]);
    expect(stage.check()).toEqual([]);
    expect(stage.reach({ weight: 100 })).toHaveLength(2);
    expect(specOf(stage, 'web-canary')).toEqual({ ...ofWeb, weight: 100 });
    stage.reach({ weight: 0 });
    expect(stage.objects()).toHaveLength(2);
  });

  it('follows the one of the stable Service', () => {
    const stage = stageOf([web]);
    stage.reach({ weight: 35 });
    stage.put(mapping('web', { prefix: '/new', service: 'stable:81' }));
    stage.reach({ weight: 35 });
    expect(specOf(stage, 'web-canary')).toEqual({
      ...{ prefix: '/new', service: 'canary:81', weight: 35 },
    });
  });

  it.each([
    ['https://stable.app.svc.cluster.local:443', 'https://canary.app.svc.cluster.local:443'],
    ['stable.app', 'canary.app'],
    ['http://stable/stable', 'http://canary/stable'],
  ])('leads to the canary as %s leads to the stable Service', (service, wanted) => {
    const stage = stageOf([mapping('web', { prefix: '/', service })]);
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 1 });
    expect(specOf(stage, 'web-canary')).toMatchObject({ service: wanted });
  });

  it('is taken over from a controller before, and put right', () => {
    const before = { prefix: '/web', service: 'canary:80', timeout_ms: 500 };
    const stage = stageOf([web, mapping('web-canary', before)]);
    expect(stage.check()).toEqual([]);
    expect(stage.canaryWeights()).toEqual([50]);
    expect(stage.reach({ weight: 20 })).toMatchObject([{ patch: { spec: { weight: 20 } } }]);
  });

  it('has a weight in 100 where others have more', () => {
    const stage = stageOf([web], 1000);
    stage.reach({ weight: 5, total: 1000 });
    expect(specOf(stage, 'web-canary')).toMatchObject({ weight: 1 });
    expect(stage.canaryWeights()).toEqual([10]);
  });

  it('has a name that is short enough', () => {
    const name = 'w'.repeat(250);
    const stage = stageOf([mapping(name, { prefix: '/', service: 'stable' })]);
    stage.reach({ weight: 1 });
    expect(specOf(stage, `${'w'.repeat(246)}-canary`)).toBeDefined();
  });

  it('goes when the router is not used any more', () => {
    const stage = stageOf([web]);
    stage.reach({ weight: 35 });
    stage.remove('Mapping', 'web');
    stage.giveBack();
    expect(stage.objects()).toEqual([]);
  });
});

describe('what is wrong with a Mapping is said, and how to mend it', () => {
  const faultOf = (stage: RouterStage) => {
    const faults = stage.check();
    expect(faults.map(({ path }) => path)).toEqual([`${field}[0]`]);
    expect(stage.reach({ weight: 35 })).toEqual([]);
    return faults[0]?.message;
  };

  it('when there is none', () => {
    const routing = { ambassador: { mappings: ['web', 'web'] } };
    expect(faultOf(routerStage(ambassador, { routing, objects: [] }))).toBe(
      'names the Mapping web, which does not exist; create it, or name another',
    );
  });

  it('when it leads elsewhere', () => {
    expect(faultOf(stageOf([mapping('web', { service: 'stable-2:80' })]))).toBe(
      'names the Mapping web, which does not lead to the Service stable, but to stable-2:80; ' +
        'let it lead there',
    );
    expect(faultOf(stageOf([mapping('web', { service: 'stable.other' })]))).toMatch('stable.other');
    expect(faultOf(stageOf([mapping('web', {})]))).toMatch('but to none');
  });

  it('when the name of the canary is taken for other requests, which stays', () => {
    const theirs = mapping('web-canary', { prefix: '/other', service: 'theirs' });
    const stage = stageOf([web, theirs]);
    expect(faultOf(stage)).toBe(
      'needs a Mapping named web-canary, and there is one for other requests; delete or rename it',
    );
    stage.giveBack();
    expect(specOf(stage, 'web-canary')).toEqual(theirs.spec);
  });

  it('when the canary cannot be read', () => {
    const stage = stageOf([web]);
    stage.fail('Mapping', 'web-canary', 'forbidden', 'add the rule');
    expect(stage.check()).toEqual([
      {
        path: `${field}[0]`,
        message: 'needs the Mapping web-canary, which cannot be read: forbidden; add the rule',
      },
    ]);
    expect(stage.canaryWeights()).toEqual([]);
  });

  it('when it has a weight', () => {
    const stage = stageOf([mapping('web', { prefix: '/', service: 'stable', weight: 5 })]);
    expect(stage.check()).toEqual([
      {
        path: `${field}[0]`,
        message: 'names the Mapping web, which has a weight of its own; remove its spec.weight',
      },
    ]);
  });

  it('when none is named', () => {
    const validate = (mappings?: string[]) =>
      ambassador.validate({
        spec: {
          strategy: {
            canary: { trafficRouting: { ambassador: { ...(mappings && { mappings }) } } },
          },
        },
      });
    const none = [{ path: field, message: 'must name a Mapping that leads to stableService' }];
    expect(validate()).toEqual(none);
    expect(validate([])).toEqual(none);
    expect(validate(['web', ''])).toEqual([
      { path: `${field}[1]`, message: 'must name a Mapping' },
    ]);
  });
});
