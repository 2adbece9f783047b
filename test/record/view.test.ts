import { describe, expect, it } from 'vitest';
import type {
  ContainerStatus,
  Pod,
  PodStatus,
  ReplicaSet,
  Rollout,
  RolloutStatus,
} from '../../lib/model/argo.generated.ts';
import { hashLabel, revisionAnnotation } from '../../lib/model/names.ts';
import type { Observed } from '../../lib/model/observed.ts';
import { toTime } from '../../lib/model/units.ts';
import { podView } from '../../lib/view/podView.ts';
import { view } from '../../lib/view/view.ts';
import { key, start } from '../api/support.ts';

const steps = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: '10s' } }];
const paused: RolloutStatus = {
  phase: 'Paused',
  message: 'CanaryPauseStep',
  currentPodHash: 'bbb',
  stableRS: 'aaa',
  currentStepIndex: 1,
  controllerPause: true,
  pauseConditions: [{ reason: 'CanaryPauseStep', startTime: toTime(start) }],
  replicas: 5,
  updatedReplicas: 1,
  readyReplicas: 5,
  availableReplicas: 5,
  observedGeneration: '2',
};

function makeRollout(over: Rollout = {}): Rollout {
  return {
    metadata: {
      name: 'front-api',
      uid: 'uid-1',
      resourceVersion: '9',
      generation: 2,
      creationTimestamp: toTime(start),
      annotations: { [revisionAnnotation]: '2' },
    },
    spec: { replicas: 5, strategy: { canary: { steps } } },
    status: paused,
    ...over,
  };
}

type SetOptions = {
  revision?: number;
  image?: string;
  size?: number;
  available?: number;
  over?: ReplicaSet;
};

function makeSet(hash: string, options: SetOptions = {}): ReplicaSet {
  const { revision = 1, image = 'front-api:old', size = 4, available = size, over = {} } = options;
  const name = `front-api-${hash}`;
  return {
    metadata: {
      name,
      uid: name,
      generation: 1,
      labels: { [hashLabel]: hash },
      annotations: { [revisionAnnotation]: String(revision) },
      creationTimestamp: toTime(start),
    },
    spec: { replicas: size, template: { spec: { containers: [{ name: 'web', image }] } } },
    status: { observedGeneration: 1, replicas: size, availableReplicas: available },
    ...over,
  };
}

const canarySet = makeSet('bbb', { revision: 2, image: 'front-api:new', size: 1 });
const stableSet = makeSet('aaa');

function see(over: Partial<Observed> = {}, status?: RolloutStatus) {
  const observed: Observed = {
    key,
    rollout: makeRollout(),
    replicaSets: [stableSet, canarySet],
    services: {},
    instanceId: '',
    doorbell: true,
    ...over,
  };
  const shown = status === undefined ? {} : { status };
  return view({ observed, ...shown, reasons: [], wake: { waitsFor: 'a change' }, now: start });
}

