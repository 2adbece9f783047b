import type {
  AnalysisRun,
  Experiment,
  Pod,
  ReplicaSet,
  Rollout,
  Service,
} from './argo.generated.ts';
import type { RolloutKey } from './key.ts';
import type { Answer } from './reads.ts';
import type { RolloutRecord } from './record.ts';
import type { Workload } from './reference.ts';

/** Everything one turn knows. Read once, then never changed. */
export type Observed = {
  key: RolloutKey;
  /** With a workload's template in the place of its workloadRef, see decide/release/workloadRef.ts. */
  rollout: Rollout;
  /** What spec.workloadRef names. */
  workload?: Workload;
  /** Why what spec.workloadRef names cannot be used: the rollout still has that field then. */
  workloadFault?: string;
  /** What would put that right, where it is a right that Serin lacks. */
  workloadRemedy?: string;
  /** All ReplicaSets the rollout owns, oldest first. */
  replicaSets: ReplicaSet[];
  /** Those it would own if anybody did: of a rollout that was deleted without them, or restored. */
  orphans?: ReplicaSet[];
  /** Pods of those ReplicaSets, where the turn needs them. */
  pods?: Pod[];
  /** Services the spec names or named: null when one does not exist. */
  services: Record<string, Service | null>;
  /** What the reads of its routers were answered, by the key of the read. */
  routes?: Record<string, Answer>;
  /** Absent where it neither asks for analyses nor has had any. */
  analysis?: ObservedAnalysis;
  /** Absent where it neither asks for Experiments nor has had any. */
  experiments?: ObservedExperiments;
  /** What a dry run of creating the new ReplicaSet answered, where that is not known for sure. */
  dryRun?: DryRun;
  /** Undefined while the table cannot be read. */
  record?: RolloutRecord;
  /** The instance id this Serin serves; rollouts of another are left alone. */
  instanceId: string;
  /** Whether changes in this cluster are announced, so that polling is only a safety net. */
  doorbell: boolean;
  /** The settings have nobody look at the load balancers of its cluster. */
  unverified?: true;
};

export type ObservedAnalysis = {
  /** Those that it owns, oldest first. */
  runs: AnalysisRun[];
  /** Names that runs of others have, or that nobody owns. */
  taken: string[];
  /** Why they could not be listed: of what there is nothing is known. */
  unlisted?: { why: string; remedy?: string };
  /** What the reads of templates were answered, by the key of the read. */
  templates: Record<string, Answer>;
};

export type ObservedExperiments = {
  /** Those that it owns, oldest first. */
  all: Experiment[];
  /** Names that others have. */
  taken: string[];
  /** Why they could not be listed: of what there is nothing is known. */
  unlisted?: { why: string; remedy?: string };
};

/**
 * `replicaSet` with the API server's defaults filled in; or `taken`, when its name belongs to
 * another object; or why it is `refused`, and what would put that right if it is not the template.
 */
export type DryRun = {
  replicaSet?: ReplicaSet;
  taken?: boolean;
  refused?: string;
  remedy?: string;
};
