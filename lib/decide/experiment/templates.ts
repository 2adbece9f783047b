import type { ReplicaSet, TemplateSpec, TemplateStatus } from '../../model/argo.generated.ts';
import { podTemplateHash } from '../../model/hash.ts';
import {
  experimentNameAnnotation,
  experimentTemplateAnnotation,
  scaleDownDeadlineAnnotation,
} from '../../model/names.ts';
import { type MergePatch, type PlannedEvent, refOf, type Write } from '../../model/plan.ts';
import { fromTime, type Millis, secondMs, toTime, toTimeUp } from '../../model/units.ts';
import {
  annotationOf,
  availableOf,
  currentOf,
  desiredOf,
  nameOf,
  ownerReference,
  podHashOf,
  readyOf,
} from '../../model/workload.ts';
import { buildReplicaSet } from '../replicaSets/build.ts';
import { scaleDownAt } from '../replicaSets/scaleDownDelay.ts';
import { deadlineSeconds, delayMs, endAt, isCompleted } from './ending.ts';
import { type Facts, isOwn, setNameOf, withoutHash } from './facts.ts';
import { templateService } from './services.ts';

// The pods of an Experiment, template by template. argo v1.10.1 experiments/experiment.go reconcileTemplate

export type Part<S> = { status: S; writes: Write[]; events: PlannedEvent[] };

/** How a ReplicaSet is after the writes of this turn. */
type Sized = { set?: ReplicaSet; isResized: boolean; fault?: string } & Pick<
  Part<unknown>,
  'writes' | 'events'
>;

export function decideTemplate(facts: Facts, template: TemplateSpec): Part<TemplateStatus> {
  const before = statusOf(facts, template);
  const wanted = wantedOf(facts, template, before);
  const sized = sizedSet(facts, template, wanted);
  const service = templateService(facts, template, { set: sized.set, wanted });
  const counted = withCounts({ ...withoutService(before), ...service.names }, sized.set);
  const hasMoved = sized.isResized || countsOf(before) !== countsOf(counted);
  const lastTransitionTime = hasMoved ? toTime(facts.now) : before.lastTransitionTime;
  const timed = { ...counted, ...(lastTransitionTime && { lastTransitionTime }) };
  const fault = sized.fault ?? service.fault;
  const status = isCompleted(before.status)
    ? timed
    : { ...timed, ...(fault === undefined ? assessed(facts, timed, wanted) : errorOf(fault)) };
  return {
    status,
    writes: [...sized.writes, ...service.writes],
    events: [...sized.events, ...transition(template, before, status)],
  };
}

/** When a template that has not all its pods counts as stuck; undefined while that is not waited for. */
export function stuckAt(facts: Facts, status: TemplateStatus, wanted: number): Millis | undefined {
  const { availableReplicas, lastTransitionTime } = status;
  if (isCompleted(status.status) || availableReplicas === wanted) return undefined;
  const from = lastTransitionTime ? fromTime(lastTransitionTime) : facts.now;
  return from + deadlineSeconds(facts.experiment.spec) * secondMs;
}

export function wantedOf(
  { isEnding }: Facts,
  { replicas = 1 }: TemplateSpec,
  { status }: Pick<TemplateStatus, 'status'>,
): number {
  return isEnding || isCompleted(status) ? 0 : replicas;
}

export function statusOf({ status }: Facts, { name }: TemplateSpec): TemplateStatus {
  const found = status.templateStatuses?.find((each) => each.name === name);
  const none = { replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0 };
  return found ?? { name, ...none };
}

function sizedSet(facts: Facts, template: TemplateSpec, wanted: number): Sized {
  const { observed, experiment, isEnding } = facts;
  const found = observed.sets.get(template.name);
  const none = { isResized: false, writes: [], events: [] };
  if (!found) return isEnding ? none : created(facts, template, wanted);
  if (!isOwn(experiment, found)) {
    const why = `replicasets.apps "${nameOf(found)}" already exists`;
    return { ...none, ...(!isEnding && { fault: createFault(template, why) }) };
  }
  if (found.metadata?.deletionTimestamp) return { ...none, set: found };
  return resized(facts, found, wanted);
}

/** In its size: docs/adr/0041-a-replicaset-is-created-in-its-size.md */
function created(facts: Facts, template: TemplateSpec, wanted: number): Sized {
  const { refused } = facts.observed.record ?? {};
  const none = { isResized: false, writes: [], events: [] };
  if (refused !== undefined) return { ...none, fault: createFault(template, refused) };
  const empty = setOf(facts, template);
  const object = { ...empty, spec: { ...empty.spec, replicas: wanted } };
  return {
    ...{ set: object, isResized: true },
    writes: [{ phase: 'create', do: 'create', kind: 'ReplicaSet', object }],
    events: wanted > 0 ? [scaled(empty, wanted)] : [],
  };
}

function createFault({ name }: TemplateSpec, why: string): string {
  return `Failed to create ReplicaSet for template '${name}': ${why}`;
}

