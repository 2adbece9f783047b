import type { ReplicaSet, RolloutStatus } from './argo.generated.ts';
import type { Outcome } from './intent.ts';
import type { Others, RefusedMetadata, Rival } from './record.ts';
import type { WorkloadKind } from './reference.ts';
import type { Millis } from './units.ts';

/** A JSON merge patch (RFC 7396): null removes. */
export type MergePatch = { [field: string]: unknown };

/** Something to do in the cluster. Carried out in order, each only if its object is as observed. */
export type Action =
  | { do: 'createReplicaSet'; replicaSet: ReplicaSet }
  /** `metadata` is of a role and goes along: if the API server refuses it, the rest is written without. */
  | {
      do: 'patchReplicaSet';
      name: string;
      resourceVersion: string;
      patch: MergePatch;
      metadata?: MergePatch;
    }
  | { do: 'deleteReplicaSet'; name: string; uid: string; resourceVersion: string }
  | { do: 'patchService'; name: string; resourceVersion: string; patch: MergePatch }
  | {
      do: 'patchWorkload';
      kind: WorkloadKind;
      name: string;
      resourceVersion: string;
      patch: MergePatch;
    }
  /** Metadata of a role: nothing depends on it. */
  | { do: 'patchPod'; name: string; resourceVersion: string; patch: MergePatch }
  | { do: 'evictPod'; name: string; uid: string }
  /** Spec or metadata of the rollout; later writes of the plan build on the version it returns. */
  | { do: 'patchRollout'; resourceVersion: string; patch: MergePatch }
  | { do: 'patchStatus'; resourceVersion: string; patch: MergePatch };

/** A Kubernetes Event to put beside the rollout. Lost ones are not retried. */
export type PlannedEvent = { type: 'Normal' | 'Warning'; reason: string; message: string };

/** Why the release is where it is and not further, for a person on call. */
export type Reason = {
  text: string;
  since?: Millis;
  until?: Millis;
  /** What would move it on. */
  unblock?: string;
  /**
   * Set where whoever looks at the rollout has to know of it, and its status cannot say so: Serin leaves it
   * alone, or the API server refuses something to Serin.
   */
  mark?: 'leftAlone' | 'refused';
};

/** When to look again: at a time, or when a named thing changes. */
export type Wake = { at: Millis; why: string } | { waitsFor: string };

/** What happens to one open intent in this turn. */
export type IntentStep =
  | { id: string; step: 'apply'; resourceVersion: string }
  | { id: string; step: 'close'; outcome: Outcome };

/** All that one turn does. A plan without actions is at rest until its wake. */
export type Plan = {
  actions: Action[];
  events: PlannedEvent[];
  /** The status as this turn leaves it. */
  status: RolloutStatus;
  wake: Wake;
  reasons: Reason[];
  intents: IntentStep[];
  /** Whether it may go ahead while the table cannot be written: see DESIGN §4. */
  urgent: boolean;
  /** Another controller that Serin keeps away from. */
  rival?: Rival;
  /** What is to be remembered of other controllers' writes. */
  others?: Others;
  /** Set when the status differs only in its counts and is to be written a little later. */
  deferred?: boolean;
  /** Of the metadata that roles want, what the API server has refused. */
  refusedMetadata?: RefusedMetadata;
  /** Set when the status had been wiped and was put back from the record. */
  restored?: boolean;
  /** The field for which the rollout is left to others. */
  leftFor?: string;
};
