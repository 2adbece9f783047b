import { describe, expect, it } from 'vitest';
import type { ManagedRoute } from '../../../lib/decide/traffic/router.ts';
import { alb } from '../../../lib/decide/traffic/routers/alb.ts';
import { routersOf } from '../../../lib/decide/traffic/routers.ts';
import {
  annotationOf,
  field,
  ingress,
  managed,
  pathsOf,
  pathTo,
  prefix,
  routePath,
  rule,
  stageOf,
  web,
} from './albStage.ts';
import { goalAt, objectsOf, recorded, seen } from './peer.ts';
import { routerStage } from './stage.ts';

const header = (name: string, ...match: [string, string][]): ManagedRoute => ({
  name,
  header: {
    name,
    match: match.map(([headerName, exact]) => ({ headerName, headerValue: { exact } })),
  },
});
const beta = header('beta', ['X-Try', '1'], ['agent', 'Mo*']);
const gamma = header('gamma', ['user', 'me']);
const routing = { managedRoutes: [{ name: 'beta' }, { name: 'gamma' }] };

it('is the router of a rollout that has its part in the spec', () => {
  expect(routersOf({ alb: { ingress: 'web', servicePort: 80 } })).toEqual([alb]);
  expect(routersOf({ nginx: {} })).not.toContain(alb);
});

describe('the ALB router writes what Argo was recorded to write', () => {
  it('router-alb-headers', () => {
    const { canary, observations } = recorded('router-alb-headers');
    const routes = [[], [beta, gamma], [gamma], [], [beta, gamma], []];
    for (const [index, observation] of observations.entries()) {
      const before = observations[index - 1];
      const stage = routerStage(alb, {
        routing: canary.trafficRouting!,
        objects: before
          ? objectsOf(before)
          : [
              ingress('web', [{ http: { paths: [pathTo('root')] } }], {
                'kubernetes.io/ingress.class': 'alb',
              }),
            ],
      });
      expect(stage.check()).toEqual([]);
      stage.reach({ ...goalAt(observation), routes: routes[index]! });
      expect(seen(stage.objects())).toEqual(observation.objects);
    }
  });
});

