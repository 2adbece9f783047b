// Builders of what the code under test is given. Valid by default: a test names only what matters to
// it. Overrides are merged deeply; lists are replaced whole, and undefined takes a field away.

import type { Pod, ReplicaSet, Rollout } from '../lib/model/argo.generated.ts';
import { podTemplateHash, stepHash } from '../lib/model/hash.ts';
import type { Command, Intent } from '../lib/model/intent.ts';
import { hashLabel, revisionAnnotation, rolloutApiVersion } from '../lib/model/names.ts';
import type { Observed } from '../lib/model/observed.ts';
import type { Progress, RolloutRecord } from '../lib/model/record.ts';
import { type Millis, minuteMs, toTime } from '../lib/model/units.ts';
import { nameOf } from '../lib/model/workload.ts';

export type Overrides<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [Field in keyof T]?: Overrides<T[Field]> | undefined }
    : T;

/** The moment at which tests begin. */
export const start: Millis = Date.parse('2026-01-31T12:00:00Z');

/** A day before, when everything that is older was made. */
const before = start - 24 * 60 * minuteMs;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merged<T>(base: T, overrides: Overrides<NoInfer<T>> | undefined): T {
  if (overrides === undefined) return base;
  if (!isObject(base) || !isObject(overrides)) return overrides as T;
  const result: Record<string, unknown> = { ...base };
  for (const [field, value] of Object.entries(overrides)) {
    if (value === undefined) delete result[field];
    else result[field] = merged(result[field], value);
  }
  return result as T;
}

/** A canary of four pods that stops at a quarter; not yet deployed. */
function rollout(overrides: Overrides<Rollout> = {}): Rollout {
  const base: Rollout = {
    apiVersion: rolloutApiVersion,
    kind: 'Rollout',
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: 'uid-of-web',
      generation: 1,
      resourceVersion: '100',
      creationTimestamp: toTime(before),
    },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      },
      strategy: {
        canary: {
          maxSurge: 1,
          maxUnavailable: 0,
          steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: 60 } }],
        },
      },
    },
  };
  return merged(base, overrides);
}

