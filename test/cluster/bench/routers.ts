import type { CanaryStrategy } from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { annotationOf } from '../../../lib/model/workload.ts';
import type { Extra } from './stage.ts';

// Rollouts whose requests a router sends: what each of them needs beside itself, and what tells its weight.

export type Routing = 'nginx' | 'alb';

const albPrefix = 'alb.ingress.kubernetes.io';

export function routed(routing: Routing): Extra {
  return {
    canary: (name) => canaryOf(routing, name),
    objects: ({ name, namespace }) => objectsOf(routing, name, namespace),
  };
}

function canaryOf(routing: Routing, name: string): CanaryStrategy {
  return {
    canaryService: `${name}-canary`,
    stableService: `${name}-stable`,
    // Short, so that all writes of a release are counted.
    scaleDownDelaySeconds: 2,
    trafficRouting:
      routing === 'nginx'
        ? { nginx: { stableIngress: name } }
        : { alb: { ingress: name, rootService: `${name}-root`, servicePort: 80 } },
  };
}

function objectsOf(routing: Routing, name: string, namespace: string): object[] {
  const services = [`${name}-canary`, `${name}-stable`].map((service) => ({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: service, namespace } },
    spec: { selector: { app: name }, ports: [{ port: 80 }] },
  }));
  const service =
    routing === 'nginx'
      ? { name: `${name}-stable`, port: { number: 80 } }
      : { name: `${name}-root`, port: { name: 'use-annotation' } };
  const paths = [{ path: '/', pathType: 'Prefix', backend: { service } }];
  const ingress = {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, namespace } },
    spec: { ingressClassName: routing, rules: [{ host: `${name}.example`, http: { paths } }] },
  };
  return [...services, ingress];
}

/** The canary's weight that an Ingress of the rollout says; undefined where it says none. */
export function weightOf(ingress: KubernetesObject, name: string): number | undefined {
  const text = annotationOf(ingress, 'nginx.ingress.kubernetes.io/canary-weight');
  if (text !== undefined) return Number(text);
  const action = annotationOf(ingress, `${albPrefix}/actions.${name}-root`);
  if (action === undefined) return undefined;
  const { ForwardConfig } = JSON.parse(action) as {
    ForwardConfig: { TargetGroups: { ServiceName: string; Weight: number }[] };
  };
  const own = ForwardConfig.TargetGroups.find(({ ServiceName }) => /-canary$/.test(ServiceName));
  return own?.Weight;
}