describe('the action of an Ingress', () => {
  it('is JSON as Argo writes it, and changes alone', () => {
    const stage = stageOf();
    expect(stage.canaryWeights()).toEqual([]);
    stage.reach({ weight: 0 });
    const writes = stage.reach({ weight: 25 });
    const action =
      '{"Type":"forward","ForwardConfig":{"TargetGroups":[' +
      '{"ServiceName":"canary","ServicePort":"80","Weight":25},' +
      '{"ServiceName":"stable","ServicePort":"80","Weight":75}]}}';
    expect(writes).toMatchObject([
      {
        phase: 'route',
        do: 'patch',
        patch: { metadata: { annotations: { [`${prefix}/actions.root`]: action } } },
      },
    ]);
    expect(Object.keys((writes[0] as { patch: object }).patch)).toEqual(['metadata']);
    expect(annotationOf(stage, managed)).toBe(`{"web":["${prefix}/actions.root"]}`);
    expect(stage.canaryWeights()).toEqual([25]);
  });

  it('has the versions of an experiment between the canary and the stable one', () => {
    const stage = stageOf();
    const additional = [
      { service: 'baseline', weight: 5, hash: 'x' },
      { service: 'trial', weight: 15, hash: 'y' },
    ];
    stage.reach({ weight: 10, additional });
    expect(annotationOf(stage, `${prefix}/actions.root`)).toBe(
      '{"Type":"forward","ForwardConfig":{"TargetGroups":[' +
        '{"ServiceName":"canary","ServicePort":"80","Weight":10},' +
        '{"ServiceName":"baseline","ServicePort":"80","Weight":5},' +
        '{"ServiceName":"trial","ServicePort":"80","Weight":15},' +
        '{"ServiceName":"stable","ServicePort":"80","Weight":70}]}}',
    );
  });

  it('is sticky where the spec says so', () => {
    const stickinessConfig = { enabled: true, durationSeconds: 60 };
    const stage = stageOf([web], { alb: { ingress: 'web', stickinessConfig } });
    stage.reach({ weight: 10 });
    const sticky = '"TargetGroupStickinessConfig":{"Enabled":true,"DurationSeconds":60}}}';
    expect(annotationOf(stage, `${prefix}/actions.root`)).toMatch(`],${sticky}`);
    const off = { enabled: false, durationSeconds: 60 };
    const plain = stageOf([web], { alb: { ingress: 'web', stickinessConfig: off } });
    plain.reach({ weight: 10 });
    expect(annotationOf(plain, `${prefix}/actions.root`)).not.toContain('Stickiness');
  });

  it('has the name of the stable Service where there is no root, and any prefix', () => {
    const objects = [ingress('web', [rule('web.example', pathTo('stable'))], { team: 'blue' })];
    const given = {
      ingress: 'web',
      rootService: '',
      annotationPrefix: 'alb.custom',
      servicePort: 443,
    };
    const stage = stageOf(objects, { alb: given });
    stage.reach({ weight: 5 });
    expect(annotationOf(stage, 'alb.custom/actions.stable')).toContain('"ServicePort":"443"');
    expect(annotationOf(stage, 'team')).toBe('blue');
    expect(stage.canaryWeights()).toEqual([5]);
  });

  it("is listed as the rollout's, beside those of others and the one of a root before", () => {
    const mark = JSON.stringify({ zoo: ['x/actions.zoo'], web: [`${prefix}/actions.former`] });
    const rules = [rule('web.example', pathTo('root'), pathTo('former'))];
    const annotations = { [managed]: mark, [`${prefix}/actions.former`]: '{}' };
    const stage = stageOf([ingress('web', rules, annotations)]);
    stage.reach({ weight: 10 });
    expect(annotationOf(stage, managed)).toBe(
      `{"web":["${prefix}/actions.former","${prefix}/actions.root"],"zoo":["x/actions.zoo"]}`,
    );
    expect(annotationOf(stage, `${prefix}/actions.former`)).toBe('{}');
  });

  it('turns round with ping and pong', () => {
    const stage = stageOf();
    stage.reach({ weight: 100 });
    const turned = stageOf(stage.objects(), { services: { canary: 'stable', stable: 'canary' } });
    expect(turned.canaryWeights()).toEqual([0]);
    expect(turned.reach({ weight: 0 })).toHaveLength(1);
    expect(annotationOf(turned, `${prefix}/actions.root`)).toBe(
      '{"Type":"forward","ForwardConfig":{"TargetGroups":[' +
        '{"ServiceName":"stable","ServicePort":"80","Weight":0},' +
        '{"ServiceName":"canary","ServicePort":"80","Weight":100}]}}',
    );
  });

  it('that was written otherwise tells of its weight too, where it can be read', () => {
    const weightOf = (text: string) => {
      const annotations = { [`${prefix}/actions.root`]: text };
      return stageOf([
        ingress('web', [rule('web.example', pathTo('root'))], annotations),
      ]).canaryWeights();
    };
    const groups = [{ serviceName: 'stable', weight: 1 }, { serviceName: 'canary' }];
    expect(weightOf(JSON.stringify({ forwardConfig: { targetGroups: groups } }))).toEqual([50]);
    expect(weightOf('{"type":"forward","targetGroupARN":"arn"}')).toEqual([]);
    expect(weightOf('weights')).toEqual([]);
    expect(weightOf('{"ForwardConfig":{"TargetGroups":[]}}')).toEqual([0]);
  });
});

describe('each of several Ingresses', () => {
  const objects = ['web', 'second'].map((name) =>
    ingress(name, [rule(`${name}.x`, pathTo('root'))]),
  );
  const several = { alb: { ingresses: ['web', 'second', 'web'] }, routing };

  it('is put right by itself, whatever the others are like', () => {
    const stage = stageOf(objects, several);
    stage.reach({ weight: 20, routes: [beta] });
    const found = stage.object('Ingress', 'second')!;
    const { [`${prefix}/actions.beta`]: _, ...annotations } = found.metadata!.annotations!;
    const edited = { ...annotations, [`${prefix}/actions.root`]: '{}' };
    stage.put({ ...found, metadata: { ...found.metadata, annotations: edited } });
    expect(stage.canaryWeights()).toEqual([20]);
    const writes = stage.reach({ weight: 20, routes: [beta] });
    expect(writes).toMatchObject([{ ref: { name: 'second' } }]);
    expect(stage.object('Ingress', 'second')?.metadata?.annotations).toEqual(
      stage.object('Ingress', 'web')?.metadata?.annotations,
    );
    expect(stage.canaryWeights()).toEqual([20, 20]);
    stage.reach({ weight: 20 });
    expect([pathsOf(stage), pathsOf(stage, 0, 'second')]).toEqual([
      [pathTo('root')],
      [pathTo('root')],
    ]);
  });

  it('is checked by itself', () => {
    const [first] = objects;
    expect(stageOf([first!], several).check()).toEqual([
      {
        path: `${field}.ingresses[1]`,
        message: 'names the Ingress second, which does not exist; create it, or name another',
      },
    ]);
  });
});

