import { describe, expect, it } from 'vitest';
import { gatewayApi } from '../../../lib/decide/traffic/routers/gatewayApi/gatewayApi.ts';
import type { CanaryStrategy, RolloutStatus } from '../../../lib/model/argo.generated.ts';
import { at, backend, header, httpRoute, rulesOf, split, stageOf, web } from './gatewayStage.ts';
import { manifest, type RouterStage } from './stage.ts';

const field = 'spec.strategy.canary.trafficRouting.plugins[argoproj-labs/gatewayAPI]';
const inProgress = { 'rollouts.argoproj.io/gatewayapi-canary': 'in-progress' };

function labelsOf(stage: RouterStage, name = 'web') {
  return stage.object('HTTPRoute', name)?.metadata?.labels ?? {};
}

describe('a route of the Gateway API', () => {
  it('has the weights in each rule with both Services, and keeps everything else', () => {
    const timeouts = { request: '10s' };
    const filters = [{ type: 'ResponseHeaderModifier' }];
    const onlyStable = { matches: [at('/docs')], backendRefs: [backend('stable')] };
    const onlyCanary = { matches: [at('/next')], backendRefs: [backend('canary')] };
    const rules = [
      { ...split('/', 0, 100), timeouts, filters },
      onlyStable,
      onlyCanary,
      { matches: [at('/other')], backendRefs: [backend('other', 7)] },
      split('/api', 0, 100),
    ];
    const stage = stageOf({ objects: [httpRoute('web', ...rules)] });
    const writes = stage.reach({ weight: 100 });
    const [first, ...others] = rules;
    expect(rulesOf(stage)).toEqual([
      { ...first, ...split('/', 100, 0) },
      ...others.slice(0, 3),
      split('/api', 100, 0),
    ]);
    expect(stage.object('HTTPRoute', 'web')?.spec).toMatchObject({
      parentRefs: [{ name: 'gate' }],
    });
    expect(writes).toMatchObject([
      { phase: 'route', do: 'patch', ref: { kind: 'HTTPRoute', name: 'web', namespace: 'app' } },
    ]);
    expect(Object.keys((writes[0] as { patch: object }).patch)).toEqual(['metadata', 'spec']);
  });

  it('keeps backends that are no Services of the rollout, with their weights', () => {
    const extra = [backend('extra-1', 1), { ...backend('canary', 9), namespace: 'other' }];
    const rule = { backendRefs: [...split('/', 0, 100).backendRefs, ...extra] };
    const stage = stageOf({ objects: [httpRoute('web', rule)] });
    stage.reach({ weight: 20 });
    expect(rulesOf(stage)).toEqual([
      { backendRefs: [backend('stable', 80), backend('canary', 20), ...extra] },
    ]);
  });

  it('is left alone where its weights are right already, absent ones being 1', () => {
    const backendRefs = [
      { name: 'stable', port: 80 },
      { name: 'canary', port: 80, weight: 0 },
    ];
    const stage = stageOf({ objects: [httpRoute('web', { backendRefs })] });
    expect(stage.reach({ weight: 0, total: 1 })).toEqual([]);
    expect(stage.canaryWeights()).toEqual([0]);
  });

  it('tells the part of the canary, rule by rule', () => {
    const noWeights = { backendRefs: [{ name: 'stable' }, { name: 'canary' }] };
    const none = { backendRefs: [backend('stable', 0), backend('canary', 0)] };
    const rules = [split('/a', 20, 80), noWeights, split('/b', 10, 10), split('/c', 50, 100), none];
    const alone = { matches: [at('/next')], backendRefs: [backend('canary')] };
    const stage = stageOf({ objects: [httpRoute('web', ...rules, alone)] });
    expect(stage.canaryWeights()).toEqual([20, 50, 50, 50, 0]);
    expect(stageOf({ objects: [] }).canaryWeights()).toEqual([]);
    const odd = { ...web, spec: { rules: 'none' } };
    expect(stageOf({ objects: [odd] }).canaryWeights()).toEqual([]);
  });

  it('has weights that are parts of another total than 100', () => {
    const stage = stageOf();
    stage.reach({ weight: 5, total: 1000 });
    expect(rulesOf(stage)).toEqual([split('/', 5, 995)]);
  });

  it('may be of each kind', () => {
    const rule = { backendRefs: [backend('stable'), backend('canary')] };
    for (const [name, kind] of [
      ['grpcRoute', 'GRPCRoute'],
      ['tcpRoute', 'TCPRoute'],
      ['tlsRoute', 'TLSRoute'],
    ] as const) {
      const objects = [manifest(kind, 'web', { spec: { rules: [rule] } })];
      const stage = stageOf({ config: { [name]: 'web' }, objects, managed: ['try'] });
      stage.reach({ weight: 30 });
      expect(stage.object(kind, 'web')).toMatchObject({
        metadata: { labels: inProgress },
        spec: { rules: [{ backendRefs: [backend('stable', 70), backend('canary', 30)] }] },
      });
      stage.giveBack();
      expect(stage.object(kind, 'web')).toMatchObject({
        metadata: { labels: {} },
        spec: { rules: [{ backendRefs: [backend('stable', 100), backend('canary', 0)] }] },
      });
    }
  });
});

