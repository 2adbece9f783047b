import type { CanaryStrategy } from './argo.generated.ts';
import type { Actor, Intent } from './intent.ts';
import type { AnyKey, Key, RolloutKey } from './key.ts';
import type { ObjectRef } from './kinds.ts';
import type { DeliveryKey, DeliveryRecord } from './notification.ts';
import type { Message } from './outbox.ts';
import type { Millis } from './units.ts';
import type { RolloutView } from './view.ts';

/** What Serin last accounted for: enough to restore a wiped status and to name what changed since. */
export type Progress = {
  uid: string;
  /** Absent in what an older Serin stored. */
  createdAt?: Millis;
  resourceVersion: string;
  generation: number;
  observedAt: Millis;
  phase: string;
  message: string;
  currentPodHash: string;
  stableRS: string;
  currentStepHash: string;
  currentStepIndex: number | null;
  stepCount: number;
  pauseReason: string | null;
  pauseStart: string | null;
  /** How long that pause is to be; null where it has no end. */
  pauseSeconds?: number | null;
  /** The step of that pause was skipped, and the status still has it. */
  isPassed?: true;
  controllerPause: boolean;
  abort: boolean;
  promoteFull: boolean;
  userPaused: boolean;
  specReplicas: number;
  revision: number;
  images: string[];
  restartedAt: string | null;
  /** When the version in release was first seen: who changes the template after that makes the next. */
  templateAt?: Millis;
  best?: Best;
};

/**
 * The most pods of the current template that were ready and available at this point of the release.
 * Pods that come back are no progress: docs/adr/0010-a-crash-loop-is-no-progress.md
 */
export type Best = { point: string; ready: number; available: number };

/** Serin's memory of another controller that writes to the same rollout. */
export type ConflictingController = {
  manager: string;
  /** When it was seen last, and how often in a row: the back-off grows with it. */
  seenAt: Millis;
  times: number;
  /** The time its write carries, by a clock that need not be ours: the same one is not met twice. */
  wroteAt: Millis;
};

/**
 * The ReplicaSets whose label was seen to be the hash of the rollout's template, by uid, each with a digest
 * of what it held then. `by` says which hash function that was: another one's hashes prove nothing.
 */
export type KnownSets = { by: string; digests: Record<string, string> };

/**
 * Metadata of a role that the API server refused: what it said, and digests of the changes, which are left
 * out until they are tried again.
 */
export type RefusedMetadata = { at: Millis; why: string; changes: string[] };

/** How a rollout has its requests sent: by which routers, and to which Services. */
export type Routing = Pick<
  CanaryStrategy,
  'trafficRouting' | 'canaryService' | 'stableService' | 'pingPong'
> & { stablePingPong?: string };

/**
 * A router's object that could not be written: what was said, how often in a row, and a digest of what was to
 * be sent where. That is left out until it is tried again. `passing`: it may be taken then.
 */
export type RefusedRoute = {
  at: Millis;
  why: string;
  remedy?: string;
  passing: boolean;
  times: number;
  aim: string;
};

/** What is remembered of a rollout's routers. */
export type Routes = {
  /** Those in use, and before them those that are not given back yet. */
  routings: Routing[];
  refused?: RefusedRoute;
};

/** The newest write of another controller to the status that Serin has seen. */
export type Others = {
  /** The time it carries, by a clock that need not be ours; 0 before there was one. */
  wroteAt: Millis;
  /** When it was seen first, by ours. */
  seenAt: Millis;
};

/** What was last accounted for of an object, whatever its kind. */
export type Accounted = { uid: string; resourceVersion: string; observedAt: Millis };

/**
 * What a turn keeps of an object, whatever its kind; the memory of its controller lies beside it. One item
 * in the table, one conditional write.
 */
