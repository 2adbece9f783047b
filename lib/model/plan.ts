import type { ObjectMeta, RolloutStatus } from './argo.generated.ts';
import type { Applying, Outcome } from './intent.ts';
import type { Kind, Kinds, ObjectRef } from './kinds.ts';
import type { ConflictingController, Others, RefusedMetadata, Routes } from './record.ts';
import { type Millis, minuteMs } from './units.ts';

/** A JSON merge patch (RFC 7396): null removes. */
export type MergePatch = { [field: string]: unknown };

/**
 * The parts of a turn, one after the other: what must be said before it is tried again; what is created;
 * what grows; where traffic is sent and what Services lead to; what shrinks; what is deleted, and what of
 * other objects follows; the rollout itself; and last what nothing depends on.
 */
export const phases = [
  'first',
  'create',
  'grow',
  'route',
  'point',
  'shrink',
  'prune',
  'rollout',
  'status',
  'metadata',
  'evict',
] as const;
export type Phase = (typeof phases)[number];

/**
 * A write to the cluster, done only if its object is as observed. Those of a phase are done side by side,
 * those to one object one after the other. One of phase `route` may fail, and the rest is done: nothing that
 * follows in the turn rests on it. Of a patch, `optional` goes along: if the API server refuses it,
 * the rest is written without.
 */
export type Write = { phase: Phase } & (
  | Create
  | { do: 'patch'; ref: VersionedRef; patch: MergePatch; status?: true; optional?: MergePatch }
  | { do: 'delete'; ref: VersionedRef & { uid: string } }
  | { do: 'evict'; ref: ObjectRef<'Pod'> & { uid: string } }
);
type Create = { [K in Kind]: { do: 'create'; kind: K; object: Kinds[K] } }[Kind];
export type Patch = Extract<Write, { do: 'patch' }>;
/** What the API server refused of what is optional. */
export type RefusedPatch = { kind: Kind; patch: MergePatch; why: string };
/** Why an object of a router could not be written, and whether it may be later. */
export type RouteFailure = { why: string; passing: boolean; remedy?: string };
/** What was not written, and held up nothing. */
export type PassedOver = { refusals: RefusedPatch[]; unrouted: RouteFailure[] };
type VersionedRef = ObjectRef & { resourceVersion: string };

/** The object as it was observed: a write to it is refused if it has changed since. */
export function refOf<K extends Kind>(
  kind: K,
  { metadata = {} }: { metadata?: ObjectMeta },
): ObjectRef<K> & { uid: string; resourceVersion: string } {
  const { namespace = 'default', name = '', uid = '', resourceVersion = '' } = metadata;
  return { kind, namespace, name, uid, resourceVersion };
}

/** Whether a write is a patch of that kind's spec or metadata. */
export function isPatchOf(kind: Kind, write: Write): write is Patch {
  return write.do === 'patch' && write.ref.kind === kind && !write.status;
}

export function isStatusWrite(write: Write): write is Patch {
  return write.do === 'patch' && write.status === true;
}

/** A Kubernetes Event to put beside the rollout once the writes are made. */
export type PlannedEvent = {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** It tells of a write to another object; the others tell of the rollout's status. */
  ofObject?: true;
};

/** Why the release is where it is and not further, for a person on call. */
export type Reason = {
  text: string;
  since?: Millis;
  until?: Millis;
  /** What is done next by itself, while that it waits for goes on. */
  next?: { at: Millis; what: string };
  /** What would move it on. */
  unblock?: string;
  /**
   * Set where whoever looks at the rollout has to know of it, and its status cannot say so: Serin leaves it
   * alone, or the API server refuses something to Serin.
   */
  mark?: 'leftAlone' | 'refused';
};

/** What is under way is looked at at least this often, whether changes are announced or not. */
export const safetyMs: Millis = minuteMs;

/** When to look again: at a time, or when a named thing changes. */
export type Wake = { at: Millis; why: string } | { waitsFor: string };

/** What happens to one open intent in this turn. */
export type IntentStep =
  | { id: string; step: 'apply'; applying: Applying }
  | { id: string; step: 'close'; outcome: Outcome };

/** All that one turn does, of whatever kind. A plan without writes is at rest until its wake. */
export type AnyPlan = {
  writes: Write[];
  events: PlannedEvent[];
  /** The status as this turn leaves it. */
  status: object;
  wake: Wake;
  reasons: Reason[];
  intents: IntentStep[];
  /** Whether it may go ahead while the table cannot be written: see DESIGN §4. */
  urgent: boolean;
  /** Nothing more will be done with the object, so that nothing is kept of it in the table. */
  over?: true;
  /** Mistakes of Serin's own that the turn went on without: for the log, not for the cluster. */
  bugs?: Bug[];
};

/** `at`: what is known of the error without what it was handed, which may be secret. */
export type Bug = { what: string; at: string };

/** That of a rollout. */
export type Plan = AnyPlan & {
  status: RolloutStatus;
  /** Another controller that Serin keeps away from. */
  conflictingController?: ConflictingController;
  /** What is to be remembered of other controllers' writes. */
  others?: Others;
  /** Set when the status differs only in its counts and is to be written a little later. */
  deferred?: boolean;
  /** Of the metadata that roles want, what the API server has refused. */
  refusedMetadata?: RefusedMetadata;
  /** What is to be remembered of routers, and a digest of what they are to send where. */
  routes?: Routes & { aim: string };
  /** Set when the status had been wiped and was put back from the record. */
  restored?: boolean;
  /** The field for which the rollout is left to others. */
  leftFor?: string;
};
