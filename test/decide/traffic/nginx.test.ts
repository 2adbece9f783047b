import { describe, expect, it } from 'vitest';
import { nginx } from '../../../lib/decide/traffic/routers/nginx.ts';
import { routersOf } from '../../../lib/decide/traffic/routers.ts';
import type { NginxTrafficRouting } from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { objectsOf, recorded, seen } from './peer.ts';
import { manifest, type RouterStage, routerStage } from './stage.ts';

const prefix = 'nginx.ingress.kubernetes.io';
const field = 'spec.strategy.canary.trafficRouting.nginx';
const owner = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  name: 'web',
  uid: 'uid-of-web',
  controller: true,
  blockOwnerDeletion: true,
};

const service = (name: string) => ({ service: { name, port: { number: 80 } } });
const pathTo = (name: string, path = '/') => ({ path, pathType: 'Prefix', backend: service(name) });
const rule = (host: string, ...paths: object[]) => ({ host, http: { paths } });

function ingress(name: string, ...rules: object[]): KubernetesObject {
  return manifest('Ingress', name, { spec: { ingressClassName: 'nginx', rules } });
}

const web = ingress('web', rule('web.example', pathTo('stable')));

function stageOf(
  routing: NginxTrafficRouting = { stableIngress: 'web' },
  objects: KubernetesObject[] = [web],
  maxTrafficWeight?: number,
): RouterStage {
  return routerStage(nginx, {
    routing: { nginx: routing, ...(maxTrafficWeight && { maxTrafficWeight }) },
    objects,
  });
}

function annotationsOf(stage: RouterStage, name = 'web-web-canary') {
  return stage.object('Ingress', name)?.metadata?.annotations;
}

/** The canary's Ingress with other metadata. */
function edit(stage: RouterStage, metadata: object, fields: object = {}): void {
  const found = stage.object('Ingress', 'web-web-canary')!;
  stage.put({ ...found, ...fields, metadata: { ...found.metadata, ...metadata } });
}

it('is the router of a rollout that has its part in the spec', () => {
  expect(routersOf({ nginx: { stableIngress: 'web' } })).toEqual([nginx]);
  expect(routersOf({ istio: {} })).not.toContain(nginx);
});

describe('the NGINX router writes what Argo was recorded to write', () => {
  const isCanary = ({ metadata }: KubernetesObject) => metadata?.name?.endsWith('-canary');
  const owned = (object: KubernetesObject): KubernetesObject =>
    isCanary(object)
      ? { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } }
      : object;

  it.each([
    ['router-nginx-several', 3],
    ['router-max-weight', 4],
    ['router-nginx-annotations', 2],
  ])('%s', (name, count) => {
    const { canary, observations } = recorded(name);
    const routing = canary.trafficRouting!;
    for (const [index, observation] of observations.slice(0, count).entries()) {
      const before = observations[index - 1];
      const objects = before ? objectsOf(before).map(owned) : objectsOf(observation);
      const stage = routerStage(nginx, {
        routing,
        objects: before ? objects : objects.filter((object) => !isCanary(object)),
      });
      const { weight } = observation.weights!.canary!;
      stage.reach({ weight, ...(routing.maxTrafficWeight && { total: 1000 }) });
      expect(seen(stage.objects())).toEqual(observation.objects);
    }
  });

  it('router-nginx-annotations, once others are asked for: those before stay', () => {
    const { canary, observations } = recorded('router-nginx-annotations');
    const [, before, after] = observations;
    const { 'canary-by-header': _, ...rest } =
      canary.trafficRouting!.nginx!.additionalIngressAnnotations!;
    const additionalIngressAnnotations = { ...rest, 'canary-by-cookie': 'try' };
    const stage = stageOf(
      { ...canary.trafficRouting!.nginx, additionalIngressAnnotations },
      objectsOf(before!).map(owned),
    );
    stage.reach({ weight: 50 });
    expect(seen(stage.objects())).toEqual(after!.objects);
  });
});