export type Envelope = {
  key: Key;
  /** Counts the writes to this item; every write names the version it has read. 0 = not yet stored. */
  version: number;
  progress?: Accounted;
  intents: Intent[];
  /** When the object must be looked at again, whatever happens. Absent: it waits for a change. */
  dueAt?: Millis;
  dueFor?: string;
  /** The due time for which a message is already in the queue. */
  queuedFor?: Millis;
  /** Turns in a row that found nothing changed: the polling back-off grows with it. */
  polls: number;
  /** Of the process that is at it. Correctness never rests on it. */
  lease?: { by: string; until: Millis; again?: boolean };
  /**
   * Digest of the last status patch and how often in a row it was needed:
   * decide/guards/conflictingController.ts
   */
  lastPatch?: { digest: string; times: number };
  /** What is still to be told of that progress, and of what was decided with it. */
  outbox?: Message[];
  /**
   * The objects whose changes concern it, as notices tell of them: of a rollout its Services, its workload,
   * and what its routers look at. When it is deleted, what it did to them is undone.
   */
  managed?: ObjectRef[];
  /** What the API server said when it last refused a call for good; gone when one is taken. */
  refused?: string;
  /** What would put that right, where it is a right that Serin lacks. */
  remedy?: string;
  /** An older Serin stored it, which had no list of the fleet: it is in that once it is stored again. */
  isUnlisted?: true;
  /** The picture and the explanation as of the last turn, for reads that need no fresh look. */
  view?: object;
};

/** What the controller of rollouts remembers of one. */
export type RolloutMemory = {
  progress?: Progress;
  /** When the status was written last: see decide/status/statusThrottle.ts. */
  statusAt?: Millis;
  /** When a ReplicaSet was resized last. */
  resizedAt?: Millis;
  conflictingController?: ConflictingController;
  others?: Others;
  /**
   * The Deployment whose pods go as the rollout's come, and how many it had:
   * decide/strategy/workloadScaleDown.ts
   */
  migrating?: { uid: string; replicas: number };
  /** What is known of its ReplicaSets: decide/release/knownSets.ts. */
  knownSets?: KnownSets;
  /** What is left out of the metadata that roles want: decide/replicaSets/metadata.ts. */
  refusedMetadata?: RefusedMetadata;
  routes?: Routes;
  /** Why nobody looks at its load balancers, as the ledger was told. */
  unverified?: string;
  /** The uid of the rollout, once it has been healthy: a status that is wiped forgets it. */
  healthyOnce?: string;
  /** The field for which it is left to others, once an Event has told of it. */
  leftFor?: string;
};

export type RolloutRecord = Envelope & RolloutMemory & { key: RolloutKey; view?: RolloutView };
export type RecordOf<K extends AnyKey> = K extends RolloutKey
  ? RolloutRecord
  : K extends DeliveryKey
    ? DeliveryRecord
    : Envelope;
/** What the due index knows of. */
export type AnyRecord = Envelope | DeliveryRecord;

/**
 * What an entry can tell, in the order in which the parts of one observation are told: a command
 * before what it caused, the end of a pause before the step after it.
 */
export const ledgerKinds = [
  'restored',
  'command',
  'revision',
  'scaled',
  'aborted',
  'retried',
  'promoted',
  'resumed',
  'step',
  'paused',
  'restarted',
  'degraded',
  'completed',
  // After all that were there before them, since the place of each is part of the key it is stored under.
  'found',
  'steps',
  'unverified',
  'verified',
  'conflictingController',
] as const;
export type LedgerKind = (typeof ledgerKinds)[number];

/** One line of the ledger. Put once under (uid, kind, resourceVersion), a command under its id too. */
export type LedgerEntry = {
  uid: string;
  /** When the rollout was created: the versions of one that is made anew may begin again. */
  createdAt?: Millis;
  kind: LedgerKind;
  resourceVersion: string;
  /** Of a command: several may end in one turn. */
  intentId?: string;
  /** Of a command that wrote nothing: its version tells what was before it. */
  acceptedAt?: Millis;
  at: Millis;
  actor: Actor;
  revision: number;
  /** What happened, in a sentence. */
  text: string;
  reason?: string;
  /** True when several transitions lay between two observations and this entry stands for all. */
  merged?: boolean;
  /** Of a pause that ends by no time: a person is to promote it, or what was lost is to be put right. */
  waitsFor?: 'person' | 'recovery';
  /** Of a canary, where it moves from one weight to the next: what goes to it from then on. */
  weights?: Weights;
  /** For a timed pause that ended: asked and kept length. */
  pause?: { askedMs: Millis; keptMs: Millis };
  /** Of an abort by an analysis: the measurements that it came of, one for each metric. */
  failedBy?: FailedBy[];
};

/** Of the canary, as its steps ask for it and as it was: in percent, unless a router counts otherwise. */
export type Weights = { setWeight: number; actualWeight: number };

export type FailedBy = {
  analysisRun: string;
  metric: string;
  /** Which of the metric's, from 1 on, and what it was; errors are counted too. */
  measurement: number;
  phase: string;
  value: string;
  message: string;
  /** As Kubernetes writes times; absent where it was not noted. */
  at?: string;
};
