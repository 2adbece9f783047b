import type { ReplicaSet, RolloutCondition, RolloutStatus } from '../../model/argo.generated.ts';
import { faultList } from '../../model/faults.ts';
import { instanceIdLabel, takenOverAnnotation } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import { deepEqual, diffMergePatch } from '../../model/patch.ts';
import {
  type Phase,
  type Plan,
  type PlannedEvent,
  type Reason,
  refOf,
  type Wake,
  type Write,
} from '../../model/plan.ts';
import { type Millis, secondMs } from '../../model/units.ts';
import { nameOf, podHashOf } from '../../model/workload.ts';
import { currentHash, type Fault, type Release } from '../release/release.ts';
import { roleFaults } from '../release/roleFaults.ts';
import { faultLine } from '../release/typeFaults.ts';
import { ownerOf } from '../replicaSets/revision.ts';
import { conditionOf, reasons, replaceCondition, withoutCondition } from '../status/conditions.ts';
import { phaseOf } from '../status/phase.ts';
import { withReplicaFailure } from '../status/progress.ts';
import { type Kept, keptReason } from './conflictingController.ts';

// The plans of turns that move nothing: what a rollout is left for, and what is said of it.

/** How soon a faulty spec is looked at again: it may have been applied before what it names. */
export const invalidRetryMs = 20 * secondMs; // argo v1.10.1 rollout/controller.go

export function rest(observed: Observed, reason: Reason, wake: Wake): Plan {
  return {
    writes: [],
    events: [],
    status: observed.rollout.status ?? {},
    wake,
    reasons: [reason],
    intents: [],
    urgent: false,
  };
}

export function leaveAlone(observed: Observed): Plan | undefined {
  const { rollout, instanceId } = observed;
  if (rollout.metadata?.deletionTimestamp) {
    return rest(observed, { text: 'The rollout is being deleted.' }, { waitsFor: 'its deletion' });
  }
  const label = rollout.metadata?.labels?.[instanceIdLabel] ?? '';
  if (label === instanceId) return undefined;
  const owner = label === '' ? 'the controller without an instance id' : `instance ${label}`;
  const unblock = `the label ${instanceIdLabel}`;
  const reason: Reason = { text: `It belongs to ${owner}.`, unblock, mark: 'leftAlone' };
  return rest(observed, reason, { waitsFor: unblock });
}

/** Another controller drives this rollout too: only an abort that was asked for goes on. */
export function keepAway(observed: Observed, kept: Kept, now: Millis): Plan {
  const reason = keptReason(kept);
  const wake: Wake = { at: kept.until, why: 'the other controller' };
  return {
    ...rest(observed, reason, wake),
    conflictingController: kept.conflictingController,
    events:
      kept.conflictingController.seenAt === now
        ? [{ type: 'Warning', reason: 'RivalController', message: reason.text }]
        : [],
  };
}

/** Of a rollout of which nothing is known that could go on. */
export function invalid(observed: Observed, faults: string[], now: Millis): Plan {
  const fault = specFault(observed, faults);
  const { rollout } = observed;
  const before = rollout.status ?? {};
  const counted = { ...before, observedGeneration: String(rollout.metadata?.generation ?? 0) };
  const status = withInvalidSpec({ now, rollout }, counted, fault.message);
  return {
    ...rest(observed, faultReason(fault), { at: now + invalidRetryMs, why: mendedWhy(fault) }),
    writes: statusWrite(observed, status),
    status,
  };
}

export function specFault(observed: Observed, faults: string[]): Fault {
  const message = `The Rollout "${nameOf(observed.rollout)}" is invalid: ${faultList(faults)}`;
  // What it refers to may be right, and only not be shown to Serin.
  const { workloadFault, workloadRemedy } = observed;
  const isUnseen = workloadFault !== undefined && message.includes(workloadFault);
  return { of: 'spec', message, ...(isUnseen && workloadRemedy && { remedy: workloadRemedy }) };
}

