import type { Reason, Wake } from './plan.ts';
import type { Millis } from './units.ts';

/** What people see of a rollout: the tree of `kubectl argo rollouts get rollout`, and why it waits. */
export type RolloutView = {
  cluster: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  /** When this was true. */
  observedAt: Millis;
  createdAt: Millis;
  phase: string;
  message: string;
  strategy: 'Canary' | 'BlueGreen' | 'Unknown';
  /** Canary only. `index` steps of `count` are done. */
  step?: { index: number; count: number; current?: string };
  /** Canary with steps only. */
  steps?: StepView[];
  /** Of a canary with steps that is under way. */
  coming?: ComingView;
  setWeight?: number;
  actualWeight?: number;
  /** What the objects of its routers have; absent where there is no router. */
  routes?: RouteView[];
  images: { image: string; tags: string[] }[];
  replicas: { desired: number; current: number; updated: number; ready: number; available: number };
  /** Newest first. */
  revisions: RevisionView[];
  revision: number;
  podHash: string;
  stableHash: string;
  pauseStart: string | null;
  paused: boolean;
  aborted: boolean;
  reasons: Reason[];
  wake: Wake;
};

/**
 * A step of the spec, in its place. When it was begun and done is known of the release under way and of the
 * last one, as far as it was seen; of an aborted one it says how far that had come.
 */
export type StepView = {
  /** The field that says what it does: `setWeight`, `pause`. */
  kind: string;
  text: string;
  begunAt?: Millis;
  doneAt?: Millis;
};

/**
 * What comes after the step that a release is at, if nothing fails and nobody steps in. How long pods take
 * is not in it.
 */
export type ComingView = {
  /** When the step it is at is over: of a timed pause. */
  until?: Millis;
  /** What it waits for where no time ends that. Without both, only for pods and routers. */
  awaits?: Awaited;
  /** In their order; of many only the first. */
  steps: ComingStep[];
};

type Awaited = 'person' | 'analysis' | 'experiment';

/** `index`: the place in `steps`; their number where the new version becomes the stable one. */
export type ComingStep = {
  index: number;
  setWeight: number;
  newPods: number;
  oldPods: number;
  /** How long it lasts, as its spec says. */
  lastsMs?: Millis;
  awaits?: Awaited;
};

export type RevisionView = {
  revision: number;
  replicaSets: ReplicaSetView[];
  /** Oldest first; absent where it has none. */
  analysisRuns?: AnalysisRunView[];
  /** Those of its steps, oldest first; absent where it has none. */
  experiments?: ExperimentView[];
};

/** An object of a router, as it was observed. */
export type RouteView = {
  /** As a spec has it: `nginx`, `plugins["argoproj-labs/gatewayAPI"]`. */
  router: string;
  kind: string;
  namespace: string;
  name: string;
  /** Parts of `total`: several where its routes differ. */
  weights: { canary: number; stable: number }[];
  total: number;
  /** The routes of steps that it has. */
  managed: { name: string; sends: 'header' | 'mirror' }[];
  /** Whether its load balancer does what it says; absent where none is looked at. */
  verified?: boolean;
};

export type ReplicaSetView = {
  name: string;
  podHash: string;
  status: 'Progressing' | 'Healthy' | 'ReplicaFailure' | 'ScaledDown';
  createdAt: Millis;
  images: string[];
  desired: number;
  current: number;
  available: number;
  roles: ('stable' | 'canary' | 'active' | 'preview' | 'ping' | 'pong')[];
  scaleDownDeadline?: string;
  /** Absent when the look that made this view did not read pods. */
  pods?: PodView[];
};

/** Its measurements are counted over all metrics. */
export type AnalysisRunView = {
  name: string;
  /** `Step`, `Background`, `PrePromotion` or `PostPromotion`. */
  type: string;
  /** '' before anybody has looked at it. */
  status: string;
  message: string;
  createdAt: Millis;
  successful: number;
  failed: number;
  inconclusive: number;
  error: number;
  /** Of measurements that are made by a Job. */
  jobs?: JobView[];
  /** Absent when the look that made this view did not read pods. */
  metrics?: MetricView[];
};

/** A metric of a run, with what it has measured and how much of its limits is used. */
export type MetricView = {
  name: string;
  /** '' before it is measured. */
  phase: string;
  message: string;
  /** With arguments put in; absent where there is none. */
  successCondition?: string;
  failureCondition?: string;
  /** It has no say. */
  dryRun?: true;
  measurements: MeasurementView[];
  /** How many count towards each limit, and the limit: -1 of failures limits nothing. */
  failed: number;
  failureLimit: number;
  inconclusive: number;
  inconclusiveLimit: number;
  consecutiveError: number;
  consecutiveErrorLimit: number;
  consecutiveSuccess: number;
  /** 0: they are not asked for. */
  consecutiveSuccessLimit: number;
  /** Measured, errors aside, and of how many; absent where there is no end. */
  measured: number;
  count?: number;
  /** When it is measured next. */
  nextAt?: Millis;
};

/** `startedAt` and `finishedAt` as Kubernetes writes times. */
export type MeasurementView = {
  phase: string;
  value: string;
  message: string;
  startedAt?: string;
  finishedAt?: string;
};

/** What its own status tells of its pods and runs. */
export type ExperimentView = {
  name: string;
  /** '' before anybody has looked at it. */
  status: string;
  message: string;
  createdAt: Millis;
  replicaSets: {
    name: string;
    template: string;
    status: 'Progressing' | 'Healthy' | 'ScaledDown';
    images: string[];
    current: number;
    available: number;
  }[];
  analysisRuns: { name: string; status: string }[];
};

export type JobView = { name: string; status: string; createdAt: Millis };

export type PodView = {
  name: string;
  status: string;
  createdAt: Millis;
  ready: string;
  restarts: number;
};
