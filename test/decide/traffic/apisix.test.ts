import { describe, expect, it } from 'vitest';
import type { ManagedRoute } from '../../../lib/decide/traffic/router.ts';
import { apisix } from '../../../lib/decide/traffic/routers/apisix.ts';
import type { ApisixRoute, CanaryStep, StringMatch } from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { manifest, owner, type RouterStage, routerStage } from './stage.ts';

const field = 'spec.strategy.canary.trafficRouting.apisix.route';

const backend = (serviceName: string, weight?: number) => ({
  ...{ serviceName, servicePort: 80 },
  ...(weight !== undefined && { weight }),
});
const rule = (name: string, ...backends: object[]) => ({
  name,
  match: { hosts: ['web.example'], paths: ['/*'] },
  backends,
});
const main = rule('main', backend('stable'), backend('canary'));
const other = rule('other', backend('stable'));

function route(...http: object[]): KubernetesObject {
  return manifest('ApisixRoute', 'web', { spec: { ingressClassName: 'apisix', http } });
}

const header = (name: string, ...match: [string, StringMatch][]) => ({
  name,
  match: match.map(([headerName, headerValue]) => ({ headerName, headerValue })),
});
const beta = header('beta', ['X-Try', { exact: '1' }], ['agent', { prefix: 'Mo(' }]);
const toBeta: ManagedRoute = { name: 'beta', header: beta };
const headerStep: CanaryStep = { setHeaderRoute: beta };

const named: ApisixRoute = { name: 'web', rules: ['main'] };

function stageOf(objects: KubernetesObject[], given = named): RouterStage {
  return routerStage(apisix, {
    routing: {
      managedRoutes: [{ name: 'beta' }],
      apisix: { route: given },
    },
    canary: { steps: [headerStep] },
    objects,
  });
}

function specOf(stage: RouterStage, name = 'web') {
  return stage.object('ApisixRoute', name)?.spec as { http: object[] } | undefined;
}

describe('an ApisixRoute', () => {
  it('gets the weights in the rules that are named, and in those alone', () => {
    const third = backend('third', 7);
    const stage = stageOf([
      route(
        {
          ...rule('main', backend('stable', 30), backend('canary', 63), third),
          websocket: true,
        },
        other,
      ),
    ]);
    expect(stage.canaryWeights()).toEqual([63]);
    expect(stage.reach({ weight: 35 })).toMatchObject([{ phase: 'route', do: 'patch' }]);
    const backends = [backend('stable', 65), backend('canary', 35), third];
    expect(specOf(stage)).toEqual({
      ingressClassName: 'apisix',
      http: [{ ...main, backends, websocket: true }, other],
    });
  });

  it('has the rule of its own name where none is listed', () => {
    const own = rule('web', backend('stable'), backend('canary', 0));
    for (const given of [{ name: 'web' }, { name: 'web', rules: [] }]) {
      const stage = stageOf([route(main, own)], given);
      expect(stage.check()).toEqual([]);
      expect(stage.canaryWeights()).toEqual([0]);
      stage.reach({ weight: 20 });
      const backends = [backend('stable', 80), backend('canary', 20)];
      expect(specOf(stage)!.http).toEqual([main, { ...own, backends }]);
    }
  });

  it('has 100 where no weight is given, as APISIX takes it', () => {
    const stage = stageOf([route(rule('main', backend('stable'), backend('canary', 0)))]);
    expect(stage.canaryWeights()).toEqual([0]);
    expect(stage.reach({ weight: 0 })).toEqual([]);
  });

  it('sends all to the stable Service when it is not used any more', () => {
    const stage = stageOf([route(main)]);
    stage.reach({ weight: 35, routes: [toBeta] });
    expect(stage.carries()).toMatchObject([{ routes: [{ name: 'beta', sends: 'header' }] }]);
    stage.giveBack();
    expect(stage.objects()).toHaveLength(1);
    expect(specOf(stage)!.http).toEqual([
      { ...main, backends: [backend('stable', 100), backend('canary', 0)] },
    ]);
  });
});