/** The API server refuses the pods the template asks for. */
export function templateFault(release: Release, why: string): Fault {
  const name = `${nameOf(release.rollout)}-${currentHash(release)}`;
  const message = `Failed to create new replica set "${name}": ${why}`;
  const { remedy } = release.observed.dryRun ?? {};
  const field = roleField(release);
  return { of: 'template', message, ...(remedy && { remedy }), ...(field && { field }) };
}

/** The label of its role for which a new ReplicaSet is refused, whatever else is. */
function roleField({ rollout, status }: Release): string | undefined {
  const role = status.stableRS ? /\.(canary|preview)Metadata\./ : /\.(stable|active)Metadata\./;
  return roleFaults(rollout).find(({ path }) => role.test(path))?.path;
}

/** Whoever may write ReplicaSets forbids to take some of them over. */
export function ownerFault(orphans: ReplicaSet[]): Fault {
  return { of: 'owner', message: orphansText(orphans) };
}

const remedies: Record<Fault['of'], string> = {
  spec: 'correct the spec',
  template: 'correct spec.template',
  owner: 'allow Serin to take them over',
};

export function faultReason({ of, message, remedy, field }: Fault): Reason {
  return refusedFor(message, remedy, field ? `correct ${field}` : remedies[of]);
}

export function mendedWhy({ of }: Fault): string {
  return of === 'template' ? 'the template, which may be mended' : 'the spec, which may be mended';
}

/** The condition, and the phase that follows from it; the same fault again is said once. */
function withInvalidSpec(
  { now, rollout }: Pick<Release, 'now' | 'rollout'>,
  status: RolloutStatus,
  message: string,
): RolloutStatus {
  const known = conditionOf(rollout.status ?? {}, 'InvalidSpec');
  const others = withoutCondition(status, 'InvalidSpec');
  const said = { status: 'True' as const, reason: reasons.invalidSpec, message };
  const conditioned =
    known?.message === message
      ? { ...others, conditions: [...(others.conditions ?? []), known] }
      : replaceCondition(others, 'InvalidSpec', said, now);
  return { ...conditioned, ...phaseOf(rollout.spec ?? {}, conditioned, now) };
}

/** The status with what is at fault said in it, in the way there is for that. */
export function withFault(release: Release, status: RolloutStatus): RolloutStatus {
  const { fault, traffic, analysisFaults = [] } = release;
  if (fault === undefined) {
    const faults = [...(traffic?.faults ?? []), ...analysisFaults].map(faultLine);
    if (faults.length === 0) return status;
    return withInvalidSpec(release, status, specFault(release.observed, faults).message);
  }
  if (fault.of === 'spec') return withInvalidSpec(release, status, fault.message);
  // Who owns a ReplicaSet is told by the condition ReplicaFailure.
  return fault.of === 'template' ? withRefusal(release, status, fault.message) : status;
}

/** What is told once of a fault. */
export function faultNotes(release: Release): PlannedEvent[] {
  const { fault } = release;
  if (fault?.of !== 'template' || knownRefusal(release, fault.message)) return [];
  return [{ type: 'Warning', reason: reasons.createFailed, message: fault.message }];
}

/** Of a rollout that has no pods yet. */
export function refused(release: Release, why: string): Plan {
  const { observed, now } = release;
  const fault = templateFault(release, why);
  const observedGeneration = String(observed.rollout.metadata?.generation ?? 0);
  const status = withRefusal(release, { ...release.status, observedGeneration }, fault.message);
  return {
    ...rest(observed, faultReason(fault), { at: now + invalidRetryMs, why: mendedWhy(fault) }),
    writes: statusWrite(observed, status),
    events: faultNotes({ ...release, fault }),
    status,
  };
}

/** Said already: a pause or a step that is worked out anew in every turn is not to hide it. */
function knownRefusal({ observed }: Release, message: string): RolloutCondition | undefined {
  const known = conditionOf(observed.rollout.status ?? {}, 'Progressing');
  return known?.reason === reasons.createFailed && known.message === message ? known : undefined;
}