describe('the view of a canary', () => {
  it('is what kubectl argo rollouts shows', () => {
    expect(see()).toMatchObject({
      ...key,
      phase: 'Paused',
      message: 'CanaryPauseStep',
      strategy: 'Canary',
      step: { index: 1, count: 4, current: 'pause' },
      setWeight: 20,
      actualWeight: 20,
      images: [
        { image: 'front-api:new', tags: ['canary'] },
        { image: 'front-api:old', tags: ['stable'] },
      ],
      replicas: { desired: 5, current: 5, updated: 1, ready: 5, available: 5 },
      revisions: [
        {
          revision: 2,
          replicaSets: [{ name: 'front-api-bbb', roles: ['canary'], status: 'Healthy' }],
        },
        {
          revision: 1,
          replicaSets: [{ name: 'front-api-aaa', roles: ['stable'], status: 'Healthy' }],
        },
      ],
      pauseStart: toTime(start),
      paused: true,
      aborted: false,
      observedAt: start,
      createdAt: start,
    });
  });

  it.each<[string, RolloutStatus, object]>([
    ['before the first setWeight', { currentStepIndex: 0 }, { setWeight: 20 }],
    ['aborted', { abort: true, currentStepIndex: 0 }, { setWeight: 0, aborted: true }],
    ['after the last step', { currentStepIndex: 4 }, { setWeight: 100, actualWeight: 100 }],
    ['with no pod available', { availableReplicas: 0 }, { actualWeight: 0 }],
    ['with a third of the pods', { availableReplicas: 3 }, { actualWeight: 33 }],
  ])('has the weights %s', (_name, status, weights) => {
    expect(see({}, { ...paused, ...status })).toMatchObject(weights);
  });

  it('with a router has the weight that was set', () => {
    const canary = { steps, trafficRouting: { alb: { servicePort: 80 } } };
    const rollout = makeRollout({ spec: { strategy: { canary } } });
    expect(see({ rollout }).actualWeight).toBe(20);
    const weights = { canary: { weight: 7 } };
    expect(see({ rollout }, { ...paused, canary: { weights } }).actualWeight).toBe(7);
  });

  it('without steps has no step', () => {
    const rollout = makeRollout({
      spec: { strategy: { canary: {} } },
      status: { phase: 'Healthy' },
    });
    const seen = see({ rollout });
    expect(seen.step).toBeUndefined();
    expect(seen).toMatchObject({ setWeight: 100, actualWeight: 100, replicas: { desired: 1 } });
  });

  it.each<[string, Rollout, RolloutStatus, string, string]>([
    [
      'a spec not yet observed',
      {},
      { ...paused, observedGeneration: '1' },
      'Progressing',
      'waiting for rollout spec update to be observed',
    ],
    [
      'a promote not yet observed',
      {},
      { ...paused, pauseConditions: [] },
      'Progressing',
      'waiting for rollout to unpause',
    ],
    ['no phase yet', { spec: { paused: true } }, {}, 'Paused', 'manually paused'],
  ])('says so of %s', (_name, rollout, status, phase, message) => {
    expect(see({ rollout: makeRollout(rollout) }, status)).toMatchObject({ phase, message });
  });

  it('says so of a template of another workload that is not yet observed', () => {
    const workload = {
      ...{ kind: 'Deployment' as const, scaleDown: 'never' },
      object: { metadata: { generation: 3 } },
    };
    const observedAt = (generation: string) =>
      see({ workload }, { ...paused, workloadObservedGeneration: generation }).phase;
    expect([observedAt('2'), observedAt('3')]).toEqual(['Progressing', 'Paused']);
  });

  it('lists images of running ReplicaSets once, by name', () => {
    const sets = [
      makeSet('aaa', { image: 'same' }),
      makeSet('bbb', { revision: 2, image: 'same', size: 1 }),
      makeSet('ccc', { revision: 0, image: 'gone', size: 0 }),
      makeSet('ddd', { revision: 0, image: 'another' }),
    ];
    expect(see({ replicaSets: sets }).images).toEqual([
      { image: 'another', tags: [] },
      { image: 'same', tags: ['canary', 'stable'] },
    ]);
  });

  it('sorts revisions from the newest and their ReplicaSets by name', () => {
    const sets = ['b', 'a'].flatMap((hash) =>
      [2, 10].map((revision) => makeSet(`${hash}${revision}`, { revision })),
    );
    const listed = see({ replicaSets: sets }).revisions;
    expect(listed.map(({ revision }) => revision)).toEqual([10, 2]);
    expect(listed[0]?.replicaSets.map(({ name }) => name)).toEqual([
      'front-api-a10',
      'front-api-b10',
    ]);
  });

  it.each<[string, ReplicaSet, string]>([
    ['all are available', makeSet('x'), 'Healthy'],
    ['some are not', makeSet('x', { available: 3 }), 'Progressing'],
    ['it is at zero', makeSet('x', { size: 0 }), 'ScaledDown'],
    ['its status is behind', makeSet('x', { over: { status: { replicas: 4 } } }), 'Progressing'],
    [
      'it cannot create pods',
      makeSet('x', {
        over: {
          status: {
            replicas: 4,
            observedGeneration: 1,
            conditions: [{ type: 'ReplicaFailure', status: 'True' }],
          },
        },
      }),
      'ReplicaFailure',
    ],
  ])('says of a ReplicaSet where %s', (_name, set, status) => {
    expect(see({ replicaSets: [set] }).revisions[0]?.replicaSets[0]?.status).toBe(status);
  });

  it('shows when a ReplicaSet is to be scaled down', () => {
    const annotations = { 'scale-down-deadline': toTime(start), [revisionAnnotation]: '1' };
    const set = makeSet('x', { over: { metadata: { name: 'x', annotations } } });
    const [shown] = see({ replicaSets: [set] }).revisions[0]?.replicaSets ?? [];
    expect(shown?.scaleDownDeadline).toBe(toTime(start));
  });
});