describe('the routes that a spec names', () => {
  const labelled = (name: string, labels: Record<string, string>, namespace = 'app') => {
    const { metadata, ...route } = httpRoute(name, split('/', 0, 100));
    return { ...route, metadata: { ...metadata, labels, namespace } };
  };
  const weightsOf = (stage: RouterStage) =>
    stage.objects().map(({ metadata, spec }) => {
      const { rules } = spec as { rules: ReturnType<typeof split>[] };
      return [metadata?.name, rules[0]?.backendRefs[1]?.weight];
    });

  it('are in both forms, and each is written once', () => {
    const config = { httpRoute: 'web', httpRoutes: [{ name: 'api' }, { name: 'web' }] };
    const stage = stageOf({ config, objects: [web, httpRoute('api', split('/', 0, 100))] });
    expect(stage.reach({ weight: 10 })).toHaveLength(2);
    expect(weightsOf(stage)).toEqual([
      ['web', 10],
      ['api', 10],
    ]);
  });

  it('may be found by their labels', () => {
    const httpRouteSelector = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }],
    };
    const objects = [
      labelled('one', { app: 'web', tier: 'a' }),
      labelled('two', { app: 'web', tier: 'b' }),
      labelled('three', { app: 'web', tier: 'c' }),
      labelled('four', { app: 'web', tier: 'a' }, 'elsewhere'),
      labelled('five', {}),
    ];
    const stage = stageOf({ config: { httpRouteSelector, httpRoute: 'five' }, objects });
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 10 });
    expect(weightsOf(stage)).toEqual([
      ['one', 10],
      ['two', 10],
      ['three', 0],
      ['four', 0],
      ['five', 10],
    ]);
  });

  it('may be in another namespace, whose backends name that of the Rollout', () => {
    const { backendRefs } = split('/', 0, 100);
    const rules = [{ backendRefs: backendRefs.map((ref) => ({ ...ref, namespace: 'app' })) }];
    const objects = [{ ...labelled('web', {}, 'gates'), spec: { rules } }, labelled('web', {})];
    const stage = stageOf({ config: { httpRoute: 'web', namespace: 'gates' }, objects });
    stage.reach({ weight: 10 });
    expect(weightsOf(stage)).toEqual([
      ['web', 10],
      ['web', 0],
    ]);
  });
});

describe('the label that a release is in progress', () => {
  it('is there while requests go elsewhere than to the stable Service', () => {
    const stage = stageOf({ managed: ['try'] });
    stage.reach({ weight: 0 });
    expect(labelsOf(stage)).toEqual({});
    stage.reach({ weight: 1 });
    expect(labelsOf(stage)).toEqual(inProgress);
    stage.reach({ weight: 0, routes: [header('try', 'X-Try')] });
    expect(labelsOf(stage)).toEqual(inProgress);
    stage.reach({ weight: 0, additional: [{ service: 'try', weight: 1, hash: 'x' }] });
    expect(labelsOf(stage)).toEqual(inProgress);
    stage.reach({ weight: 0 });
    expect(labelsOf(stage)).toEqual({});
  });

  it('is as the spec has it, and those of others stay', () => {
    const { metadata } = web;
    const objects = [{ ...web, metadata: { ...metadata, labels: { team: 'blue' } } }];
    const config = { httpRoute: 'web', inProgressLabelKey: 'busy', inProgressLabelValue: 'yes' };
    const stage = stageOf({ config, objects });
    stage.reach({ weight: 1 });
    expect(labelsOf(stage)).toEqual({ team: 'blue', busy: 'yes' });
    stage.giveBack();
    expect(labelsOf(stage)).toEqual({ team: 'blue' });
  });

  it('can be left out', () => {
    const stage = stageOf({ config: { httpRoute: 'web', disableInProgressLabel: true } });
    stage.reach({ weight: 1 });
    expect(labelsOf(stage)).toEqual({});
  });
});

