import type { RolloutKey } from './key.ts';
import type { RolloutRow } from './rolloutRow.ts';
import type { Millis } from './units.ts';

/** The rollouts of all clusters, as far as the caller may read them. */
export type Fleet = {
  items: FleetRow[];
  /** Rollouts whose records cannot be read; absent where there are none. */
  unreadable?: (RolloutKey & { reason: string })[];
  /** Clusters that do not answer: their rows are as of then. Absent where all do. */
  unreachable?: Unreachable[];
  cursor?: string;
};

export type FleetRow = RolloutRow & {
  /** Somebody can move it on, and nothing does by itself. */
  needsPerson: boolean;
};

export type Unreachable = { cluster: string; since: Millis; said: string };

export type ClusterRow = {
  name: string;
  /** Its changes are announced. */
  webhookEnabled: boolean;
  /** How many the caller may read. */
  rollouts: number;
  /** Absent where it answers. */
  unreachable?: { since: Millis; retryAt: Millis; said: string };
};
