import { describe, expect, it } from 'vitest';
import { backend, header, httpRoute, split, stageOf } from './gatewayStage.ts';
import type { RouterStage } from './stage.ts';

// The Rollout `web` is in the namespace `app`. A route of another one is its as far as the route says so.

const field = 'spec.strategy.canary.trafficRouting.plugins[argoproj-labs/gatewayAPI]';
const inApp = (name: string, weight = 1) => ({ ...backend(name, weight), namespace: 'app' });
const splitInApp = (path: string, canary: number, stable: number) => ({
  ...split(path, canary, stable),
  backendRefs: [inApp('stable', stable), inApp('canary', canary)],
});

type Given = Omit<NonNullable<Parameters<typeof stageOf>[0]>, 'objects'> & {
  labels?: Record<string, string>;
};

function stageInShop(rules: object[], { config = {}, labels = {}, ...given }: Given = {}) {
  const route = httpRoute('front', ...rules);
  const object = { ...route, metadata: { name: 'front', namespace: 'shop', labels } };
  const named = { namespace: 'shop', httpRoute: 'front', ...(config as object) };
  return stageOf({ ...given, config: named, objects: [object] });
}

const objectOf = (stage: RouterStage) => stage.objects()[0]!;
const rulesOf = (stage: RouterStage) => (objectOf(stage).spec as { rules: object[] }).rules;
const labelsOf = (stage: RouterStage) => objectOf(stage).metadata?.labels;

const additional = [{ service: 'web-5d4f-2-1-try', weight: 90, hash: 'x' }];

describe('a route of another namespace', () => {
  it("whose backends have no namespace leads to that one's Services, and is left alone", () => {
    const busy = { busy: 'yes' };
    const named = { ...split('/old', 0, 100), name: 'try' };
    const stage = stageInShop([split('/', 0, 100), named], {
      config: { inProgressLabelKey: 'busy' },
      labels: busy,
      managed: ['try'],
    });
    expect(stage.check()).toEqual([
      {
        path: `${field}.httpRoute`,
        message:
          'names the HTTPRoute front of the namespace shop, of which no rule leads to both stable and ' +
          'canary of the namespace app; give one of its rules the two Services as backendRefs ' +
          'with that namespace',
      },
    ]);
    expect(stage.canaryWeights()).toEqual([]);
    expect(stage.reach({ weight: 10, additional, routes: [header('try', 'A')] })).toEqual([]);
    expect(stage.giveBack()).toEqual([]);
    expect(labelsOf(stage)).toEqual(busy);
  });

  it('has weights where its backends name the namespace of the Rollout', () => {
    const theirs = [split('/other', 0, 100), { backendRefs: [backend('canary')] }];
    const stage = stageInShop([splitInApp('/', 0, 100), ...theirs]);
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 10, additional });
    const tried = { ...{ name: 'web-5d4f-2-1-try', namespace: 'app' }, port: 80, weight: 90 };
    const backendRefs = [inApp('stable', 0), inApp('canary', 10), tried];
    expect(rulesOf(stage)).toEqual([{ ...split('/', 0, 0), backendRefs }, ...theirs]);
    expect(stage.canaryWeights()).toEqual([10]);
    stage.giveBack();
    expect(rulesOf(stage)).toEqual([splitInApp('/', 0, 100), ...theirs]);
  });

  it('keeps Services of its own namespace that have the name of an experiment', () => {
    const namesake = backend('web-5d4f-2-1-try', 7);
    const rule = splitInApp('/', 0, 100);
    const stage = stageInShop([{ ...rule, backendRefs: [...rule.backendRefs, namesake] }]);
    stage.reach({ weight: 10, additional });
    expect(rulesOf(stage)).toMatchObject([
      { backendRefs: [{}, {}, namesake, { namespace: 'app', weight: 90 }] },
    ]);
    stage.giveBack();
    expect(rulesOf(stage)).toMatchObject([{ backendRefs: [{}, {}, namesake] }]);
  });

  it('keeps rules that have the name of a managed one and lead elsewhere', () => {
    const theirs = [
      { name: 'try', backendRefs: [backend('canary')] },
      { name: 'try-1', backendRefs: [inApp('canary'), backend('shop')] },
    ];
    const ours = { name: 'try', backendRefs: [inApp('canary')] };
    const stage = stageInShop([splitInApp('/', 0, 100), ...theirs, ours], { managed: ['try'] });
    stage.giveBack();
    expect(rulesOf(stage)).toEqual([splitInApp('/', 0, 100), ...theirs]);
    expect(stage.carries()).toMatchObject([{ routes: [] }]);
  });

  it('keeps a label of its own', () => {
    const labels = { team: 'blue' };
    const config = { inProgressLabelKey: 'team', inProgressLabelValue: 'red' };
    const stage = stageInShop([splitInApp('/', 0, 100)], { config, labels });
    stage.reach({ weight: 10 });
    expect(labelsOf(stage)).toEqual(labels);
    stage.giveBack();
    expect(labelsOf(stage)).toEqual(labels);
  });
});

describe('a route of the own namespace', () => {
  it('may name that at its backends', () => {
    const stage = stageOf({ objects: [httpRoute('web', splitInApp('/', 0, 100))] });
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 10 });
    expect(rulesOf(stage)).toEqual([splitInApp('/', 10, 90)]);
  });
});

describe('rules of steps in a route of another namespace', () => {
  const steps = [{ setHeaderRoute: { name: 'try', match: [] } }];
  const message =
    'names the HTTPRoute front of the namespace shop, of which not all rules lead to the namespace app ' +
    'alone; name one of which all do, or remove the steps that set routes, since those could take ' +
    'requests of the others';

  it('are a fault where other rules lead elsewhere, and are not made', () => {
    const theirs = { matches: [{ path: { type: 'PathPrefix', value: '/admin' } }] };
    const rules = [splitInApp('/', 0, 100), { ...theirs, backendRefs: [backend('shop')] }];
    const stage = stageInShop(rules, { canary: { steps }, managed: ['try'] });
    expect(stage.check()).toEqual([{ path: `${field}.httpRoute`, message }]);
    expect(stageInShop(rules).check()).toEqual([]);
    stage.reach({ weight: 0, routes: [header('try', 'A')] });
    expect(rulesOf(stage)).toEqual(rules);
  });

  it('are made where all rules lead to that of the Rollout', () => {
    const stage = stageInShop([splitInApp('/', 0, 100)], { canary: { steps }, managed: ['try'] });
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 0, routes: [header('try', 'A')] });
    expect(rulesOf(stage)).toHaveLength(2);
    stage.giveBack();
    expect(rulesOf(stage)).toEqual([splitInApp('/', 0, 100)]);
  });
});
