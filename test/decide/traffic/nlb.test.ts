import { describe, expect, it } from 'vitest';
import { nlb } from '../../../lib/decide/traffic/routers/nlb.ts';
import { routersOf } from '../../../lib/decide/traffic/routers.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { manifest, type RouterStage, routerStage } from './stage.ts';

const field = 'spec.strategy.canary.trafficRouting.plugins[serin/nlb]';
const action = 'service.beta.kubernetes.io/actions.TCP-80';

function service(name: string, annotations?: Record<string, string>): KubernetesObject {
  const ports = [{ port: 80, protocol: 'TCP' }];
  const { metadata, ...rest } = manifest('Service', name, {
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports },
  });
  return { ...rest, metadata: { ...metadata, ...(annotations && { annotations }) } };
}

type Setting = { services?: { canary: string; stable: string }; maxTrafficWeight?: number };

function stageOf(config: object, objects: KubernetesObject[], setting: Setting = {}): RouterStage {
  const { maxTrafficWeight, services } = setting;
  return routerStage(nlb, {
    routing: {
      plugins: { 'serin/nlb': { protocol: 'TCP', port: 80, ...config } },
      ...(maxTrafficWeight !== undefined && { maxTrafficWeight }),
    },
    objects,
    ...(services && { services }),
  });
}

function actionOf(stage: RouterStage, name: string, key = action) {
  const text = stage.object('Service', name)?.metadata?.annotations?.[key];
  return text === undefined ? undefined : JSON.parse(text);
}

const group = (serviceName: string, weight: number) => ({ serviceName, servicePort: 80, weight });
const forward = (baseServiceWeight: number, ...targetGroups: object[]) => ({
  type: 'forward',
  forwardConfig: { baseServiceWeight, targetGroups },
});

describe('the Service of an NLB', () => {
  it('has the weight of the stable version where it is that Service', () => {
    const stage = stageOf({ service: 'stable' }, [service('stable', { team: 'blue' })]);
    expect(stage.check()).toEqual([]);
    expect(stage.canaryWeights()).toEqual([0]);
    const writes = stage.reach({ weight: 35 });
    expect(writes).toMatchObject([{ phase: 'route', do: 'patch', ref: { kind: 'Service' } }]);
    expect(Object.keys((writes[0] as { patch: object }).patch)).toEqual(['metadata']);
    expect(actionOf(stage, 'stable')).toEqual(forward(65, group('canary', 35)));
    expect(stage.canaryWeights()).toEqual([35]);
    stage.giveBack();
    expect(stage.object('Service', 'stable')?.metadata?.annotations).toEqual({ team: 'blue' });
  });

  it('has no weight of its own where it is neither Service', () => {
    const stage = stageOf({ service: 'root' }, [service('root')]);
    stage.reach({ weight: 35 });
    expect(actionOf(stage, 'root')).toEqual(forward(0, group('canary', 35), group('stable', 65)));
    expect(stage.canaryWeights()).toEqual([35]);
    stage.giveBack();
    expect(actionOf(stage, 'root')).toEqual(forward(0, group('stable', 100)));
  });

  it('follows ping and pong as they take turns', () => {
    const services = { canary: 'ping', stable: 'pong' };
    const stage = stageOf({ service: 'ping' }, [service('ping')], { services });
    expect(stage.canaryWeights()).toEqual([100]);
    stage.reach({ weight: 35 });
    expect(actionOf(stage, 'ping')).toEqual(forward(35, group('pong', 65)));
    stage.giveBack();
    expect(actionOf(stage, 'ping')).toEqual(forward(0, group('pong', 100)));
  });

  it('has the versions of an experiment, other totals and stickiness', () => {
    const config = { service: 'stable', stickiness: true };
    const stage = stageOf(config, [service('stable')], { maxTrafficWeight: 900 });
    const additional = [{ service: 'try', weight: 100, hash: 'x' }];
    stage.reach({ weight: 300, total: 900, additional });
    expect(actionOf(stage, 'stable')).toEqual({
      type: 'forward',
      forwardConfig: {
        baseServiceWeight: 500,
        targetGroups: [group('canary', 300), group('try', 100)],
        targetGroupStickinessConfig: { enabled: true },
      },
    });
    expect(stage.canaryWeights()).toEqual([300]);
  });

  it('has an action for each protocol and port', () => {
    const config = { service: 'stable', protocol: 'TCP_UDP' };
    const stage = stageOf(config, [service('stable', { [action]: 'theirs' })]);
    stage.reach({ weight: 35 });
    const { annotations = {} } = stage.object('Service', 'stable')?.metadata ?? {};
    expect(annotations[action]).toBe('theirs');
    expect(Object.keys(annotations)).toContain('service.beta.kubernetes.io/actions.TCP_UDP-80');
  });

  it.each(['no JSON', '[]', '{"type":"forward"}'])(
    'is put right where its action is %s',
    (text) => {
      const stage = stageOf({ service: 'stable' }, [service('stable', { [action]: text })]);
      expect(stage.canaryWeights()).toEqual([]);
      stage.reach({ weight: 35 });
      expect(actionOf(stage, 'stable')).toEqual(forward(65, group('canary', 35)));
    },
  );
});

