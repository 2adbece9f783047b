import type { ReplicaSet, RolloutStatus } from '../../model/argo.generated.ts';
import { applyMergePatch, mergePatches } from '../../model/patch.ts';
import {
  type MergePatch,
  type Plan,
  type PlannedEvent,
  refOf,
  type Write,
} from '../../model/plan.ts';
import type { RefusedMetadata } from '../../model/record.ts';
import { desiredOf, nameOf } from '../../model/workload.ts';

/** What the stages of a turn have come to so far. */
export type Draft = {
  /** The revision of the current version. */
  revision: number;
  /** The restart that this turn finds done. */
  restartedAt?: string;
  /** As the turn leaves it. */
  status: RolloutStatus;
  /** Of ReplicaSets, by name. */
  patches: Map<string, MergePatch>;
  /** Of roles, by ReplicaSet: no size waits for them. */
  metadata: Map<string, MergePatch>;
  /** What the API server has refused of the metadata that roles want. */
  refusedMetadata?: RefusedMetadata;
  writes: Write[];
  events: PlannedEvent[];
  routes?: Plan['routes'];
};

export function emptyDraft(status: RolloutStatus, restartedAt?: string): Draft {
  return {
    ...{ revision: 0, status, patches: new Map(), metadata: new Map(), writes: [], events: [] },
    ...(restartedAt !== undefined && { restartedAt }),
  };
}

/** Adds to a ReplicaSet's patch: one write per ReplicaSet and turn, however many stages ask. */
export function change(draft: Draft, set: ReplicaSet, patch: MergePatch | undefined): void {
  if (patch === undefined) return;
  const earlier = draft.patches.get(nameOf(set)) ?? {};
  draft.patches.set(nameOf(set), mergePatches(earlier, patch));
}

/** The patches of ReplicaSets as writes, those that change nothing left out. */
export function patchWrites(draft: Draft, sets: ReplicaSet[]): Write[] {
  return sets.flatMap((set): Write[] => {
    const asked = draft.patches.get(nameOf(set)) ?? {};
    const patch = isNoop(set, asked) ? {} : asked;
    const optional = draft.metadata.get(nameOf(set));
    if (Object.keys(patch).length === 0 && optional === undefined) return [];
    const phase = sizeIn(patch, set) < desiredOf(set) ? 'shrink' : 'grow';
    return [
      { phase, do: 'patch', ref: refOf('ReplicaSet', set), patch, ...(optional && { optional }) },
    ];
  });
}

function sizeIn({ spec }: MergePatch, set: ReplicaSet): number {
  return (spec as ReplicaSet['spec'])?.replicas ?? desiredOf(set);
}

function isNoop(set: ReplicaSet, patch: MergePatch): boolean {
  return JSON.stringify(applyMergePatch(set, patch)) === JSON.stringify(set);
}