describe('the view of a blue-green', () => {
  it('has the roles by the Services, and no weights', () => {
    const blueGreen = { activeService: 'active' };
    const selectors = { activeSelector: 'aaa', previewSelector: 'bbb' };
    const rollout = makeRollout({ spec: { strategy: { blueGreen } } });
    const seen = see({ rollout }, { ...paused, blueGreen: selectors });
    expect(seen.strategy).toBe('BlueGreen');
    expect([seen.setWeight, seen.actualWeight, seen.step]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const roles = seen.revisions.map(({ replicaSets }) => replicaSets[0]?.roles);
    expect(roles).toEqual([['preview'], ['stable', 'active']]);
  });

  it('of neither strategy is unknown', () => {
    expect(see({ rollout: makeRollout({ spec: {} }) })).toMatchObject({ strategy: 'Unknown' });
  });
});

describe('pods', () => {
  it('belong to the ReplicaSet that owns them, oldest first', () => {
    const pod = (name: string, owner: string, at: number): Pod => ({
      metadata: {
        name,
        creationTimestamp: toTime(at),
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner }],
      },
    });
    const owner = 'front-api-bbb';
    const later = start + 1000;
    const pods = [
      pod('b', owner, start),
      pod('c', owner, later),
      pod('a', owner, start),
      pod('d', 'x', 0),
    ];
    const [canary, stable] = see({ pods }).revisions.flatMap(({ replicaSets }) => replicaSets);
    expect(canary?.pods?.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(stable?.pods).toEqual([]);
    expect(see().revisions[0]?.replicaSets[0]?.pods).toBeUndefined();
  });

  const container = (over: Partial<ContainerStatus>): ContainerStatus => ({
    name: 'web',
    ready: false,
    restartCount: 0,
    image: '',
    imageID: '',
    ...over,
  });
  const running = container({ ready: true, state: { running: {} } });
  const ended = (over: object) => container({ state: { terminated: { exitCode: 0, ...over } } });
  const waits = (reason: string) => container({ state: { waiting: { reason } } });

  it.each<[string, PodStatus]>([
    ['Pending', { phase: 'Pending' }],
    ['Evicted', { phase: 'Failed', reason: 'Evicted' }],
    ['Running', { phase: 'Running', containerStatuses: [running] }],
    ['ContainerCreating', { phase: 'Pending', containerStatuses: [waits('ContainerCreating')] }],
    ['CrashLoopBackOff', { phase: 'Running', containerStatuses: [waits('CrashLoopBackOff')] }],
    [
      'ErrImagePull',
      { phase: 'Pending', containerStatuses: [waits('ErrImagePull'), waits('Other')] },
    ],
    ['Error', { phase: 'Running', containerStatuses: [ended({ exitCode: 1, reason: 'Error' })] }],
    ['ExitCode:3', { phase: 'Failed', containerStatuses: [ended({ exitCode: 3 })] }],
    ['Signal:9', { phase: 'Failed', containerStatuses: [ended({ exitCode: 137, signal: 9 })] }],
    ['Completed', { phase: 'Succeeded', containerStatuses: [ended({ reason: 'Completed' })] }],
    ['Running', { phase: 'Running', containerStatuses: [ended({ reason: 'Completed' }), running] }],
    ['Init:0/2', { phase: 'Pending', initContainerStatuses: [container({})] }],
    [
      'Init:1/2',
      { phase: 'Pending', initContainerStatuses: [ended({}), waits('PodInitializing')] },
    ],
    ['Init:ErrImagePull', { phase: 'Pending', initContainerStatuses: [waits('ErrImagePull')] }],
    ['Init:Error', { initContainerStatuses: [ended({ exitCode: 1, reason: 'Error' })] }],
    ['Init:ExitCode:2', { initContainerStatuses: [ended({ exitCode: 2 })] }],
    ['Init:Signal:15', { initContainerStatuses: [ended({ exitCode: 1, signal: 15 })] }],
    [
      'Running',
      { phase: 'Running', initContainerStatuses: [ended({})], containerStatuses: [running] },
    ],
  ])('are %s', (status, podStatus) => {
    const spec = { initContainers: [{ name: 'a' }, { name: 'b' }], containers: [{ name: 'web' }] };
    expect(podView({ spec, status: podStatus }).status).toBe(status);
  });

  it('that are being deleted are Terminating, or Unknown when their node is lost', () => {
    const metadata = { name: 'p', deletionTimestamp: toTime(start) };
    expect(podView({ metadata, status: { phase: 'Running' } }).status).toBe('Terminating');
    expect(podView({ metadata, status: { reason: 'NodeLost' } }).status).toBe('Unknown');
  });

  it('wait for a sidecar to start and not to become ready', () => {
    const initContainers = [{ name: 'proxy', restartPolicy: 'Always' }];
    const pod = (over: Partial<ContainerStatus>): Pod => ({
      spec: { initContainers, containers: [{ name: 'web' }] },
      status: {
        phase: 'Running',
        initContainerStatuses: [container({ name: 'proxy', state: { running: {} }, ...over })],
        containerStatuses: [running],
      },
    });
    expect(podView(pod({ started: false })).status).toBe('Init:0/1');
    expect(podView(pod({ started: true })).status).toBe('Running');
    expect(podView(pod({ started: true, ready: true }))).toMatchObject({ ready: '1/1' });
  });

  it('count ready containers and restarts', () => {
    const containerStatuses = [running, container({ restartCount: 4, state: { running: {} } })];
    const spec = { containers: [{ name: 'web' }, { name: 'log' }] };
    const seen = podView({ spec, status: { phase: 'Running', containerStatuses } });
    expect(seen).toMatchObject({ ready: '1/2', restarts: 4 });
  });
});