/** A ReplicaSet of that rollout with all its pods available. */
function replicaSet(overrides: Overrides<ReplicaSet> = {}): ReplicaSet {
  const replicas = overrides.spec?.replicas ?? 4;
  const { template } = rollout().spec ?? {};
  const hash = overrides.metadata?.labels?.[hashLabel] ?? podTemplateHash(template);
  const name = overrides.metadata?.name ?? `web-${hash}`;
  const owner = { apiVersion: rolloutApiVersion, kind: 'Rollout', name: 'web', uid: 'uid-of-web' };
  const base: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-of-${name}`,
      generation: 1,
      resourceVersion: '10',
      creationTimestamp: toTime(before),
      labels: { app: 'web', [hashLabel]: hash },
      annotations: {
        [revisionAnnotation]: '1',
        'rollout.argoproj.io/desired-replicas': '4',
      },
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web', [hashLabel]: hash } },
      template: {
        ...template,
        metadata: { labels: { app: 'web', [hashLabel]: hash } },
      },
    },
    status: {
      replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      observedGeneration: 1,
    },
  };
  return merged(base, overrides);
}

/** The ReplicaSet of the rollout's template with another image, and another revision. */
function revision(
  number: number,
  image: string,
  overrides: Overrides<ReplicaSet> = {},
): ReplicaSet {
  const { template = {} } = rollout().spec ?? {};
  const pod = { ...template, spec: { containers: [{ name: 'web', image }] } };
  const hash = podTemplateHash(pod);
  const own: Overrides<ReplicaSet> = {
    metadata: {
      name: `web-${hash}`,
      creationTimestamp: toTime(before + number * minuteMs),
      labels: { [hashLabel]: hash },
      annotations: { [revisionAnnotation]: `${number}` },
    },
    spec: {
      replicas: overrides.spec?.replicas ?? 4,
      template: { spec: pod.spec },
    },
  };
  return merged(replicaSet(own), overrides);
}

/** The hash of the rollout's template with this image. */
function hashOf(image: string): string {
  return revision(1, image).metadata?.labels?.[hashLabel] ?? '';
}

function conditionsOf(isReleased: boolean, podHash: string) {
  const at = toTime(before);
  const times = { lastUpdateTime: at, lastTransitionTime: at };
  const isTrue = isReleased ? 'True' : 'False';
  return [
    {
      type: 'Available',
      status: 'True',
      reason: 'AvailableReason',
      message: 'Rollout has minimum availability',
    },
    {
      type: 'Healthy',
      status: isTrue,
      reason: 'RolloutHealthy',
      message: isReleased ? 'Rollout is healthy' : 'Rollout is not healthy',
    },
    { type: 'Completed', status: isTrue, reason: 'RolloutCompleted', message: 'RolloutCompleted' },
    {
      type: 'Paused',
      status: isReleased ? 'False' : 'True',
      reason: 'RolloutPaused',
      message: 'Rollout is paused',
    },
    isReleased
      ? {
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetAvailable',
          message: `ReplicaSet "web-${podHash}" has successfully progressed.`,
        }
      : {
          type: 'Progressing',
          status: 'Unknown',
          reason: 'RolloutPaused',
          message: 'Rollout is paused',
        },
  ].map((condition) => ({ ...condition, ...times }));
}

/** web:1 deployed in full and healthy: there is nothing to do. */
function released(overrides: Overrides<Rollout> = {}): Rollout {
  const base = rollout();
  const podHash = hashOf('web:1');
  return merged(
    merged(base, {
      metadata: { annotations: { [revisionAnnotation]: '1' } },
      status: {
        phase: 'Healthy',
        currentPodHash: podHash,
        stableRS: podHash,
        currentStepHash: stepHash(base.spec?.strategy),
        currentStepIndex: base.spec?.strategy?.canary?.steps?.length ?? 0,
        observedGeneration: '1',
        selector: 'app=web',
        replicas: 4,
        updatedReplicas: 4,
        readyReplicas: 4,
        availableReplicas: 4,
        HPAReplicas: 4,
        conditions: conditionsOf(true, podHash),
      },
    }),
    overrides,
  );
}

/** web:2 on its way from web:1, in the pause of the second step since a minute. */
function paused(overrides: Overrides<Rollout> = {}): Rollout {
  const podHash = hashOf('web:2');
  const base = released({
    metadata: { generation: 2, annotations: { [revisionAnnotation]: '2' } },
    spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } },
    status: {
      phase: 'Paused',
      message: 'CanaryPauseStep',
      currentPodHash: podHash,
      currentStepIndex: 1,
      observedGeneration: '2',
      updatedReplicas: 1,
      controllerPause: true,
      pauseConditions: [{ reason: 'CanaryPauseStep', startTime: toTime(start - minuteMs) }],
      conditions: conditionsOf(false, podHash),
    },
  });
  return merged(base, overrides);
}

/** What a turn reads: web:1 released, unless it says otherwise. */
function observed(overrides: Partial<Observed> = {}): Observed {
  return {
    key: { cluster: 'test', namespace: 'shop', name: 'web' },
    rollout: released(),
    replicaSets: [replicaSet()],
    services: {},
    record: record(),
    instanceId: '',
    doorbell: true,
    ...overrides,
  };
}

/** As `observed`, of the release that is paused at its second step. */
function observedPaused(overrides: Partial<Observed> = {}): Observed {
  return observed({
    rollout: paused(),
    replicaSets: [
      revision(1, 'web:1', { spec: { replicas: 3 } }),
      revision(2, 'web:2', { spec: { replicas: 1 } }),
    ],
    ...overrides,
  });
}

function record(overrides: Overrides<RolloutRecord> = {}): RolloutRecord {
  const key = { cluster: 'test', namespace: 'shop', name: 'web' };
  return merged<RolloutRecord>({ key, version: 1, intents: [], polls: 0 }, overrides);
}

/** What Serin last accounted for of the release paused at its second step. */
function progress(overrides: Overrides<Progress> = {}): Progress {
  const { status = {} } = paused();
  const base: Progress = {
    uid: 'uid-of-web',
    resourceVersion: '99',
    generation: 2,
    observedAt: start - minuteMs,
    phase: 'Paused',
    message: 'CanaryPauseStep',
    currentPodHash: status.currentPodHash ?? '',
    stableRS: status.stableRS ?? '',
    currentStepHash: status.currentStepHash ?? '',
    currentStepIndex: 1,
    stepCount: 4,
    pauseReason: 'CanaryPauseStep',
    pauseStart: toTime(start - minuteMs),
    controllerPause: true,
    abort: false,
    promoteFull: false,
    userPaused: false,
    specReplicas: 4,
    revision: 2,
    images: ['web:2'],
    restartedAt: null,
  };
  return merged(base, overrides);
}

/** A command just accepted, whose author saw the release paused at its second step. */
function intent(command: Command, overrides: Overrides<Intent> = {}): Intent {
  const { status = {} } = paused();
  const base: Intent = {
    id: 'first',
    command,
    actor: { name: 'ada', proof: 'verified' },
    bound: {
      uid: 'uid-of-web',
      generation: 2,
      podHash: status.currentPodHash ?? '',
      stepIndex: 1,
      pauseStart: toTime(start - minuteMs),
    },
    acceptedAt: start,
  };
  return merged(base, overrides);
}

/** A ready pod of a ReplicaSet. */
function pod(set: ReplicaSet, name: string, overrides: Overrides<Pod> = {}): Pod {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: nameOf(set) };
  const base: Pod = {
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-of-${name}`,
      resourceVersion: '5',
      creationTimestamp: toTime(before),
      labels: { ...set.spec?.template?.metadata?.labels },
      ownerReferences: [{ ...owner, uid: set.metadata?.uid ?? '', controller: true }],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: toTime(before) }],
    },
  };
  return merged(base, overrides);
}

export const make = {
  rollout,
  released,
  paused,
  replicaSet,
  revision,
  hashOf,
  observed,
  observedPaused,
  record,
  progress,
  intent,
  pod,
};