describe('the versions of an experiment', () => {
  const additional = [{ service: 'web-5d4f-2-1-try', weight: 10, hash: 'x' }];
  const ports = [{ containerPort: 9090 }, { name: 'http', containerPort: 8080 }];
  const template = { spec: { containers: [{ name: 'web', ports }] } };
  const tried = { name: 'web-5d4f-2-1-try', namespace: 'app', weight: 10 };

  it('are further backends, which are taken away when it is over', () => {
    const kept = backend('web-other', 3);
    const rule = { backendRefs: [...split('/', 0, 100).backendRefs, kept] };
    const stage = stageOf({ objects: [httpRoute('web', rule)], template });
    stage.reach({ weight: 20, additional });
    const [stable, canary] = [backend('stable', 70), backend('canary', 20)];
    expect(rulesOf(stage)).toEqual([
      { backendRefs: [stable, canary, kept, { ...tried, port: 8080 }] },
    ]);
    expect(stage.canaryWeights()).toEqual([20]);
    stage.reach({ weight: 20, additional: [{ ...additional[0]!, weight: 30 }] });
    expect(rulesOf(stage)).toMatchObject([{ backendRefs: [{}, {}, kept, { weight: 30 }] }]);
    stage.reach({ weight: 20 });
    expect(rulesOf(stage)).toEqual([{ backendRefs: [backend('stable', 80), canary, kept] }]);
  });

  it('have the port of the canary where the pods name none', () => {
    const stage = stageOf();
    stage.reach({ weight: 20, additional });
    expect(rulesOf(stage)).toMatchObject([{ backendRefs: [{}, {}, { ...tried, port: 80 }] }]);
  });

  it('are known by the name that a step gives them, or the status has told', () => {
    const templates = [{ name: 'a', specRef: 'canary', service: { name: 'given' } }];
    const told = { serviceName: 'told', weight: 5 };
    const stage = stageOf({
      objects: [
        httpRoute('web', {
          backendRefs: [...split('/', 0, 100).backendRefs, backend('given'), backend('told')],
        }),
      ],
      canary: { steps: [{ experiment: { templates } }] },
      status: { canary: { weights: { additional: [told] } } } as RolloutStatus,
    });
    stage.giveBack();
    expect(rulesOf(stage)).toEqual([{ backendRefs: split('/', 0, 100).backendRefs }]);
  });
});

describe('Gateway API routes are given back', () => {
  it('with all requests for the stable Service, and without what was added', () => {
    const stage = stageOf({ managed: ['try'] });
    const additional = [{ service: 'web-5d4f-2-1-try', weight: 10, hash: 'x' }];
    stage.reach({ weight: 40, additional, routes: [header('try', 'A')] });
    stage.giveBack();
    expect(rulesOf(stage)).toEqual([split('/', 0, 100)]);
    expect(labelsOf(stage)).toEqual({});
  });

  it('as far as they are there', () => {
    expect(stageOf({ objects: [] }).giveBack()).toEqual([]);
    expect(stageOf({ objects: [manifest('HTTPRoute', 'web', {})] }).giveBack()).toEqual([]);
  });
});

