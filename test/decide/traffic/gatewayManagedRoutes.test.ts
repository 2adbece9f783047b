import { describe, expect, it } from 'vitest';
import type { ManagedRoute } from '../../../lib/decide/traffic/router.ts';
import { at, backend, header, httpRoute, rulesOf, split, stageOf, web } from './gatewayStage.ts';
import { manifest, type RouterStage } from './stage.ts';

// The rules that steps add to routes of the Gateway API.

const inProgress = { 'rollouts.argoproj.io/gatewayapi-canary': 'in-progress' };

const exactly = (name: string, value = 'yes') => ({ type: 'Exact', name, value });
const ofHeader = (name: string, path: string, ...headers: object[]) => ({
  name,
  matches: [{ ...at(path), headers }],
  backendRefs: [backend('canary')],
});

describe('a header route', () => {
  it('is a rule for each with both Services, which takes the requests with the header', () => {
    const env = exactly('x-env', 'prod');
    const sources = [
      { ...split('/', 0, 100), timeouts: { request: '5s' }, name: 'own' },
      { ...split('/api', 0, 100), matches: [{ ...at('/api'), headers: [env] }, at('/v1')] },
    ];
    const alone = { backendRefs: [backend('stable')] };
    const objects = [httpRoute('web', ...sources, alone)];
    const stage = stageOf({ objects, managed: ['try'] });
    stage.reach({ weight: 0, routes: [header('try', 'X-Try')] });
    const headers = [exactly('X-Try')];
    expect(rulesOf(stage)).toEqual([
      ...sources,
      alone,
      { ...ofHeader('try', '/', ...headers), timeouts: { request: '5s' } },
      {
        ...ofHeader('try-1', '/api'),
        matches: [
          { ...at('/api'), headers: [env, ...headers] },
          { ...at('/v1'), headers },
        ],
      },
    ]);
    expect(stage.check()).toEqual([]);
    expect(stage.canaryWeights()).toEqual([0, 0]);
    expect(stage.carries()).toMatchObject([{ routes: [{ name: 'try', sends: 'header' }] }]);
    stage.reach({ weight: 0 });
    expect(rulesOf(stage)).toEqual([...sources, alone]);
  });

  it('stays as it is while weights change, and stands in the order of the goal', () => {
    const stage = stageOf({ managed: ['first', 'second'] });
    const [first, second] = [header('first', 'A'), header('second', 'B')];
    stage.reach({ weight: 30, routes: [second] });
    stage.reach({ weight: 60, routes: [first, second] });
    stage.reach({ weight: 90, routes: [first, second] });
    expect(rulesOf(stage)).toEqual([
      split('/', 90, 10),
      ofHeader('first', '/', exactly('A')),
      ofHeader('second', '/', exactly('B')),
    ]);
    stage.reach({ weight: 90, routes: [first] });
    expect(rulesOf(stage)).toHaveLength(2);
  });

  it('asks for all headers, and for no name twice', () => {
    const source = {
      ...split('/', 0, 100),
      matches: [{ ...at('/'), headers: [exactly('X-TRY', 'no')] }],
    };
    const stage = stageOf({ objects: [httpRoute('web', source)], managed: ['try'] });
    const match = [
      { headerName: 'x-try', headerValue: { prefix: 'a.b' } },
      { headerName: 'agent', headerValue: { regex: 'Mo.*' } },
    ];
    stage.reach({ routes: [{ name: 'try', header: { name: 'try', match } }] });
    expect(rulesOf(stage)[1]).toMatchObject({
      matches: [
        {
          headers: [
            { type: 'RegularExpression', name: 'x-try', value: '^a\\.b.*' },
            { type: 'RegularExpression', name: 'agent', value: 'Mo.*' },
          ],
        },
      ],
    });
  });

  it('is not made of a header without a value', () => {
    const stage = stageOf({ managed: ['try'] });
    const match = [{ headerName: 'x-try', headerValue: {} }];
    stage.reach({ routes: [{ name: 'try', header: { name: 'try', match } }] });
    expect(rulesOf(stage)).toHaveLength(1);
  });

  it('is put into the routes that are named for it', () => {
    const config = {
      httpRoutes: [{ name: 'web' }, { name: 'api', useHeaderRoutes: true }],
      httpRouteSelector: { matchLabels: {} },
    };
    const objects = [web, httpRoute('api', split('/', 1, 1))];
    const stage = stageOf({ config, objects, managed: ['try'] });
    stage.reach({ routes: [header('try', 'X-Try')] });
    expect([rulesOf(stage).length, rulesOf(stage, 'api').length]).toEqual([1, 2]);
  });

  it('is put into a GRPCRoute too', () => {
    const method = { type: 'Exact', service: 'shop.Cart' };
    const rule = { ...split('/', 0, 100), matches: [{ method }] };
    const objects = [manifest('GRPCRoute', 'web', { spec: { rules: [rule] } })];
    const stage = stageOf({ config: { grpcRoute: 'web' }, objects, managed: ['try'] });
    stage.reach({ routes: [header('try', 'X-Try')] });
    const matches = [{ method, headers: [exactly('X-Try')] }];
    expect(stage.object('GRPCRoute', 'web')?.spec).toEqual({
      rules: [rule, { name: 'try', matches, backendRefs: [backend('canary')] }],
    });
  });

  describe('where the API server drops the names of rules', () => {
    const steps = [
      {
        setHeaderRoute: {
          name: 'try',
          match: [{ headerName: 'A', headerValue: { exact: 'yes' } }],
        },
      },
    ];
    const { name: _, ...unnamed } = ofHeader('try', '/', exactly('A'));
    const preview = {
      matches: [{ ...at('/'), headers: [exactly('Preview')] }],
      backendRefs: [backend('canary')],
    };
    const objects = [httpRoute('web', split('/', 10, 90), preview, unnamed)];

    it('is known by what it matches, and not written again', () => {
      const stage = stageOf({ objects, canary: { steps }, managed: ['try'] });
      stage.reach({ weight: 20, routes: [header('try', 'A')] });
      expect(rulesOf(stage)).toEqual([split('/', 20, 80), preview, unnamed]);
    });

    it('is taken away, and rules of others stay', () => {
      const theirs = { ...unnamed, backendRefs: [backend('other')] };
      const both = { ...unnamed, backendRefs: [backend('canary'), backend('other')] };
      const [api, ofApi] = [split('/api', 0, 100), ofHeader('', '/api', exactly('A'))];
      const rules = [split('/', 10, 90), api, preview, theirs, both, unnamed, ofApi];
      const stage = stageOf({
        objects: [httpRoute('web', ...rules)],
        canary: { steps },
        managed: ['try'],
      });
      stage.reach({ weight: 0 });
      expect(rulesOf(stage)).toEqual([split('/', 0, 100), api, preview, theirs, both]);
    });
  });
});

