import type { ReplicaSet } from '../model/argo.generated.ts';
import { applyMergePatch, mergePatches } from '../model/patch.ts';
import type { Action, Announcement, MergePatch } from '../model/plan.ts';
import { nameOf, versionOf } from '../model/workload.ts';

/** What a stage wants changed: patches to ReplicaSets by name, and what else is to be done. */
export type Changes = {
  patches: Map<string, MergePatch>;
  /** Of roles, by ReplicaSet: no size waits for them. */
  metadata: Map<string, MergePatch>;
  before: Action[];
  after: Action[];
  announcements: Announcement[];
};

export function noChanges(): Changes {
  return { patches: new Map(), metadata: new Map(), before: [], after: [], announcements: [] };
}

/** Adds to a ReplicaSet's patch: one write per ReplicaSet and turn, however many stages ask. */
export function change(changes: Changes, set: ReplicaSet, patch: MergePatch | undefined): void {
  if (patch === undefined) return;
  const earlier = changes.patches.get(nameOf(set)) ?? {};
  changes.patches.set(nameOf(set), mergePatches(earlier, patch));
}

/** The patches as actions, those that change nothing left out. */
export function patchActions(changes: Changes, sets: ReplicaSet[]): Action[] {
  return sets.flatMap((set): Action[] => {
    const asked = changes.patches.get(nameOf(set)) ?? {};
    const patch = isNoop(set, asked) ? {} : asked;
    const metadata = changes.metadata.get(nameOf(set));
    if (Object.keys(patch).length === 0 && metadata === undefined) return [];
    const write = { name: nameOf(set), resourceVersion: versionOf(set), patch };
    return [{ do: 'patchReplicaSet', ...write, ...(metadata && { metadata }) }];
  });
}

function isNoop(set: ReplicaSet, patch: MergePatch): boolean {
  return JSON.stringify(applyMergePatch(set, patch)) === JSON.stringify(set);
}
