import type { ReplicaSet, Rollout } from '../../model/argo.generated.ts';
import type { Observed } from '../../model/observed.ts';
import type { Answers, Need } from '../../model/reads.ts';
import type { Millis } from '../../model/units.ts';
import type { Source } from './workloadRef.ts';

/** What a turn knows before the first round of reads. */
export type Seed = Pick<Observed, 'key' | 'record' | 'instanceId' | 'doorbell' | 'unverified'> & {
  /** As it is written, without its nulls. */
  rollout: Rollout;
  /** Whether somebody wants to see its pods. */
  withPods: boolean;
};

/** What is known while a turn still reads: with each round of answers more. */
export type Gathered = {
  seed: Seed;
  answers: Answers;
  /** Absent until the workload has been read, where the template is that of one. */
  template?: Template;
  /** Absent until they have been listed. */
  sets?: Sets;
};

export type Template = Source & {
  /** Its values are of the types they should be of, and so it has a hash. */
  isTyped: boolean;
  /** Nothing is known to be wrong with it, and Serin drives it: a ReplicaSet can be made of it. */
  isSound: boolean;
  /** Its selector says which ReplicaSets and pods may be its own. */
  canSelect: boolean;
  /** As text. Where it cannot be used it is the hash's label, which every ReplicaSet of a rollout has. */
  selector: string;
};

/** Those that it owns, oldest first; and those that nobody owns and that have the name of one of its own. */
export type Sets = { owned: ReplicaSet[]; orphans: ReplicaSet[] };

/** What one subject needs to have read, as far as the answers so far tell. */
export type Ask = (gathered: Gathered, now: Millis) => Need[];