describe('a mirror route', () => {
  const mirror = (match: object, percentage?: number): ManagedRoute => ({
    name: 'copy',
    mirror: { name: 'copy', match: [match], ...(percentage !== undefined && { percentage }) },
  });
  const filterOf = (percent?: number) => ({
    type: 'RequestMirror',
    requestMirror: {
      backendRef: { group: '', kind: 'Service', name: 'canary', port: 80 },
      ...(percent !== undefined && { percent }),
    },
  });
  const mirrored = (stage: RouterStage) => {
    const [first, ...others] = rulesOf(stage) as { matches?: object[]; filters?: object[] }[];
    return first?.filters ? { ...first, others: others.length } : undefined;
  };

  it('is a rule before all others, with the weights of the one that it is made of', () => {
    const filters = [{ type: 'RequestHeaderModifier' }];
    const objects = [httpRoute('web', { ...split('/', 0, 100), filters })];
    const stage = stageOf({ objects, managed: ['copy'] });
    const route = mirror({ path: { prefix: '/' }, method: { exact: 'GET' } }, 25);
    for (const weight of [0, 20]) {
      stage.reach({ weight, routes: [route] });
      const rule = split('/', weight, 100 - weight);
      expect(rulesOf(stage)).toEqual([
        {
          ...rule,
          name: 'copy',
          matches: [{ ...at('/'), method: 'GET' }],
          filters: [...filters, filterOf(25)],
        },
        { ...rule, filters },
      ]);
      expect(stage.canaryWeights()).toEqual([weight]);
      expect(stage.carries()).toMatchObject([{ routes: [{ name: 'copy', sends: 'mirror' }] }]);
    }
    stage.reach({ weight: 20 });
    expect(rulesOf(stage)).toEqual([{ ...split('/', 20, 80), filters }]);
  });

  it('leads where the rule leads, in its namespace', () => {
    const { matches } = split('/', 0, 100);
    const backendRefs = [backend('stable', 100), { ...backend('canary', 0), namespace: 'app' }];
    const objects = [httpRoute('web', { matches, backendRefs })];
    const stage = stageOf({ objects, managed: ['copy'] });
    stage.reach({ routes: [mirror({ path: { prefix: '/' } })] });
    const { type, requestMirror } = filterOf();
    const backendRef = { ...requestMirror.backendRef, namespace: 'app' };
    expect(rulesOf(stage)[0]).toMatchObject({ filters: [{ type, requestMirror: { backendRef } }] });
  });

  it('has no percentage where all requests are copied, and the order of managedRoutes', () => {
    const stage = stageOf({ managed: ['try', 'copy'] });
    stage.reach({ routes: [header('try', 'A'), mirror({ path: { prefix: '/' } }, 100)] });
    expect(rulesOf(stage)).toEqual([
      ofHeader('try', '/', exactly('A')),
      { ...split('/', 0, 100), name: 'copy', filters: [filterOf()] },
      split('/', 0, 100),
    ]);
  });

  it.each([
    ['a narrower prefix', at('/v1'), { path: { prefix: '/v1/cart' } }, at('/v1/cart')],
    ['a wider prefix', at('/v1/cart'), { path: { prefix: '/v1' } }, at('/v1/cart')],
    ['a path of a prefix', at('/v1'), { path: { exact: '/v1/a' } }, at('/v1/a', 'Exact')],
    ['an expression', at('/'), { path: { regex: '/a.*' } }, at('/a.*', 'RegularExpression')],
    ['another prefix', at('/v1'), { path: { prefix: '/v10' } }, undefined],
    ['an expression below a prefix', at('/v1'), { path: { regex: '/a.*' } }, undefined],
    ['another method', { method: 'GET' }, { method: { exact: 'POST' } }, undefined],
    [
      'a header',
      at('/'),
      { headers: { a: { exact: 'yes' } } },
      { ...at('/'), headers: [exactly('a')] },
    ],
    [
      'a header besides others',
      { headers: [exactly('b', 'no'), exactly('c')] },
      { headers: { a: { exact: 'yes' } } },
      { headers: [exactly('b', 'no'), exactly('c'), exactly('a')] },
    ],
    [
      'a header that both have',
      { headers: [exactly('b', 'no'), exactly('a')] },
      { headers: { a: { exact: 'yes' } } },
      { headers: [exactly('b', 'no'), exactly('a')] },
    ],
    [
      'a header with another value',
      { headers: [exactly('A', 'no')] },
      { headers: { a: { exact: 'yes' } } },
      undefined,
    ],
  ])('takes what both it and the rule ask for: %s', (_name, given, asked, match) => {
    const rule = { ...split('/', 0, 100), matches: [given] };
    const stage = stageOf({ objects: [httpRoute('web', rule)], managed: ['copy'] });
    stage.reach({ routes: [mirror(asked)] });
    expect(mirrored(stage)).toEqual(
      match && { ...rule, name: 'copy', matches: [match], filters: [filterOf()], others: 1 },
    );
  });

  it('of a GRPCRoute is chosen by headers alone', () => {
    const objects = [manifest('GRPCRoute', 'web', { spec: { rules: [split('/', 0, 100)] } })];
    const stage = stageOf({ config: { grpcRoute: 'web' }, objects, managed: ['copy'] });
    const lengthWith = (match: object) => {
      stage.reach({ routes: [mirror(match)] });
      return rulesOf(stage, 'web', 'GRPCRoute').length;
    };
    expect(lengthWith({ headers: { a: { exact: 'yes' } } })).toBe(2);
    expect(lengthWith({ path: { prefix: '/' } })).toBe(1);
  });

  it('without a name is known by its filter, and others that mirror stay', () => {
    const match = { path: { prefix: '/' } };
    const canary = { steps: [{ setMirrorRoute: { name: 'copy', match: [match] } }] };
    const rule = split('/', 0, 100);
    const objects = [httpRoute('web', { ...rule, filters: [filterOf()] }, rule)];
    const stage = stageOf({ objects, canary, managed: ['copy'] });
    expect(stage.reach({ routes: [mirror(match)] })).toMatchObject([
      { patch: { metadata: { labels: inProgress } } },
    ]);
    stage.reach({});
    expect(rulesOf(stage)).toEqual([rule]);

    const theirs = { ...rule, filters: [filterOf()] };
    for (const rules of [[theirs], [rule, rule]]) {
      const other = stageOf({ objects: [httpRoute('web', ...rules)], canary, managed: ['copy'] });
      other.reach({});
      expect(rulesOf(other)).toEqual(rules);
    }
  });
});