describe('what is wrong with a Gateway API route is said, and how to mend it', () => {
  const faultOf = (stage: RouterStage) => {
    const [fault, ...others] = stage.check();
    expect(others).toEqual([]);
    return [fault?.path.replace(field, ''), fault?.message];
  };

  it('when it is missing', () => {
    const config = { httpRoutes: [{ name: 'web' }, { name: 'api' }] };
    const missing = 'which does not exist; create it, or name another';
    expect(faultOf(stageOf({ config }))).toEqual([
      '.httpRoutes[1].name',
      `names the HTTPRoute api, ${missing}`,
    ]);
    expect(faultOf(stageOf({ config: { tcpRoute: 'db' } }))).toEqual([
      '.tcpRoute',
      `names the TCPRoute db, ${missing}`,
    ]);
  });

  it('when it is in a namespace that Serin may not read', () => {
    const stage = stageOf({ config: { httpRoute: 'web', namespace: 'gates' } });
    stage.fail('HTTPRoute', 'web', 'forbidden in gates', 'add the rule', 'gates');
    expect(faultOf(stage)).toEqual([
      '.httpRoute',
      'names the HTTPRoute web, which cannot be read: forbidden in gates; add the rule',
    ]);
    expect(stage.reach({ weight: 20 })).toEqual([]);
  });

  it('when no rule leads to both Services', () => {
    const rules = [{ backendRefs: [backend('stable')] }, { backendRefs: [backend('canary')] }];
    for (const objects of [
      [httpRoute('web', ...rules)],
      [httpRoute('web', { backendRefs: [backend('other')] })],
      [manifest('HTTPRoute', 'web', {})],
    ]) {
      expect(faultOf(stageOf({ objects }))).toEqual([
        '.httpRoute',
        'names the HTTPRoute web, of which no rule leads to both stable and canary; ' +
          'give one of its rules the two Services as backendRefs',
      ]);
    }
  });

  it('when labels choose none, or those cannot be listed', () => {
    const config = { grpcRouteSelector: { matchLabels: { app: 'web' } } };
    const path = '.grpcRouteSelector';
    const stage = stageOf({ config });
    expect(stageOf({ config: { ...config, httpRoute: 'web' } }).check()).toEqual([]);
    expect(faultOf(stage)).toEqual([
      path,
      'chooses no GRPCRoute; give one these labels, or name it',
    ]);
    stage.failList('GRPCRoute', { failed: 'forbidden', passing: false });
    expect(faultOf(stage)).toEqual([path, 'chooses GRPCRoutes, which cannot be read: forbidden']);
    stage.failList('GRPCRoute', { missing: true });
    const unserved = /^chooses GRPCRoutes, whose kind this cluster does not serve \(grpcroutes\./;
    expect(faultOf(stage)).toEqual([path, expect.stringMatching(unserved)]);
  });
});

describe('the Gateway API part of a spec', () => {
  const faultsOf = (config: unknown, steps: CanaryStrategy['steps'] = []) => {
    const plugins = { 'argoproj-labs/gatewayAPI': config };
    const canary = { steps, trafficRouting: { plugins } };
    return gatewayApi
      .validate({ spec: { strategy: { canary } } })
      .map(({ path, message }) => [path.replace(field, ''), message]);
  };

  it('is known by the name of the plugin', () => {
    const isUsed = (plugins?: Record<string, unknown>) =>
      gatewayApi.isUsed(plugins ? { plugins } : {});
    expect(isUsed({ 'argoproj-labs/gatewayAPI': { httpRoute: 'web' } })).toBe(true);
    expect(isUsed({ 'argoproj-labs/contour': {} })).toBe(false);
    expect(isUsed({ 'argoproj-labs/gatewayAPI': null })).toBe(false);
    expect(isUsed()).toBe(false);
  });

  it('names a route at least', () => {
    for (const config of [{}, { httpRoute: '', namespace: 'gates' }, { httpRoutes: [] }]) {
      expect(faultsOf(config)).toEqual([
        ['', expect.stringContaining('must name a route by one of httpRoute, httpRoutes, http')],
      ]);
    }
    expect(faultsOf({ tlsRoutes: [{ name: 'web' }], httpRoute: null })).toEqual([]);
    expect(faultsOf({ tcpRouteSelector: {} })).toEqual([]);
  });

  it('has values of the right types', () => {
    expect(faultsOf('web')).toEqual([['', 'must be an object, such as {httpRoute: NAME}']]);
    expect(
      faultsOf({
        httpRoute: 1,
        grpcRoutes: 'web',
        tcpRoutes: ['web', {}, { name: 'db', useHeaderRoutes: 'yes' }],
        disableInProgressLabel: 'true',
        namespace: ['gates'],
      }).map(([path]) => path),
    ).toEqual([
      '.namespace',
      '.disableInProgressLabel',
      '.httpRoute',
      '.grpcRoutes',
      '.tcpRoutes[0]',
      '.tcpRoutes[1].name',
      '.tcpRoutes[2].useHeaderRoutes',
    ]);
  });

  it('has selectors and labels that Kubernetes takes', () => {
    const matchExpressions = [
      { key: 'a', operator: 'In' },
      { key: 'b', operator: 'Is', values: ['c'] },
    ];
    expect(
      faultsOf({
        httpRouteSelector: { matchExpressions },
        tlsRouteSelector: { matchLabels: 'web' },
        inProgressLabelKey: 'is/in/progress',
        inProgressLabelValue: 'in progress',
      }).map(([path]) => path),
    ).toEqual([
      '.httpRouteSelector.matchExpressions[0].values',
      '.httpRouteSelector.matchExpressions[1].operator',
      '.tlsRouteSelector.matchLabels',
      '.inProgressLabelKey',
      '.inProgressLabelValue',
    ]);
  });

  it('mirrors by whole methods', () => {
    const setMirrorRoute = { name: 'copy', match: [{ method: { prefix: 'G' } }] };
    const sound = { name: 'copy', match: [{ method: { exact: 'GET' } }, {}] };
    expect(faultsOf({ httpRoute: 'web' }, [{ setMirrorRoute: sound }])).toEqual([]);
    expect(faultsOf({ httpRoute: 'web' }, [{ setMirrorRoute }])).toEqual([
      [
        'spec.strategy.canary.steps[0].setMirrorRoute.match[0].method',
        'must be exact: a route has no part of a method',
      ],
    ]);
  });
});
