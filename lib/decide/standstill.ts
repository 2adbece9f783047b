import type { ReplicaSet, RolloutStatus } from '../model/argo.generated.ts';
import { faultList } from '../model/faults.ts';
import { instanceIdLabel, takenOverAnnotation } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import { deepEqual, diffMergePatch } from '../model/patch.ts';
import type { Action, Plan, Reason, Wake } from '../model/plan.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { nameOf, podHashOf, versionOf } from '../model/workload.ts';
import {
  conditionOf,
  reasons,
  replaceCondition,
  withCondition,
  withoutCondition,
} from './conditions.ts';
import { phaseOf } from './phase.ts';
import { withReplicaFailure } from './progress.ts';
import { currentHash, type Release } from './release.ts';
import { ownerOf } from './revision.ts';
import { type Kept, keptReason } from './rival.ts';

// The plans of turns that move nothing: what a rollout is left for, and what is said of it.

/** How soon a faulty spec is looked at again: it may have been applied before what it names. */
const invalidRetryMs = 20 * secondMs; // argo v1.10.1 rollout/controller.go

export function rest(observed: Observed, reason: Reason, wake: Wake): Plan {
  return {
    actions: [],
    announcements: [],
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
    rival: kept.rival,
    announcements:
      kept.rival.seenAt === now
        ? [{ type: 'Warning', reason: 'RivalController', message: reason.text }]
        : [],
  };
}

export function invalid(observed: Observed, faults: string[], now: Millis): Plan {
  const message = faultText(observed, faults);
  const { rollout } = observed;
  const before = rollout.status ?? {};
  const counted = { ...before, observedGeneration: String(rollout.metadata?.generation ?? 0) };
  const status = withInvalidSpec({ now, rollout }, counted, message);
  // What it refers to may be right, and only not be shown to Serin.
  const { workloadFault, workloadRemedy } = observed;
  const isUnseen = workloadFault !== undefined && message.includes(workloadFault);
  const reason = refusedFor(message, isUnseen ? workloadRemedy : undefined, 'correct the spec');
  return {
    ...rest(observed, reason, { at: now + invalidRetryMs, why: 'the spec, which may be mended' }),
    actions: statusAction(observed, status),
    status,
  };
}

export function faultText(observed: Observed, faults: string[]): string {
  return `The Rollout "${nameOf(observed.rollout)}" is invalid: ${faultList(faults)}`;
}

/** The condition, and the phase that follows from it; the same fault again is said once. */
export function withInvalidSpec(
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

/** The API server refuses the pods the template asks for. */
export function refused(release: Release, why: string): Plan {
  const { observed, now } = release;
  const name = `${nameOf(release.rollout)}-${currentHash(release)}`;
  const message = `Failed to create new replica set "${name}": ${why}`;
  const said = { status: 'False' as const, reason: reasons.createFailed, message };
  // Said already: a pause or a step that is worked out anew in every turn is not to hide it.
  const known = conditionOf(observed.rollout.status ?? {}, 'Progressing');
  const isKnown = known?.reason === said.reason && known.message === message;
  const others = withoutCondition(release.status, 'Progressing');
  const conditioned = isKnown
    ? { ...others, conditions: [...(others.conditions ?? []), known] }
    : withCondition(release.status, 'Progressing', said, now);
  const status: RolloutStatus = {
    ...conditioned,
    observedGeneration: String(observed.rollout.metadata?.generation ?? 0),
    phase: 'Degraded',
    message,
  };
  const reason = refusedFor(message, observed.dryRun?.remedy, 'correct spec.template');
  return {
    ...rest(observed, reason, {
      at: now + invalidRetryMs,
      why: 'the template, which may be mended',
    }),
    actions: statusAction(observed, status),
    announcements: isKnown ? [] : [{ type: 'Warning', reason: reasons.createFailed, message }],
    status,
  };
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
    announcements: isNews ? [{ type: 'Warning', reason: 'RolloutLeftAlone', message }] : [],
    leftFor: field,
  };
}

/** They are taken first, so that their pods are counted before anything is decided. */
export function adoptOrphans(release: Release, orphans: ReplicaSet[]): Plan {
  const { observed, now } = release;
  const names = orphans.map(nameOf).join(', ');
  const reason: Reason = { text: `It takes over ReplicaSets that nobody owns: ${names}.` };
  const wake: Wake = { at: now + secondMs, why: 'the ReplicaSets it has taken over' };
  const isCurrent = (set: ReplicaSet): boolean => podHashOf(set) === release.templateHash;
  // Of an older version nobody knows what it ran: it is to be looked at before it runs again.
  const unseen = (set: ReplicaSet): object =>
    isCurrent(set) ? {} : { annotations: { [takenOverAnnotation]: 'true' } };
  const actions = orphans.map((set): Action => {
    const ownerReferences = [...(set.metadata?.ownerReferences ?? []), ownerOf(observed.rollout)];
    return {
      do: 'patchReplicaSet',
      name: nameOf(set),
      resourceVersion: versionOf(set),
      patch: { metadata: { ownerReferences, ...unseen(set) } },
    };
  });
  if (observed.record?.refused === undefined) return { ...rest(observed, reason, wake), actions };
  // Somebody forbids it: the status says so before it is tried again.
  const status = withReplicaFailure(release, release.status);
  const said = statusAction(observed, status);
  return { ...rest(observed, reason, wake), status, actions: [...said, ...actions] };
}

/** An absent replicas becomes 1, so that an autoscaler has something to scale. */
export function defaultReplicas(observed: Observed, now: Millis): Plan {
  const reason: Reason = { text: 'spec.replicas is absent and is set to 1.' };
  const wake: Wake = { at: now + secondMs, why: 'the defaulted spec' };
  const resourceVersion = versionOf(observed.rollout);
  const patch = { spec: { replicas: 1 } };
  return {
    ...rest(observed, reason, wake),
    actions: [{ do: 'patchRollout', resourceVersion, patch }],
  };
}

/** The write that brings the stored status to the one decided; none when it is there. */
export function statusAction(observed: Observed, status: RolloutStatus): Action[] {
  const before = observed.rollout.status ?? {};
  const patch = deepEqual(before, status) ? undefined : diffMergePatch(before, status);
  return patch === undefined
    ? []
    : [
        {
          do: 'patchStatus',
          resourceVersion: versionOf(observed.rollout),
          patch: { status: patch },
        },
      ];
}
