import { describe, expect, it } from 'vitest';
import { unsupported, validate } from '../../../lib/decide/guards/validate.ts';
import type { CanaryStep, CanaryStrategy } from '../../../lib/model/argo.generated.ts';
import { make } from '../../make.ts';

const nginx = { nginx: { stableIngress: 'web' } };
const istio = { istio: { virtualService: { name: 'web', routes: ['main'] } } };
const services = { canaryService: 'canary', stableService: 'stable' };
const header = (name: string, value: object | undefined = { exact: '1' }): CanaryStep => ({
  setHeaderRoute: { name, match: [{ headerName: 'X-Try', ...(value && { headerValue: value }) }] },
});

function faultsOf(canary: CanaryStrategy): string[] {
  const rollout = make.rollout({ spec: { strategy: { canary: { steps: [], ...canary } } } });
  return validate(rollout).map(({ path, message }) => `${path} ${message}`);
}

const path = 'spec.strategy.canary';

describe('a routing that is right', () => {
  it.each<[string, CanaryStrategy]>([
    ['NGINX', { ...services, trafficRouting: nginx }],
    [
      'weights of a thousand',
      {
        ...services,
        trafficRouting: { ...nginx, maxTrafficWeight: 1000 },
        steps: [{ setWeight: 1000 }],
      },
    ],
    [
      'subsets, without Services',
      {
        trafficRouting: {
          istio: {
            ...istio.istio,
            destinationRule: { name: 'web', canarySubsetName: 'new', stableSubsetName: 'old' },
          },
        },
      },
    ],
    [
      'ping and pong',
      {
        pingPong: { pingService: 'ping', pongService: 'pong' },
        trafficRouting: istio,
      },
    ],
    [
      'header routes',
      {
        ...services,
        trafficRouting: { ...istio, managedRoutes: [{ name: 'beta' }] },
        steps: [header('beta'), { setHeaderRoute: { name: 'beta' } }],
      },
    ],
    [
      'a plugin that Serin does not know, whatever it asks of it',
      {
        trafficRouting: { plugins: { 'acme/mesh': {} }, managedRoutes: [{ name: 'beta' }] },
        steps: [header('beta')],
      },
    ],
  ])('%s', (_, canary) => {
    expect(faultsOf(canary)).toEqual([]);
  });
});

describe('a routing that is wrong is told with its path and the remedy', () => {
  it.each<[string, CanaryStrategy, string]>([
    [
      'no stableService',
      { canaryService: 'canary', trafficRouting: nginx },
      `${path}.stableService is missing: nginx sends requests to it`,
    ],
    [
      'a route that is not managed',
      {
        ...services,
        trafficRouting: { ...istio, managedRoutes: [{ name: 'alpha' }] },
        steps: [header('beta')],
      },
      `${path}.steps[0].setHeaderRoute.name must be one of ${path}.trafficRouting.managedRoutes, ` +
        'which names alpha; not beta',
    ],
    [
      'no managedRoutes',
      { ...services, trafficRouting: istio, steps: [header('beta')] },
      `${path}.trafficRouting.managedRoutes is missing; name there the routes that steps set: beta`,
    ],
    [
      'a header route of a router that has none',
      {
        ...services,
        trafficRouting: { ...nginx, managedRoutes: [{ name: 'beta' }] },
        steps: [header('beta')],
      },
      `${path}.steps[0].setHeaderRoute works with no router that trafficRouting names`,
    ],
    [
      'a header that is matched in two ways',
      {
        ...services,
        trafficRouting: { ...istio, managedRoutes: [{ name: 'beta' }] },
        steps: [header('beta', { exact: '1', prefix: '2' })],
      },
      `${path}.steps[0].setHeaderRoute.match[0].headerValue must have one of exact, regex, prefix, ` +
        'not exact and prefix',
    ],
    [
      'a header of an ALB that is matched in no way',
      {
        ...services,
        trafficRouting: {
          alb: { ingress: 'web', servicePort: 80 },
          managedRoutes: [{ name: 'beta' }],
        },
        steps: [header('beta', {})],
      },
      `${path}.steps[0].setHeaderRoute.match[0].headerValue must have one of exact, regex, prefix, ` +
        'not none',
    ],
    [
      'a mirror of more than there is',
      {
        ...services,
        trafficRouting: { ...istio, managedRoutes: [{ name: 'look' }] },
        steps: [{ setMirrorRoute: { name: 'look', percentage: 120 } }],
      },
      `${path}.steps[0].setMirrorRoute.percentage must be between 0 and 100, not 120`,
    ],
    [
      'a weight above the whole',
      {
        ...services,
        trafficRouting: { ...nginx, maxTrafficWeight: 50 },
        steps: [{ setWeight: 60 }],
      },
      `${path}.steps[0].setWeight must be between 0 and 50, not 60`,
    ],
    [
      'a whole of a router that knows hundredths only',
      { ...services, trafficRouting: { ...istio, maxTrafficWeight: 1000 } },
      `${path}.trafficRouting.maxTrafficWeight works with no router that trafficRouting names; ` +
        'leave it out',
    ],
    [
      'a whole of nothing',
      { ...services, trafficRouting: { ...nginx, maxTrafficWeight: 0 } },
      `${path}.trafficRouting.maxTrafficWeight must be 1 or more, not 0`,
    ],
    [
      'two ways to let the old version go',
      {
        ...services,
        trafficRouting: nginx,
        dynamicStableScale: true,
        scaleDownDelaySeconds: 30,
      },
      `${path}.dynamicStableScale works only without scaleDownDelaySeconds`,
    ],
    [
      'ping that is pong',
      {
        pingPong: { pingService: 'ping', pongService: 'ping' },
        trafficRouting: istio,
      },
      `${path}.pingPong.pongService must be another Service than pingService`,
    ],
    [
      'ping and pong of a router that knows neither',
      {
        ...services,
        pingPong: { pingService: 'ping', pongService: 'pong' },
        trafficRouting: nginx,
      },
      `${path}.pingPong works with no router that trafficRouting names`,
    ],
    [
      'fewer pods than none',
      { ...services, trafficRouting: nginx, steps: [{ setCanaryScale: { replicas: -1 } }] },
      `${path}.steps[0].setCanaryScale.replicas must be 0 or more, not -1`,
    ],
    [
      'a scale of a canary without a router',
      { steps: [{ setCanaryScale: { replicas: 1 } }] },
      `${path}.steps[0].setCanaryScale works only with trafficRouting`,
    ],
  ])('%s', (_, canary, fault) => {
    expect(faultsOf(canary)).toEqual([fault]);
  });
});

describe('a router that Serin does not have', () => {
  it.each<[CanaryStrategy['trafficRouting'] & object, string]>([
    [{ plugins: { 'acme/mesh': {} } }, 'plugins["acme/mesh"]'],
    [{ ...nginx, plugins: { 'acme/mesh': {} } }, 'plugins["acme/mesh"]'],
  ])('is named, and the rollout left alone', (trafficRouting, field) => {
    const canary = { ...services, trafficRouting };
    const rollout = make.rollout({ spec: { strategy: { canary } } });
    expect(unsupported(rollout)).toBe(`${path}.trafficRouting.${field}`);
  });
});
