import type { OwnerReference, ReplicaSet, Rollout } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import {
  desiredReplicasAnnotation,
  lastAppliedAnnotation,
  notificationsAnnotation,
  revisionAnnotation,
  revisionHistoryAnnotation,
  takenOverAnnotation,
} from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import { applyMergePatch, diffMergePatch } from '../../model/patch.ts';
import { type MergePatch, refOf } from '../../model/plan.ts';
import {
  annotationOf,
  createdAt,
  currentOf,
  desiredOf,
  isVerified,
  ownerReference,
  replicasOf,
  revisionMax,
  revisionOf,
} from '../../model/workload.ts';
import { affinityOf, isRuleStale } from '../release/affinity.ts';
import { change, type Draft } from '../release/draft.ts';
import { metadataPatch, rolesMetadata } from '../release/ephemeralMetadata.ts';
import type { Release } from '../release/release.ts';
import { generationPatch } from '../release/workloadRef.ts';
import { buildReplicaSet } from './build.ts';

/** Annotations of the rollout that are not handed down to its ReplicaSets. */
const ownAnnotations = new Set([
  lastAppliedAnnotation,
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  notificationsAnnotation,
]);

/** The ReplicaSet of the rollout's template, at size 0. Its name is fixed by the template. */
export function newReplicaSet(
  rollout: Rollout,
  templateHash: string,
  revision: number,
): ReplicaSet {
  const { spec, metadata } = rollout;
  const template = spec?.template ?? {};
  const affinity = affinityOf(rollout, templateHash);
  const set = buildReplicaSet({
    name: `${metadata?.name}-${templateHash}`,
    namespace: metadata?.namespace ?? 'default',
    annotations: {
      ...handedDown(rollout),
      [revisionAnnotation]: String(revision),
      [desiredReplicasAnnotation]: String(replicasOf(rollout)),
    },
    owner: ownerOf(rollout),
    minReadySeconds: spec?.minReadySeconds,
    selector: spec?.selector,
    template: {
      ...template,
      ...(template.spec && { spec: { ...template.spec, ...defined({ affinity }) } }),
    },
    hash: templateHash,
  });
  const inRelease = Boolean(rollout.status?.stableRS);
  const roles = rolesMetadata(rollout);
  const injected = inRelease ? roles.next : roles.stable;
  return injected ? applyMergePatch(set, metadataPatch(set, rollout, injected) ?? {}) : set;
}

/** What a ReplicaSet of the rollout says of whom it belongs to. */
export function ownerOf(rollout: Rollout): OwnerReference {
  return ownerReference('Rollout', rollout);
}

function handedDown(rollout: Rollout): Record<string, string> {
  const entries = Object.entries(rollout.metadata?.annotations ?? {});
  return Object.fromEntries(entries.filter(([name]) => !ownAnnotations.has(name)));
}

/** One more than the highest revision among the ReplicaSets of other templates. */
function nextRevision(release: Release): number {
  const older = release.all.filter((set) => set !== release.current);
  return Math.min(revisionMax, Math.max(0, ...older.map(revisionOf)) + 1);
}

/**
 * Brings the current ReplicaSet in line with the rollout: its revision, when an older template has
 * come back, the annotations handed down, minReadySeconds, and a stale anti-affinity rule.
 * argo v1.10.1 rollout/sync.go syncReplicaSetRevision
 */
export function syncCurrent(release: Release, draft: Draft): number {
  const { current, rollout } = release;
  if (!current) return nextRevision(release);
  const revision = Math.max(nextRevision(release), revisionOf(current));
  // It has been held against the template, or it would not be the current one.
  const annotations: Record<string, string | null> = isVerified(current)
    ? {}
    : { [takenOverAnnotation]: null };
  for (const [name, value] of Object.entries(handedDown(rollout))) {
    if (annotationOf(current, name) !== value) annotations[name] = value;
  }
  if (revision !== revisionOf(current)) {
    annotations[revisionAnnotation] = String(revision);
    const served = annotationOf(current, revisionHistoryAnnotation);
    const last = annotationOf(current, revisionAnnotation);
    if (last !== undefined) {
      annotations[revisionHistoryAnnotation] = served ? `${served},${last}` : last;
    }
  }
  if (Object.keys(annotations).length > 0) change(draft, current, { metadata: { annotations } });
  const minReadySeconds = rollout.spec?.minReadySeconds ?? 0;
  if (minReadySeconds !== (current.spec?.minReadySeconds ?? 0)) {
    change(draft, current, { spec: { minReadySeconds } });
  }
  if (isRuleStale(current.spec?.template?.spec?.affinity, rollout)) {
    const before = current.spec?.template?.spec?.affinity ?? {};
    const wanted = affinityOf(rollout, release.templateHash);
    const affinity = wanted === undefined ? null : diffMergePatch(before, wanted);
    if (affinity !== undefined) {
      change(draft, current, { spec: { template: { spec: { affinity } } } });
    }
  }
  return revision;
}

/** The rollout's own annotations that lag behind: its revision, and its workload's generation. */
export function annotationsPatch(observed: Observed, revision: number): MergePatch | undefined {
  const annotations = generationPatch(observed);
  if (annotationOf(observed.rollout, revisionAnnotation) !== String(revision)) {
    annotations[revisionAnnotation] = String(revision);
  }
  return Object.keys(annotations).length > 0 ? { metadata: { annotations } } : undefined;
}

const defaultHistoryLimit = 10; // argo v1.10.1 utils/defaults/defaults.go

/**
 * Deletes the oldest ReplicaSets beyond the history limit, only those that are empty and at rest.
 * argo v1.10.1 rollout/sync.go reconcileRevisionHistoryLimit
 */
export function pruneHistory(release: Release, draft: Draft): void {
  const limit = release.rollout.spec?.revisionHistoryLimit ?? defaultHistoryLimit;
  const alive = release.others.filter((set) => !set.metadata?.deletionTimestamp);
  const oldest = [...alive].sort((a, b) => createdAt(a) - createdAt(b));
  for (const set of oldest.slice(0, Math.max(0, alive.length - limit))) {
    const observed = set.status?.observedGeneration ?? 0;
    const atRest = (set.metadata?.generation ?? 0) <= observed;
    if (desiredOf(set) === 0 && currentOf(set) === 0 && atRest) {
      draft.writes.push({ phase: 'prune', do: 'delete', ref: refOf('ReplicaSet', set) });
    }
  }
}
