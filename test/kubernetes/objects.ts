import type { Pod, ReplicaSet, Rollout, Service } from '../../lib/model/argo.generated.ts';
import type { Kind, Kinds } from '../../lib/model/kinds.ts';

export const namespace = 'default';

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'web', image: 'web:1' }] },
});

export function rollout(name: string, labels: Record<string, string> = {}): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace, labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: template(name),
      strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } },
    },
  };
}

export function replicaSet(name: string, labels: Record<string, string> = {}): ReplicaSet {
  return {
    metadata: { name, namespace, labels },
    spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: template(name) },
  };
}

export function pod(name: string, labels: Record<string, string> = {}): Pod {
  return {
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'web', image: 'web:1' }] },
  };
}

export function service(name: string): Service {
  return {
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80 }] },
  };
}

export function uid(object: Kinds[Kind]): string {
  return object.metadata?.uid ?? '';
}

export function version(object: Kinds[Kind]): string {
  return object.metadata?.resourceVersion ?? '';
}
