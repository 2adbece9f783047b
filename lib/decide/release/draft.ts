import type { ReplicaSet } from '../../model/argo.generated.ts';
import { applyMergePatch, mergePatches } from '../../model/patch.ts';
import type { Action, MergePatch, PlannedEvent } from '../../model/plan.ts';
import { nameOf, versionOf } from '../../model/workload.ts';

/** What a stage wants changed: patches to ReplicaSets by name, and what else is to be done. */
export type Draft = {
  patches: Map<string, MergePatch>;
  /** Of roles, by ReplicaSet: no size waits for them. */
  metadata: Map<string, MergePatch>;
  before: Action[];
  after: Action[];
  events: PlannedEvent[];
};

export function emptyDraft(): Draft {
  return { patches: new Map(), metadata: new Map(), before: [], after: [], events: [] };
}

/** Adds to a ReplicaSet's patch: one write per ReplicaSet and turn, however many stages ask. */
export function change(draft: Draft, set: ReplicaSet, patch: MergePatch | undefined): void {
  if (patch === undefined) return;
  const earlier = draft.patches.get(nameOf(set)) ?? {};
  draft.patches.set(nameOf(set), mergePatches(earlier, patch));
}

/** The patches as actions, those that change nothing left out. */
export function patchActions(draft: Draft, sets: ReplicaSet[]): Action[] {
  return sets.flatMap((set): Action[] => {
    const asked = draft.patches.get(nameOf(set)) ?? {};
    const patch = isNoop(set, asked) ? {} : asked;
    const metadata = draft.metadata.get(nameOf(set));
    if (Object.keys(patch).length === 0 && metadata === undefined) return [];
    const write = { name: nameOf(set), resourceVersion: versionOf(set), patch };
    return [{ do: 'patchReplicaSet', ...write, ...(metadata && { metadata }) }];
  });
}

function isNoop(set: ReplicaSet, patch: MergePatch): boolean {
  return JSON.stringify(applyMergePatch(set, patch)) === JSON.stringify(set);
}