describe('the Ingress of the canary', () => {
  it('is made by the rollout, whose it is, and with the rollout it goes', () => {
    const stage = stageOf();
    expect(stage.canaryWeights()).toEqual([0]);
    const [write] = stage.reach({ weight: 0 });
    expect(write).toMatchObject({ phase: 'route', do: 'create', kind: 'Ingress' });
    expect(stage.object('Ingress', 'web-web-canary')?.metadata?.ownerReferences).toEqual([owner]);
    expect(stage.canaryWeights()).toEqual([0]);
  });

  it('has only the rules that lead to the stable Service, all their paths, and what they need', () => {
    const other = rule('other.example', pathTo('other'));
    const both = rule('web.example', pathTo('stable'), pathTo('other', '/other'));
    const tls = [{ hosts: ['web.example'], secretName: 'web' }];
    const odd = [{ host: 'none.example' }, { http: { paths: [{ backend: { resource: {} } }] } }];
    const stable = manifest('Ingress', 'web', { spec: { tls, rules: [...odd, other, both] } });
    const stage = stageOf({ stableIngress: 'web' }, [stable]);
    stage.reach({ weight: 10 });
    expect(stage.object('Ingress', 'web-web-canary')?.spec).toEqual({
      tls,
      rules: [rule('web.example', pathTo('canary'), pathTo('other', '/other'))],
    });
  });

  it('changes by its weight alone', () => {
    const stage = stageOf();
    stage.reach({ weight: 0 });
    const writes = stage.reach({ weight: 25 });
    expect(writes.map((write) => write.do === 'patch' && write.patch)).toEqual([
      { metadata: { annotations: { [`${prefix}/canary-weight`]: '25' } } },
    ]);
    expect(stage.canaryWeights()).toEqual([25]);
  });

  it('keeps the annotations and labels of others, and is put right where it was edited', () => {
    const stage = stageOf();
    stage.reach({ weight: 50 });
    const annotations = { ...annotationsOf(stage), mine: '1', [`${prefix}/canary-weight`]: '99' };
    edit(stage, { annotations, labels: { mine: '1' } }, { spec: { rules: [] } });
    expect(stage.canaryWeights()).toEqual([99]);
    stage.reach({ weight: 50 });
    expect(annotationsOf(stage)).toMatchObject({ mine: '1', [`${prefix}/canary-weight`]: '50' });
    const { metadata, spec } = stage.object('Ingress', 'web-web-canary')!;
    expect(metadata?.labels).toEqual({ mine: '1' });
    expect(spec).toEqual({
      ingressClassName: 'nginx',
      rules: [rule('web.example', pathTo('canary'))],
    });
  });

  it('follows the stable one and is made anew when it is gone', () => {
    const stage = stageOf();
    stage.reach({ weight: 50 });
    const tls = [{ hosts: ['web.example'] }];
    const rules = [rule('web.example', pathTo('stable')), rule('new.example', pathTo('stable'))];
    stage.put(manifest('Ingress', 'web', { spec: { tls, rules } }));
    stage.reach({ weight: 50 });
    expect(stage.object('Ingress', 'web-web-canary')?.spec).toEqual({
      tls,
      rules: [rule('web.example', pathTo('canary')), rule('new.example', pathTo('canary'))],
    });
    stage.remove('Ingress', 'web-web-canary');
    const [write] = stage.reach({ weight: 50 });
    expect(write?.do).toBe('create');
  });

  it('loses the total once the weights are parts of 100 again', () => {
    const objects = [web];
    const routing = { stableIngress: 'web' };
    const before = stageOf(routing, objects, 1000);
    before.reach({ weight: 500, total: 1000 });
    expect(before.canaryWeights()).toEqual([500]);
    const after = stageOf(routing, before.objects());
    expect(after.canaryWeights()).toEqual([50]);
    after.reach({ weight: 50 });
    expect(annotationsOf(after)).toEqual({
      [`${prefix}/canary`]: 'true',
      [`${prefix}/canary-weight`]: '50',
    });
  });

  it('keeps a total that the spec asks for itself', () => {
    const stage = stageOf({
      stableIngress: 'web',
      additionalIngressAnnotations: { 'canary-weight-total': '200' },
    });
    stage.reach({ weight: 20 });
    expect(annotationsOf(stage)).toMatchObject({ [`${prefix}/canary-weight-total`]: '200' });
    expect(stage.canaryWeights()).toEqual([10]);
    stage.reach({ weight: 200 });
    expect(stage.canaryWeights()).toEqual([100]);
    edit(stage, { annotations: { [`${prefix}/canary-weight`]: 'many' } });
    expect(stage.canaryWeights()).toEqual([]);
  });

  it('has a name of at most 253 characters', () => {
    const name = 'a'.repeat(253);
    const stage = stageOf({ stableIngress: name }, [
      ingress(name, rule('web.example', pathTo('stable'))),
    ]);
    stage.reach({ weight: 5 });
    const made = `web-${'a'.repeat(242)}-canary`;
    expect(made).toHaveLength(253);
    expect(annotationsOf(stage, made)).toMatchObject({ [`${prefix}/canary-weight`]: '5' });
  });

  it('is one for each Ingress, and each has its weight', () => {
    const second = ingress('second', rule('second.example', pathTo('stable')));
    const stage = stageOf({ stableIngresses: ['web', 'second', 'web'] }, [web, second]);
    stage.reach({ weight: 20 });
    edit(stage, { annotations: { [`${prefix}/canary-weight`]: '70' } });
    expect(stage.canaryWeights()).toEqual([70, 20]);
    stage.reach({ weight: 20 });
    expect(stage.canaryWeights()).toEqual([20, 20]);
  });
});