function withRefusal(release: Release, status: RolloutStatus, message: string): RolloutStatus {
  const said = { status: 'False' as const, reason: reasons.createFailed, message };
  const known = knownRefusal(release, message);
  const others = withoutCondition(status, 'Progressing');
  const conditioned = known
    ? { ...others, conditions: [...(others.conditions ?? []), known] }
    : replaceCondition(status, 'Progressing', said, release.now);
  return { ...conditioned, phase: 'Degraded', message };
}

/** With the rule to add where it is a right that is missing; that is no fault of the spec. */
export function refusedFor(text: string, remedy: string | undefined, otherwise: string): Reason {
  return remedy === undefined
    ? { text, unblock: otherwise }
    : { text, unblock: remedy, mark: 'refused' };
}

export function leaveToOthers(observed: Observed, field: string): Plan {
  const text = `This version of Serin does not carry out ${field} yet and leaves the rollout as it is.`;
  const unblock = `remove ${field}, or run it with Argo Rollouts`;
  const { record } = observed;
  // Each write of whoever drives it causes a look, and an hour later its Event is forgotten.
  const isNews = record !== undefined && record.leftFor !== field;
  const message = `${text} To move it on: ${unblock}`;
  return {
    ...rest(observed, { text, unblock, mark: 'leftAlone' }, { waitsFor: unblock }),
    events: isNews ? [{ type: 'Warning', reason: 'RolloutLeftAlone', message }] : [],
    leftFor: field,
  };
}

/** They are taken first, so that their pods are counted before anything is decided. */
export function adoptOrphans(release: Release, orphans: ReplicaSet[]): Plan {
  const { observed, now } = release;
  const reason: Reason = { text: orphansText(orphans) };
  const wake: Wake = { at: now + secondMs, why: 'the ReplicaSets it has taken over' };
  const writes = adoptions(release, orphans);
  if (observed.record?.refused === undefined) return { ...rest(observed, reason, wake), writes };
  // Somebody forbids it: the status says so before it is tried again.
  const status = withReplicaFailure(release, release.status);
  const said = statusWrite(observed, status, 'first');
  return { ...rest(observed, reason, wake), status, writes: [...said, ...writes] };
}

function orphansText(orphans: ReplicaSet[]): string {
  return `It takes over ReplicaSets that nobody owns: ${orphans.map(nameOf).join(', ')}.`;
}

export function adoptions(release: Release, orphans: ReplicaSet[]): Write[] {
  const { observed } = release;
  const isCurrent = (set: ReplicaSet): boolean => podHashOf(set) === release.templateHash;
  // Of an older version nobody knows what it ran: it is to be looked at before it runs again.
  const unseen = (set: ReplicaSet): object =>
    isCurrent(set) ? {} : { annotations: { [takenOverAnnotation]: 'true' } };
  return orphans.map((set): Write => {
    const ownerReferences = [...(set.metadata?.ownerReferences ?? []), ownerOf(observed.rollout)];
    return {
      ...{ phase: 'metadata', do: 'patch', ref: refOf('ReplicaSet', set) },
      patch: { metadata: { ownerReferences, ...unseen(set) } },
    };
  });
}

/** An absent replicas becomes 1, so that an autoscaler has something to scale. */
export function defaultReplicas(observed: Observed, now: Millis): Plan {
  const reason: Reason = { text: 'spec.replicas is absent and is set to 1.' };
  const wake: Wake = { at: now + secondMs, why: 'the defaulted spec' };
  const ref = refOf('Rollout', observed.rollout);
  const patch = { spec: { replicas: 1 } };
  return {
    ...rest(observed, reason, wake),
    writes: [{ phase: 'rollout', do: 'patch', ref, patch }],
  };
}

/** The write that brings the stored status to the one decided; none when it is there. */
export function statusWrite(
  { rollout }: Observed,
  after: RolloutStatus,
  phase: Phase = 'status',
): Write[] {
  const before = rollout.status ?? {};
  const status = deepEqual(before, after) ? undefined : diffMergePatch(before, after);
  if (status === undefined) return [];
  return [{ phase, do: 'patch', ref: refOf('Rollout', rollout), patch: { status }, status: true }];
}
