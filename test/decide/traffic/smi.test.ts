import { describe, expect, it } from 'vitest';
import { smi } from '../../../lib/decide/traffic/routers/smi.ts';
import type { SMITrafficRouting } from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { objectsOf, recorded, seen } from './peer.ts';
import { manifest, owner, type RouterStage, routerStage } from './stage.ts';

const field = 'spec.strategy.canary.trafficRouting.smi';
function owned({ metadata, ...object }: KubernetesObject): KubernetesObject {
  return { ...object, metadata: { ...metadata, ownerReferences: [owner] } };
}

function stageOf(routing: SMITrafficRouting = {}, ...objects: KubernetesObject[]): RouterStage {
  return routerStage(smi, { routing: { smi: routing }, objects });
}

function specOf(stage: RouterStage, name = 'web') {
  return stage.object('TrafficSplit', name)?.spec;
}

const backends = (canary: number | string, stable: number | string) => [
  { service: 'canary', weight: canary },
  { service: 'stable', weight: stable },
];

/** One of a version of the API. */
function split(version: string, spec: object): KubernetesObject {
  return owned({
    ...manifest('TrafficSplit', 'web', { spec }),
    apiVersion: `split.smi-spec.io/${version}`,
  });
}

describe('a TrafficSplit', () => {
  it('is left as Argo was recorded to leave it', () => {
    const { canary, observations } = recorded('router-smi');
    expect(observations).toHaveLength(5);
    for (const [index, { weights, objects }] of observations.entries()) {
      const before = observations[index - 1];
      const stage = stageOf(
        canary.trafficRouting!.smi,
        ...(before ? objectsOf(before).map(owned) : []),
      );
      const { weight } = weights!.canary!;
      stage.reach({ weight });
      expect(stage.canaryWeights()).toEqual([weight]);
      expect(seen(stage.objects())).toEqual(objects);
    }
  });

  it('has the name of the rollout, whose it is, and its stable Service as the root', () => {
    const stage = stageOf();
    expect(stage.canaryWeights()).toEqual([0]);
    expect(stage.check()).toEqual([]);
    const [write] = stage.reach({ weight: 0 });
    expect(write).toMatchObject({ phase: 'route', do: 'create', kind: 'TrafficSplit' });
    expect(stage.object('TrafficSplit', 'web')?.metadata?.ownerReferences).toEqual([owner]);
    expect(specOf(stage)).toEqual({ service: 'stable', backends: backends('0', '100') });
  });

  it.each([
    ['v1alpha1', ['25', '75']],
    ['v1alpha2', [25, 75]],
    ['v1alpha3', [25, 75]],
  ] as const)('is made as the cluster serves it: %s', (version, [canary, stable]) => {
    const stage = stageOf();
    stage.serve('TrafficSplit', { apiVersion: `split.smi-spec.io/${version}` });
    stage.reach({ weight: 25 });
    expect(specOf(stage)).toEqual({ service: 'stable', backends: backends(canary, stable) });
  });

  it.each(['v1alpha2', 'v1alpha3'])('has numbers for weights in version %s', (version) => {
    const matches = [{ kind: 'HTTPRouteGroup', name: 'web' }];
    const spec = { service: 'stable', matches, backends: backends(0, 100) };
    const stage = stageOf({}, split(version, spec));
    stage.reach({ weight: 35 });
    expect(specOf(stage)).toEqual({ ...spec, backends: backends(35, 65) });
  });

  it('is left as it is where its weights mean the same', () => {
    const spec = { service: 'stable', backends: backends('35', '65e0') };
    expect(stageOf({}, split('v1alpha1', spec)).reach({ weight: 35 })).toEqual([]);
  });

  it('has the versions of an experiment as long as they are there', () => {
    const stage = stageOf();
    stage.reach({ weight: 20, additional: [{ service: 'try', weight: 10, hash: 'x' }] });
    const [canary, stable] = backends('20', '70');
    expect(specOf(stage)).toMatchObject({
      backends: [canary, { service: 'try', weight: '10' }, stable],
    });
    expect(stage.canaryWeights()).toEqual([20]);
    stage.reach({ weight: 20 });
    expect(specOf(stage)).toMatchObject({ backends: backends('20', '80') });
  });

  it('is put right where it was edited, and tells the part of the canary until then', () => {
    const edited = {
      service: 'other',
      backends: [...backends('300m', '700m'), { service: 'more' }],
    };
    const stage = stageOf({ rootService: 'root' }, split('v1alpha1', edited));
    expect(stage.canaryWeights()).toEqual([30]);
    stage.reach({ weight: 20 });
    expect(specOf(stage)).toEqual({ service: 'root', backends: backends('20', '80') });
    const odd = split('v1alpha1', { backends: backends('all', 'none') });
    expect(stageOf({}, odd).canaryWeights()).toEqual([0]);
  });

  it('is taken away when it is not used any more', () => {
    const stage = stageOf({ trafficSplitName: 'split' });
    stage.reach({ weight: 20 });
    expect(stage.giveBack()).toMatchObject([{ phase: 'route', do: 'delete' }]);
    expect(stage.objects()).toEqual([]);
  });
});

describe('what is wrong with a TrafficSplit is said, and how to mend it', () => {
  it("when it is another's, which stays as it is", () => {
    const theirs = manifest('TrafficSplit', 'web', { spec: { backends: backends(0, 1) } });
    const stage = stageOf({}, theirs);
    expect(stage.check()).toEqual([
      {
        path: field,
        message:
          "needs a TrafficSplit named web, and there is one that is not this rollout's; " +
          'delete or rename it',
      },
    ]);
    expect(stage.reach({ weight: 20 })).toEqual([]);
    expect(stage.giveBack()).toEqual([]);
    const named = stageOf({ trafficSplitName: 'web' }, theirs);
    expect(named.check().map(({ path }) => path)).toEqual([`${field}.trafficSplitName`]);
  });

  it('when it cannot be read', () => {
    const stage = stageOf();
    stage.fail('TrafficSplit', 'web', 'forbidden');
    expect(stage.check()).toEqual([
      { path: field, message: 'needs the TrafficSplit web, which cannot be read: forbidden' },
    ]);
    expect(stage.canaryWeights()).toEqual([]);
    expect(stage.reach({ weight: 20 })).toEqual([]);
  });
});
