import type { PodSpec, ReplicaSet, Rollout, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { type VirtualClock, virtualClock } from '../../lib/simulate/clock.ts';
import {
  type ClusterOptions,
  type SimulatedCluster,
  simulatedCluster,
} from '../../lib/simulate/cluster.ts';

export const start = Date.parse('2026-01-31T12:00:00Z');
export const namespace = 'shop';
export const web = { namespace, name: 'web' };

export type Lab = SimulatedCluster & {
  clock: VirtualClock;
  /** Lets that much time pass. */
  pass: (spanMs: number) => Promise<void>;
};

export function lab(options: ClusterOptions & { seed?: number } = {}): Lab {
  const { seed = 7, ...rest } = options;
  const clock = virtualClock(start);
  const pass = async (spanMs: number) => {
    await clock.run({ until: clock.now() + spanMs, eventsMax: 100_000 });
  };
  return { ...simulatedCluster({ clock, seed, ...rest }), clock, pass };
}

export function rollout(spec: RolloutSpec = {}): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { ...web },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      strategy: { canary: { steps: [{ setWeight: 20 }, { pause: {} }] } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web:v1' }] },
      },
      ...spec,
    },
  };
}

type SetOptions = {
  name?: string;
  image?: string;
  replicas?: number;
  minReadySeconds?: number;
  pod?: Partial<PodSpec>;
};

export function replicaSet(options: SetOptions = {}): ReplicaSet {
  const { name = 'web-1', image = 'web:v1', replicas = 3, minReadySeconds, pod } = options;
  const labels = { app: 'web', [hashLabel]: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { namespace, name, labels },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { team: 'a' } },
        spec: { containers: [{ name: 'web', image }], ...pod },
      },
    },
  };
}