describe('an NGINX Ingress is given back', () => {
  it('without the one of the canary, so that no weight is left behind', () => {
    const second = ingress('second', rule('second.example', pathTo('stable')));
    const stage = stageOf({ stableIngresses: ['web', 'second'] }, [web, second]);
    stage.reach({ weight: 25 });
    const writes = stage.giveBack();
    expect(writes.map((write) => [write.phase, write.do])).toEqual([
      ['route', 'delete'],
      ['route', 'delete'],
    ]);
    expect(stage.objects().map(({ metadata }) => metadata?.name)).toEqual(['web', 'second']);
  });

  it("and what is another's stays", () => {
    const stage = stageOf(undefined, [web, ingress('web-web-canary')]);
    expect(stage.giveBack()).toEqual([]);
  });
});

describe('what is wrong with an NGINX Ingress is said, and how to mend it', () => {
  it('when it is missing', () => {
    expect(stageOf(undefined, []).check()).toEqual([
      {
        path: `${field}.stableIngress`,
        message: 'names the Ingress web, which does not exist; create it, or name another',
      },
    ]);
    const stage = stageOf({ stableIngresses: ['web', 'second'] });
    expect(stage.check().map(({ path }) => path)).toEqual([`${field}.stableIngresses[1]`]);
  });

  it('when it, or the one of the canary, cannot be read', () => {
    for (const name of ['web', 'web-web-canary']) {
      const stage = stageOf();
      stage.fail('Ingress', name, 'forbidden', 'allow it');
      const [fault] = stage.check();
      expect(fault?.path).toBe(`${field}.stableIngress`);
      expect(fault?.message).toContain(
        `the Ingress ${name}, which cannot be read: forbidden; allow it`,
      );
    }
  });

  it('when none of its rules leads to the stable Service', () => {
    const stage = stageOf(undefined, [ingress('web', rule('web.example', pathTo('other')))]);
    expect(stage.check()).toEqual([
      {
        path: `${field}.stableIngress`,
        message:
          'names the Ingress web, of which no rule leads to the Service stable; ' +
          'give it a path with that backend',
      },
    ]);
  });

  it("when the name of the canary's is taken", () => {
    const stage = stageOf(undefined, [web, ingress('web-web-canary')]);
    expect(stage.check()).toEqual([
      {
        path: `${field}.stableIngress`,
        message:
          "needs an Ingress named web-web-canary, and there is one that is not this rollout's; " +
          'delete or rename it',
      },
    ]);
  });

  it('and a sound one has no fault', () => {
    const stage = stageOf();
    expect(stage.check()).toEqual([]);
    stage.reach({ weight: 10 });
    expect(stage.check()).toEqual([]);
  });
});

describe('the NGINX part of a spec', () => {
  const pathsOf = (routing: NginxTrafficRouting) =>
    nginx
      .validate({ spec: { strategy: { canary: { trafficRouting: { nginx: routing } } } } })
      .map(({ path }) => path);

  it('names one Ingress or several', () => {
    expect(pathsOf({ stableIngress: 'web' })).toEqual([]);
    expect(pathsOf({ stableIngresses: ['web'] })).toEqual([]);
    expect(pathsOf({ stableIngress: 'web', stableIngresses: ['web'] })).toEqual([field]);
    expect(pathsOf({ stableIngresses: [] })).toEqual([field]);
    expect(pathsOf({})).toEqual([field]);
  });
});
