import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import {
  beta,
  field,
  hashLabel,
  httpOf,
  look,
  mark,
  stageOf,
  subsetsOf,
  to,
  web,
} from './istioStage.ts';
import { hashes, manifest } from './stage.ts';

describe('a DestinationRule', () => {
  const destinationRule = {
    name: 'web',
    canarySubsetName: 'new',
    stableSubsetName: 'old',
    additionalSubsetNames: ['fixed'],
  };
  const inSubset = (subset: string, weight: number) => to('web', weight, { subset });
  const foreign = { name: 'foreign', labels: { track: 'x' }, trafficPolicy: { tls: {} } };
  const fixed = { name: 'fixed', labels: { [hashLabel]: 'f1xed' } };
  const rule = (...subsets: object[]) =>
    manifest('DestinationRule', 'web', { spec: { host: 'web', exportTo: ['.'], subsets } });
  const old = { name: 'old', labels: { app: 'web' } };
  const set = (...objects: KubernetesObject[]) =>
    stageOf(objects, { istio: { virtualService: { name: 'web' }, destinationRule } });
  const routed = (canary = 0) =>
    web({ route: [inSubset('old', 100 - canary), inSubset('new', canary)] });

  it('leads to the versions by their hashes, and keeps subsets and fields of others', () => {
    const stage = set(routed(), rule(old, foreign, { name: 'new' }, fixed));
    expect(stage.hashes()).toEqual({});
    const writes = stage.reach({ weight: 20 });
    expect(writes).toHaveLength(2);
    const labelled = [
      { name: 'old', labels: { app: 'web', [hashLabel]: hashes.stable } },
      foreign,
      { name: 'new', labels: { [hashLabel]: hashes.canary } },
      fixed,
    ];
    expect(stage.object('DestinationRule', 'web')).toMatchObject({
      metadata: { annotations: { [mark]: 'web' } },
      spec: { host: 'web', exportTo: ['.'], subsets: labelled },
    });
    expect(stage.hashes()).toEqual(hashes);
    expect(stage.reach({ weight: 30 })).toHaveLength(1);
  });

  it('keeps each subset that is more than a hash, or none', () => {
    const mine = { name: 'mine', labels: { track: 'x', [hashLabel]: 'f1xed' } };
    const others = [mine, { name: 'all' }, { ...fixed, name: 'tuned', trafficPolicy: {} }];
    const stage = set(routed(), rule(old, { name: 'new' }, ...others));
    stage.reach({ weight: 0, additional: [{ service: 'aside', weight: 20, hash: '' }] });
    expect(subsetsOf(stage).slice(2)).toEqual(others);
  });

  it('has a subset for each version of an experiment, for as long as that lasts', () => {
    const stage = set(routed(10), rule(old, { name: 'new' }, foreign, fixed));
    stage.reach({ weight: 10, additional: [{ service: 'aside', weight: 20, hash: 'a51de' }] });
    expect(httpOf(stage)).toEqual([
      { route: [inSubset('old', 70), inSubset('new', 10), to('aside', 20)] },
    ]);
    expect(subsetsOf(stage).at(-1)).toEqual({ name: 'aside', labels: { [hashLabel]: 'a51de' } });
    stage.reach({ weight: 10 });
    expect(subsetsOf(stage)).toEqual([
      { name: 'old', labels: { app: 'web', [hashLabel]: hashes.stable } },
      { name: 'new', labels: { [hashLabel]: hashes.canary } },
      foreign,
      fixed,
    ]);
  });

  it('leaves the weights of additional subsets as they are, and takes them from the stable side', () => {
    const http = { route: [inSubset('old', 90), inSubset('new', 0), inSubset('fixed', 10)] };
    const stage = set(web(http), rule(old, { name: 'new' }, fixed));
    stage.reach({ weight: 30 });
    expect(httpOf(stage)).toEqual([
      { route: [inSubset('old', 60), inSubset('new', 30), inSubset('fixed', 10)] },
    ]);
    stage.reach({ weight: 95 });
    expect(httpOf(stage)).toEqual([
      { route: [inSubset('old', 0), inSubset('new', 95), inSubset('fixed', 10)] },
    ]);
  });

  it('tells the versions apart by subset also where a Service has the name of the host', () => {
    const stage = stageOf([routed(), rule(old, { name: 'new' })], {
      istio: { virtualService: { name: 'web' }, destinationRule },
      services: { canary: 'web', stable: 'web-stable' },
    });
    stage.reach({ weight: 20 });
    expect(httpOf(stage)).toEqual([{ route: [inSubset('old', 80), inSubset('new', 20)] }]);
  });

  it("needs no Services: what has no host is nobody's", () => {
    const route = [inSubset('old', 90), inSubset('new', 0), to('', 10)];
    const stage = stageOf([web({ route }), rule(old, { name: 'new' })], {
      istio: { virtualService: { name: 'web' }, destinationRule },
      services: { canary: '', stable: '' },
    });
    stage.reach({ weight: 20 });
    expect(httpOf(stage)).toEqual([{ route: [inSubset('old', 80), inSubset('new', 20)] }]);
  });

  it('gives header routes the subset of the canary', () => {
    const stage = stageOf([routed(), rule(old, { name: 'new' })], {
      istio: { virtualService: { name: 'web' }, destinationRule },
      routing: { managedRoutes: [{ name: 'beta' }, { name: 'look' }] },
    });
    stage.reach({ routes: [beta, look] });
    expect(httpOf(stage).slice(0, 2)).toMatchObject([
      { name: 'beta', route: [inSubset('new', 100)] },
      { name: 'look', mirror: { host: 'web', subset: 'new' } },
    ]);
  });

  it('is given back without mark and hashes, and so is the VirtualService', () => {
    const stage = set(routed(), rule(old, foreign, { name: 'new' }, fixed));
    stage.put({
      ...rule(old, foreign, { name: 'new' }, fixed),
      metadata: { name: 'web', annotations: { team: 'blue' } },
    });
    stage.reach({ weight: 60, additional: [{ service: 'aside', weight: 20, hash: 'a51de' }] });
    stage.giveBack();
    expect(httpOf(stage)).toEqual([{ route: [inSubset('old', 100), inSubset('new', 0)] }]);
    const { metadata } = stage.object('DestinationRule', 'web')!;
    expect(metadata?.annotations).toEqual({ team: 'blue' });
    expect(subsetsOf(stage)).toEqual([old, foreign, { name: 'new' }, fixed]);
  });

  it('and a VirtualService get nothing where there is nothing to give back', () => {
    const { metadata, ...bare } = manifest('DestinationRule', 'web', {});
    const marked = { ...metadata, annotations: { [mark]: 'web' } };
    const stage = set(manifest('VirtualService', 'web', {}), { ...bare, metadata: marked });
    expect(stage.giveBack()).toMatchObject([
      { patch: { metadata: { annotations: { [mark]: null } } } },
    ]);
    expect(stage.objects().map(({ spec }) => spec)).toEqual([undefined, undefined]);
  });

  it('of another rollout is neither written nor given back', () => {
    const others = rule({ name: 'old', labels: { [hashLabel]: 'x' } }, { name: 'new' });
    const stage = set(routed(), {
      ...others,
      metadata: { name: 'web', annotations: { [mark]: 'shop' } },
    });
    expect(stage.check()).toEqual([
      {
        path: `${field}.destinationRule.name`,
        message:
          'names the DestinationRule web, which belongs to the rollout shop; ' +
          `name another, or remove its annotation ${mark}`,
      },
    ]);
    expect(stage.giveBack()).toEqual([]);
  });

  it('has to exist and to have both subsets', () => {
    expect(set(routed()).check()).toEqual([
      {
        path: `${field}.destinationRule.name`,
        message: 'names the DestinationRule web, which does not exist; create it, or name another',
      },
    ]);
    expect(set(routed(), rule(old)).check()).toEqual([
      {
        path: `${field}.destinationRule.canarySubsetName`,
        message: 'names the subset new, which the DestinationRule web does not have; add it',
      },
    ]);
  });
});
