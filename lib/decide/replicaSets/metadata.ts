import type { ReplicaSet } from '../../model/argo.generated.ts';
import { textDigest } from '../../model/hash.ts';
import type { Kind } from '../../model/kinds.ts';
import type { Observed } from '../../model/observed.ts';
import { diffMergePatch } from '../../model/patch.ts';
import {
  type MergePatch,
  type Patch,
  type RefusedPatch,
  refOf,
  type Write,
} from '../../model/plan.ts';
import type { RefusedMetadata } from '../../model/record.ts';
import { type Millis, minuteMs } from '../../model/units.ts';
import { desiredOf, isControlledBy, nameOf, uidOf } from '../../model/workload.ts';
import type { Draft } from '../release/draft.ts';
import {
  type Injected,
  injectedMetadata,
  metadataPatch,
  rolesMetadata,
  withRole,
} from '../release/ephemeralMetadata.ts';
import { type Release, setsOf } from '../release/release.ts';

/** How soon metadata that was refused is tried again. */
const retryMs: Millis = minuteMs;
/** More of them than that are tried again at once: they are many pods, and each is another change. */
const changesMax = 200;

/** The metadata a ReplicaSet's pods carry for their role: stable, canary, or none. */
function wantedMetadata(release: Release, set: ReplicaSet): Injected {
  const roles = rolesMetadata(release.rollout);
  const { canary: canarySet, stable } = setsOf(release);
  const isCurrent = canarySet !== undefined && nameOf(canarySet) === nameOf(set);
  const isStable = stable !== undefined && nameOf(stable) === nameOf(set);
  if (isStable) return roles.stable;
  if (!isCurrent) return undefined;
  return stable === undefined ? roles.stable : roles.next;
}

/** Whether pods have to be read this turn for their metadata: of a role that there is, or that there was. */
export function hasRoleMetadata({
  rollout,
  replicaSets,
}: Pick<Observed, 'rollout' | 'replicaSets'>): boolean {
  const { stable, next } = rolesMetadata(rollout);
  const isLeft = (set: ReplicaSet): boolean =>
    desiredOf(set) > 0 && injectedMetadata(set) !== undefined;
  return stable !== undefined || next !== undefined || replicaSets.some(isLeft);
}

/**
 * Brings the metadata of ReplicaSets and pods in line with their roles, but for what was refused lately. Live
 * pods get it in place, also when their ReplicaSet has it already: an earlier turn may have ended between
 * the two. argo v1.10.1 rollout/ephemeralmetadata.go
 */
export function syncMetadata(
  release: Release,
  draft: Draft,
): { pods: Write[]; refused?: RefusedMetadata } {
  const { refusedMetadata: known } = release.observed.record ?? {};
  const isDue = known === undefined || release.now >= retryAt(known);
  const wanted = new Set<string>();
  const mayGo = (kind: Kind, patch: MergePatch): boolean => {
    const digest = changeDigest(kind, patch);
    wanted.add(digest);
    return isDue || !known.changes.includes(digest);
  };
  for (const set of release.all) {
    const patch = metadataPatch(set, release.rollout, wantedMetadata(release, set));
    if (patch && mayGo('ReplicaSet', patch)) draft.metadata.set(nameOf(set), patch);
  }
  const pods = podPatches(release).filter(({ optional = {} }) => mayGo('Pod', optional));
  const isRefused = known?.changes.some((digest) => wanted.has(digest));
  return { pods, ...(known && isRefused && { refused: known }) };
}

function podPatches(release: Release): (Write & Patch)[] {
  const { rollout, observed } = release;
  return release.all
    .filter((set) => desiredOf(set) > 0)
    .flatMap((set) => {
      const pods = (observed.pods ?? []).filter(
        (pod) => isControlledBy(pod, uidOf(set)) && !pod.metadata?.deletionTimestamp,
      );
      return pods.flatMap((pod): (Write & Patch)[] => {
        const metadata = pod.metadata ?? {};
        const wanted = wantedMetadata(release, set);
        const change = diffMergePatch(metadata, withRole(metadata, set, rollout, wanted));
        if (change === undefined) return [];
        const optional = { metadata: change };
        return [{ phase: 'metadata', do: 'patch', ref: refOf('Pod', pod), patch: {}, optional }];
      });
    });
}

/** The same change of several pods is one. */
function changeDigest(kind: Kind, patch: MergePatch): string {
  return textDigest(`${kind} ${JSON.stringify(patch)}`);
}

export function retryAt({ at }: RefusedMetadata): Millis {
  return at + retryMs;
}

/** What is left out from now on; and whether that is news. */
export function afterRefusals(
  before: RefusedMetadata | undefined,
  refusals: RefusedPatch[],
  now: Millis,
): { refused: RefusedMetadata; isNews: boolean } {
  const changes = refusals.map(({ kind, patch }) => changeDigest(kind, patch));
  const isNews = changes.some((digest) => !before?.changes.includes(digest));
  const isOver = before === undefined || now >= retryAt(before);
  const all = new Set([...(isOver ? [] : before.changes), ...changes]);
  const why = refusals[0]?.why ?? '';
  const at = isOver ? now : before.at;
  return { refused: { at, why, changes: [...all].slice(0, changesMax) }, isNews };
}