describe('what is wrong with an NLB is said, and how to mend it', () => {
  it('when its Service is missing, is no LoadBalancer or has no such port', () => {
    const message = 'names the Service stable, which does not exist; create it, or name another';
    const none = stageOf({ service: 'stable' }, []);
    expect(none.check()).toEqual([{ path: `${field}.service`, message }]);
    expect(none.reach({ weight: 35 })).toEqual([]);
    expect(none.canaryWeights()).toEqual([]);
    const plain = { ...service('stable'), spec: { ports: [{ port: 80 }] } };
    expect(stageOf({ service: 'stable' }, [plain]).check()).toEqual([
      {
        path: `${field}.service`,
        message:
          'names the Service stable, which is not of type LoadBalancer; ' +
          'name the one that the NLB is made for',
      },
    ]);
    expect(stageOf({ service: 'stable', port: 81 }, [service('stable')]).check()).toEqual([
      { path: `${field}.port`, message: 'must be a port of the Service stable, not 81' },
    ]);
  });

  it.each<[unknown, string, string]>([
    ['text', '', 'must be an object, such as {service: NAME, protocol: TCP, port: 80}'],
    [{ protocol: 'TCP', port: 80 }, '.service', 'must name the Service of the NLB'],
    [{ service: 'web', port: 80 }, '.protocol', 'must be one of TCP, TLS, UDP, TCP_UDP, not none'],
    [
      { service: 'web', protocol: 'TCP' },
      '.port',
      'must be a port of the Services, between 1 and 65535, not 0',
    ],
    [{ service: 'web', protocol: 'TCP', port: '80' }, '.port', 'must be a whole number'],
    [
      { service: 'web', protocol: 'TLS', port: 80, stickiness: true },
      '.stickiness',
      'must be left out with TLS, for which an NLB has none',
    ],
  ])('when its settings are %j', (config, path, message) => {
    const trafficRouting = { plugins: { 'serin/nlb': config } };
    const faults = nlb.validate({ spec: { strategy: { canary: { trafficRouting } } } });
    expect(faults).toMatchObject([{ path: `${field}${path}` }]);
    expect(faults[0]?.message).toContain(message);
  });

  it('when weights are more than an NLB takes', () => {
    const config = { service: 'web', protocol: 'TCP', port: 80 };
    const trafficRouting = { maxTrafficWeight: 1000, plugins: { 'serin/nlb': config } };
    expect(nlb.validate({ spec: { strategy: { canary: { trafficRouting } } } })).toEqual([
      {
        path: 'spec.strategy.canary.trafficRouting.maxTrafficWeight',
        message: 'must be at most 999 with an NLB, not 1000',
      },
    ]);
  });
});

it('is the router of its plugin alone', () => {
  expect(routersOf({ plugins: { 'serin/nlb': {} } })).toEqual([nlb]);
  expect(routersOf({ plugins: { 'serin/other': {} } })).toEqual([]);
});
