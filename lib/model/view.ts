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
  setWeight?: number;
  actualWeight?: number;
  images: { image: string; tags: string[] }[];
  replicas: { desired: number; current: number; updated: number; ready: number; available: number };
  /** Newest first. */
  revisions: { revision: number; replicaSets: ReplicaSetView[] }[];
  revision: number;
  podHash: string;
  stableHash: string;
  pauseStart: string | null;
  paused: boolean;
  aborted: boolean;
  reasons: Reason[];
  wake: Wake;
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

export type PodView = {
  name: string;
  status: string;
  createdAt: Millis;
  ready: string;
  restarts: number;
};
