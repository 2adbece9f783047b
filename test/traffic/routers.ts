import type { RolloutTrafficRouting } from '../../lib/model/argo.generated.ts';
import { gatewayName, ingressClass } from './gateway.ts';

// The three ways in which the gateway is told weights, each for a Rollout named web.

type Sides = { stable: string; canary: string };
/** `retries`: whether the gateway sends a request again that could not be sent to a pod. */
type Place = { namespace: string; host: string; retries: boolean };
export type RouterStage = {
  routing: RolloutTrafficRouting;
  /** What a user of this router has beside the Rollout and its Services. */
  objects: (place: Place, sides: Sides) => object[];
};

const gatewayPlugin = 'argoproj-labs/gatewayAPI';

export const routers = {
  'NGINX Ingress': {
    routing: { nginx: { stableIngress: 'web' } },
    // It always sends again, as the NGINX controller does unless it is told not to.
    objects: ({ namespace, host }, { stable }) => [ingress(namespace, host, stable)],
  },
  TraefikService: {
    routing: { traefik: { weightedTraefikServiceName: 'web' } },
    objects: (place, sides) => [
      traefikService(place.namespace, sides),
      ingressRoute(place),
      retryMiddleware(place.namespace),
    ],
  },
  HTTPRoute: {
    routing: { plugins: { [gatewayPlugin]: { httpRoute: 'web' } } },
    objects: (place, sides) => [httpRoute(place, sides), retryMiddleware(place.namespace)],
  },
} satisfies Record<string, RouterStage>;
export type RouterName = keyof typeof routers;

function ingress(namespace: string, host: string, stable: string): object {
  const backend = { service: { name: stable, port: { number: 80 } } };
  return {
    ...{
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web', namespace },
    },
    spec: {
      ingressClassName: ingressClass,
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  };
}

function traefikService(namespace: string, { stable, canary }: Sides): object {
  const services = [
    { name: stable, port: 80, weight: 100 },
    { name: canary, port: 80, weight: 0 },
  ];
  return {
    ...{ apiVersion: 'traefik.io/v1alpha1', kind: 'TraefikService' },
    ...{ metadata: { name: 'web', namespace }, spec: { weighted: { services } } },
  };
}

function ingressRoute({ namespace, host, retries }: Place): object {
  const services = [{ kind: 'TraefikService', name: 'web' }];
  const middlewares = retries ? [{ name: 'retry' }] : [];
  const routes = [{ kind: 'Rule', match: `Host(\`${host}\`)`, services, middlewares }];
  return {
    ...{ apiVersion: 'traefik.io/v1alpha1', kind: 'IngressRoute' },
    ...{ metadata: { name: 'web', namespace }, spec: { entryPoints: ['web'], routes } },
  };
}

function retryMiddleware(namespace: string): object {
  return {
    ...{
      apiVersion: 'traefik.io/v1alpha1',
      kind: 'Middleware',
      metadata: { name: 'retry', namespace },
    },
    // With time in between, in which the gateway hears that a pod is gone.
    spec: { retry: { attempts: 5, initialInterval: '100ms' } },
  };
}

function httpRoute({ namespace, host, retries }: Place, { stable, canary }: Sides): object {
  const backendRefs = [
    { name: stable, port: 80, weight: 100 },
    { name: canary, port: 80, weight: 0 },
  ];
  const extensionRef = { group: 'traefik.io', kind: 'Middleware', name: 'retry' };
  const retry = { type: 'ExtensionRef', extensionRef };
  return {
    ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' },
    metadata: { name: 'web', namespace },
    spec: {
      ...{ parentRefs: [gatewayName], hostnames: [host] },
      rules: [{ backendRefs, filters: retries ? [retry] : [] }],
    },
  };
}
