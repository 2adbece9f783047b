import type { ObjectMeta } from './argo.generated.ts';
import type { Intent } from './intent.ts';
import type { Key } from './key.ts';
import type { Kind, Kinds, ObjectRef } from './kinds.ts';
import type { Message } from './outbox.ts';
import type { AnyPlan, PassedOver, PlannedEvent, Wake, Write } from './plan.ts';
import type { Answers, Need } from './reads.ts';
import type { Envelope, LedgerEntry } from './record.ts';
import type { Millis } from './units.ts';

/** What a turn begins with. */
export type Seed<K extends Kind = Kind, M = object> = {
  key: Key;
  /** As it is written, without its nulls. */
  object: Kinds[K];
  /** Undefined while the table cannot be read. */
  record?: Envelope & M;
  /** The instance id this Serin serves. */
  instanceId: string;
  /** Whether changes in this cluster are announced, so that polling is only a safety net. */
  doorbell: boolean;
  /** The settings have nobody look at the load balancers of its cluster. */
  unverified?: true;
  /** Whether somebody wants to see its pods. */
  withPods: boolean;
};

/** What a turn saw and decided. */
export type Decided<K extends Kind = Kind, O = unknown, P = AnyPlan> = {
  key: Key;
  object: Kinds[K];
  observed: O;
  plan: P;
  now: Millis;
};

/** What a controller keeps of a turn, and nothing else is kept. */
export type Remembered<M> = {
  memory: M;
  /** What the ledger is to tell. */
  told: LedgerEntry[];
  managed: ObjectRef[];
  /** Said in the log once all that is stored. */
  warning?: Warning;
};

/** A line of the log. */
export type Warning = { text: string; fields: object };

/** When an object could not be observed, and when it is looked at again. */
type UnseenAt = { now: Millis; wake: Wake };

/**
 * What a turn asks of the controller of a kind: all of it is pure. Methods, so that one table holds the
 * controllers of all kinds, each with types of its own.
 */
export type Controller<
  K extends Kind = Kind,
  O = unknown,
  P extends AnyPlan = AnyPlan,
  M extends object = object,
  V extends object = object,
> = {
  /** What it needs to read, as far as the answers so far tell. */
  needs(seed: Seed<K, M>, answers: Answers, now: Millis): Need[];
  /**
   * All that a turn knows, once all that it needs is answered. `appeared`: an object that was created
   * while it was looked for.
   */
  observed(seed: Seed<K, M>, answers: Answers): { observed: O } | { appeared: string } | undefined;
  decide(observed: O, now: Millis): P;
  /** `intents`: as the plan leaves them. */
  memory(before: Envelope & M, decided: Decided<K, O, P> & { intents: Intent[] }): Remembered<M>;
  view(observed: O, plan: P, now: Millis): V;
  /** The same text for the same status, whether it was decided or read. */
  statusText(status: object): string;
  /** Whom to wake once its writes are made, besides those with turns of their own that they are made to. */
  wakes?(observed: O, plan: P): Key[];
  /** What else it saw that notices tell of. */
  others?(observed: O): { metadata?: ObjectMeta }[];
  /** What can be shown where the object can be read, and not what belongs to it. */
  unseen?(seed: Seed<K, M>, error: { message: string; remedy: string }, at: UnseenAt): V;
  /** What is done once the object is gone: what is read for it, and the writes that follow. */
  cleanupNeeds?(record: Envelope & M, answers: Answers): Need[];
  cleanup?(record: Envelope & M, answers: Answers): Write[];
  /** What is kept of what was passed over, so that it is left out for a while. */
  passedOver?(
    record: Envelope & M,
    what: PassedOver & { plan: P },
    now: Millis,
  ): { memory: Partial<M>; news: { event: PlannedEvent; warning: Warning }[] };
  /** Absent where nobody commands such an object, and so nothing is told of it in the ledger. */
  ledger?: {
    command(intent: Intent, record: Envelope & M): LedgerEntry;
    /** With the names of those who made the changes, as far as the object tells. */
    attributed(outbox: Message[], before: Envelope & M, observed: O): Message[];
  };
};
