// Observations such as no API server should give, but which have the right types.

import fc from 'fast-check';
import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import type { Command, Intent } from '../../lib/model/intent.ts';
import { hashLabel, revisionAnnotation } from '../../lib/model/names.ts';
import type { Observed } from '../../lib/model/observed.ts';
import { applyMergePatch } from '../../lib/model/patch.ts';
import { minuteMs, toTime } from '../../lib/model/units.ts';
import { make, start } from '../make.ts';

const { constantFrom, option, record } = fc;
const some = <T>(arbitrary: fc.Arbitrary<T>) => option(arbitrary, { nil: undefined });

const hashes = ['', 'x', make.hashOf('web:1'), make.hashOf('web:2')] as const;
const hash = constantFrom(...hashes, make.hashOf('web:1'), make.hashOf('web:2'));
const time = constantFrom(
  ...[-60 * minuteMs, -minuteMs, -10_000, -1000, 0, 1000, minuteMs].map((ms) => toTime(start + ms)),
);
const count = fc.integer({ min: 0, max: 12 });
const fencepost = constantFrom<number | string>(0, 1, 2, '25%', '0%', '50%', '100', 'abc', -1);

const step = fc.oneof(
  record({ setWeight: fc.integer({ min: 0, max: 100 }) }),
  record({ pause: constantFrom({}, { duration: 10 }, { duration: '1m' }, { duration: '1d' }) }),
  constantFrom({}, { setWeight: 101 }, { analysis: { templates: [] } }),
);

