import { describe, expect, it } from 'vitest';
import { decide } from '../../lib/decide/rollout/decide.ts';
import { scaleDownDeadlineAnnotation } from '../../lib/model/names.ts';
import type { Observed } from '../../lib/model/observed.ts';
import { isPatchOf } from '../../lib/model/plan.ts';
import { minuteMs, toTime } from '../../lib/model/units.ts';
import { make, start } from '../make.ts';

/** The sizes that a turn gives to ReplicaSets, by name. */
function resized(observed: Observed): Record<string, unknown> {
  const sizes = decide(observed, start)
    .writes.filter((write) => isPatchOf('ReplicaSet', write))
    .flatMap(({ ref, patch }) => {
      const { replicas } = (patch.spec ?? {}) as { replicas?: number };
      return replicas === undefined ? [] : [[ref.name, replicas]];
    });
  return Object.fromEntries(sizes);
}

describe('a blue-green version', () => {
  it('that becomes the stable one, as there is none any more, is no preview to be shrunk', () => {
    const blueGreen = { activeService: 'active', previewReplicaCount: 1 };
    // A person let it go on after the status was lost.
    const rollout = make.paused({
      spec: { strategy: { canary: undefined, blueGreen } },
      status: {
        stableRS: undefined,
        pauseConditions: undefined,
        currentStepHash: undefined,
        currentStepIndex: undefined,
        message: undefined,
      },
    });
    const selector = { app: 'web', 'rollouts-pod-template-hash': make.hashOf('web:1') };
    const metadata = { name: 'active', namespace: 'shop', resourceVersion: '1' };
    const observed = make.observed({
      rollout,
      replicaSets: [
        make.revision(1, 'web:1', { spec: { replicas: 0 } }),
        make.revision(2, 'web:2', { spec: { replicas: 4 } }),
      ],
      services: { active: { metadata, spec: { selector } } },
    });
    expect(Object.values(resized(observed))).not.toContain(1);
  });

  // As another controller leaves it that looks at a version after it has led the Service to it.
  it('that is no more than the last one before the Deployment had the traffic is a preview', () => {
    const blueGreen = { activeService: 'active', previewReplicaCount: 1 };
    const pause = { reason: 'BlueGreenPause', startTime: toTime(start - minuteMs) };
    const status = {
      ...{ blueGreen: { activeSelector: make.hashOf('web:2') }, pauseConditions: [pause] },
      ...{ currentStepHash: undefined, currentStepIndex: undefined, message: 'BlueGreenPause' },
    };
    const strategy = { canary: undefined, blueGreen };
    const metadata = { name: 'active', namespace: 'shop', resourceVersion: '1' };
    const object = { metadata: { name: 'source', resourceVersion: '1' }, spec: { replicas: 2 } };
    const observed = make.observed({
      rollout: make.paused({ spec: { strategy }, status }),
      replicaSets: [
        make.revision(1, 'web:1'),
        make.revision(2, 'web:2', { spec: { replicas: 4 } }),
      ],
      workload: { kind: 'Deployment', object, scaleDown: 'never' },
      services: { active: { metadata, spec: { selector: { app: 'web' } } } },
    });
    expect(resized(observed)).toEqual({ [`web-${make.hashOf('web:2')}`]: 1 });
  });
});

describe('more pods than the surge allows, of which no available one may go', () => {
  const down = { status: { readyReplicas: 0, availableReplicas: 0 } };
  const observed = make.observedPaused({
    rollout: make.paused({ spec: { replicas: 3 } }),
    replicaSets: [
      make.revision(1, 'web:1', { spec: { replicas: 7 }, ...down }),
      make.revision(2, 'web:2', { spec: { replicas: 2 } }),
    ],
  });
  const [stable, canary] = observed.replicaSets.map(({ metadata }) => metadata?.name ?? '');

  it('loses those that are not available', () => {
    expect(resized(observed)).toEqual({ [`${stable}`]: 2 });
  });

  it('loses them while a fault of the spec holds the release up, too', () => {
    const steps = [{ setWeight: 101 }];
    const rollout = make.paused({ spec: { replicas: 3, strategy: { canary: { steps } } } });
    expect(resized({ ...observed, rollout })).toEqual({ [`${stable}`]: 2 });
  });

  it('keeps one of each version', () => {
    const replicaSets = [
      make.revision(1, 'web:1', { spec: { replicas: 9 }, ...down }),
      make.revision(2, 'web:2', { spec: { replicas: 9 }, ...down }),
    ];
    const sizes = resized({ ...observed, replicaSets });
    expect(Number(sizes[`${stable}`]) + Number(sizes[`${canary}`])).toBe(4);
    expect(Math.min(...Object.values(sizes).map(Number))).toBeGreaterThan(0);
  });
});

it('a version that is kept beyond its time, as others do not come up, lets the deadline run', () => {
  const down = { status: { readyReplicas: 0, availableReplicas: 0 } };
  const deadline = { [scaleDownDeadlineAnnotation]: toTime(start - minuteMs) };
  const long = toTime(start - 60 * minuteMs);
  const rollout = make.paused({
    status: {
      phase: 'Progressing',
      stableRS: make.hashOf('web:2'),
      currentStepIndex: 4,
      ...{ replicas: 8, updatedReplicas: 4, readyReplicas: 4, availableReplicas: 4 },
      pauseConditions: undefined,
      controllerPause: undefined,
      conditions: [
        {
          type: 'Progressing',
          status: 'True',
          reason: 'ReplicaSetUpdated',
          message: '',
          lastUpdateTime: long,
          lastTransitionTime: long,
        },
      ],
    },
  });
  const observed = make.observed({
    rollout,
    replicaSets: [
      make.revision(1, 'web:1', { metadata: { annotations: deadline } }),
      make.revision(2, 'web:2', down),
    ],
  });
  expect(decide(observed, start).status).toMatchObject({ phase: 'Degraded' });
});