function setOf({ experiment }: Facts, template: TemplateSpec): ReplicaSet {
  const pods = withoutHash(template);
  return buildReplicaSet({
    name: setNameOf(experiment, template),
    namespace: experiment.metadata?.namespace ?? 'default',
    annotations: {
      [experimentNameAnnotation]: nameOf(experiment),
      [experimentTemplateAnnotation]: template.name,
    },
    owner: ownerReference('Experiment', experiment),
    minReadySeconds: template.minReadySeconds,
    selector: template.selector,
    template: pods,
    hash: podTemplateHash(pods),
  });
}

function resized(facts: Facts, set: ReplicaSet, wanted: number): Sized {
  const { at, patch } = wanted === 0 ? leaving(facts, set) : {};
  const isKept = wanted === 0 && at !== undefined && at > facts.now;
  const size = isKept ? desiredOf(set) : wanted;
  const isResized = size !== desiredOf(set);
  const asked = { ...patch, ...(isResized && { spec: { replicas: size } }) };
  const phase = size < desiredOf(set) ? 'shrink' : 'grow';
  const isChanged = Object.keys(asked).length > 0;
  return {
    set: { ...set, spec: { ...set.spec, replicas: size } },
    isResized,
    writes: isChanged ? [{ phase, do: 'patch', ref: refOf('ReplicaSet', set), patch: asked }] : [],
    events: isResized ? [scaled(set, size)] : [],
  };
}

/** How long pods that are to go are kept. The time is noted once, and stays there afterwards. */
function leaving(
  { experiment, observed, now }: Facts,
  set: ReplicaSet,
): { at?: Millis; patch?: MergePatch } {
  const delay = delayMs(experiment.spec);
  const noted = annotationOf(set, scaleDownDeadlineAnnotation);
  const note = (at: string | null): MergePatch => ({
    metadata: { annotations: { [scaleDownDeadlineAnnotation]: at } },
  });
  // No pod leaves while requests are sent to it: docs/adr/0066-experiments.md
  const held = mayReceive(observed.rollout, set) ? { at: Number.POSITIVE_INFINITY } : {};
  if (delay <= 0) return { ...(noted !== undefined && { patch: note(null) }), ...held };
  const at = scaleDownAt(set);
  if (at !== undefined) return { at, ...held };
  if (desiredOf(set) === 0) return held;
  return { at: now + delay, patch: note(toTimeUp(now + delay)), ...held };
}

/** Whether a Rollout's routers were last seen to send something there. */
export function mayReceive(rollout: Facts['observed']['rollout'], set: ReplicaSet): boolean {
  const hash = podHashOf(set);
  const { additional = [] } = rollout?.status?.canary?.weights ?? {};
  return additional.some(({ weight, podTemplateHash: to }) => weight > 0 && to === hash);
}

function scaled(set: ReplicaSet, size: number): PlannedEvent {
  const before = desiredOf(set);
  const direction = size > before ? 'up' : 'down';
  const message = `Scaled ${direction} ReplicaSet ${nameOf(set)} from ${before} to ${size}`;
  return { type: 'Normal', reason: 'ScalingReplicaSet', message, ofObject: true };
}

function withoutService({ serviceName: _, podTemplateHash: __, ...rest }: TemplateStatus) {
  return rest;
}

function withCounts(status: TemplateStatus, set: ReplicaSet | undefined): TemplateStatus {
  const replicas = set ? currentOf(set) : 0;
  return {
    ...status,
    ...{ replicas, updatedReplicas: replicas },
    readyReplicas: set ? readyOf(set) : 0,
    availableReplicas: set ? availableOf(set) : 0,
  };
}

export function countsOf(status: TemplateStatus): string {
  const { replicas, updatedReplicas, readyReplicas, availableReplicas } = status;
  return [replicas, updatedReplicas, readyReplicas, availableReplicas].join();
}

function errorOf(message: string): Pick<TemplateStatus, 'status' | 'message'> {
  return { status: 'Error', message };
}

function assessed(
  facts: Facts,
  status: TemplateStatus,
  wanted: number,
): Pick<TemplateStatus, 'status' | 'message'> {
  const { experiment, now, isEnding } = facts;
  if (isEnding) return { status: 'Successful' };
  const end = endAt(experiment);
  if (status.availableReplicas === wanted) {
    return { status: end !== undefined && now >= end ? 'Successful' : 'Running' };
  }
  const stuck = stuckAt(facts, status, wanted);
  if (stuck === undefined || now <= stuck) return { status: 'Progressing' };
  const seconds = deadlineSeconds(experiment.spec);
  const message = `Template '${status.name}' exceeded its progressDeadlineSeconds (${seconds})`;
  return { status: 'Failed', message };
}

/** As the peer tells it. */
function transition(
  { name }: TemplateSpec,
  before: TemplateStatus,
  { status, message }: TemplateStatus,
): PlannedEvent[] {
  if (status === undefined || status === before.status) return [];
  const text = `Template '${name}' transitioned from ${before.status ?? ''} -> ${status}`;
  const isBad = status === 'Failed' || status === 'Error';
  return [
    {
      type: isBad ? 'Warning' : 'Normal',
      reason: `Template${status}`,
      message: message ? `${text}: ${message}` : text,
    },
  ];
}