const spec = record(
  {
    replicas: count,
    paused: fc.boolean(),
    minReadySeconds: constantFrom(0, 5, 700),
    progressDeadlineSeconds: constantFrom(60, 600),
    progressDeadlineAbort: fc.boolean(),
    revisionHistoryLimit: constantFrom(0, 1, 10),
    restartAt: time,
    rollbackWindow: record({ revisions: constantFrom(0, 1, 3) }),
    template: constantFrom(
      {},
      ...['web:1', 'web:2', 'web:3'].map((image) => ({
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image }] },
      })),
    ),
    selector: constantFrom({}, { matchLabels: { app: 'web' } }),
    strategy: record(
      {
        canary: record(
          {
            maxSurge: fencepost,
            maxUnavailable: fencepost,
            steps: fc.array(step, { maxLength: 4 }),
            replicaProgressThreshold: record({
              type: constantFrom('Percent', 'Pods', ''),
              value: constantFrom(-1, 0, 50, 100),
            }),
            stableService: constantFrom('', 'stable'),
            canaryService: constantFrom('', 'canary'),
            canaryMetadata: constantFrom({}, { labels: { role: 'canary' } }),
            stableMetadata: constantFrom({}, { annotations: { role: 'stable' } }),
            antiAffinity: constantFrom(
              {},
              {
                requiredDuringSchedulingIgnoredDuringExecution: {},
              },
            ),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

const condition = record({
  type: constantFrom('Progressing', 'Available', 'Paused', 'Completed', 'Healthy', 'InvalidSpec'),
  status: constantFrom('True', 'False', 'Unknown'),
  reason: constantFrom(
    ...['RolloutAborted', 'RolloutPaused', 'ReplicaSetUpdated', 'NewReplicaSetAvailable'],
    ...['ProgressDeadlineExceeded', 'RolloutRetry', 'RolloutResumed', ''],
  ),
  message: constantFrom('', 'because'),
  lastUpdateTime: time,
  lastTransitionTime: time,
});

const status = record(
  {
    abort: fc.boolean(),
    abortedAt: time,
    promoteFull: fc.boolean(),
    controllerPause: fc.boolean(),
    pauseConditions: fc.array(
      record({
        reason: constantFrom('CanaryPauseStep', 'InconclusiveAnalysisRun', 'StatusLost'),
        startTime: time,
      }),
      { maxLength: 2 },
    ),
    currentStepIndex: fc.integer({ min: 0, max: 6 }),
    currentStepHash: constantFrom('', 'x', make.released().status?.currentStepHash ?? ''),
    currentPodHash: hash,
    stableRS: hash,
    collisionCount: constantFrom(0, 1),
    observedGeneration: constantFrom('', '1', 'x'),
    replicas: count,
    updatedReplicas: count,
    readyReplicas: count,
    availableReplicas: count,
    restartedAt: time,
    phase: constantFrom('Healthy', 'Progressing', 'Paused', 'Degraded'),
    message: constantFrom('', 'more replicas need to be updated'),
    conditions: fc.array(condition, { maxLength: 5 }),
  },
  { requiredKeys: [] },
);

const replicaSet = (number: number): fc.Arbitrary<ReplicaSet> =>
  record({
    hash,
    image: constantFrom('web:1', 'web:2', 'web:3', ''),
    desired: some(count),
    counts: some(fc.tuple(count, count, count)),
    created: some(time),
    revision: constantFrom('1', '2', '3', 'x', ''),
    note: constantFrom(undefined, '{"labels":{"role":"canary"}}', 'no JSON'),
  }).map(({ hash, image, desired, counts, created, revision, note }) => ({
    metadata: {
      name: `web-${number}-${hash}`,
      uid: `uid-of-${number}`,
      resourceVersion: '7',
      ...(created && { creationTimestamp: created }),
      labels: hash === '' ? {} : { [hashLabel]: hash },
      annotations: {
        [revisionAnnotation]: revision,
        ...(note && { 'rollout.argoproj.io/ephemeral-metadata': note }),
      },
    },
    spec: {
      ...(desired !== undefined && { replicas: desired }),
      template: {
        metadata: { labels: { app: 'web', [hashLabel]: hash } },
        spec: { containers: [{ name: 'web', image }] },
      },
    },
    ...(counts && {
      status: { replicas: counts[0], readyReplicas: counts[1], availableReplicas: counts[2] },
    }),
  }));

const command = constantFrom<Command>(
  { verb: 'promote' },
  { verb: 'promote', full: true },
  { verb: 'promote', skipCurrentStep: true },
  { verb: 'promote', skipAllSteps: true },
  { verb: 'abort' },
  { verb: 'retry' },
  { verb: 'pause' },
  { verb: 'resume' },
  { verb: 'restart' },
  { verb: 'undo' },
  { verb: 'undo', toRevision: 2 },
  { verb: 'image', container: '*', image: 'web:4' },
);

const intent: fc.Arbitrary<Intent> = record({
  command,
  isBound: fc.boolean(),
  applying: some(constantFrom('100', '99')),
  acceptedAt: constantFrom(start, start - 10 * minuteMs),
}).map(({ command, isBound, applying, acceptedAt }) =>
  make.intent(command, {
    acceptedAt,
    bound: isBound ? {} : { podHash: 'x', pauseStart: null },
    ...(applying && { applying: { resourceVersion: applying } }),
  }),
);

/** Either odd throughout, or sound with some odd fields. */
const oddRollout: fc.Arbitrary<Rollout> = record({
  base: constantFrom(make.released(), make.paused(), make.rollout(), { metadata: { uid: 'u' } }),
  spec: some(spec),
  status: some(status),
}).map(({ base, spec, status }) =>
  applyMergePatch<Rollout>(base, { ...(spec && { spec }), ...(status && { status }) }),
);

export const oddObserved: fc.Arbitrary<Observed> = record({
  rollout: oddRollout,
  sets: fc.oneof(
    fc.tuple(replicaSet(0), replicaSet(1), replicaSet(2)),
    fc.tuple(replicaSet(0), replicaSet(1)),
    fc.tuple(),
    constantFrom(make.observedPaused().replicaSets),
  ),
  hasRecord: fc.boolean(),
  intents: fc.array(intent, { maxLength: 1 }),
  polls: constantFrom(0, 3, 100),
  rival: some(constantFrom({ manager: 'argo', seenAt: start - 1000, times: 40 })),
  progress: some(constantFrom(make.progress())),
  dryRun: some(constantFrom({ taken: true }, { refused: 'no' }, { replicaSet: make.replicaSet() })),
  hasPods: fc.boolean(),
  doorbell: fc.boolean(),
})
  .map(({ rollout, sets, hasRecord, intents, polls, rival, progress, dryRun, ...rest }) => ({
    key: { cluster: 'test', namespace: 'shop', name: 'web' },
    rollout,
    replicaSets: [...sets],
    services: { stable: null },
    instanceId: '',
    doorbell: rest.doorbell,
    ...(dryRun && { dryRun }),
    ...(rest.hasPods && { pods: [...sets].map((set, index) => make.pod(set, `pod-${index}`)) }),
    ...(hasRecord && {
      record: make.record({
        intents,
        polls,
        ...(rival && { rival }),
        ...(progress && { progress }),
      }),
    }),
  }))
  // Plain objects, as JSON.parse makes them.
  .map((observed): Observed => structuredClone(observed));
