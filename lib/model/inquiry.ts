import type { AnalysisRunView } from './view.ts';

// What the API asks of a cluster beside its rollouts. Whoever answers it reads, and writes nothing.

/** Names of a cluster and of a namespace in it. */
type Place = { cluster: string; namespace: string };

/** Measures each metric of a template in the cluster once, now. */
export type TryRequest = Place & {
  template: string;
  /** It is a ClusterAnalysisTemplate. */
  clusterScoped?: boolean;
  args: Record<string, string>;
  /** One metric alone. */
  metric?: string;
};

/** The analysis runs of a namespace that no rollout owns; one alone by its name, with its measurements. */
export type RunsRequest = Place & { name?: string };

export type Inquiry = { try: TryRequest } | { runs: RunsRequest };

/** What was asked and answered. Headers are left out: credentials lie in them. */
export type Exchange = { request: string; status?: number; body?: string; error?: string };

export type Tried = {
  metric: string;
  provider: string;
  asked: Exchange[];
  value?: string;
  conditions: {
    kind: 'successCondition' | 'failureCondition';
    condition: string;
    holds?: boolean;
    error?: string;
  }[];
  phase: string;
  message: string;
};

/** A run that no rollout owns. `owner`: the Experiment that does, as `Experiment/NAME`. */
export type RunOfNobody = AnalysisRunView & { owner?: string };

/** `rollout`: the one that owns that Experiment. Who may not read it is not told of the run. */
export type FoundRun = RunOfNobody & { rollout?: string };

/** `faults`: what keeps the templates from being measured. */
export type InquiryAnswer = { tried: Tried[] } | { faults: string[] } | { runs: FoundRun[] };
