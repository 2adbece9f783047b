import { type Millis, minuteMs } from './units.ts';

/** What a person or a pipeline can ask of a rollout. */
export type Command =
  | { verb: 'promote'; full?: boolean; skipCurrentStep?: boolean; skipAllSteps?: boolean }
  | { verb: 'abort' }
  | { verb: 'retry' }
  | { verb: 'pause' }
  | { verb: 'resume' }
  | { verb: 'restart'; at?: string }
  | { verb: 'undo'; toRevision?: number }
  | { verb: 'image'; container: string; image: string };
export type Verb = Command['verb'];

/** Who asked, and how we know. `isClient`: what is known is the program's name, not the person's. */
export type Actor = {
  name: string;
  proof: 'verified' | 'reported' | 'unknown';
  isClient?: true;
};

/** What the author of a command saw. An abort is bound to `uid` and `podHash` only. */
export type Bound = {
  uid: string;
  generation: number;
  podHash: string;
  stepIndex: number | null;
  pauseStart: string | null;
  /** Whether a person had paused it. Unknown of a command whose author cannot have seen it. */
  paused?: boolean;
};

export type Outcome = {
  result: 'done' | 'superseded' | 'expired' | 'refused';
  /** What it did to the release, or why it did nothing, for the person who asked. */
  detail: string;
  at: Millis;
};

/** The write that carries a command out, as it was decided. */
export type Applying = {
  /** The version it is conditioned on. */
  resourceVersion: string;
  /** What it does to the release, told once it is done. */
  detail?: string;
  /** What of the rollout it writes. */
  parts?: ('status' | 'spec' | 'template')[];
  /** Set once the API server has answered. */
  isTaken?: true;
};

/** An accepted command. Open until it has an outcome; never done twice. */
export type Intent = {
  id: string;
  command: Command;
  actor: Actor;
  reason?: string;
  bound: Bound;
  acceptedAt: Millis;
  /** Set before the write that carries it out. */
  applying?: Applying;
  outcome?: Outcome;
  /** Digest of the request body, so that an Idempotency-Key cannot be reused for something else. */
  digest?: string;
};

/** How long a command may wait to be carried out. An abort waits as long as its release lives. */
export const intentLifeMs: Millis = 60_000;
/** How long the rollout's item keeps a closed intent, for answers to repeated requests; at most so many. */
export const closedIntentLifeMs: Millis = 24 * 60 * minuteMs;
export const closedIntentsMax = 50;
/** And how long they may be together, as JSON: an item of the table has 400 kB. */
export const closedIntentsLengthMax = 64_000;
/** How many open intents a rollout may have; one more is refused. */
export const openIntentsMax = 10;