describe('the routes of steps', () => {
  it('stand in the order of managedRoutes before all paths of the rules that lead to the root', () => {
    const other = rule('other.example', pathTo('other'));
    const own = rule('web.example', pathTo('api', { number: 80 }, '/api'), pathTo('root'));
    const stage = stageOf([ingress('web', [other, own, { host: 'none.example' }])], { routing });
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 10, routes: [gamma] });
    stage.reach({ weight: 10, routes: [beta, gamma] });
    expect(pathsOf(stage, 0)).toEqual([pathTo('other')]);
    expect(pathsOf(stage, 1)).toEqual([routePath('beta'), routePath('gamma'), ...own.http.paths]);
    expect(stage.object('Ingress', 'web')?.spec).toMatchObject({
      rules: [{}, {}, { host: 'none.example' }],
    });
  });

  it('take requests with all the headers, and of one header with any of the values', () => {
    const stage = stageOf([web], { routing });
    stage.reach({ routes: [header('beta', ['a', '1'], ['b', '<2>'], ['a', '3&4'])] });
    expect(stage.carries()).toMatchObject([{ routes: [{ name: 'beta', sends: 'header' }] }]);
    expect(annotationOf(stage, `${prefix}/conditions.beta`)).toBe(
      '[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"a","values":["1","3\\u00264"]}},' +
        '{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"b","values":["\\u003c2\\u003e"]}}]',
    );
    expect(annotationOf(stage, `${prefix}/actions.beta`)).toBe(
      '{"Type":"forward","ForwardConfig":{"TargetGroups":[' +
        '{"ServiceName":"canary","ServicePort":"80","Weight":100}]}}',
    );
  });

  it('go also when the spec does not know them any more', () => {
    const before = stageOf([web], { routing });
    before.reach({ weight: 10, routes: [beta, gamma] });
    const stage = stageOf(before.objects(), { routing: { managedRoutes: [{ name: 'gamma' }] } });
    stage.reach({ weight: 10, routes: [gamma] });
    expect(pathsOf(stage)).toEqual([routePath('gamma'), pathTo('root')]);
    expect(annotationOf(stage, `${prefix}/conditions.beta`)).toBeUndefined();
    expect(annotationOf(stage, managed)).toBe(
      `{"web":["${prefix}/actions.root","${prefix}/actions.gamma","${prefix}/conditions.gamma"]}`,
    );
  });

  it('leave a path alone that leads to a Service of the same name', () => {
    const real = pathTo('beta', { number: 80 }, '/beta');
    const stage = stageOf([ingress('web', [rule('web.example', real, pathTo('root'))])], {
      routing,
    });
    stage.reach({ weight: 10, routes: [beta] });
    expect(pathsOf(stage)).toEqual([routePath('beta'), real, pathTo('root')]);
    stage.reach({ weight: 10 });
    expect(pathsOf(stage)).toEqual([real, pathTo('root')]);
  });
});

describe('an ALB Ingress is given back', () => {
  const others = {
    [managed]: '{"shop":["alb.ingress.kubernetes.io/actions.shop"]}',
    [`${prefix}/actions.shop`]: '{}',
  };
  const shared = ingress('web', [rule('web.example', pathTo('root'), pathTo('shop'))], others);

  it('with the stable Service alone behind its paths', () => {
    const stage = stageOf([shared], { routing });
    stage.reach({ weight: 60, routes: [beta, gamma] });
    expect(annotationOf(stage, managed)).toMatch(/^\{"shop":\[[^\]]*\],"web":\[/);
    stage.giveBack();
    expect(stage.object('Ingress', 'web')).toMatchObject({ spec: shared.spec });
    expect(stage.object('Ingress', 'web')?.metadata?.annotations).toEqual({
      ...others,
      [`${prefix}/actions.root`]:
        '{"Type":"forward","ForwardConfig":{"TargetGroups":[' +
        '{"ServiceName":"stable","ServicePort":"80","Weight":100}]}}',
    });
  });

  it('without the mark of whose it is, where nobody else has one', () => {
    const stage = stageOf();
    stage.reach({ weight: 60 });
    stage.giveBack();
    expect(Object.keys(stage.object('Ingress', 'web')!.metadata!.annotations!)).toEqual([
      `${prefix}/actions.root`,
    ]);
  });

  it('with the paths of the root, though a route of a step has its name', () => {
    const clashing = { managedRoutes: [{ name: 'root' }] };
    const stage = stageOf([web], { routing: clashing });
    stage.reach({ weight: 60 });
    stage.giveBack();
    expect(pathsOf(stage)).toEqual([pathTo('root')]);
  });

  it('and has no rules where it had none', () => {
    const { spec: _, ...bare } = ingress('web', [], { [managed]: '{"web":[]}' });
    const stage = stageOf([bare]);
    stage.giveBack();
    expect(stage.object('Ingress', 'web')?.spec).toBeUndefined();
  });

  it('only where the rollout has written it', () => {
    expect(stageOf([shared]).giveBack()).toEqual([]);
    expect(stageOf([]).giveBack()).toEqual([]);
  });
});