describe('a header route of APISIX', () => {
  it('is an ApisixRoute of the rollout, which comes before the one it copies', () => {
    const exprs = [{ subject: { scope: 'Query', name: 'q' }, op: 'Equal', value: '1' }];
    const own = { ...main, priority: 4, match: { ...main.match, exprs } };
    const stage = stageOf([route(own, other)]);
    const writes = stage.reach({ weight: 35, routes: [toBeta] });
    expect(writes).toMatchObject([{ do: 'patch' }, { phase: 'route', do: 'create' }]);
    const made = stage.object('ApisixRoute', 'beta')!;
    expect(made.metadata?.ownerReferences).toEqual([owner]);
    const subject = (name: string) => ({ scope: 'Header', name });
    expect(made.spec).toEqual({
      ingressClassName: 'apisix',
      http: [
        {
          ...own,
          match: {
            ...main.match,
            exprs: [
              ...exprs,
              { subject: subject('X-Try'), op: 'Equal', value: '1' },
              { subject: subject('agent'), op: 'RegexMatch', value: '^Mo\\(.*' },
            ],
          },
          priority: 5,
          backends: [backend('canary', 100)],
        },
        other,
      ],
    });
  });

  it('follows the route that it copies, and what the step asks for', () => {
    const stage = stageOf([route(main)]);
    stage.reach({ weight: 35, routes: [toBeta] });
    stage.put(route({ ...main, match: { paths: ['/new'] } }, other));
    const changed = header('beta', ['agent', { regex: 'Mo.*' }]);
    stage.reach({ weight: 35, routes: [{ name: 'beta', header: changed }] });
    const expression = {
      subject: { scope: 'Header', name: 'agent' },
      op: 'RegexMatch',
      value: 'Mo.*',
    };
    expect(specOf(stage, 'beta')!.http).toMatchObject([
      { match: { paths: ['/new'], exprs: [expression] } },
      other,
    ]);
  });

  it('has the annotations that APISIX reads, and none that others know their objects by', () => {
    const { metadata, ...rest } = route(main);
    const read = { 'kubernetes.io/ingress.class': 'apisix' };
    const annotations = { ...read, 'argocd.argoproj.io/tracking-id': 'web' };
    const stage = stageOf([{ ...rest, metadata: { ...metadata, annotations } }]);
    stage.reach({ weight: 35, routes: [toBeta] });
    expect(stage.object('ApisixRoute', 'beta')!.metadata?.annotations).toEqual(read);
  });

  it('goes when no step asks for it', () => {
    const stage = stageOf([route(main)]);
    stage.reach({ weight: 35, routes: [toBeta] });
    expect(stage.reach({ weight: 35 })).toMatchObject([{ phase: 'route', do: 'delete' }]);
    expect(stage.object('ApisixRoute', 'beta')).toBeUndefined();
  });

  it("is neither changed nor removed where one of its name is somebody else's", () => {
    const theirs = manifest('ApisixRoute', 'beta', { spec: { http: [other] } });
    const stage = stageOf([route(main), theirs]);
    expect(stage.check()).toEqual([
      {
        path: 'spec.strategy.canary.trafficRouting.managedRoutes[0].name',
        message:
          "needs an ApisixRoute named beta, and there is one that is not this rollout's; " +
          'delete or rename it',
      },
    ]);
    stage.reach({ weight: 35, routes: [toBeta] });
    stage.giveBack();
    expect(specOf(stage, 'beta')).toEqual(theirs.spec);
  });
});

describe('what is wrong with an ApisixRoute is said, and how to mend it', () => {
  it('when there is none', () => {
    const message = 'names the ApisixRoute web, which does not exist; create it, or name another';
    const stage = stageOf([]);
    expect(stage.check()).toEqual([{ path: `${field}.name`, message }]);
    expect(stage.reach({ weight: 35, routes: [toBeta] })).toEqual([]);
    expect(stage.canaryWeights()).toEqual([]);
  });

  it('when it has no such rule, or one without both Services', () => {
    const stage = stageOf([route(other)], { name: 'web', rules: ['main', 'other'] });
    expect(stage.check()).toEqual([
      {
        path: `${field}.rules[0]`,
        message:
          'names the rule main, which the ApisixRoute web does not have; ' +
          'add it to its spec.http, or name another',
      },
      {
        path: `${field}.rules[1]`,
        message:
          'names the rule other of the ApisixRoute web, whose backends are not both ' +
          'stable and canary; add what is missing',
      },
    ]);
  });

  it('when it is not named, or a managed route has its name', () => {
    const managed = { managedRoutes: [{ name: 'web' }] };
    const validate = (routing: object) =>
      apisix.validate({ spec: { strategy: { canary: { trafficRouting: routing } } } });
    expect(validate({ apisix: {} })).toEqual([
      { path: `${field}.name`, message: 'must name an ApisixRoute' },
    ]);
    expect(validate({ ...managed, apisix: { route: { name: 'web' } } })).toEqual([
      {
        path: 'spec.strategy.canary.trafficRouting.managedRoutes[0].name',
        message: 'must not be web, the ApisixRoute whose weights are set; give it another',
      },
    ]);
  });
});
