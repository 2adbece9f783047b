import { expect, it } from 'vitest';
import { decide } from '../../lib/decide/rollout/decide.ts';
import type { Deployment, Service } from '../../lib/model/argo.generated.ts';
import { hashLabel, managedByAnnotation } from '../../lib/model/names.ts';
import type { Observed } from '../../lib/model/observed.ts';
import { isPatchOf } from '../../lib/model/plan.ts';
import { podHashOf } from '../../lib/model/workload.ts';
import { make, start } from '../make.ts';

const strategy = {
  canary: { stableService: 'stable', canaryService: 'canary', maxUnavailable: 0 },
};

function service(name: string, hash: string): Service {
  const annotations = { [managedByAnnotation]: 'web' };
  const selector = { app: 'web', [hashLabel]: hash };
  return { metadata: { name, resourceVersion: '1', annotations }, spec: { selector } };
}

/** A release that has pods of both versions, and is scaled to 0 while its Deployment has two of its own. */
function onTheWayBack(): Observed {
  const seen = make.observedPaused();
  const rollout = make.paused({ spec: { replicas: 0, strategy } });
  const stable = podHashOf(seen.replicaSets[0] ?? {});
  const object: Deployment = {
    metadata: { name: 'source', resourceVersion: '1' },
    spec: { replicas: 2 },
    status: { readyReplicas: 2 },
  };
  return {
    ...seen,
    rollout,
    workload: { kind: 'Deployment', object, scaleDown: 'never' },
    services: { stable: service('stable', stable), canary: service('canary', stable) },
  };
}

it('a Service is not pointed at a canary that loses its pods in the same turn', () => {
  const seen = onTheWayBack();
  const canary = seen.replicaSets[1] ?? {};
  const { writes } = decide(seen, start);
  const emptied = writes.filter((write) => isPatchOf('ReplicaSet', write));
  expect(emptied.map(({ ref, patch }) => [ref.name, patch.spec])).toContainEqual([
    canary.metadata?.name,
    { replicas: 0 },
  ]);
  const switched = writes.filter((write) => isPatchOf('Service', write));
  expect(JSON.stringify(switched)).not.toContain(podHashOf(canary));
});
